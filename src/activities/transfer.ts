import type { Phase, ShardPlace } from '../core/ids.ts';
import type { TargetCapabilities } from '../model/bucket.ts';
import type { Digest } from '../model/digest.ts';
import type { ManifestRef } from '../model/manifest.ts';
import {
  abortStrayUploads,
  type Clock,
  copyShard,
  deleteShard,
  type FlightBudget,
  readIndex,
  type referenceKeyOf,
  removeShard,
  retagShard,
  type ShardResult,
  type Totals,
  verifyShard,
} from '../transfer/index.ts';
import { attempt } from './boundary.ts';
import { ends } from './ends.ts';
import { createListingActivities } from './listing.ts';
import { createDiskActivities } from './machines/disks.ts';
import { createProvingActivities } from './machines/proving.ts';
import { type BucketTask, batchSaid, type RecordDeps, record } from './recording.ts';

export interface TransferDeps extends RecordDeps {
  /** Bytes and requests in flight, shared by all shards of this process. */
  readonly flight: FlightBudget;
  readonly referenceKey: ReturnType<typeof referenceKeyOf>;
  readonly clock: Clock;
}

export interface ShardTask extends BucketTask {
  /** Index of the manifest or run in the depot, and which of its shards. */
  readonly manifest: Digest;
  readonly shard: number;
}

/** What became of the objects of a shard, in numbers. */
export type { Totals };
export type TransferActivities = ReturnType<typeof createTransferActivities>;

/** The hands that move bytes: each takes one listing or one shard, resumes from its journal and answers counts. */
export const createTransferActivities = (deps: TransferDeps) => ({
  ...createListingActivities(deps),
  ...createDiskActivities(deps),
  ...createProvingActivities(deps),

  copyShard: (task: ShardTask & { capabilities: TargetCapabilities; isFirstPass: boolean }): Promise<Totals> =>
    attempt(async ({ signal, heartbeat }) => {
      if (task.shard === 0) await record(deps, task, 'transfer.started', 'transfer');
      const input = { ...named(task), capabilities: task.capabilities, isFirstPass: task.isFirstPass };
      return nameless(await copyShard(ends(deps, task), place(task, 'copy'), input, heartbeat, signal));
    }),

  /** One ledger record per shard: the digest of its rows and the counts per verdict. */
  verifyShard: (task: ShardTask): Promise<Totals> =>
    attempt(async ({ signal, heartbeat }) => {
      const result = await verifyShard(ends(deps, task), place(task, 'verify'), { run: task.manifest, shard: task.shard }, heartbeat, signal);
      await recordBatch(deps, task, 'verify', result);
      return nameless(result);
    }),

  deleteShard: (task: ShardTask): Promise<Totals> =>
    attempt(async ({ signal, heartbeat }) => {
      const result = await deleteShard(ends(deps, task), place(task, 'delete'), named(task), heartbeat, signal);
      await recordBatch(deps, task, 'delete', result);
      return nameless(result);
    }),

  retagShard: (task: ShardTask): Promise<Totals> =>
    attempt(async ({ signal, heartbeat }) => {
      const result = await retagShard(ends(deps, task), place(task, 'tags'), { run: task.manifest, shard: task.shard }, heartbeat, signal);
      await recordBatch(deps, task, 'tags', result);
      return nameless(result);
    }),

  /** Takes back one shard of one pass: what it copied, or the delete markers it laid. `foreign`: what stood there before us. */
  removeShard: (
    task: ShardTask & { of: 'copy' | 'delete'; foreign?: ManifestRef },
  ): Promise<{ removed: number; gone: number; left: number; report?: Digest }> =>
    attempt(async ({ signal, heartbeat }) => {
      const input = { ...named(task), of: task.of, ...(task.foreign ? { foreign: task.foreign } : {}) };
      const where = place(task, task.of === 'copy' ? 'remove' : 'restore');
      const { removed, gone, left, report } = await removeShard(ends(deps, task), where, input, heartbeat, signal);
      return { removed, gone, left, ...(report ? { report } : {}) };
    }),

  /** Uploads whose creator died before it could write its row; for a target that only we write to. */
  abortUploads: (task: BucketTask & { manifest: Digest }): Promise<{ aborted: number }> =>
    attempt(async ({ signal }) => ({ aborted: await abortStrayUploads(ends(deps, task), task.manifest, signal) })),
});

const place = ({ place: { project, workload, run, pass }, shard }: ShardTask, phase: Phase): ShardPlace => ({ project, workload, run, pass, phase, shard });

const named = ({ manifest, shard, entry }: ShardTask) => ({ manifest, shard, versions: entry.versions, sourceBucket: entry.source.bucket });

/** Only counts leave an activity; the digest of the rows stands in the shard's seal. */
function nameless({ rows: _, ...totals }: ShardResult): Totals {
  return totals;
}

async function recordBatch(deps: TransferDeps, task: ShardTask, stage: 'verify' | 'delete' | 'tags', { rows, ...totals }: ShardResult): Promise<void> {
  const { shards } = await readIndex(deps.depot, task.manifest);
  await record(deps, task, 'batch.verified', `${stage}/${task.shard}`, await batchSaid(deps.depot, task.entry, rows, totals, shards[task.shard]?.entries));
}
