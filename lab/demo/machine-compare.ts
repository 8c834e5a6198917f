import { execFile } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { askAwsLab } from '../aws/start.ts';
import { LabError } from '../lab-error.ts';
import { isThere } from '../people.ts';
import { createLabStore } from '../seed/lab-store.ts';
import { listObjects } from '../seed/listing.ts';
import { awsOf } from './machine-estate.ts';
import type { MachineScene } from './machine-passage.ts';

const run = promisify(execFile);

/** Nothing of the mover takes part: qemu-img holds each image in the target's store beside the raw volume of the stopped source. */
export async function compareDisks({ lab, teller, machine }: MachineScene): Promise<void> {
  if (!isThere('qemu-img')) return teller.fact('images not compared by qemu-img: it is not here');
  const store = createLabStore(lab.stores.target, { connections: 2 });
  try {
    const bucket = `ecluse-images-${lab.project}`;
    const keys = (await listObjects(store, bucket)).map(({ key }) => key).filter((key) => key.endsWith('.qcow2'));
    for (const [n, volume] of machine.volumes.entries()) {
      const key = keys.filter((each) => each.endsWith(n === 0 ? '/xvda.qcow2' : '/xvdf.qcow2')).at(-1);
      if (!key) throw new LabError('There is no image in the staging bucket.');
      const { body } = await store.call({ method: 'GET', bucket, key });
      const image = `${lab.folder}/compare-${n}.qcow2`;
      writeFileSync(image, body);
      const { file } = await askAwsLab<{ file: string }>(awsOf(lab), `volume?id=${volume}`);
      await run('qemu-img', ['check', image]);
      await run('qemu-img', ['compare', '-f', 'qcow2', '-F', 'raw', image, file]);
      rmSync(image);
      teller.fact(`qemu-img check and compare: ${key.split('/').at(-1)} is clean and identical to ${volume}`);
    }
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { readonly stdout?: string; readonly stderr?: string };
    throw error instanceof LabError ? error : new LabError(`qemu-img does not find the images right:\n${stdout}${stderr || String(error)}`);
  } finally {
    store.close();
  }
}
