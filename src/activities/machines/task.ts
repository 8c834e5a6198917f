import type { ShardPlace } from '../../core/ids.ts';
import type { ImageRef } from '../../model/disk.ts';
import type { VmWorkload } from '../../model/plan.ts';
import type { ObjectTarget } from '../../ports/object-store.ts';
import type { Clock } from '../../transfer/index.ts';
import type { RecordDeps, WorkloadTask } from '../recording.ts';

export interface VmTask extends WorkloadTask {
  readonly entry: VmWorkload;
}

/** One disk that is moved. */
export interface MovedDisk {
  /** On the source: `vol-…`. */
  readonly disk: string;
  readonly device: string;
  /** The device's last part: names files, journals and records. */
  readonly label: string;
  readonly isRoot: boolean;
  readonly sizeBytes: number;
}

/** A disk as it was at one instant, and where it stands for an import. */
export interface StagedDisk extends MovedDisk {
  readonly snapshot: string;
  readonly takenAt: string;
  readonly image: ImageRef;
}

export interface MachineDeps extends RecordDeps {
  readonly clock: Clock;
}

export const sourceOf = ({ clouds }: Pick<RecordDeps, 'clouds'>, { entry: { source } }: VmTask) => clouds.source(source.at, source);
export const targetOf = ({ clouds }: Pick<RecordDeps, 'clouds'>, { entry: { target } }: VmTask) => clouds.target(target.at);

/** The bucket in which images stand until the target has imported them. */
export function stagingOf(deps: Pick<RecordDeps, 'clouds' | 'stores'>, task: VmTask): ObjectTarget {
  const { at, bucket } = targetOf(deps, task).staging;
  return deps.stores.open(at, bucket);
}

/** Journals of one disk's shards. */
export const diskPlace = ({ place: { project, workload, run, pass } }: VmTask, label: string, phase: ShardPlace['phase'], shard: number): ShardPlace => ({
  project,
  workload: `${workload}/${label}`,
  run,
  pass,
  phase,
  shard,
});

/** How often a state is looked at while something takes minutes to hours. */
const lookEveryMs = 5000;
const firstLookMs = 500;

/** Looks again and again until `look` answers something; the pauses grow, so that what is quick is seen quickly. `deadline`: epoch. */
export async function until<T>(
  clock: Clock,
  look: () => Promise<T | undefined>,
  { signal, deadline, late }: { readonly signal: AbortSignal; readonly deadline?: number; readonly late?: () => Error },
): Promise<T> {
  for (let pauseMs = firstLookMs; ; pauseMs = Math.min(pauseMs * 1.5, lookEveryMs)) {
    const found = await look();
    if (found !== undefined) return found;
    if (deadline !== undefined && late && clock.now() > deadline) throw late();
    await clock.sleep(pauseMs, signal);
  }
}
