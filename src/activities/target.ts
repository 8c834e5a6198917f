import { ownerMarker } from '../core/ids.ts';
import { isMigrationError } from '../core/migration-error.ts';
import type { BucketConfiguration, TargetCapabilities } from '../model/bucket.ts';
import type { Digest } from '../model/digest.ts';
import type { LedgerDraft } from '../model/ledger-record.ts';
import type { LossCount } from '../model/status.ts';
import { attempt } from './boundary.ts';
import { type BucketTask, evidenceOf, type RecordDeps, record, recorded } from './recording.ts';
import { closeFinalSet } from './sets.ts';

/** Small objects that show what the store can do stand under this prefix for a moment. */
const probePrefix = '.ecluse-probe/';

interface RemovalTask extends BucketTask {
  /** A person ordered it through its gate, or a replication that failed takes back what it copied. */
  readonly why: 'ORDERED' | 'UNWIND';
  readonly acceptedLosses: readonly string[];
}

export interface Removal {
  readonly removed: number;
  readonly gone: number;
  readonly left: number;
  /** Depot files naming what was left alone and why. */
  readonly reports: readonly Digest[];
}

/** The target bucket: made, given the source's configuration (lifecycle rules wait for finalize), and taken away again. */
export const createTargetActivities = (deps: RecordDeps) => ({
  /** Made or found, configured, and asked what it can do. */
  prepareTarget: (task: BucketTask & { configuration: Digest }): Promise<{ capabilities: TargetCapabilities; losses: LossCount[] }> =>
    attempt(({ signal }) =>
      recorded(deps, task, 'prepare target', async () => {
        const configuration = await configurationOf(deps, task.configuration);
        const { at, bucket } = task.entry.target;
        const target = deps.stores.open(at, bucket);
        await target.ensureBucket(ownerMarker(task.place.project, task.place.workload), signal);
        // Into a bucket that somebody already uses its own configuration stays.
        const lost = task.entry.into === 'existing' ? [] : await target.applyConfiguration(forTarget(configuration, task), signal);
        const capabilities = await target.probe(probePrefix, signal);
        return { capabilities, losses: lost.map((code) => ({ code, count: 1 })) };
      }),
    ),

  /** From here on the target's own lifecycle rules may delete. There is no way back by Écluse afterwards. */
  finalize: (task: BucketTask & { configuration: Digest }): Promise<{ losses: LossCount[] }> =>
    attempt(({ signal }) =>
      recorded(deps, task, 'finalize', async () => {
        const { at, bucket } = task.entry.target;
        const losses = await deps.stores.open(at, bucket).applyLifecycle(await configurationOf(deps, task.configuration), signal);
        return { losses: losses.map((code) => ({ code, count: 1 })) };
      }),
    ),

  /** Intent of a removal: on record before the first object goes. */
  beginRemoval: (task: RemovalTask): Promise<void> => attempt(() => record(deps, task, 'deletion.intent', 'remove copies', { reasons: [task.why] })),

  /** What went, and one file that says where the lists of what was left alone are. */
  endRemoval: (task: RemovalTask & Removal): Promise<{ report: Digest }> =>
    attempt(async (run) => {
      const { removed, gone, left, reports } = task;
      const report = await deps.depot.put(Buffer.from(JSON.stringify({ v: 1, removed, gone, left, reports: [...reports].sort() })));
      const verdict = left === 0 ? 'PASS' : 'FAIL';
      const evidence = [await evidenceOf(deps.depot, 'left', report)];
      await record(deps, task, 'deletion.outcome', 'remove copies', { counts: { removed, gone, left }, verdict, reasons: [task.why], evidence });
      await record(deps, task, 'deletion.absence', 'remove copies', await absence(deps, task, run.signal));
      // An automatic undo leaves nothing to count: the replication starts over, or the workload is discarded.
      if (task.why === 'ORDERED') await closeFinalSet(deps, task, { acceptedLosses: task.acceptedLosses, withdrawn: reports }, run);
      return { report };
    }),

  /** Only an empty bucket that carries our marker goes. */
  removeTarget: (task: BucketTask): Promise<void> =>
    attempt(({ signal }) =>
      recorded(
        deps,
        task,
        'prepare target',
        async () => {
          const { at, bucket } = task.entry.target;
          await deps.stores.open(at, bucket).removeBucket(ownerMarker(task.place.project, task.place.workload), signal);
        },
        { kind: 'undo' },
      ),
    ),
});

/**
 * A new listing of the target, by the store and not by our rows. A bucket that was there before us holds what is not ours: that nothing of ours
 * is among it was asked object by object, and no listing can show it.
 */
async function absence(deps: RecordDeps, { entry }: BucketTask, signal: AbortSignal): Promise<Pick<LedgerDraft, 'verdict' | 'counts' | 'reasons'>> {
  if (entry.into === 'existing') return { verdict: 'UNKNOWN', reasons: ['SHARED_BUCKET'] };
  const target = deps.stores.open(entry.target.at, entry.target.bucket);
  let objects = 0;
  try {
    const { entries } = await target.list({ versions: 'all' }, signal);
    objects = entries.length;
  } catch (error) {
    if (!isMigrationError(error, 'BUCKET_MISSING')) throw error;
  }
  return { verdict: objects === 0 ? 'PASS' : 'FAIL', counts: { objects } };
}

/** Versions are carried only where the plan says so; a target without versioning keeps one version an object, as the loss report says. */
const forTarget = (configuration: BucketConfiguration, { entry }: BucketTask): BucketConfiguration =>
  entry.versions === 'all' ? { ...configuration, versioning: 'on' } : configuration;

const configurationOf = async (deps: RecordDeps, digest: Digest): Promise<BucketConfiguration> =>
  JSON.parse((await deps.depot.get(digest)).toString()) as BucketConfiguration;
