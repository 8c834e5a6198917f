import { machineMark } from '../../core/ids.ts';
import { MigrationError } from '../../core/migration-error.ts';
import type { DiskSnapshot } from '../../ports/machine-source.ts';
import { attempt } from '../boundary.ts';
import { once, record, recorded } from '../recording.ts';
import { type MachineDeps, type MovedDisk, sourceOf, until, type VmTask } from './task.ts';

export interface TakenSnapshot {
  readonly disk: string;
  readonly snapshot: string;
  readonly takenAt: string;
}

/** Snapshots that failed at their vendor before a person must look. */
const failuresAtMost = 5;

/** The disks of a machine at one instant, kept by the source cloud itself. */
export const createSnapshotActivities = (deps: MachineDeps) => ({
  /**
   * One snapshot of every disk at one instant, completed. Found by its mark after a crash. What ended in error at its vendor stays there under its
   * mark, for the sweep of the workload, and another is made.
   */
  snapshotDisks: (task: VmTask & { readonly disks: readonly MovedDisk[]; readonly of: 'running' | 'stopped' }): Promise<readonly TakenSnapshot[]> =>
    attempt(({ signal }) =>
      recorded(deps, task, 'snapshot disks', async () => {
        const { machines } = sourceOf(deps, task);
        const wanted = task.disks.map(({ disk }) => disk);
        const mark = machineMark(task.place, `r${task.place.run}`, `p${task.place.pass}`, task.of);
        const taken = await once(deps.depot, `${mark}/snapshots`, async () => {
          const snapshots = await completed(deps, task, wanted, mark, signal);
          return snapshots.map(({ id, disk, startedAt }) => ({ disk, snapshot: id, takenAt: startedAt }));
        });
        // Made once and kept: one that somebody removed since is told before a pass relies on it.
        await machines.snapshots(
          taken.map(({ snapshot }) => snapshot),
          signal,
        );
        for (const { disk, snapshot, takenAt } of taken)
          await record(deps, task, 'snapshot.created', `snapshot/${disk}`, { observed_at: takenAt, reasons: [snapshot] });
        return taken;
      }),
    ),

  /** Snapshots that no later pass stands on. A recycle bin may keep them: told, since they are still stored and paid for. */
  releaseSnapshots: (task: VmTask & { readonly snapshots: readonly string[] }): Promise<{ readonly recycled: number }> =>
    attempt(({ signal }) =>
      recorded(deps, task, 'release snapshots', async () => {
        const { machines } = sourceOf(deps, task);
        let recycled = 0;
        for (const snapshot of task.snapshots) if (!(await machines.deleteSnapshot(snapshot, signal)).isGone) recycled += 1;
        return { recycled };
      }),
    ),
});

async function completed(deps: MachineDeps, task: VmTask, disks: readonly string[], mark: string, signal: AbortSignal): Promise<readonly DiskSnapshot[]> {
  const { machines } = sourceOf(deps, task);
  for (let n = 1; n <= failuresAtMost; n++) {
    const of = `${mark}/${n}`;
    const earlier = await machines.marked(of, signal);
    if (earlier.some(({ state }) => state === 'error')) continue;
    const made = await machines.snapshot(task.entry.source.instance, disks, of, signal);
    const ids = made.map(({ id }) => id);
    const ended = await until(
      deps.clock,
      async () => {
        const now = await machines.snapshots(ids, signal);
        return now.some(({ state }) => state === 'error') ? 'error' : now.every(({ state }) => state === 'completed') ? now : undefined;
      },
      { signal },
    );
    if (ended !== 'error') return ended;
  }
  throw new MigrationError('SNAPSHOT_FAILED', {
    operation: 'snapshot disks',
    source: task.entry.source.instance,
    detail: `${failuresAtMost} snapshots ended in error`,
  });
}
