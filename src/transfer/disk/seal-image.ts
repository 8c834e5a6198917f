import { journalName, type ShardPlace } from '../../core/ids.ts';
import { isMigrationError, MigrationError } from '../../core/migration-error.ts';
import { type ByteRange, headOf, imageBytesOf, partsOfPass } from '../../image/index.ts';
import type { Digest } from '../../model/digest.ts';
import type { DiskPlan, ImageRef } from '../../model/disk.ts';
import type { StoredPart } from '../../ports/object-store.ts';
import { sha256Hex } from '../digests.ts';
import { inParallel } from '../in-parallel.ts';
import { persist } from '../persist.ts';
import { digestStream, mergeDigests } from './block-digests.ts';
import type { DiskShardSeal } from './copy-disk-shard.ts';
import { type DiskDeps, putJson, readImage, readPlan } from './disk-files.ts';
import { imageShards } from './image-shards.ts';
import { isImageOf } from './open-image.ts';
import { claimRows, type RowJournal, readDiskSeal } from './row-journal.ts';
import { type PartOfUpload, stillStored } from './stored-parts.ts';

export interface SealImageInput {
  readonly plan: Digest;
  readonly key: string;
  readonly upload: string;
  /** Of the copy; its shard does not matter. */
  readonly place: ShardPlace;
}

type SealRow = PartOfUpload | { readonly sealed: ImageRef; readonly upload: string };

interface Sealing extends Omit<SealImageInput, 'place'> {
  readonly deps: DiskDeps;
  readonly passed: DiskPlan;
  readonly journal: RowJournal<SealRow>;
  readonly heartbeat: () => void;
  readonly signal: AbortSignal;
}

const copiesAtOnce = 4; // each occupies the store for as long as it moves 5 GiB

/**
 * Ends an image once all its shards are copied: metadata, what is taken over inside the store, CompleteMultipartUpload, and the file that says how to
 * read it back. Safe to repeat after a crash at any point, also when the store's last answer was lost. COPY_INCOMPLETE when a shard is not sealed for this
 * upload; UPLOAD_MISSING when the upload, or parts of it, are gone and no image came of it: then a new upload begins with its shards.
 */
export async function sealImage(deps: DiskDeps, input: SealImageInput, heartbeat: () => void, signal: AbortSignal): Promise<ImageRef> {
  const { place, upload } = input;
  const passed = await readPlan(deps.depot, input.plan);
  const shards = Math.ceil(partsOfPass(passed.image, passed.firstSlot, passed.map.slots).data / passed.shardParts);
  // The seal's rows stand where those of one more shard would.
  const journal = await claimRows<SealRow>(deps.depot.journal(journalName({ ...place, shard: shards })));
  const done = journal.rows.find((row) => 'sealed' in row && row.upload === upload);
  if (done && 'sealed' in done) return done.sealed;
  const sealing = { ...input, deps, passed, journal, heartbeat, signal };
  const seals = await shardSeals(sealing, place, shards);
  const parts = await allParts(sealing, seals);
  const etag = await complete(sealing, parts);
  // The image stands. A crash here finds it again: by its parts, or by the plan that it bears.
  return record(sealing, seals, etag);
}

async function shardSeals({ deps, upload }: Sealing, place: ShardPlace, shards: number): Promise<readonly DiskShardSeal[]> {
  const seals: DiskShardSeal[] = [];
  for (let shard = 0; shard < shards; shard += 1) {
    const seal = await readDiskSeal<DiskShardSeal>(deps.depot, { ...place, shard });
    if (seal?.upload !== upload)
      throw new MigrationError('COPY_INCOMPLETE', { operation: 'seal image', detail: `shard ${shard} is not copied into this upload` });
    seals.push(seal);
  }
  return seals;
}

/** Every part of the image in order: those of the shards, and metadata and copies, sent now unless an earlier attempt did. */
async function allParts(s: Sealing, seals: readonly DiskShardSeal[]): Promise<readonly StoredPart[]> {
  const { deps, passed, upload, journal, signal } = s;
  const { head, taken } = partsOfPass(passed.image, passed.firstSlot, passed.map.slots);
  const own = journal.rows.filter((row): row is PartOfUpload => 'part' in row && row.upload === upload);
  const copied = seals.flatMap(({ parts }) => parts.map((part) => ({ ...part, upload })));
  const stored = await stillStored(deps, s, [...own, ...copied], signal);
  const known = stored ?? new Map([...own, ...copied].map((row) => [row.part, row]));
  const lacks = copied.filter(({ part }) => !known.has(part)).length;
  if (lacks > 0) throw gone(`${lacks} parts are not stored any more as they were sent`);
  if (!stored && known.size < head.length + taken.length + copied.length) throw gone('parts are still to be sent');
  await sendHead(s, head, known);
  await takeOver(s, taken, head.length, known);
  return [...known.values()].sort((a, b) => a.part - b.part).map(({ part, etag, sizeBytes }) => ({ part, etag, sizeBytes }));
}

async function sendHead(s: Sealing, head: readonly ByteRange[], known: Map<number, PartOfUpload>): Promise<void> {
  const { deps, passed, key, upload, signal } = s;
  if (head.every((_, n) => known.has(n + 1))) return;
  const clusters = headOf(passed.image, passed.map, (entries) => deps.depot.get(entries));
  for (const [n, { lengthBytes }] of head.entries()) {
    const lease = await deps.flight.take(lengthBytes, signal);
    try {
      for (let filled = 0; filled < lengthBytes; ) {
        const { value, done } = await clusters.next();
        if (done) throw new RangeError('metadata shorter than its layout');
        lease.buffer.set(value, filled);
        filled += value.length;
      }
      if (known.has(n + 1)) continue;
      const { etag } = await persist({ ...deps, signal }, () => deps.target.putPart(key, upload, n + 1, lease.buffer, sha256Hex(lease.buffer), signal));
      await keep(s, known, { upload, part: n + 1, etag, sizeBytes: lengthBytes });
    } finally {
      lease.release();
    }
  }
}

async function takeOver(s: Sealing, taken: readonly ByteRange[], headParts: number, known: Map<number, PartOfUpload>): Promise<void> {
  const { deps, passed, key, upload } = s;
  const { before } = passed;
  if (!before) return;
  const missing = taken.map((range, n) => ({ ...range, part: headParts + n + 1 })).filter(({ part }) => !known.has(part));
  await inParallel(missing, copiesAtOnce, s.signal, async ({ part, start, lengthBytes }, signal) => {
    const from = { key: before.key, etag: before.etag, start, lengthBytes };
    const { etag } = await persist({ ...deps, signal }, () => deps.target.copyPart(key, upload, part, from, signal));
    await keep(s, known, { upload, part, etag, sizeBytes: lengthBytes });
  });
}

async function keep({ journal, heartbeat }: Sealing, known: Map<number, PartOfUpload>, row: PartOfUpload): Promise<void> {
  await journal.add(row);
  known.set(row.part, row);
  heartbeat();
}

/** Under a key of one pass of one run nothing else can stand, so the write needs no condition. */
async function complete(s: Sealing, parts: readonly StoredPart[]): Promise<string> {
  const { deps, passed, plan, key, upload, signal } = s;
  const patience = { ...deps, signal };
  try {
    await persist(patience, () => deps.target.completeUpload(key, upload, parts, { any: true }, signal));
  } catch (error) {
    if (!isMigrationError(error, 'UPLOAD_MISSING')) throw error;
    // Some stores give the finished object another ETag than its parts tell: then it is known by the plan that it bears.
  }
  const there = await persist(patience, () => deps.target.head(key, undefined, signal)).catch((error: unknown) => {
    throw isMigrationError(error, 'OBJECT_MISSING') ? gone('no image came of it') : error;
  });
  if (!isImageOf(there, plan, imageBytesOf(passed.image, passed.map.slots))) throw gone('another object stands under its key');
  return there.etag;
}

async function record(s: Sealing, seals: readonly DiskShardSeal[], etag: string): Promise<ImageRef> {
  const { deps, passed, key, upload, heartbeat, signal } = s;
  const { depot } = deps;
  const { map, image: layout, firstSlot } = passed;
  const before = passed.before && (await readImage(depot, passed.before.digest));
  const fresh = digestStream(
    depot,
    seals.map(({ digests }) => digests),
  );
  const merged = await mergeDigests(depot, { map, firstSlot }, fresh, before, heartbeat, signal);
  const imageBytes = imageBytesOf(layout, map.slots);
  const digest = await putJson(depot, { v: 1, key, etag, layout, map, digests: merged.digests, sourceRoot: merged.root, imageBytes });
  const { blocks, sizeBytes } = map;
  const sealed: ImageRef = { digest, key, etag, imageBytes, sizeBytes, blocks, shards: imageShards(map) };
  await s.journal.add({ sealed, upload });
  return sealed;
}

const gone = (detail: string): MigrationError => new MigrationError('UPLOAD_MISSING', { operation: 'CompleteMultipartUpload', detail });
