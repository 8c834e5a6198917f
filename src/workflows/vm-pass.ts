import type { DiskTask } from '../activities/machines/disks.ts';
import type { MovedDisk, StagedDisk } from '../activities/machines/task.ts';
import { imageKey } from '../core/ids.ts';
import { runWindow } from '../core/window.ts';
import { codeOf, failure } from './failures.ts';
import type { DiskPass, VmRun } from './vm-state.ts';

/** How often a pass is begun anew because somebody removed a snapshot under it. */
const restartsAtMost = 3;

/**
 * One pass over the disks of a machine: snapshots at one instant, what they hold (or what changed since the pass before), images, and every
 * block re-read from the target. Each stage is entered again after a continue-as-new; its activities find their own earlier results.
 */
export const runDiskPass = (run: VmRun, of: DiskPass['of']): Promise<void> => begunAnew(run, () => passOnce(run, of));

/** Somebody may remove a snapshot or an upload of a pass: then nothing verified is lost, the pass begins anew from what still stands. */
export async function begunAnew(run: VmRun, work: () => Promise<void>): Promise<void> {
  for (let restart = 0; ; restart++) {
    try {
      return await work();
    } catch (error) {
      if (!isPassLost(run, error) || restart === restartsAtMost) throw error;
      await abandonPass(run);
      await forgetMissingBases(run);
    }
  }
}

/** A snapshot that fails while it is made is made again by its own activity; one that falls into error later is as good as removed. */
function isPassLost({ state }: VmRun, error: unknown): boolean {
  const code = codeOf(error);
  return code === 'SNAPSHOT_MISSING' || code === 'UPLOAD_LOST' || (code === 'SNAPSHOT_FAILED' && state.work?.stage !== 'snapshot');
}

async function passOnce(run: VmRun, of: DiskPass['of']): Promise<void> {
  const { state } = run;
  await planPass(run, of);
  const work = given(state.work);
  if (work.stage === 'copy') await copy(run, work);
  if (work.stage === 'seal') await seal(run, work);
  if (work.stage === 'verify') await verify(run, work);
  if (work.stage === 'prove') await prove(run, work);
  await retire(run, work);
}

/** Snapshots and lists: what the pass will read. Nothing is copied yet. Repeated, it answers at once. */
export async function planPass(run: VmRun, of: DiskPass['of']): Promise<void> {
  const { state, hands, task } = run;
  state.work ??= { stage: 'snapshot', of, window: { next: 0, owed: [] } };
  const { work } = state;
  if (work.stage === 'snapshot') {
    work.taken = await hands.machine.snapshotDisks.executeWithOptions({ summary: run.timeline.snapshotDisks(state.pass, state.disks.length) }, [
      { ...task, disks: state.disks, of },
    ]);
    work.stage = 'plan';
  }
  if (work.stage !== 'plan') return;
  const planned = await Promise.all(
    state.disks.map(async (disk) => {
      const summary = run.timeline.planDisk(state.pass, disk.label);
      const { shardBytes } = run.input;
      const asked = { ...diskTask(run, disk), capabilities: given(state.capabilities), ...(shardBytes === undefined ? {} : { shardBytes }) };
      return [disk.label, await hands.transfer.planDisk.executeWithOptions({ summary }, [asked])] as const;
    }),
  );
  work.planned = Object.fromEntries(planned);
  const plans = planned.map(([, { plan }]) => plan);
  state.lastPassBytes = plans.reduce((sum, { readBytes }) => sum + readBytes, 0);
  run.startProgress(state.disks.length, state.lastPassBytes);
  enter(work, 'copy');
}

async function copy(run: VmRun, work: DiskPass): Promise<void> {
  const cuts = cutsOf(run, (label) => plannedOf(work, label).plan.shards);
  await throughWindow(run, work, cuts.length, async (n) => {
    const { disk, shard, shards } = given(cuts[n]);
    const { sizeBytes } = await run.hands.transfer.copyDiskShard.executeWithOptions(
      { summary: run.timeline.copyDisk(run.state.pass, disk.label, shard, shards) },
      [{ ...diskTask(run, disk), planned: plannedOf(work, disk.label), shard }],
    );
    await run.advance({ copiedBytes: sizeBytes, ...(shard === 0 ? { copiedObjects: 1 } : {}) });
  });
  enter(work, 'seal');
}

async function seal(run: VmRun, work: DiskPass): Promise<void> {
  const images = await Promise.all(
    run.state.disks.map(async (disk) => {
      const summary = run.timeline.sealImage(run.state.pass, disk.label);
      return [
        disk.label,
        await run.hands.transfer.sealImage.executeWithOptions({ summary }, [{ ...diskTask(run, disk), planned: plannedOf(work, disk.label) }]),
      ] as const;
    }),
  );
  work.images = Object.fromEntries(images);
  // What is re-read is the whole image, also what was taken over inside the target: that is another object, and nobody compared it yet.
  run.startProgress(
    images.length,
    images.reduce((sum, [, { imageBytes }]) => sum + imageBytes, 0),
  );
  enter(work, 'verify');
}

async function verify(run: VmRun, work: DiskPass): Promise<void> {
  const cuts = cutsOf(run, (label) => imageOf(work, label).shards);
  await run.advance({ copiedObjects: run.state.disks.length, copiedBytes: run.state.status.progress.totalBytes });
  await throughWindow(run, work, cuts.length, async (n) => {
    const { disk, shard, shards } = given(cuts[n]);
    const { sizeBytes } = await run.hands.transfer.verifyImageShard.executeWithOptions(
      { summary: run.timeline.verifyDisk(run.state.pass, disk.label, shard, shards) },
      [{ ...diskTask(run, disk), image: imageOf(work, disk.label), shard }],
    );
    await run.advance({ verifiedBytes: sizeBytes, ...(shard === 0 ? { verifiedObjects: 1 } : {}) });
  });
  enter(work, 'prove');
}

/** From here on the images of this pass are what the target holds. */
async function prove(run: VmRun, work: DiskPass): Promise<void> {
  const { state, hands, task } = run;
  const disks = stagedDisks(run, work);
  const { run: proven, verdict, failed } = await hands.transfer.proveDisks({ ...task, disks });
  if (verdict !== 'PASS') {
    await abandonPass(run);
    run.note({ verdict: 'FAIL' });
    throw failure('TARGET_DIFFERS', `the re-read of ${failed.join(', ')} differs`);
  }
  const before = Object.values(state.standing);
  work.retired = { snapshots: before.map(({ snapshot }) => snapshot), keys: before.map(({ image }) => image.key) };
  state.standing = Object.fromEntries(disks.map(({ label, snapshot, takenAt, image }) => [label, { snapshot, takenAt, image }]));
  state.catalogue = [proven];
  run.note({ objects: disks.length, sizeBytes: disks.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0), verdict: 'PASS' }, ['predictedEnd']);
  enter(work, 'retire');
}

/** What the pass before left was the base of this one: it goes only now, when this one is verified. */
async function retire(run: VmRun, { retired }: DiskPass): Promise<void> {
  const { state, hands, task } = run;
  if (retired && retired.keys.length > 0) {
    await hands.machine.releaseSnapshots({ ...task, snapshots: retired.snapshots });
    await hands.machine.removeImages({ ...task, keys: retired.keys });
  }
  delete state.work;
  state.pass += 1;
}

/** Gives a pass up: its own snapshots and uploads go, what an earlier pass verified stays. */
export async function abandonPass(run: VmRun): Promise<void> {
  const { state, hands, task } = run;
  const { work } = state;
  if (!work) return;
  const uploads = Object.entries(work.planned ?? {}).map(([label, { upload }]) => ({ key: imageKey(task.place, label), upload }));
  await hands.machine.abandonPass({ ...task, uploads, snapshots: (work.taken ?? []).map(({ snapshot }) => snapshot) });
  delete state.work;
  state.pass += 1;
}

async function forgetMissingBases(run: VmRun): Promise<void> {
  const { state, hands, task } = run;
  const snapshots = Object.values(state.standing).map(({ snapshot }) => snapshot);
  const standing = new Set(await hands.machine.standingSnapshots({ ...task, snapshots }));
  state.standing = Object.fromEntries(Object.entries(state.standing).filter(([, { snapshot }]) => standing.has(snapshot)));
}

/** The disks with what the pass under way made of them. */
function stagedDisks(run: VmRun, work: DiskPass): StagedDisk[] {
  return run.state.disks.map((disk) => {
    const { snapshot, takenAt } = takenOf(work, disk);
    return { ...disk, snapshot, takenAt, image: imageOf(work, disk.label) };
  });
}

/** The disks as the newest verified pass left them. */
export const standingDisks = ({ state }: VmRun): StagedDisk[] => state.disks.map((disk) => ({ ...disk, ...given(state.standing[disk.label]) }));

function diskTask(run: VmRun, disk: MovedDisk): DiskTask {
  const { task, state } = run;
  const { snapshot } = takenOf(given(state.work), disk);
  const before = state.standing[disk.label];
  return { ...task, disk, snapshot, ...(before ? { before: { snapshot: before.snapshot, image: before.image } } : {}) };
}

interface Cut {
  readonly disk: MovedDisk;
  readonly shard: number;
  readonly shards: number;
}

/** The shards of all disks, those of one disk together. */
const cutsOf = (run: VmRun, shardsOf: (label: string) => number): Cut[] =>
  run.state.disks.flatMap((disk) => {
    const shards = shardsOf(disk.label);
    return Array.from({ length: shards }, (_, shard) => ({ disk, shard, shards }));
  });

/** Drives the window to its end: pauses, orders and continue-as-new come in between, never in the middle of a shard. */
async function throughWindow(run: VmRun, work: DiskPass, shards: number, one: (n: number) => Promise<void>): Promise<void> {
  while (!(await runWindow(shards, work.window, one, run.windowGate))) await run.settle();
}

const takenOf = ({ taken }: DiskPass, { disk }: MovedDisk) => given(taken?.find((one) => one.disk === disk));
const plannedOf = ({ planned }: DiskPass, label: string) => given(planned?.[label]);
const imageOf = ({ images }: DiskPass, label: string) => given(images?.[label]);

function enter(work: DiskPass, stage: DiskPass['stage']): void {
  work.stage = stage;
  work.window = { next: 0, owed: [] };
}

function given<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('a pass was entered without what its earlier stage leaves');
  return value;
}
