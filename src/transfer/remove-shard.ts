import { compareKeys } from '../core/compare-keys.ts';
import { isStanding } from '../core/delta.ts';
import { journalName, type ShardPlace } from '../core/ids.ts';
import { isMigrationError } from '../core/migration-error.ts';
import type { Digest } from '../model/digest.ts';
import type { ManifestRef } from '../model/manifest.ts';
import type { ObjectEntry } from '../model/object-entry.ts';
import type { ObjectRow } from '../model/row.ts';
import type { Depot } from '../ports/depot.ts';
import type { Reading, Writing } from '../ports/object-store.ts';
import type { CopyDeps } from './copy-attempt.ts';
import { rowOf } from './copy-attempt.ts';
import { inParallel } from './in-parallel.ts';
import { encodeLines, parseLines } from './json-lines.ts';
import { type IndexShard, readEntries, readIndex, readRows, shardOf } from './manifest-files.ts';
import { objectFault } from './object-fault.ts';
import { persist } from './persist.ts';
import { readDigest } from './read-object.ts';
import { type JournalState, readJournal } from './shard-journal.ts';
import type { Progress, ShardResult } from './shard-totals.ts';
import { type ShardAttempt, type ShardDeps, workShard } from './work-shard.ts';

export interface RemoveDeps extends ShardDeps {
  /** Read only to recognise an object that a killed attempt wrote without a row. */
  readonly source: Reading;
  readonly target: Reading & Writing;
  readonly referenceKey: CopyDeps['referenceKey'];
}

export interface RemoveInput {
  /** Digest of the manifest whose pass is taken back: its journal is the one at `place`, under phase `of`. */
  readonly manifest: Digest;
  readonly shard: number;
  /**
   * `copy` (default) takes back what was written, at a place of phase `remove`; `delete` takes back the delete markers laid on a versioned
   * target, at a place of phase `restore`.
   */
  readonly of?: 'copy' | 'delete';
  readonly sourceBucket: string;
  /** What stood on the target before us (`into: existing`): never removed, even where it was adopted. */
  readonly foreign?: ManifestRef;
}

export interface RemoveResult extends ShardResult {
  readonly removed: number;
  readonly gone: number;
  /** Left alone because somebody changed it since, or because nothing proves it ours. */
  readonly left: number;
  /** Depot file naming what was left alone and why, JSON lines; absent when nothing was. */
  readonly report?: Digest;
}

/** A line of a report. `ref` is the reference of the key, and of the version where versions are carried. */
export interface LeftAlone {
  readonly key: string | undefined;
  readonly pass: number;
  readonly reason: string | undefined;
  readonly ref: string;
}

/** The references that these reports name, as often as they do. Memory holds one report. */
export async function* leftReferences(depot: Depot, reports: Iterable<Digest>): AsyncGenerator<string> {
  for (const report of reports) for (const { ref } of parseLines<LeftAlone>(await depot.get(report))) yield ref;
}

/**
 * Takes back one shard of one pass, sealed or not: exactly what its journal says we wrote and nobody changed since, and its open uploads. Passes
 * are taken back newest first. What stood there without a row is removed only when it is read back equal to the source.
 */
export async function removeShard(deps: RemoveDeps, place: ShardPlace, input: RemoveInput, progress: Progress, signal: AbortSignal): Promise<RemoveResult> {
  const shard = await shardOf(deps.depot, input.manifest, input.shard);
  const entries = await readEntries(deps.depot, shard);
  const result = await workShard(deps, place, shard.count, { progress, signal }, async (attempt) => {
    const written = await readJournal(deps.depot.journal(journalName({ ...place, phase: input.of ?? 'copy' })));
    const foreign = await foreignKeys(deps.depot, shard, input.foreign);
    const missing = [...entries.entries()].filter(([i]) => !attempt.journal.rows.has(i));
    await inParallel(missing, deps.flight.maxRequests, attempt.signal, async ([i, entry], either) => {
      const r = { ...attempt, deps, written, foreign, signal: either };
      attempt.settle({
        ...rowOf({ referenceKey: deps.referenceKey, sourceBucket: input.sourceBucket }, { i, entry, isFirstOfKey: true }),
        ...(await takeBack(r, i, entry)),
      });
    });
  });
  return { ...result, ...(await reportLeft(deps.depot, place, shard, entries, result)) };
}

interface RemoveAttempt extends ShardAttempt {
  readonly deps: RemoveDeps;
  readonly written: JournalState;
  readonly foreign: ReadonlySet<string>;
}

type Taken = Pick<ObjectRow, 'outcome' | 'verdict' | 'reason'>;
const removed: Taken = { outcome: 'deleted', verdict: 'PASS' };
const gone: Taken = { outcome: 'deleted', verdict: 'PASS', reason: 'OBJECT_MISSING' };
const leftAlone: Taken = { outcome: 'failed', verdict: 'UNKNOWN', reason: 'TARGET_DIFFERS' };

async function takeBack(r: RemoveAttempt, i: number, entry: ObjectEntry): Promise<Taken> {
  for (const { upload } of r.written.uploads.get(i) ?? []) await persist(r, () => r.deps.target.abortUpload(entry.key, upload, r.signal));
  if (r.written.segments === 0 || r.foreign.has(entry.key)) return gone; // nothing of ours was ever written here
  const line = r.written.rows.get(i);
  const row = line === undefined ? undefined : (JSON.parse(line) as ObjectRow);
  const lease = await r.flight.take(0, r.signal);
  try {
    if (row && (isStanding(row) || row.outcome === 'deleted')) return await removeWritten(r, entry, row);
    // Without a row, or with one that failed, a write may have been stored and its answer lost.
    return await removeUnwritten(r, entry);
  } catch (error) {
    return { ...leftAlone, reason: await objectFault(error, r.signal) };
  } finally {
    lease.release();
  }
}

async function removeWritten(r: RemoveAttempt, { key }: ObjectEntry, { outcome, targetEtag: etag, targetVersionId: versionId }: ObjectRow): Promise<Taken> {
  const what = versionId !== undefined ? { versionId } : etag !== undefined && outcome !== 'deleted' ? { etag } : undefined;
  if (!what) return gone;
  const { result } = await persist(r, () => r.deps.target.remove(key, what, r.signal));
  return result === 'changed' ? leftAlone : result === 'gone' ? gone : removed;
}

async function removeUnwritten(r: RemoveAttempt, entry: ObjectEntry): Promise<Taken> {
  const { source, target } = r.deps;
  const { key } = entry;
  try {
    if (entry.isDeleteMarker) return gone;
    const there = await persist(r, () => target.head(key, undefined, r.signal));
    if (there.etag === entry.replaces) return gone; // an earlier pass's: it is taken back with that pass
    const ours = await persist(r, () => source.head(key, entry.versionId, r.signal));
    if (there.sizeBytes !== ours.sizeBytes) return leftAlone;
    const read = async (store: Reading, versionId: string | undefined, etag: string): Promise<string> =>
      (await persist(r, () => readDigest(store, { key, versionId, etag, sizeBytes: ours.sizeBytes }, r.signal))).sha256;
    if ((await read(target, there.versionId, there.etag)) !== (await read(source, entry.versionId, ours.etag))) return leftAlone;
    const { versionId, etag } = there;
    const { result } = await persist(r, () => target.remove(key, versionId === undefined ? { etag } : { etag, versionId }, r.signal));
    return result === 'changed' ? leftAlone : result === 'gone' ? gone : removed;
  } catch (error) {
    if (isMigrationError(error, 'OBJECT_MISSING')) return gone;
    throw error;
  }
}

/** Of the keys that stood on the target before us, those within this shard. */
async function foreignKeys(depot: Depot, { first, last }: IndexShard, foreign: ManifestRef | undefined): Promise<ReadonlySet<string>> {
  const keys = new Set<string>();
  if (!foreign) return keys;
  for (const shard of (await readIndex(depot, foreign.digest)).shards) {
    if (compareKeys(shard.first, last) > 0 || compareKeys(shard.last, first) < 0) continue;
    for (const { key } of await readEntries(depot, shard)) keys.add(key);
  }
  return keys;
}

async function reportLeft(
  depot: Depot,
  place: ShardPlace,
  shard: IndexShard,
  entries: readonly ObjectEntry[],
  { rows: digest }: ShardResult,
): Promise<Pick<RemoveResult, 'removed' | 'gone' | 'left' | 'report'>> {
  const rows = (await readRows(depot, { ...shard, rows: digest })) ?? [];
  const left = rows.filter(({ outcome }) => outcome === 'failed');
  const goneAlready = rows.filter(({ outcome, reason }) => outcome === 'deleted' && reason !== undefined).length;
  const counts = { removed: rows.length - left.length - goneAlready, gone: goneAlready, left: left.length };
  if (left.length === 0) return counts;
  const lines = left.map(({ i, ref, reason }) => JSON.stringify({ key: entries[i]?.key, pass: place.pass, reason, ref } satisfies LeftAlone));
  return { ...counts, report: await depot.put(encodeLines(lines)) };
}
