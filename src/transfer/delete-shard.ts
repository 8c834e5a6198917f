import type { ShardPlace } from '../core/ids.ts';
import type { ObjectEntry } from '../model/object-entry.ts';
import type { ObjectRow } from '../model/row.ts';
import type { Writing } from '../ports/object-store.ts';
import type { CopyDeps } from './copy-attempt.ts';
import { rowOf } from './copy-attempt.ts';
import { inParallel } from './in-parallel.ts';
import { readEntries, shardOf } from './manifest-files.ts';
import { persist } from './persist.ts';
import type { Progress, ShardResult } from './shard-totals.ts';
import { type ShardAttempt, type ShardDeps, workShard } from './work-shard.ts';

export interface DeleteDeps extends ShardDeps {
  readonly target: Writing;
  readonly referenceKey: CopyDeps['referenceKey'];
}

export interface DeleteInput {
  /** Digest of the index of `planDelta`'s deleted entries. */
  readonly manifest: string;
  readonly shard: number;
  readonly versions: 'latest' | 'all';
  readonly sourceBucket: string;
}

/**
 * Removes on the target what vanished from the source, each only while it is still what we wrote. Rows: `deleted` (also when it was gone already),
 * or `failed` with TARGET_DIFFERS for what somebody changed since, which is left alone. With `latest` a versioned target gets a delete marker;
 * with `all` exactly the vanished version goes.
 */
export async function deleteShard(deps: DeleteDeps, place: ShardPlace, input: DeleteInput, progress: Progress, signal: AbortSignal): Promise<ShardResult> {
  const shard = await shardOf(deps.depot, input.manifest, input.shard);
  return await workShard(deps, place, shard.count, { progress, signal }, async (attempt) => {
    const entries = await readEntries(deps.depot, shard);
    const missing = [...entries.entries()].filter(([i]) => !attempt.journal.rows.has(i));
    await inParallel(missing, deps.flight.maxRequests, attempt.signal, async ([i, entry], either) => {
      attempt.settle(await deleteEntry({ ...attempt, signal: either }, deps, input, i, entry));
    });
  });
}

async function deleteEntry(
  attempt: ShardAttempt,
  deps: DeleteDeps,
  { versions, sourceBucket }: DeleteInput,
  i: number,
  entry: ObjectEntry,
): Promise<ObjectRow> {
  const row = rowOf({ referenceKey: deps.referenceKey, sourceBucket }, { i, entry, isFirstOfKey: true });
  const { replaces: etag, replacesVersion: versionId } = entry;
  const what = versions === 'all' && versionId !== undefined ? { versionId } : etag !== undefined ? { etag } : undefined;
  if (!what) return { ...row, outcome: 'failed', verdict: 'UNKNOWN', reason: 'TARGET_DIFFERS' }; // nothing says what would be ours
  const lease = await attempt.flight.take(0, attempt.signal);
  try {
    const { result, versionId: marker } = await persist(attempt, () => deps.target.remove(entry.key, what, attempt.signal));
    if (result === 'changed') return { ...row, outcome: 'failed', verdict: 'UNKNOWN', reason: 'TARGET_DIFFERS' };
    return { ...row, outcome: 'deleted', verdict: 'PASS', ...(marker === undefined || 'versionId' in what ? {} : { targetVersionId: marker }) };
  } finally {
    lease.release();
  }
}
