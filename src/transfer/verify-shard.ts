import { isStanding } from '../core/delta.ts';
import type { ErrorCode } from '../core/error-codes.ts';
import type { ShardPlace } from '../core/ids.ts';
import { isMigrationError } from '../core/migration-error.ts';
import type { Digest } from '../model/digest.ts';
import type { ObjectEntry, ObjectHead } from '../model/object-entry.ts';
import type { ObjectRow, PartRow } from '../model/row.ts';
import type { Listing, Reading } from '../ports/object-store.ts';
import { metadataDigest, tagsDigest } from './digests.ts';
import { inParallel } from './in-parallel.ts';
import { corrupt, readEntries, readRows, shardOf } from './manifest-files.ts';
import { objectFault, startWatch, type Watch } from './object-fault.ts';
import { persist } from './persist.ts';
import { readDigest, readTree } from './read-object.ts';
import type { Progress, ShardResult } from './shard-totals.ts';
import { listVersionsOf } from './target-versions.ts';
import { type ShardAttempt, type ShardDeps, servedBefore, workShard } from './work-shard.ts';

export interface VerifyDeps extends ShardDeps {
  readonly target: Listing & Reading;
}

export interface VerifyInput {
  /** Digest of the copy run's index: it has rows. */
  readonly run: Digest;
  readonly shard: number;
}

interface VerifyAttempt extends ShardAttempt, Watch {
  readonly target: VerifyDeps['target'];
}

/**
 * Re-reads every object of a copied shard from the target and compares size, SHA-256 (in the form it was copied in), metadata and carried tags.
 * Each row comes back with what was re-read and its verdict: FAIL where something differs or is gone, UNKNOWN where it could not be read or was
 * never copied, PASS only where everything was compared and is equal. Resumes and seals as a copy does.
 */
export async function verifyShard(deps: VerifyDeps, place: ShardPlace, input: VerifyInput, progress: Progress, signal: AbortSignal): Promise<ShardResult> {
  const shard = await shardOf(deps.depot, input.run, input.shard);
  return await workShard(deps, place, shard.count, { progress, signal }, async (attempt) => {
    const [entries, rows] = await Promise.all([readEntries(deps.depot, shard), readRows(deps.depot, shard)]);
    if (!rows) throw corrupt('a run has no rows file');
    const missing = rows.filter(({ i }) => !attempt.journal.rows.has(i));
    await inParallel(missing, deps.flight.maxRequests, attempt.signal, async (row, either) => {
      const entry = entries[row.i];
      if (!entry) throw corrupt('a rows file does not match its entries');
      attempt.settle(await verifyRow({ ...attempt, ...watchReads(attempt, deps.target, entries), target: deps.target, signal: either }, entry, row));
    });
  });
}

const watchReads = ({ totals, journal, signal }: ShardAttempt, target: Reading, entries: readonly ObjectEntry[]): Watch =>
  startWatch({
    served: () => totals.verdicts.PASS,
    fruitless: journal.fruitless,
    ask: async () => await target.head(servedBefore(entries, journal.rows).key, undefined, signal),
  });

async function verifyRow(v: VerifyAttempt, entry: ObjectEntry, copied: ObjectRow): Promise<ObjectRow> {
  if (!isStanding(copied)) return copied;
  const { targetSha256: _sha256, targetMetadata: _metadata, reason: _reason, ...row } = copied;
  try {
    return entry.isDeleteMarker ? await verifyMarker(v, entry, row) : await compare(v, entry, row);
  } catch (error) {
    const reason = await objectFault(error, v.signal, v);
    return await unread(v, entry, row, reason);
  }
}

type Unjudged = Omit<ObjectRow, 'targetSha256' | 'targetMetadata' | 'reason'>;

async function compare(v: VerifyAttempt, entry: ObjectEntry, row: Unjudged): Promise<ObjectRow> {
  const versionId = versionOf(entry, row);
  const { head, sha256 } = row.chunkBytes ? await rereadLarge(v, entry, row, row.chunkBytes) : await rereadSmall(v, entry, row);
  const tags = row.tags === undefined ? undefined : await persist(v, () => v.target.tags(entry.key, versionId, v.signal));
  const targetMetadata = rereadMetadata(head, tags, row.metadata);
  const isEqual = sha256 === row.sha256 && targetMetadata === row.metadata && (tags === undefined || tagsDigest(tags) === row.tags);
  return { ...row, targetSha256: sha256, targetMetadata, ...(isEqual ? { verdict: 'PASS' } : { verdict: 'FAIL', reason: 'TARGET_DIFFERS' }) };
}

/** With versions carried, exactly the one that was written; else what a reader of the target now gets. */
const versionOf = (entry: ObjectEntry, row: Unjudged): string | undefined => (entry.versionId === undefined ? undefined : row.targetVersionId);

async function rereadSmall(v: VerifyAttempt, entry: ObjectEntry, row: Unjudged): Promise<{ head: ObjectHead; sha256: string }> {
  const lease = await v.flight.take(0, v.signal);
  try {
    const request = { key: entry.key, versionId: versionOf(entry, row), sizeBytes: row.sizeBytes };
    const read = await persist(v, () => readDigest(v.target, request, v.signal));
    v.moved(row.sizeBytes);
    return read;
  } finally {
    lease.release();
  }
}

/** By ranges of the same chunks; each chunk that was read has its row, so that a successor goes on in the middle of a large object. */
async function rereadLarge(v: VerifyAttempt, { key, ...entry }: ObjectEntry, row: Unjudged, chunkBytes: number): Promise<{ head: ObjectHead; sha256: string }> {
  const versionId = versionOf({ key, ...entry }, row);
  const head = await persist(v, () => v.target.head(key, versionId, v.signal));
  const { etag, sizeBytes } = head;
  if (sizeBytes !== row.sizeBytes) return { head, sha256: '' };
  const known = new Map<number, PartRow>();
  for (const { parts } of v.journal.uploads.get(row.i) ?? []) for (const [part, chunk] of parts) if (chunk.etag === etag) known.set(part, chunk);
  const upload = ''; // no upload: these are chunks that were read
  if (!v.journal.uploads.has(row.i)) v.journal.add({ i: row.i, opened: upload, sourceEtag: etag, metadata: '', partSizeBytes: chunkBytes });
  const sha256 = await readTree(v.target, v, {
    key,
    versionId,
    etag,
    sizeBytes,
    chunkBytes,
    known,
    onChunk: (chunk) => {
      v.moved(chunk.sizeBytes);
      v.journal.add({ i: row.i, upload, sourceEtag: etag, partSizeBytes: chunkBytes, ...chunk, etag });
      v.progress();
    },
  });
  return { head, sha256 };
}

/** A content type that we did not send is the store's default, not a difference. */
function rereadMetadata({ metadata }: ObjectHead, tags: Readonly<Record<string, string>> | undefined, sent: string | undefined): string {
  const { headers, user } = metadata;
  const there = metadataDigest({ headers, user, ...(tags ? { tags } : {}) });
  if (there === sent || headers['content-type'] === undefined) return there;
  const { 'content-type': _default, ...others } = headers;
  const withoutType = metadataDigest({ headers: others, user, ...(tags ? { tags } : {}) });
  return withoutType === sent ? withoutType : there;
}

/** A delete marker cannot be read: the target's versions of the key must name it. */
async function verifyMarker(v: VerifyAttempt, { key }: ObjectEntry, row: Unjudged): Promise<ObjectRow> {
  const versions = await listVersionsOf(v.target, v, key);
  const isThere = versions.some(({ versionId, isDeleteMarker }) => isDeleteMarker && (row.targetVersionId === undefined || versionId === row.targetVersionId));
  return { ...row, ...(isThere ? { verdict: 'PASS' } : { verdict: 'FAIL', reason: 'OBJECT_MISSING' }) };
}

/** Why it could not be compared. Gone or stored in another size is a finding about the target; anything else leaves it open. */
async function unread(v: VerifyAttempt, entry: ObjectEntry, row: Unjudged, reason: ErrorCode): Promise<ObjectRow> {
  if (reason === 'OBJECT_MISSING') return { ...row, verdict: 'FAIL', reason };
  if (reason !== 'BODY_LENGTH') return { ...row, verdict: 'UNKNOWN', reason };
  try {
    const { sizeBytes } = await persist(v, () => v.target.head(entry.key, versionOf(entry, row), v.signal));
    return sizeBytes === row.sizeBytes ? { ...row, verdict: 'UNKNOWN', reason } : { ...row, verdict: 'FAIL', reason: 'TARGET_DIFFERS' };
  } catch (error) {
    if (isMigrationError(error, 'OBJECT_MISSING')) return { ...row, verdict: 'FAIL', reason: 'OBJECT_MISSING' };
    throw error;
  }
}
