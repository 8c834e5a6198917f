import { createHash } from 'node:crypto';
import { journalName, type ShardPlace } from '../../core/ids.ts';
import { isMigrationError, MigrationError } from '../../core/migration-error.ts';
import { digestBytes, headOf, zeroBlockDigest } from '../../image/index.ts';
import type { Digest, Verdict } from '../../model/digest.ts';
import { blockBytes, type DiskImage } from '../../model/disk.ts';
import { inParallel } from '../in-parallel.ts';
import { persist } from '../persist.ts';
import { digestStream, rootOf } from './block-digests.ts';
import { type DiskDeps, type DiskProgress, type DiskTotals, digestAt, readImage, readSegment } from './disk-files.ts';
import { blocksOfShard, type ExpectedBlock, imageShards, type Piece, piecesOf, rangeOf } from './image-shards.ts';
import { claimRows, type RowJournal, readDiskSeal, sealDisk } from './row-journal.ts';

type VerifyDeps = Pick<DiskDeps, 'depot' | 'clock' | 'flight' | 'target'>;

/** What was re-read of one piece: base64 of 32 bytes a block (or cluster of the metadata). */
interface PieceRow {
  readonly n: number;
  readonly digests: string;
}

interface VerifySeal {
  readonly v: 1;
  readonly image: Digest;
  /** Depot file: the SHA-256 of the shard's blocks as they were re-read, in the order of the disk. */
  readonly digests: Digest;
  readonly totals: DiskTotals;
}

interface Reread {
  readonly deps: VerifyDeps;
  readonly image: DiskImage;
  readonly journal: RowJournal<PieceRow>;
  readonly signal: AbortSignal;
}

const rangesAtOnce = 8;
const zeroDigest = Buffer.from(zeroBlockDigest, 'hex');

/**
 * Re-reads one shard of an image from the target and hashes every block that the disk reads from; shard 0 is the metadata, compared with what it must be.
 * What differs is counted, not thrown: the verdict is the seal's. TARGET_DIFFERS when another object stands there. Resumes from its journal.
 */
export async function verifyImageShard(
  deps: VerifyDeps,
  place: ShardPlace,
  input: { readonly image: Digest; readonly shard: number },
  progress: DiskProgress,
  signal: AbortSignal,
): Promise<DiskTotals> {
  const sealed = await readDiskSeal<VerifySeal>(deps.depot, place);
  if (sealed?.image === input.image) return sealed.totals;
  const image = await readImage(deps.depot, input.image);
  const journal = await claimRows<PieceRow>(deps.depot.journal(journalName(place)));
  const expected = input.shard === 0 ? await headBlocks(deps, image) : await blocksOfShard(deps.depot, image, input.shard);
  const offset = input.shard === 0 ? 0 : image.layout.dataOffset;
  const found = await reread({ deps, image, journal, signal }, expected, offset, (count) => progress(totalsOf(count)));
  const totals = { ...tally(expected, found), ...(input.shard === 0 ? { blocks: 0, sizeBytes: 0, zeroBlocks: 0 } : {}) };
  const digests = await deps.depot.put(input.shard === 0 ? Buffer.alloc(0) : found);
  return (await sealDisk<VerifySeal>(deps.depot, place, { v: 1, image: input.image, digests, totals })).totals;
}

/** The clusters of the metadata as they must be: slots of a file without offset. */
async function headBlocks({ depot }: VerifyDeps, { layout, map }: DiskImage): Promise<readonly ExpectedBlock[]> {
  const blocks: ExpectedBlock[] = [];
  for await (const cluster of headOf(layout, map, (entries) => depot.get(entries))) {
    blocks.push({ slot: blocks.length, digest: createHash('sha256').update(cluster).digest() });
  }
  return blocks;
}

async function reread(r: Reread, expected: readonly ExpectedBlock[], offset: number, counted: (blocks: number) => void): Promise<Buffer> {
  const { deps, journal } = r;
  const found = Buffer.alloc(expected.length * digestBytes);
  const known = new Map(journal.rows.map(({ n, digests }) => [n, Buffer.from(digests, 'base64')]));
  let count = 0;
  const settle = (piece: Piece, digests: Buffer): void => {
    for (const [n, place] of piece.places.entries()) found.set(digestAt(digests, n), place * digestBytes);
    count += piece.places.length;
    counted(count);
  };
  await inParallel(piecesOf(expected), rangesAtOnce, r.signal, async (piece, signal) => {
    const before = known.get(piece.n);
    if (before) return settle(piece, before);
    const lease = await deps.flight.take(0, signal);
    let digests: Buffer;
    try {
      digests = await persist({ ...deps, signal }, () => readPiece(r, piece, offset, signal));
    } finally {
      lease.release();
    }
    await journal.add({ n: piece.n, digests: digests.toString('base64') });
    settle(piece, digests);
  });
  return found;
}

/** Reads one range and hashes it block by block as it arrives: holds no memory beside the chunk in hand. */
async function readPiece({ deps, image }: Reread, piece: Piece, offset: number, signal: AbortSignal): Promise<Buffer> {
  const { key, etag, imageBytes } = image;
  const range = rangeOf(piece, offset);
  const digests: Buffer[] = [];
  let running = createHash('sha256');
  let received = 0;
  const sink = (chunk: Uint8Array): void => {
    for (let at = 0; at < chunk.length; ) {
      const end = Math.min(chunk.length, at + blockBytes - (received % blockBytes));
      running.update(chunk.subarray(at, end));
      received += end - at;
      at = end;
      if (received % blockBytes > 0) continue;
      digests.push(running.digest());
      running = createHash('sha256');
    }
  };
  try {
    const head = await deps.target.read({ key, etag, range, sizeBytes: range.lengthBytes }, sink, signal);
    if (head.sizeBytes !== imageBytes || head.etag !== etag) throw differs('another size or ETag came back');
  } catch (error) {
    throw isMigrationError(error, 'SOURCE_CHANGED') ? differs('another object stands under the key of the image') : error;
  }
  if (received !== range.lengthBytes) throw new MigrationError('BODY_LENGTH', { operation: 'GetObject', detail: `${received} of ${range.lengthBytes} bytes` });
  return Buffer.concat(digests);
}

const differs = (detail: string): MigrationError => new MigrationError('TARGET_DIFFERS', { operation: 'GetObject', detail });

const totalsOf = (blocks: number): DiskTotals => ({ blocks, sizeBytes: blocks * blockBytes, zeroBlocks: 0, sentBytes: 0, failed: 0 });

function tally(expected: readonly ExpectedBlock[], found: Buffer): DiskTotals {
  let [zeroBlocks, failed] = [0, 0];
  for (const [n, { digest }] of expected.entries()) {
    const there = digestAt(found, n);
    if (there.equals(zeroDigest)) zeroBlocks += 1;
    if (!there.equals(digest)) failed += 1;
  }
  return { ...totalsOf(expected.length), zeroBlocks, failed };
}

export interface ImageVerdict {
  readonly verdict: Verdict;
  /** Re-read and hashed. */
  readonly blocks: number;
  readonly sourceRoot: Digest;
  /** Over what was re-read; equal to `sourceRoot` only when every block is. */
  readonly targetRoot: Digest;
  /** Blocks and clusters of the metadata that differ. */
  readonly failed: number;
}

/** The verdict on an image once all its shards were re-read: COPY_INCOMPLETE before. The same seals give the same answer. */
export async function sealVerification(
  { depot }: Pick<DiskDeps, 'depot'>,
  input: { readonly image: Digest; readonly place: ShardPlace },
  heartbeat: () => void,
  signal: AbortSignal,
): Promise<ImageVerdict> {
  const image = await readImage(depot, input.image);
  const files: Digest[] = [];
  let [blocks, failed] = [0, 0];
  for (let shard = 0; shard < imageShards(image.map); shard += 1) {
    const seal = await readDiskSeal<VerifySeal>(depot, { ...input.place, shard });
    if (seal?.image !== input.image) throw new MigrationError('COPY_INCOMPLETE', { operation: 'seal verification', detail: `shard ${shard} was not re-read` });
    files.push(seal.digests);
    blocks += seal.totals.blocks;
    failed += seal.totals.failed;
  }
  const found = digestStream(depot, files);
  const targetRoot = await rootOf(image.map, heartbeat, signal, async (segment) => {
    const held = await readSegment(depot, image.map, segment);
    return held && { blocks: held.blocks, digests: await found.next(held.blocks.length) };
  });
  const { sourceRoot } = image;
  return { verdict: failed === 0 && targetRoot === sourceRoot ? 'PASS' : 'FAIL', blocks, sourceRoot, targetRoot, failed };
}
