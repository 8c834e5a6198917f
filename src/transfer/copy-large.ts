import { isMigrationError, MigrationError } from '../core/migration-error.ts';
import type { ObjectHead } from '../model/object-entry.ts';
import type { ObjectRow, PartRow } from '../model/row.ts';
import { type Carried, carry } from './carry.ts';
import { type CopyAttempt, type Job, rowOf, type Seen } from './copy-attempt.ts';
import { treeRoot } from './digests.ts';
import { inParallel } from './in-parallel.ts';
import { headWritten, type Landed, land } from './land.ts';
import { persist } from './persist.ts';
import { partsOf, readInto } from './read-object.ts';
import type { OpenUpload } from './shard-journal.ts';

const partsAtOnce = 8; // of one object; the budget shares them out between objects
const largestPartBytes = 1024 * 1024 * 1024; // a part is signed with its SHA-256, so it stands in memory whole

/** Parts are as small as the target's part count lets them be: always whole multiples of a chunk (8 MiB). UNSUPPORTED above 1 GiB a part. */
export function partSizeFor(sizeBytes: number, partCount: number, chunkBytes: number): number {
  const partSizeBytes = chunkBytes * Math.ceil(sizeBytes / (chunkBytes * partCount));
  if (partSizeBytes > largestPartBytes)
    throw new MigrationError('UNSUPPORTED', { operation: 'CreateMultipartUpload', detail: `${sizeBytes} bytes do not fit ${partCount} parts of 1 GiB` });
  return partSizeBytes;
}

/**
 * Ranged GETs of one source version into the parts of one upload, in any order and several at once. Each byte is hashed once: the digest that signs a
 * part is also its entry in the object's tree. The upload and every stored part have their rows, so a successor sends only what is missing.
 */
export async function copyLarge(c: CopyAttempt, job: Job, seen: Seen): Promise<ObjectRow> {
  const { key, versionId } = job.entry;
  const head = await persist(c, () => c.source.head(key, versionId, c.signal));
  if ((seen.etag && head.etag !== seen.etag) || head.sizeBytes !== seen.sizeBytes)
    throw new MigrationError('SOURCE_CHANGED', { operation: 'HeadObject', detail: 'another version than listed' });
  const carried = await carry(c.source, c, job.entry, head, c.capabilities);
  const upload = await openUpload(c, job, head, carried);
  try {
    await sendParts(c, job, head, upload);
    const root = treeRoot([...upload.parts.values()].sort(byPart).map(({ sha256 }) => sha256));
    const landed = await complete(c, job, head, upload, carried, root);
    return largeRow(c, job, head, upload, carried, root, landed);
  } catch (error) {
    if (isMigrationError(error, 'UPLOAD_MISSING')) c.goneUploads.add(upload.upload);
    throw error;
  }
}

/** Aborts what is left open for an entry once its end is known: a newer version, another object's key or a fault made it useless. */
export async function dropUploads(c: CopyAttempt, { i, entry }: Job): Promise<void> {
  for (const { upload } of c.journal.uploads.get(i) ?? []) {
    if (c.goneUploads.has(upload)) continue;
    await persist(c, () => c.target.abortUpload(entry.key, upload, c.signal));
    c.goneUploads.add(upload);
  }
}

/** The upload that a forerunner left, if it was opened for this very version; else a new one, whose row is durable before its first part is sent. */
async function openUpload(c: CopyAttempt, job: Job, head: ObjectHead, carried: Carried): Promise<OpenUpload> {
  const { i, entry } = job;
  const partSizeBytes = partSizeFor(head.sizeBytes, c.capabilities.partCount, c.sizes.chunkBytes);
  const left = (c.journal.uploads.get(i) ?? []).filter(({ upload }) => !c.goneUploads.has(upload));
  const isUsable = (old: OpenUpload): boolean => old.sourceEtag === head.etag && old.metadata === carried.metadataDigest && old.partSizeBytes === partSizeBytes;
  for (const old of [...left].reverse()) {
    if (isUsable(old) && (await reconcile(c, entry.key, old, partsOf(head.sizeBytes, partSizeBytes).length))) return old;
  }
  await dropUploads(c, job);
  const upload = await persist(c, () => c.target.createUpload(entry.key, carried.metadata, c.signal));
  // The upload exists and has no row yet. A crash here leaves an open upload without parts, which `abortStrayUploads` finds by its key.
  c.journal.add({ i, opened: upload, sourceEtag: head.etag, metadata: carried.metadataDigest, partSizeBytes });
  await c.journal.flush();
  const opened = c.journal.uploads.get(i)?.at(-1);
  if (!opened) throw new MigrationError('UNEXPECTED', { operation: 'CreateMultipartUpload', detail: 'its row is not in the journal' });
  return opened;
}

/** A part counts only when the store still names it with the ETag and size that stand beside our SHA-256; the rest is sent again. */
async function reconcile(c: CopyAttempt, key: string, upload: OpenUpload, partCount: number): Promise<boolean> {
  try {
    const stored = new Map((await persist(c, () => c.target.listParts(key, upload.upload, c.signal))).map((part) => [part.part, part]));
    for (const [part, row] of upload.parts) {
      const there = stored.get(part);
      if (there?.etag !== row.etag || there.sizeBytes !== row.sizeBytes) upload.parts.delete(part);
    }
    return true;
  } catch (error) {
    // Gone with every part stored: perhaps it was completed and the answer lost. Completing again will tell.
    if (isMigrationError(error, 'UPLOAD_MISSING')) return upload.parts.size === partCount;
    throw error;
  }
}

async function sendParts(c: CopyAttempt, job: Job, head: ObjectHead, { upload, partSizeBytes, parts }: OpenUpload): Promise<void> {
  const { key, versionId } = job.entry;
  const missing = partsOf(head.sizeBytes, partSizeBytes).filter(({ part }) => !parts.has(part));
  await inParallel(missing, partsAtOnce, c.signal, async ({ part, start, lengthBytes }, signal) => {
    const lease = await c.flight.take(lengthBytes, signal);
    try {
      const patience = { ...c, signal };
      const request = { key, versionId, etag: head.etag, range: { start, lengthBytes }, sizeBytes: lengthBytes };
      const read = await persist(patience, () => readInto(c.source, request, lease.buffer, signal));
      if (read.head.sizeBytes !== head.sizeBytes) throw new MigrationError('SOURCE_CHANGED', { operation: 'GetObject', detail: 'the whole size differs' });
      c.moved(lengthBytes);
      const { etag } = await persist(patience, () => c.target.putPart(key, upload, part, lease.buffer, read.sha256, signal));
      // The store has the part. Its row comes only now: a crash before it sends the part again, never the other way round.
      c.journal.add({ i: job.i, upload, sourceEtag: head.etag, partSizeBytes, part, sizeBytes: lengthBytes, sha256: read.sha256, etag });
      c.progress();
    } finally {
      lease.release();
    }
  });
}

async function complete(
  c: CopyAttempt,
  job: Job,
  head: ObjectHead,
  { upload, parts, partSizeBytes }: OpenUpload,
  carried: Carried,
  root: string,
): Promise<Landed> {
  const { key } = job.entry;
  const stored = [...parts.values()].sort(byPart).map(({ part, etag, sizeBytes }) => ({ part, etag, sizeBytes }));
  const content = { sizeBytes: head.sizeBytes, sha256: root, form: 'sha256-tree', chunkBytes: partSizeBytes, carried } as const;
  const landed = await land(c, job, content, (condition) => c.target.completeUpload(key, upload, stored, condition, c.signal));
  if (landed.outcome === 'copied') c.goneUploads.add(upload);
  const there = await headWritten(c, key, landed);
  if (there.sizeBytes !== head.sizeBytes)
    throw new MigrationError('TARGET_DIFFERS', { operation: 'CompleteMultipartUpload', detail: 'stored in another size' });
  return { ...landed, etag: landed.etag || there.etag }; // some answers name no ETag
}

function largeRow(c: CopyAttempt, job: Job, head: ObjectHead, { partSizeBytes }: OpenUpload, carried: Carried, root: string, landed: Landed): ObjectRow {
  return {
    ...rowOf(c, job),
    outcome: landed.outcome,
    sizeBytes: head.sizeBytes,
    sourceEtag: head.etag,
    sourceLastModified: head.lastModified,
    form: 'sha256-tree',
    chunkBytes: partSizeBytes,
    sha256: root,
    targetEtag: landed.etag,
    ...(landed.versionId === undefined ? {} : { targetVersionId: landed.versionId }),
    metadata: carried.metadataDigest,
    ...(carried.tagsDigest === undefined ? {} : { tags: carried.tagsDigest }),
    ...(carried.losses.length > 0 ? { losses: carried.losses } : {}),
    verdict: 'UNKNOWN',
  };
}

const byPart = (a: PartRow, b: PartRow): number => a.part - b.part;
