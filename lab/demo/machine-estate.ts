import { createHash, randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { askAwsLab } from '../aws/start.ts';
import { loginLine } from '../disks/guest.ts';
import { changePayload, type MadeDisks, makeDisks } from '../disks/make-disks.ts';
import { whyNotBooted } from '../hypervisor.ts';
import type { Lab } from '../lab.ts';
import { LabError } from '../lab-error.ts';
import type { Teller } from './terminal.ts';

/** The source machine of the demo, and what its console must show wherever it boots. */
export interface DemoMachine {
  readonly instance: string;
  readonly disks: MadeDisks;
  readonly nonce: string;
  /** SHA-256 of the file that its console tells at boot. */
  readonly payload: string;
  /** Raw files of its volumes in the stand-in, root first. */
  readonly files: readonly string[];
  readonly volumes: readonly string[];
  /** Absent: it boots here. */
  readonly notBooted?: string;
}

const payloadBytes = 300_000;
const dataBytes = 128 * 2 ** 20;

/** A Debian of two disks, made from Debian's packages, as an instance in the stand-in of AWS. */
export async function makeMachine(lab: Lab, teller: Teller): Promise<DemoMachine> {
  teller.step('A source machine: Debian on two disks, with a file whose digest its console tells');
  const folder = `${lab.folder}/machines/${lab.project}`;
  const nonce = randomBytes(8).toString('hex');
  const payload = randomBytes(payloadBytes);
  const disks = await makeDisks({
    folder,
    firmware: 'legacy',
    virtio: true,
    layout: 'plain',
    nonce,
    payload,
    dataDisk: { sizeBytes: dataBytes, payload: randomBytes(payloadBytes) },
    say: teller.fact,
  });
  const { instances } = await askAwsLab<Estate>(awsOf(lab), 'estate', estateOf(lab.project, disks));
  const made = instances[machineName];
  if (!made) throw new LabError('The stand-in of AWS made no instance.');
  rmSync(folder, { recursive: true, force: true });
  const sources = Object.values(made.disks);
  const notBooted = disks.bootable ? whyNotBooted() : disks.why;
  teller.fact(`instance ${made.id}, volumes ${sources.map(({ id }) => id).join(' and ')}`);
  if (notBooted) teller.fact(`not booted here: ${notBooted}`);
  const told = { instance: made.id, disks, nonce, payload: sha256(payload) };
  return { ...told, files: sources.map(({ file }) => file), volumes: sources.map(({ id }) => id), ...(notBooted ? { notBooted } : {}) };
}

export const machineName = 'records-server';

interface Estate {
  readonly instances: Readonly<
    Record<string, { readonly id: string; readonly disks: Readonly<Record<string, { readonly id: string; readonly file: string }>> }>
  >;
}

/** Names of the project: the estate of an earlier demo may stand there still. */
function estateOf(project: string, { root, data }: MadeDisks) {
  const [net, subnet, group] = [`net-${project}`, `subnet-${project}`, `web-${project}`];
  return {
    nets: [
      {
        name: net,
        range: '10.20.0.0/16',
        subnets: [{ name: subnet, range: '10.20.1.0/24' }],
        securityGroups: [{ name: group, description: 'Web servers', inbound: [{ protocol: 'tcp', fromPort: 443, toPort: 443, ranges: ['0.0.0.0/0'] }] }],
      },
    ],
    instances: [
      {
        name: machineName,
        subnet,
        securityGroups: [group],
        type: 't3.small',
        bootMode: 'legacy-bios',
        disks: [{ device: '/dev/xvda', sizeGiB: 1, image: root.path }, ...(data ? [{ device: '/dev/xvdf', sizeGiB: 1, image: data.path }] : [])],
      },
    ],
  };
}

/** What its users write while it runs: the file of its root disk, straight in the volume. */
export async function writeOnSource(machine: DemoMachine): Promise<DemoMachine> {
  const payload = randomBytes(payloadBytes);
  await changePayload({ ...machine.disks.root, path: machine.files[0] ?? '' }, payload);
  return { ...machine, payload: sha256(payload) };
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** What a boot shows last; without a boot, what the stand-in says in its place. */
export const expectedOnConsole = ({ nonce, notBooted }: DemoMachine): string[] => (notBooted ? ['not booted here'] : [`ECLUSE NONCE ${nonce}`, loginLine]);

export const awsOf = ({ clouds }: Lab): string => {
  if (!clouds) throw new LabError('The clouds of machines do not run.');
  return clouds.aws;
};
