import { isStanding } from '../core/delta.ts';
import type { ShardPlace } from '../core/ids.ts';
import { isMigrationError } from '../core/migration-error.ts';
import type { ObjectEntry } from '../model/object-entry.ts';
import type { ObjectRow } from '../model/row.ts';
import type { Reading, Writing } from '../ports/object-store.ts';
import { metadataDigest, tagsDigest } from './digests.ts';
import { inParallel } from './in-parallel.ts';
import { corrupt, readEntries, readRows, shardOf } from './manifest-files.ts';
import { objectFault } from './object-fault.ts';
import { persist } from './persist.ts';
import type { Progress, ShardResult } from './shard-totals.ts';
import { type ShardAttempt, type ShardDeps, workShard } from './work-shard.ts';

export interface RetagDeps extends ShardDeps {
  readonly source: Reading;
  readonly target: Reading & Writing;
}

export interface RetagInput {
  /** Digest of a run's index: the catalogue merged into one (`mergeCatalogue`). */
  readonly run: string;
  readonly shard: number;
}

interface RetagAttempt extends ShardAttempt, Pick<RetagDeps, 'source' | 'target'> {}

const noTags = tagsDigest({});

/**
 * Reads the tags of every object of a run again on the source, because tagging changes neither ETag nor date. Where they differ from those
 * carried, the target gets them and is read back. The rows come back whole and take the place of the run's. Only for targets that hold tags.
 */
export async function retagShard(deps: RetagDeps, place: ShardPlace, input: RetagInput, progress: Progress, signal: AbortSignal): Promise<ShardResult> {
  const shard = await shardOf(deps.depot, input.run, input.shard);
  return await workShard(deps, place, shard.count, { progress, signal }, async (attempt) => {
    const [entries, rows] = await Promise.all([readEntries(deps.depot, shard), readRows(deps.depot, shard)]);
    if (!rows) throw corrupt('a run has no rows file');
    const missing = rows.filter(({ i }) => !attempt.journal.rows.has(i));
    await inParallel(missing, deps.flight.maxRequests, attempt.signal, async (row, either) => {
      const entry = entries[row.i];
      if (!entry) throw corrupt('a rows file does not match its entries');
      const { source, target } = deps;
      attempt.settle(await retagRow({ ...attempt, source, target, signal: either }, entry, row));
    });
  });
}

async function retagRow(r: RetagAttempt, entry: ObjectEntry, row: ObjectRow): Promise<ObjectRow> {
  if (!isStanding(row) || entry.isDeleteMarker) return row;
  const lease = await r.flight.take(0, r.signal);
  try {
    const tags = await persist(r, () => r.source.tags(entry.key, entry.versionId, r.signal));
    return tagsDigest(tags) === (row.tags ?? noTags) ? row : await putTags(r, entry, row, tags);
  } catch (error) {
    // It vanished since the listing: the next listing tells, and this row stays true of the target.
    if (isMigrationError(error, 'OBJECT_MISSING')) return row;
    return { ...row, verdict: 'UNKNOWN', reason: await objectFault(error, r.signal) };
  } finally {
    lease.release();
  }
}

async function putTags(
  r: RetagAttempt,
  { key, versionId: sourceVersion }: ObjectEntry,
  row: ObjectRow,
  tags: Readonly<Record<string, string>>,
): Promise<ObjectRow> {
  const version = sourceVersion === undefined ? undefined : row.targetVersionId;
  await persist(r, () => r.target.putTags(key, tags, version, r.signal));
  const [there, reread] = [await persist(r, () => r.target.head(key, version, r.signal)), await persist(r, () => r.target.tags(key, version, r.signal))];
  const { headers, user } = there.metadata;
  const { tags: _former, ...others } = row;
  const hasTags = Object.keys(tags).length > 0;
  const carried = { ...others, ...(hasTags ? { tags: tagsDigest(tags) } : {}), metadata: metadataDigest({ headers, user, tags }) };
  const isEqual = tagsDigest(reread) === tagsDigest(tags);
  // What was verified before stays verified; only the tags were compared here.
  return { ...carried, targetMetadata: metadataDigest({ headers, user, tags: reread }), ...(isEqual ? {} : { verdict: 'FAIL', reason: 'TARGET_DIFFERS' }) };
}
