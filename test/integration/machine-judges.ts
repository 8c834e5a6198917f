import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect } from '@jest/globals';
import { hasTool } from '../../lab/disks/tool.ts';
import { listObjects } from '../../lab/seed/listing.ts';
import { outscaleSpec } from '../support/outscale-spec.ts';
import type { Disk, MachineStage, Site } from './machine-stage.ts';

const run = promisify(execFile);

/** A copy of a disk as it is now, with its holes. */
export async function copyOf({ file }: Pick<Disk, 'file'>, to: string): Promise<string> {
  await run('cp', ['--sparse=always', file, to]);
  return to;
}

/** Byte by byte, by programs that are not ours: qemu's where it is installed, which knows holes. */
export async function expectSameDisk(a: string, b: string): Promise<void> {
  // Of two sizes qemu says so, and calls them identical when the rest is zeros.
  const judge = hasTool('qemu-img') ? run('qemu-img', ['compare', '-f', 'raw', '-F', 'raw', a, b]) : run('cmp', [a, b]);
  await expect(judge.then(({ stdout }) => stdout.replace('Images are identical.\n', ''))).resolves.toBe('');
}

/** The images that stand for the disks of this machine are clean, and are what the disks held: of `raw`, or of the volumes as they are now. */
export async function expectImages(machine: MachineStage, raw: readonly [string, string] = [machine.root.file, machine.data.file]): Promise<void> {
  const { site, bucket, stage } = machine;
  const keys = (await listObjects(site.store, bucket)).map(({ key }) => key);
  expect(keys).toEqual([expect.stringMatching(/\/sdf\.qcow2$/), expect.stringMatching(/\/xvda\.qcow2$/)]);
  if (!hasTool('qemu-img')) return tellSkipped('qemu-img is not installed');
  for (const key of keys) {
    const file = `${site.folder}/${stage.project}-${key.split('/').at(-1)}`;
    writeFileSync(file, (await site.store.call({ method: 'GET', bucket, key })).body);
    const { stdout } = await run('qemu-img', ['check', '-f', 'qcow2', file]);
    expect(stdout).toContain('No errors were found on the image.');
    const wanted = key.endsWith('xvda.qcow2') ? raw[0] : raw[1];
    expect((await run('qemu-img', ['compare', '-f', 'qcow2', '-F', 'raw', file, wanted])).stdout).toBe('Images are identical.\n');
  }
}

function tellSkipped(why: string): void {
  if (process.env.ECLUSE_NO_SKIP === '1') throw new Error(why);
  process.stderr.write(`\nSKIPPED a judge: ${why}\n`);
}

/** Machines of ours on the target, as the adapter sees them, with the files of their volumes. */
export async function machinesOf({ clouds, stage, site }: MachineStage, purpose: 'rehearsal' | 'cutover') {
  const { machines } = clouds.target('outscale');
  const found = (await machines.marked(`${stage.project}/w0/${purpose}/`)).filter(({ kind, state }) => kind === 'machine' && state !== 'terminated');
  return Promise.all(
    found.map(async ({ id, state }) => {
      const { volumes = [] } = (await machines.machine({ id })) ?? {};
      const disks = await Promise.all(volumes.map(async (volume) => ({ ...volume, ...(await site.outscale.control().disk(volume.id)) })));
      return { id, state, disks: disks.sort((a, b) => (a.device < b.device ? -1 : 1)) };
    }),
  );
}

/** The one machine that was cut over runs on disks that hold what the source's hold; the source is stopped. */
export async function expectArrived(machine: MachineStage): Promise<void> {
  const [made, ...others] = await machinesOf(machine, 'cutover');
  expect([made?.state, others]).toEqual(['running', []]);
  const [root, data] = made?.disks ?? [];
  await expectSameDisk(root?.file ?? '', machine.root.file);
  await expectSameDisk(data?.file ?? '', machine.data.file);
  expect((await sourceState(machine)).state).toBe('stopped');
  expect(await machine.stage.status()).toMatchObject({ state: 'cut over', verdict: 'PASS' });
  expect(await machine.stage.verifyLedger()).toMatchObject({ verdict: 'PASS' });
}

export const sourceState = ({ clouds, instance }: MachineStage) => clouds.source('aws').machines.state(instance);

/** Nothing of ours on either cloud, and no staging bucket. */
export async function expectCleanSlate({ clouds, stage, site, bucket }: MachineStage): Promise<void> {
  expect(await clouds.target('outscale').machines.marked(`${stage.project}/`)).toEqual([]);
  expect(await clouds.source('aws').machines.marked(`${stage.project}/`)).toEqual([]);
  expect((await site.store.call({ method: 'HEAD', bucket })).status).toBe(404);
  expect(await stage.verifyLedger()).toMatchObject({ verdict: 'PASS' });
}

/** What AWS was told to stop and start, and when each target machine was on: no moment is in both. `stopMs` is how long a stop takes there. */
export async function expectNeverAtOnce(
  { site }: MachineStage,
  targets: readonly string[],
  { sinceMs, stopMs }: { sinceMs: number; stopMs: number },
): Promise<void> {
  const requests = await site.aws.control<readonly { atMs: number; action: string; isDryRun: boolean; status: number }[]>('requests');
  const told = (action: string): number[] =>
    requests.filter((one) => one.action === `ec2:${action}` && one.status === 200 && !one.isDryRun && one.atMs >= sinceMs).map(({ atMs }) => atMs);
  const [stops, starts] = [told('StopInstances'), told('StartInstances')];
  const changes = (await site.outscale.control().history()).filter(({ kind, id }) => kind === 'vm' && targets.includes(id));
  const on = changes.filter(({ isOn }) => isOn).map(({ at }) => Date.parse(at));
  const off = changes.filter(({ isOn }) => !isOn).map(({ at }) => Date.parse(at));
  expect([stops.length, on.length > 0]).toEqual([1, true]);
  expect(Math.min(...on)).toBeGreaterThan((stops[0] ?? 0) + stopMs);
  // Off before the source's start was asked for, and never on again.
  if (starts.length > 0) expect(Math.max(...on, Math.min(...off))).toBeLessThan(Math.min(...starts));
}

/** Every request that the stand-ins took, as the vendor's own specification judges it. */
export async function expectSpecified(sites: readonly Site[]): Promise<void> {
  const spec = outscaleSpec();
  if ('missing' in spec) return tellSkipped(spec.missing);
  // Where no play of a file reached the target, nothing was taken down.
  const files = sites.map(({ folder }) => `${folder}/outscale/exchanges.jsonl`).filter((file) => existsSync(file));
  const exchanges = files.flatMap((file) => readFileSync(file, 'utf8').split('\n').filter(Boolean));
  const problems = new Set<string>();
  for (const line of exchanges) {
    const { action, request } = JSON.parse(line) as { action: string; request: unknown };
    for (const problem of spec.access.problems('request', action, request)) problems.add(problem);
  }
  expect(exchanges.length).toBeGreaterThan(20);
  expect([...problems]).toEqual([]);
}
