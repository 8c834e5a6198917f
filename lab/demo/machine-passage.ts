import { readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { parse, stringify } from 'yaml';
import { askAwsLab } from '../aws/start.ts';
import type { Lab } from '../lab.ts';
import { LabError } from '../lab-error.ts';
import { control } from '../outscale/outscale-lab.ts';
import { signalProcess } from '../process.ts';
import { pause } from './consultant.ts';
import { approveSigned, exportAndVerify, type Scene } from './evidence.ts';
import { compareDisks } from './machine-compare.ts';
import { awsOf, type DemoMachine, expectedOnConsole, machineName, writeOnSource } from './machine-estate.ts';
import { mebibytes } from './terminal.ts';

export interface MachineScene extends Scene {
  readonly machine: DemoMachine;
}

/** Plan and assessment, before anything is copied. */
export async function planMachine({ lab, teller, consultant, machine }: MachineScene): Promise<void> {
  teller.step('What is there, what would be lost, what would it take? Asked before a byte moves');
  await consultant.types('inventory');
  await consultant.types(`plan --vm ${machine.instance}=${machineName} --force`);
  const path = `${lab.folder}/plan.yaml`;
  const plan = parse(readFileSync(path, 'utf8')) as { waves: { workloads: object[] }[] };
  // The plan is made to be edited: what its console must show, and a test that is looked at now, not tomorrow.
  const [workload] = plan.waves[0]?.workloads ?? [];
  Object.assign(workload ?? {}, { bootCheck: { expect: expectedOnConsole(machine), timeoutMinutes: 5 }, rehearsal: { keepHours: 1 }, convergedMebibytes: 64 });
  writeFileSync(path, stringify({ ...plan, patience: { heartbeatSeconds: 5 } }));
  const { json } = await consultant.types(`assess ${machineName} --inspect`);
  const [assessed] = (json as { assessments: readonly Assessed[] }).assessments;
  teller.fact(`${mebibytes(assessed?.estimate?.readBytes ?? 0)} to read, the limit that binds: ${assessed?.estimate?.binds}`);
  teller.fact(`findings: ${assessed?.findings.map(({ id, level }) => `${id} (${level})`).join(', ') || 'none'}`);
  await consultant.types(`preflight ${machineName}`, { exits: [0, 4] });
}

interface Assessed {
  readonly findings: readonly { readonly id: string; readonly level: string }[];
  readonly estimate?: { readonly readBytes: number; readonly binds: string };
}

/** The first pass, with one of its workers killed. */
export async function replicate(scene: MachineScene): Promise<void> {
  const { teller, consultant } = scene;
  teller.step('Copy both disks from one instant and read them back, with a transfer worker killed by SIGKILL in the middle');
  const before = await blocksRead(awsOf(scene.lab));
  await consultant.types('start');
  // Where nothing is lost there is no gate, and the copy begins at once.
  await killWhenReading(scene, before + blocksOfInspection, async () => {
    const { gate, losses } = await consultant.status();
    if (gate?.gate !== 'loss') return;
    teller.fact(`the loss report names ${losses.map(({ code, count }) => `${code} (${count})`).join(', ')}`);
    await approveSigned(scene, 'loss');
  });
  const after = await consultant.until(({ state }) => state === 'ready for test', 'copied and verified');
  teller.fact(`${after.objects} disks, ${mebibytes(after.sizeBytes)}, verdict ${after.verdict}`);
}

/** The look at the guest reads fewer: above it is the copy that reads. */
const blocksOfInspection = 80;
const lookEveryMs = 3000;

/** Kills a transfer worker once the source has served so many blocks in all; `look` is for what a person must do meanwhile. */
async function killWhenReading({ lab, teller, signal }: MachineScene, blocks: number, look: () => Promise<void> = async () => undefined): Promise<void> {
  const deadline = performance.now() + 90_000;
  let next = performance.now() + lookEveryMs;
  while ((await blocksRead(awsOf(lab))) < blocks) {
    if (performance.now() > deadline) throw new LabError('Nothing reads the source.');
    if (performance.now() > next) {
      await look();
      next = performance.now() + lookEveryMs;
    }
    await pause(10, signal);
  }
  const victim = lab.workers.filter(({ role }) => role === 'transfer').find(({ record }) => signalProcess(record, 'SIGKILL'));
  if (!victim) throw new LabError('There was no transfer worker to kill.');
  teller.fact(`kill -9 ${victim.record.pid} (${victim.record.name}); the next attempt takes over where its rows end`);
}

async function blocksRead(aws: string): Promise<number> {
  const counts = await askAwsLab<Record<string, { readonly total: number }>>(aws, 'counts');
  return Object.entries(counts)
    .filter(([api]) => api.endsWith('/GetSnapshotBlock') && !api.startsWith('snap-'))
    .reduce((sum, [, { total }]) => sum + total, 0);
}

/** A test machine in a subnet of its own, while the source runs on. */
export async function rehearse(scene: MachineScene): Promise<void> {
  const { lab, teller, consultant } = scene;
  teller.step('Rehearsal: a test machine on the target, in a subnet without a way out, while the source runs');
  await consultant.types(`rehearse ${machineName}`);
  const { evidence } = await consultant.until(({ gate }) => gate?.gate === 'rehearsal', 'the test machine has booted');
  tellConsole(scene, evidence['console rehearsal']);
  const outscale = control(lab.clouds?.outscale ?? '');
  for (const { vm } of await outscale.running()) teller.fact(`what ${vm} can reach: ${JSON.stringify(await outscale.reachable(vm))}`);
  await consultant.types(`approve rehearsal ${machineName} --yes`);
  await consultant.until(({ state }) => state === 'tested' || state === 'ready for cutover', 'tested');
  teller.fact('its owner says that it works; the test machine is removed');
}

/** What users do meanwhile, the last delta, and the machine on the other side. */
export async function cutOver(scene: MachineScene): Promise<void> {
  const { lab, teller, consultant, machine } = scene;
  await consultant.until(({ gate }) => gate?.gate === 'cutover', 'gate cutover');
  teller.step('Meanwhile users write; then cut over: stop the source, last delta, verify, import, boot');
  const written = await writeOnSource(machine);
  const before = await blocksRead(awsOf(lab));
  await approveSigned(scene, 'cutover');
  await consultant.until(({ waitingFor }) => waitingFor === 'order cutover', 'order cutover');
  await consultant.types(`cutover ${machineName}`);
  await killWhenReading(scene, before + 1);
  const { state, verdict, evidence } = await consultant.until((now) => now.state === 'cut over' || now.reason !== undefined, 'cut over');
  if (state !== 'cut over' || verdict !== 'PASS') throw new LabError(`It is ${state}, verdict ${verdict}.`);
  teller.fact(`the last delta read ${(await blocksRead(awsOf(lab))) - before} blocks of 512 KiB`);
  tellConsole({ ...scene, machine: written }, evidence['console cutover']);
  await compareDisks(scene);
}

/** What the console showed, from the depot; the digest of the file must be the one that the source holds. */
function tellConsole({ lab, teller, machine }: MachineScene, digest: string | undefined): void {
  const text = digest === undefined ? '' : inDepot(lab, digest);
  const told = text.split(/\r?\n/).filter((line) => line.includes('ECLUSE ') || line.includes('not booted'));
  for (const line of told) teller.fact(`console: ${line.trim()}`);
  if (told.length === 0) throw new LabError('The console shows nothing of the guest.');
  if (!machine.notBooted && !(text.includes(machine.nonce) && text.includes(machine.payload)))
    throw new LabError('The console does not show the nonce and the digest of what the source holds.');
}

const inDepot = (lab: Lab, digest: string): string =>
  gunzipSync(readFileSync(`${lab.folder}/projects/${lab.project}/depot/objects/${digest.slice(0, 2)}/${digest}.gz`)).toString('latin1');

export async function finalizeMachine(scene: MachineScene): Promise<void> {
  const { teller, consultant } = scene;
  teller.step('Accept the result: two people sign, a witness and a timestamp seal it');
  await consultant.until(({ gate }) => gate?.gate === 'finalize', 'gate finalize');
  await approveSigned(scene, 'finalize');
  await consultant.until(({ waitingFor }) => waitingFor === 'order finalize or rollback', 'order finalize');
  await consultant.types(`finalize ${machineName}`);
  await consultant.until(({ condition }) => condition === 'done', 'finalized');
}

/** The whole taken back: the target stopped, its disks kept, the source started; then the copies discarded. */
export async function takeMachineBack(scene: MachineScene): Promise<void> {
  const { teller, consultant } = scene;
  teller.step('Take it all back: stop the target, keep its disks, start the source; then discard the copies');
  await consultant.types(`rollback ${machineName} --yes`);
  await consultant.until(({ state, gate }) => state === 'rolled back' && gate?.gate === 'discard', 'rolled back');
  await approveSigned(scene, 'discard');
  await consultant.until(({ waitingFor }) => waitingFor === 'order discard, or resume', 'order discard');
  await consultant.types(`discard ${machineName}`);
  await consultant.until(({ condition }) => condition === 'done', 'discarded');
  const { json } = await consultant.types('sweep');
  const { things } = json as { things: readonly unknown[] };
  teller.fact(`marked as ours on either cloud: ${things.length === 0 ? 'nothing' : JSON.stringify(things)}`);
  if (things.length > 0) throw new LabError('The way back left something.');
}

export async function closeMachineRecord(scene: MachineScene): Promise<void> {
  const { teller, consultant } = scene;
  teller.step('The record is closed, and checked by who trusts nobody');
  await consultant.types('close --yes');
  const { json } = await consultant.types('ledger verify');
  const { verdict, size } = json as { verdict: string; size: number };
  teller.fact(`${size} records, ${verdict}`);
  if (verdict !== 'PASS') throw new LabError('The ledger does not verify.');
  await exportAndVerify(scene, 'final');
}
