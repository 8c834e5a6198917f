import type { ShardPlace } from '../core/ids.ts';
import { isMigrationError } from '../core/migration-error.ts';
import type { ObjectEntry } from '../model/object-entry.ts';
import type { ObjectRow } from '../model/row.ts';
import { type CopyAttempt, type CopyDeps, type CopyInput, type CopyLane, defaultSizes, type Job, rowOf, type Seen } from './copy-attempt.ts';
import { copyLarge, dropUploads } from './copy-large.ts';
import { copySmall } from './copy-small.ts';
import { copyVersions } from './copy-versions.ts';
import { inParallel } from './in-parallel.ts';
import { readEntries, shardOf } from './manifest-files.ts';
import { objectFault, startWatch, type Watch } from './object-fault.ts';
import { persist } from './persist.ts';
import type { Progress, ShardResult } from './shard-totals.ts';
import { servedBefore, workShard } from './work-shard.ts';

const changesAtMost = 3; // an object that is written all the time is the next pass's

/**
 * Copies one shard: every entry ends in exactly one row, and the shard in a sealed rows file. Resumes where any former attempt's journal ends; a call
 * on a sealed shard gives its result. Errors about one object become its row; all others stop the shard with everything kept (the code says
 * whether to retry or to hold).
 */
export async function copyShard(deps: CopyDeps, place: ShardPlace, input: CopyInput, progress: Progress, signal: AbortSignal): Promise<ShardResult> {
  const shard = await shardOf(deps.depot, input.manifest, input.shard);
  return await workShard(deps, place, shard.count, { progress, signal }, async (attempt) => {
    const entries = await readEntries(deps.depot, shard);
    const { source, target, referenceKey, sizes = defaultSizes } = deps;
    const { versions, isFirstPass, sourceBucket, capabilities } = input;
    const c: CopyAttempt = {
      ...attempt,
      source,
      target,
      referenceKey,
      sizes,
      versions,
      isFirstPass,
      sourceBucket,
      capabilities,
      entries,
      goneUploads: new Set(),
    };
    const keys = [...keysOf(entries, attempt.journal.rows)];
    for (const some of [keys.filter(isMarker), keys.filter((jobs) => !isMarker(jobs))])
      await inParallel(some, deps.flight.maxRequests, attempt.signal, async (jobs, either) => {
        const lane: CopyLane = { ...c, signal: either, ...watchCopies(c) };
        if (versions === 'all') return await copyVersions(lane, jobs, copyEntry);
        for (const job of jobs) c.settle(await copyEntry(lane, job));
      });
  });
}

/** A `dir/` marker goes before what stands below it: a store that makes up folders (SeaweedFS) has one there afterwards, and drops the marker's metadata. */
const isMarker = ([job]: readonly Job[]): boolean => job?.entry.key.endsWith('/') === true;

/** The entries of each key that have no row yet, together and in order. */
function* keysOf(entries: readonly ObjectEntry[], done: ReadonlyMap<number, string>): Generator<readonly Job[]> {
  let jobs: Job[] = [];
  for (const [i, entry] of entries.entries()) {
    const isFirstOfKey = entries[i - 1]?.key !== entry.key;
    if (isFirstOfKey && jobs.length > 0) {
      yield jobs;
      jobs = [];
    }
    if (!done.has(i)) jobs.push({ i, entry, isFirstOfKey });
  }
  if (jobs.length > 0) yield jobs;
}

async function copyEntry(c: CopyLane, job: Job): Promise<ObjectRow> {
  const row = await copyOrFault(c, job);
  await dropUploads(c, job);
  return row;
}

async function copyOrFault(c: CopyLane, job: Job): Promise<ObjectRow> {
  try {
    return await copyObject(c, job);
  } catch (error) {
    const reason = await objectFault(error, c.signal, c);
    const outcome = reason === 'OBJECT_MISSING' ? 'vanished' : reason === 'SOURCE_CHANGED' ? 'changed' : 'failed';
    return { ...rowOf(c, job), outcome, verdict: 'UNKNOWN', reason };
  }
}

function watchCopies({ totals, journal, entries, source, target, signal }: CopyAttempt): Watch {
  return startWatch({
    served: () => totals.outcomes.copied + totals.outcomes.adopted,
    fruitless: journal.fruitless,
    ask: async () => {
      const { key, versionId } = servedBefore(entries, journal.rows);
      await Promise.all([source.head(key, versionId, signal), target.head(key, undefined, signal)]);
    },
  });
}

/** A version that changed while it was read is dropped whole and the newer one is read, a few times; the row tells the one that was really read. */
async function copyObject(c: CopyAttempt, job: Job): Promise<ObjectRow> {
  let seen: Seen = job.entry;
  for (let changes = 0; ; changes += 1) {
    try {
      return await (seen.sizeBytes <= c.sizes.smallBytes ? copySmall(c, job, seen) : copyLarge(c, job, seen));
    } catch (error) {
      if (changes === changesAtMost || !isMigrationError(error, 'SOURCE_CHANGED', 'BODY_LENGTH', 'UPLOAD_MISSING') || c.signal.aborted) throw error;
      const now = await persist(c, () => c.source.head(job.entry.key, job.entry.versionId, c.signal));
      // A body of a wrong length under an unchanged ETag is the store's fault, not a newer version.
      if (error.code === 'BODY_LENGTH' && now.etag === seen.etag && now.sizeBytes === seen.sizeBytes) throw error;
      seen = now;
    }
  }
}
