import { imageKey, machineMark, ownerMarker } from '../../core/ids.ts';
import { isMigrationError, MigrationError } from '../../core/migration-error.ts';
import type { Digest } from '../../model/digest.ts';
import type { Removable } from '../../ports/machine-target.ts';
import { type Attempt, attempt } from '../boundary.ts';
import { evidenceOf, record, recorded } from '../recording.ts';
import { closeFinalSet } from '../sets.ts';
import { type MakingTask, makingMark, networkMark, stagingMarker } from './making.ts';
import { refuseRunningSource } from './stopping.ts';
import { type MachineDeps, type MovedDisk, sourceOf, stagingOf, targetOf, until, type VmTask } from './task.ts';

/** What a rollback kept: snapshots of the target's disks, until a person discards them. */
export interface KeptDisks {
  readonly snapshots: readonly string[];
}

/** In the order that the target demands: a snapshot is refused while an image holds it, a network while a machine stands in it. */
const order: readonly Removable[] = ['machine', 'image', 'snapshot', 'network'];

/** Taking away what we made on the target, and only that: each thing carries our mark. */
export const createRemovingActivities = (deps: MachineDeps) => ({
  /** Everything of one try: machine with its volumes, image, imported snapshots, and a rehearsal's network. Gone when it returns. */
  removeMade: (task: MakingTask & { readonly disks: readonly MovedDisk[] }): Promise<void> =>
    attempt((run) =>
      recorded(
        deps,
        task,
        `machine ${task.purpose}`,
        async () => {
          const marked = await targetOf(deps, task).machines.marked(`${makingMark(task)}/`, run.signal);
          await removeAll(deps, task, [...marked, ...madeOf(task)], run);
          if (task.purpose === 'rehearsal') await removed(deps, task, 'network', makingMark(task, 'network'), run);
        },
        { kind: 'undo' },
      ),
    ),

  /** Stopped and seen stopped: before its disks are kept, and before the source starts. No machine of ours there: success. */
  stopTarget: (task: MakingTask): Promise<void> =>
    attempt(({ signal }) =>
      recorded(deps, task, 'stop target', async () => {
        const { machines } = targetOf(deps, task);
        const machine = await machines.machine({ mark: makingMark(task, 'machine') }, signal);
        if (!machine) return;
        if (machine.state !== 'stopped') await machines.stop(machine.id, signal);
        await until(
          deps.clock,
          async () => {
            const now = await machines.machine({ id: machine.id }, signal);
            return !now || now.state === 'stopped' || now.state === 'terminated' ? true : undefined;
          },
          { signal, deadline: deps.clock.now() + task.entry.stopMinutes * 60_000, late: () => late(task, machine.id) },
        );
      }),
    ),

  /** The undo of a stop: the target serves again, if the source does not. */
  startTarget: (task: MakingTask & { readonly launchedAt: string }): Promise<void> =>
    attempt(({ signal }) =>
      recorded(
        deps,
        task,
        'stop target',
        async () => {
          const { machines } = targetOf(deps, task);
          const machine = await machines.machine({ mark: makingMark(task, 'machine') }, signal);
          if (!machine) return;
          await refuseRunningSource(deps, task, task.launchedAt, signal);
          await machines.start(machine.id, signal);
          await until(deps.clock, async () => ((await machines.machine({ id: machine.id }, signal))?.state === 'running' ? true : undefined), { signal });
        },
        { kind: 'undo' },
      ),
    ),

  /** What was written on the target since the cutover is kept in snapshots: the source knows nothing of it. */
  keepTargetDisks: (task: MakingTask): Promise<KeptDisks> =>
    attempt(({ signal }) =>
      recorded(deps, task, 'keep target disks', async () => {
        const { machines } = targetOf(deps, task);
        const machine = await machines.machine({ mark: makingMark(task, 'machine') }, signal);
        const snapshots: string[] = [];
        for (const { id, device } of machine?.volumes ?? []) {
          const mark = machineMark(task.place, 'kept', `m${task.makes}`, device.replace(/^.*\//, ''));
          const begun = await machines.snapshotVolume({ mark, volume: id }, signal);
          const kept = await until(
            deps.clock,
            async () => {
              const now = await machines.snapshot({ id: begun.id }, signal);
              if (!now || now.state === 'error') throw new MigrationError('IMPORT_FAILED', { operation: 'keep target disks', target: begun.id });
              return now.state === 'completed' ? now : undefined;
            },
            { signal },
          );
          snapshots.push(kept.id);
        }
        return { snapshots };
      }),
    ),

  /** The target holds exactly the disks that were verified: sizes and number. TARGET_DIFFERS otherwise; then every disk has its end on record. */
  closeTargetMachine: (
    task: MakingTask & { readonly machine: string; readonly sizes: readonly number[]; readonly acceptedLosses: readonly string[] },
  ): Promise<void> =>
    attempt(async (run) => {
      const machine = await targetOf(deps, task).machines.machine({ id: task.machine }, run.signal);
      const found = (machine?.volumes ?? []).map(({ sizeBytes }) => sizeBytes ?? 0).sort((a, b) => a - b);
      const wanted = task.sizes.map(wholeGibibytes).sort((a, b) => a - b);
      const equal = machine?.state === 'running' && JSON.stringify(found) === JSON.stringify(wanted);
      const report = await deps.depot.put(Buffer.from(JSON.stringify({ v: 1, state: machine?.state ?? 'missing', found, wanted })));
      await record(deps, task, 'listing.compared', `compare/target/${report.slice(0, 16)}`, {
        counts: { disks: found.length, wanted: wanted.length },
        verdict: equal ? 'PASS' : 'FAIL',
        evidence: [await evidenceOf(deps.depot, 'differences', report, { confidential: true })],
      });
      if (!equal) throw new MigrationError('TARGET_DIFFERS', { operation: 'close target', target: task.machine, detail: `${found.length} disks found` });
      await closeFinalSet(deps, task, { acceptedLosses: task.acceptedLosses }, run);
    }),

  /** From this record on the target serves. */
  markMachineCutOver: (task: VmTask): Promise<void> => attempt(() => recorded(deps, task, 'cut over', async () => undefined)),

  beginMachineRollback: (task: VmTask & { readonly by: string }): Promise<void> =>
    attempt(() => record(deps, task, 'rollback.ordered', 'rollback', {}, { by: task.by })),

  finishMachineRollback: (task: VmTask & { readonly acceptedLosses: readonly string[] }): Promise<void> =>
    attempt(async (run) => {
      await closeFinalSet(deps, task, { acceptedLosses: task.acceptedLosses, withdrawn: 'all left' }, run);
      await record(deps, task, 'rollback.finished', 'rollback');
    }),

  /** After the acceptance: images, imports and snapshots served their purpose. The source machine stays as it is, stopped. */
  finalizeMachine: (task: VmTask): Promise<void> =>
    attempt((run) =>
      recorded(deps, task, 'finalize', async () => {
        const made = await targetOf(deps, task).machines.marked(`${machineMark(task.place)}/`, run.signal);
        await removeAll(
          deps,
          task,
          made.filter(({ kind, mark }) => kind !== 'machine' && kind !== 'volume' && kind !== 'network' && !mark.includes('/kept/')),
          run,
        );
        await emptyStaging(deps, task, run);
        await releaseAllSnapshots(deps, task, run);
      }),
    ),

  /** Everything of this workload on both clouds, by mark: the source machine itself is not touched. What is left over is told. */
  discardMachine: (task: VmTask & { readonly why: 'ORDERED' | 'UNWIND'; readonly acceptedLosses: readonly string[] }): Promise<{ readonly report: Digest }> =>
    attempt(async (run) => {
      await record(deps, task, 'deletion.intent', 'remove copies', { reasons: [task.why] });
      const { machines } = targetOf(deps, task);
      const made = await machines.marked(`${machineMark(task.place)}/`, run.signal);
      await removeAll(deps, task, made, run);
      await leaveNetwork(deps, task, run);
      const objects = await emptyStaging(deps, task, run);
      const { released, recycled } = await releaseAllSnapshots(deps, task, run);
      const left = await machines.marked(`${machineMark(task.place)}/`, run.signal);
      const counts = { removed: made.length + objects + released, left: left.length, recycled };
      const report = await deps.depot.put(Buffer.from(JSON.stringify({ v: 1, ...counts, gone: 0, reports: [] })));
      const verdict = left.length === 0 ? 'PASS' : 'FAIL';
      const evidence = [await evidenceOf(deps.depot, 'left', report)];
      await record(deps, task, 'deletion.outcome', 'remove copies', { counts: { ...counts, gone: 0 }, verdict, reasons: [task.why], evidence });
      await record(deps, task, 'deletion.absence', 'remove copies', { verdict, counts: { objects: left.length } });
      if (task.why === 'ORDERED') await closeFinalSet(deps, task, { acceptedLosses: task.acceptedLosses, withdrawn: [] }, run);
      return { report };
    }),

  /** A pass that is given up: its uploads and its snapshots go, the images that stand stay. */
  abandonPass: (
    task: VmTask & { readonly uploads: readonly { readonly key: string; readonly upload: string }[]; readonly snapshots: readonly string[] },
  ): Promise<void> =>
    attempt(({ signal }) =>
      recorded(
        deps,
        task,
        'pass',
        async () => {
          const staging = stagingOf(deps, task);
          for (const { key, upload } of task.uploads) {
            await staging.abortUpload(key, upload, signal);
            await removeObject(staging, key, signal);
          }
          // One that a worker opened and died before it could say so.
          const prefix = imageKey(task.place, '').slice(0, -'.qcow2'.length);
          const strays = (await isThere(staging, signal)) ? await staging.openUploads(signal) : [];
          for (const { key, upload } of strays) if (key.startsWith(prefix)) await staging.abortUpload(key, upload, signal);
          for (const snapshot of task.snapshots) await sourceOf(deps, task).machines.deleteSnapshot(snapshot, signal);
        },
        { kind: 'undo' },
      ),
    ),

  /** Snapshots that an assessment took. */
  removeLook: (task: VmTask): Promise<void> =>
    attempt(async ({ signal }) => {
      const { machines } = sourceOf(deps, task);
      for (const { id } of await machines.marked(`${machineMark(task.place, 'r0')}/`, signal)) await machines.deleteSnapshot(id, signal);
    }),

  /** Images that no later pass takes anything over from. */
  removeImages: (task: VmTask & { readonly keys: readonly string[] }): Promise<void> =>
    attempt(async ({ signal }) => {
      for (const key of task.keys) await removeObject(stagingOf(deps, task), key, signal);
    }),
});

/** By their own marks: a crash or a refusal between a create and its tag leaves what no listing by tags shows, a machine that runs among it. */
const madeOf = (task: MakingTask & { readonly disks: readonly MovedDisk[] }) => [
  { kind: 'machine' as const, mark: makingMark(task, 'machine') },
  { kind: 'image' as const, mark: makingMark(task, 'image') },
  ...task.disks.map(({ label }) => ({ kind: 'snapshot' as const, mark: makingMark(task, label) })),
];

/** How long a network may still count as used by the machine that just left it. */
const networkPatienceMs = 60_000;

/** Shared with other machines of the project: it stays while one of them stands in it, and goes with the last. */
async function leaveNetwork(deps: MachineDeps, task: VmTask, { signal }: Attempt): Promise<void> {
  const { machines } = targetOf(deps, task);
  const mark = networkMark({ ...task, purpose: 'cutover', makes: 0 });
  const others = await machines.marked(`${ownerMarker(task.place.project, '')}`, signal);
  if (others.some(({ kind, mark: of }) => kind === 'machine' && of.includes('/cutover/'))) return;
  const deadline = deps.clock.now() + networkPatienceMs;
  await until(deps.clock, async () => ((await machines.remove('network', mark, signal)) === 'gone' || deps.clock.now() > deadline ? true : undefined), {
    signal,
  });
}

async function removeAll(
  deps: MachineDeps,
  task: VmTask,
  made: readonly { readonly kind: Removable | 'volume'; readonly mark: string }[],
  run: Attempt,
): Promise<void> {
  for (const kind of order) {
    const marks = new Set(made.filter((one) => one.kind === kind || (kind === 'machine' && one.kind === 'volume')).map(({ mark }) => mark));
    for (const mark of marks) await removed(deps, task, kind, mark, run);
  }
}

const removed = (deps: MachineDeps, task: VmTask, kind: Removable, mark: string, { signal }: Attempt): Promise<true> =>
  until(deps.clock, async () => ((await targetOf(deps, task).machines.remove(kind, mark, signal)) === 'gone' ? true : undefined), { signal });

/** Images and open uploads of this workload in the staging bucket; other workloads' stay. */
async function emptyStaging(deps: MachineDeps, task: VmTask, { signal, heartbeat }: Attempt): Promise<number> {
  const staging = stagingOf(deps, task);
  const prefix = `${machineMark(task.place)}/`;
  // Gone already: another workload was the last one.
  if (!(await isThere(staging, signal))) return 0;
  for (const { key, upload } of await staging.openUploads(signal)) if (key.startsWith(prefix)) await staging.abortUpload(key, upload, signal);
  let objects = 0;
  for (let cursor: string | undefined; ; ) {
    const page = await staging.list({ versions: 'latest', prefix, cursor }, signal);
    for (const { key } of page.entries) {
      await removeObject(staging, key, signal);
      objects += 1;
      heartbeat({ objects });
    }
    if (page.next === undefined) break;
    cursor = page.next;
  }
  // The last workload takes the bucket with it; one that holds anything stays.
  await staging.removeBucket(stagingMarker(task), signal);
  return objects;
}

const isThere = (staging: ReturnType<typeof stagingOf>, signal: AbortSignal): Promise<boolean> =>
  staging.list({ versions: 'latest', limit: 1 }, signal).then(
    () => true,
    (error: unknown) => {
      if (isMigrationError(error, 'BUCKET_MISSING')) return false;
      throw error;
    },
  );

const removeObject = async (staging: ReturnType<typeof stagingOf>, key: string, signal: AbortSignal): Promise<void> => {
  const head = await staging.head(key, undefined, signal).catch((error: unknown) => {
    if (isMigrationError(error, 'OBJECT_MISSING', 'BUCKET_MISSING')) return undefined;
    throw error;
  });
  if (head) await staging.remove(key, { etag: head.etag }, signal);
};

async function releaseAllSnapshots(deps: MachineDeps, task: VmTask, { signal }: Attempt): Promise<{ released: number; recycled: number }> {
  const { machines } = sourceOf(deps, task);
  const marked = await machines.marked(`${machineMark(task.place)}/`, signal);
  let recycled = 0;
  for (const { id } of marked) if (!(await machines.deleteSnapshot(id, signal)).isGone) recycled += 1;
  return { released: marked.length, recycled };
}

/** Volumes are whole GiB on the target. */
const wholeGibibytes = (sizeBytes: number): number => Math.ceil(sizeBytes / 2 ** 30) * 2 ** 30;

const late = ({ entry: { stopMinutes } }: VmTask, machine: string): MigrationError =>
  new MigrationError('STOP_TIMEOUT', { operation: 'stop target', target: machine, detail: `not stopped after ${stopMinutes} minutes` });
