import { writeFileSync } from 'node:fs';
import { stringify } from 'yaml';
import type { WorkloadStatus } from '../../src/model/status.ts';
import { compareBuckets } from '../compare/compare-buckets.ts';
import type { Lab } from '../lab.ts';
import { LabError } from '../lab-error.ts';
import { signalProcess } from '../process.ts';
import { changeSource } from '../seed/changes.ts';
import { createLabStore, type LabPlace } from '../seed/lab-store.ts';
import { listObjects } from '../seed/listing.ts';
import { seedSource } from '../seed/seed.ts';
import { flightBytes } from '../workers.ts';
import { type Consultant, hireConsultant, pause } from './consultant.ts';
import { approveSigned, exportAndVerify } from './evidence.ts';
import type { Meter } from './meter.ts';
import { mebibytes, type Teller } from './terminal.ts';

export interface Stage {
  readonly lab: Lab;
  readonly teller: Teller;
  readonly signal: AbortSignal;
  readonly consultant: Consultant;
  readonly meter: Meter;
  readonly workload: string;
  readonly sourceBucket: string;
  readonly targetBucket: string;
}

const workload = 'patient-records';
const sourceBucket = 'patient-records';

/** The source as a customer would have it: real files, large ones, odd keys, tags, versions, settings. A freeze of an earlier demo is lifted. */
export async function seed({ stores }: Lab, teller: Teller): Promise<void> {
  teller.step('A source bucket: real files, large ones, odd keys, tags, versions, settings');
  const store = createLabStore(stores.source, { connections: 1 });
  await store.call({ method: 'DELETE', bucket: sourceBucket, query: { policy: '' } });
  store.close();
  const { objects, sizeBytes, written } = await seedSource({ ...stores.source, bucket: sourceBucket });
  teller.fact(`${objects} objects, ${mebibytes(sizeBytes)}${written === 0 ? ', there already' : ''}`);
}

export function openStage(lab: Lab, meter: Meter, teller: Teller, signal: AbortSignal): Stage {
  const targetBucket = `${workload}-${lab.project}`;
  const plan = {
    v: 1,
    shard: { objects: 500 },
    patience: { heartbeatSeconds: 5 },
    waves: [
      {
        wave: 1,
        workloads: [{ name: workload, kind: 'bucket', source: { at: 'lab-source', bucket: sourceBucket }, target: { at: 'lab-target', bucket: targetBucket } }],
      },
    ],
  };
  writeFileSync(`${lab.folder}/plan.yaml`, `# Written by the demo of project ${lab.project}.\n${stringify(plan)}`);
  return { lab, meter, workload, teller, signal, consultant: hireConsultant(workload, lab.folder, teller, signal), sourceBucket, targetBucket };
}

/** From the start to the loss report. */
export async function assess({ teller, consultant }: Stage): Promise<void> {
  teller.step('What would be lost? Asked before a byte moves');
  await consultant.types(`preflight ${workload}`, { exits: [0, 4] });
  await consultant.types('start');
  const { losses, objects } = await consultant.until(({ gate }) => gate?.gate === 'loss', 'gate loss');
  teller.fact(`${objects} objects listed; the loss report names ${losses.map(({ code, count }) => `${code} (${count})`).join(', ')}`);
}

/** The copy, with one of its two workers killed on the way. Says what that cost, and fails above the bound. */
export async function copyThroughDeath(stage: Stage): Promise<void> {
  const { teller, consultant, meter } = stage;
  teller.step('Copy and verify, with a transfer worker killed by SIGKILL in the middle');
  meter.start();
  await approveSigned(stage, 'loss');
  const total = (await consultant.status()).sizeBytes;
  await killHalfway(stage, total);
  teller.fact('while the copy runs, the record so far, as anybody may ask for it any day:');
  await exportAndVerify(stage, 'interim');
  // Until the next pass nothing but the first one reads objects of the source: what was sent above its size was sent twice.
  await consultant.until(({ pass, state }) => state === 'ready for cutover' || pass > 0, 'copied and verified');
  const moved = meter.sentBytes();
  const again = moved - total;
  const bound = flightBytes + meter.busiestSecondBytes();
  teller.fact(`the source sent ${mebibytes(moved)} for ${mebibytes(total)}: ${mebibytes(again)} moved again;`);
  teller.fact(`bound: ${mebibytes(bound)} (${mebibytes(flightBytes)} in flight, and the busiest second's ${mebibytes(meter.busiestSecondBytes())})`);
  if (again > bound) throw new LabError('The killed worker cost more than its bound.');
  if (again < 0) throw new LabError('The source sent less than was copied: the meter is wrong.');
}

async function killHalfway({ lab, teller, signal, meter }: Stage, total: number): Promise<void> {
  while (meter.sentBytes() < total * 0.4) await pause(20, signal);
  const victim = lab.workers.find(({ role }) => role === 'transfer');
  if (!victim || !signalProcess(victim.record, 'SIGKILL')) throw new LabError('There was no transfer worker to kill.');
  teller.fact(`after ${mebibytes(meter.sentBytes())}: kill -9 ${victim.record.pid} (${victim.record.name}); the other one takes its shards over`);
}

/** What users do meanwhile, and the delta that carries it. */
export async function changeAndCutOver(stage: Stage): Promise<WorkloadStatus> {
  const { lab, teller, consultant } = stage;
  await consultant.until(({ state }) => state === 'ready for cutover', 'ready for cutover');
  teller.step('Meanwhile users work: objects change, come, go, and get new tags');
  const { changed, added, removed, retagged } = await changeSource({
    ...lab.stores.source,
    bucket: sourceBucket,
    round: 1,
    change: 20,
    add: 5,
    remove: 3,
    retag: 2,
  });
  teller.fact(`${changed.length} changed, ${added.length} new, ${removed.length} deleted, ${retagged.length} only tagged`);
  teller.step('Cut over: approve, freeze, last delta, verify, closing listings of both ends');
  await consultant.until(({ gate }) => gate?.gate === 'cutover', 'gate cutover');
  await approveSigned(stage, 'cutover');
  await consultant.until(({ waitingFor }) => waitingFor === 'order cutover', 'order cutover');
  await consultant.types(`cutover ${workload}`);
  const status = await consultant.until(({ state }) => state === 'cut over', 'cut over');
  teller.fact(`${status.objects} objects, ${mebibytes(status.sizeBytes)}, verdict ${status.verdict}`);
  if (status.verdict !== 'PASS') throw new LabError(`The verdict is ${status.verdict}.`);
  return status;
}

/** Nothing of the mover takes part: other code, the SDK's client, every byte of both sides. */
export async function compareIndependently({ lab, teller, targetBucket }: Stage): Promise<void> {
  teller.step('An independent comparison, key by key, with other code');
  const { compared, sizeBytes, differences } = await compareBuckets(place(lab.stores.source, sourceBucket), place(lab.stores.target, targetBucket));
  // The loss report names storage classes; everything else must be equal.
  const unexplained = differences.filter(({ what }) => what !== 'storage class');
  teller.fact(`${compared} objects, ${mebibytes(sizeBytes)} compared; ${unexplained.length} differences besides what the loss report names`);
  if (unexplained.length > 0) throw new LabError(`The comparison found: ${JSON.stringify(unexplained.slice(0, 5))}`);
}

/** Accepted by two people of two organisations: from here there is no way back. */
export async function finalize(stage: Stage): Promise<void> {
  const { teller, consultant } = stage;
  teller.step('Accept the result: two people sign, a witness and a timestamp seal it');
  await consultant.until(({ gate }) => gate?.gate === 'finalize', 'gate finalize');
  await approveSigned(stage, 'finalize');
  await consultant.until(({ waitingFor }) => waitingFor === 'order finalize or rollback', 'order finalize');
  await consultant.types(`finalize ${workload}`);
  await consultant.until(({ condition }) => condition === 'done', 'finalized');
}

export async function showRecord(stage: Stage): Promise<void> {
  const { teller, consultant } = stage;
  teller.step('The record is closed, and checked by who trusts nobody');
  await consultant.types('close --yes');
  const { json } = await consultant.types('ledger verify');
  const { verdict, size, root } = json as { verdict: string; size: number; root: string };
  teller.fact(`${size} records, ${verdict}, root ${root.slice(0, 16)}…`);
  if (verdict !== 'PASS') throw new LabError('The ledger does not verify.');
  const report = await consultant.types('report');
  teller.fact(`report for the project manager: ${(report.json as { file: string }).file}`);
  await exportAndVerify(stage, 'final');
}

/** The whole taken back: the source serves again untouched, the target is as it was before. */
export async function takeBack(stage: Stage): Promise<void> {
  const { lab, teller, consultant, targetBucket } = stage;
  teller.step('Take it all back');
  const before = await compareState(lab.stores.source);
  await consultant.types(`rollback ${workload}`);
  await consultant.until(({ state, gate }) => state === 'rolled back' && gate?.gate === 'discard', 'rolled back');
  await approveSigned(stage, 'discard');
  await consultant.until(({ waitingFor }) => waitingFor === 'order discard, or resume', 'order discard');
  await consultant.types(`discard ${workload}`);
  await consultant.until(({ condition }) => condition === 'done', 'discarded');
  const target = createLabStore(lab.stores.target, { connections: 1 });
  const { status } = await target.call({ method: 'HEAD', bucket: targetBucket });
  target.close();
  const after = await compareState(lab.stores.source);
  teller.fact(
    `target bucket: ${status === 404 ? 'gone, as before' : 'still there'}; source: ${after.objects} objects, ${after.etags === before.etags ? 'untouched' : 'CHANGED'}; freeze: ${after.policy.includes('Ecluse') ? 'STILL THERE' : 'lifted'}`,
  );
  if (status !== 404 || after.etags !== before.etags || after.policy.includes('Ecluse')) throw new LabError('The way back left something.');
}

async function compareState(source: LabPlace): Promise<{ objects: number; etags: string; policy: string }> {
  const store = createLabStore(source, { connections: 2 });
  try {
    const objects = await listObjects(store, sourceBucket);
    const policy = await store.call({ method: 'GET', bucket: sourceBucket, query: { policy: '' } });
    return {
      objects: objects.length,
      etags: objects
        .map(({ key, etag }) => `${key} ${etag}`)
        .sort()
        .join('\n'),
      policy: policy.status === 404 ? '' : policy.body.toString(),
    };
  } finally {
    store.close();
  }
}

const place = (store: LabPlace & { readonly region: string }, bucket: string) => ({
  endpoint: store.endpoint,
  region: store.region,
  accessKey: store.accessKey,
  secretKey: store.secretKey,
  bucket,
});
