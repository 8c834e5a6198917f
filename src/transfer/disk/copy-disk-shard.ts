import { createHash } from 'node:crypto';
import { journalName, type ShardPlace } from '../../core/ids.ts';
import { MigrationError } from '../../core/migration-error.ts';
import { digestBytes, partsOfPass, zeroBlockDigest } from '../../image/index.ts';
import type { Digest } from '../../model/digest.ts';
import { blockBytes, type DiskPlan } from '../../model/disk.ts';
import type { StoredPart } from '../../ports/object-store.ts';
import { inParallel } from '../in-parallel.ts';
import { persist } from '../persist.ts';
import { changedBlocks, type DiskDeps, type DiskProgress, type DiskTotals, digestAt, inMemoryBytes, readPlan } from './disk-files.ts';
import { createLanes } from './lanes.ts';
import { type BlockSupply, filledPart, fillPart, streamPart } from './part-body.ts';
import { claimRows, type RowJournal, readDiskSeal, sealDisk } from './row-journal.ts';
import { type PartOfUpload, stillStored } from './stored-parts.ts';

export interface DiskShardInput {
  readonly plan: Digest;
  readonly key: string;
  readonly upload: string;
  readonly shard: number;
  readonly snapshot: string;
  /** The target takes streamed parts: then each byte is hashed once, when its block is compared with the source's checksum, and the part signed with that. */
  readonly streamedParts: boolean;
  /** For a delta: the snapshot of the pass before. */
  readonly since?: string;
}

/** What a sealed shard leaves for the image's seal. */
export interface DiskShardSeal {
  readonly v: 1;
  readonly upload: string;
  readonly parts: readonly StoredPart[];
  /** Depot file: the SHA-256 of the shard's blocks in slot order, 32 bytes each. */
  readonly digests: Digest;
  readonly totals: DiskTotals;
}

interface PartRow extends PartOfUpload {
  /** Of a part that was signed whole. */
  readonly sha256?: string;
  /** Base64, 32 bytes a block. */
  readonly digests: string;
}

/** A part of new slots: where it stands in the upload, and the n-th block of the pass that it begins with. */
interface DataPart {
  readonly part: number;
  readonly first: number;
  readonly count: number;
}

const MiB = 2 ** 20;
const readsAtOnce = 48; // 512 KiB each: covers 20 ms of latency at 1 GiB/s
const partsAtOnce = 6; // one or two are being read, the others are being sent
const windowBytes = 16 * MiB;
const zeroDigest = Buffer.from(zeroBlockDigest, 'hex');

/** The parts of new slots that make up one shard. */
export function partsOfShard({ image, firstSlot, map, shardParts }: DiskPlan, shard: number): readonly DataPart[] {
  const { head, taken, data } = partsOfPass(image, firstSlot, map.slots);
  const perPart = image.partBytes / blockBytes;
  const all = map.slots - firstSlot;
  const count = Math.max(0, Math.min(data - shard * shardParts, shardParts));
  return Array.from({ length: count }, (_, n) => {
    const at = shard * shardParts + n;
    return { part: head.length + taken.length + at + 1, first: at * perPart, count: Math.min(perPart, all - at * perPart) };
  });
}

/**
 * Copies one shard of a pass into its parts of the image's upload. Each part is made of its blocks alone, so any worker makes the same; it counts once
 * its row is durable, after the store's answer. A successor fences the former attempt, keeps the parts whose row and ListParts agree, and sends the rest:
 * at most what was in flight. UPLOAD_MISSING when the upload is gone with parts still to send: rows of an upload that is gone count for nothing.
 */
export async function copyDiskShard(
  deps: DiskDeps,
  place: ShardPlace,
  input: DiskShardInput,
  progress: DiskProgress,
  signal: AbortSignal,
): Promise<DiskTotals> {
  const plan = await readPlan(deps.depot, input.plan);
  const parts = partsOfShard(plan, input.shard);
  const sealed = await readDiskSeal<DiskShardSeal>(deps.depot, place);
  if (sealed && (await standsStill(deps, input, sealed, signal))) return sealed.totals;

  const journal = await claimRows<PartRow>(deps.depot.journal(journalName(place)));
  const stored = (await stillStored(deps, input, journal.rows, signal)) ?? allOrNothing(input, journal.rows, parts);
  const tally = startTally(journal.rows.filter(({ upload }) => upload === input.upload));
  for (const row of stored.values()) tally.count(row);
  progress(tally.totals());
  const supply = { reader: deps.disks.open(input.snapshot, input.since), reads: createLanes(readsAtOnce) };
  const first = parts[0]?.first ?? 0;
  const blocks = await changedBlocks(
    deps.depot,
    plan,
    first,
    parts.reduce((sum, { count }) => sum + count, 0),
  );
  const missing = parts.filter(({ part }) => !stored.has(part));
  await inParallel(missing, partsAtOnce, signal, async (part, both) => {
    const sent = blocks.slice(part.first - first, part.first - first + part.count);
    const row = await sendPart(deps, input, supply, journal, { part: part.part, blocks: sent }, both);
    stored.set(row.part, row);
    tally.sent(row);
    progress(tally.totals());
  });
  return (await seal(deps, place, input, parts, stored, tally.totals())).totals;
}

async function standsStill(deps: DiskDeps, input: DiskShardInput, { upload, parts }: DiskShardSeal, signal: AbortSignal): Promise<boolean> {
  if (upload !== input.upload) return false;
  const stored = await stillStored(
    deps,
    input,
    parts.map((part) => ({ ...part, upload })),
    signal,
  );
  return stored === undefined || stored.size === parts.length; // gone with all parts sent: the image's seal knows whether it was completed
}

/** The upload is gone. With every part sent it was perhaps completed, which the image's seal finds out; else there is nothing to send to. */
function allOrNothing({ upload }: DiskShardInput, rows: readonly PartRow[], parts: readonly DataPart[]): Map<number, PartRow> {
  const known = new Map(rows.filter((row) => row.upload === upload).map((row) => [row.part, row]));
  if (parts.every(({ part }) => known.has(part))) return known;
  throw new MigrationError('UPLOAD_MISSING', { operation: 'ListParts', detail: 'parts of this shard are still to be sent' });
}

/**
 * The lease is held until the row is durable, not only until the store's answer: so no more parts are ever without a row than the flight budget has room
 * for, however slow the depot is, and that is what a kill can cost.
 */
async function sendPart(
  deps: DiskDeps,
  { key, upload, streamedParts }: DiskShardInput,
  supply: BlockSupply,
  journal: RowJournal<PartRow>,
  { part, blocks }: { readonly part: number; readonly blocks: readonly number[] },
  signal: AbortSignal,
): Promise<PartRow> {
  const sizeBytes = blocks.length * blockBytes;
  const isFilled = sizeBytes <= inMemoryBytes;
  const lease = await deps.flight.take(isFilled ? sizeBytes : windowBytes, signal);
  try {
    const send = isFilled ? (streamedParts ? sendFilled : sendSigned) : sendWindowed;
    const row = { upload, part, sizeBytes, ...(await send(deps, { key, upload, part }, supply, blocks, lease.buffer, signal)) };
    // The store has the part. Its row comes only now: a crash before it sends the part again, never the other way round.
    await journal.add(row);
    return row;
  } finally {
    lease.release();
  }
}

interface PartName {
  readonly key: string;
  readonly upload: string;
  readonly part: number;
}

type Sent = Pick<PartRow, 'etag' | 'sha256' | 'digests'>;

/** Where the target takes no streamed part: one more hash, of the whole part, follows the reads. */
async function sendSigned(
  deps: DiskDeps,
  { key, upload, part }: PartName,
  supply: BlockSupply,
  blocks: readonly number[],
  buffer: Buffer,
  signal: AbortSignal,
): Promise<Sent> {
  const running = createHash('sha256');
  const digests = await fillPart(supply, blocks, buffer, signal, (block) => void running.update(block));
  const sha256 = running.digest('hex');
  const { etag } = await persist({ ...deps, signal }, () => deps.target.putPart(key, upload, part, buffer, sha256, signal));
  return { etag, sha256, digests: digests.toString('base64') };
}

async function sendFilled(
  deps: DiskDeps,
  { key, upload, part }: PartName,
  supply: BlockSupply,
  blocks: readonly number[],
  buffer: Buffer,
  signal: AbortSignal,
): Promise<Sent> {
  const digests = await fillPart(supply, blocks, buffer, signal);
  const { etag } = await persist({ ...deps, signal }, () => deps.target.putPartStream(key, upload, part, filledPart(buffer, digests), signal));
  return { etag, digests: digests.toString('base64') };
}

/** A part that memory does not hold: its blocks pass through a window, and a retry reads them anew. */
async function sendWindowed(
  deps: DiskDeps,
  { key, upload, part }: PartName,
  supply: BlockSupply,
  blocks: readonly number[],
  window: Buffer,
  signal: AbortSignal,
): Promise<Sent> {
  const digests = Buffer.alloc(blocks.length * digestBytes);
  const body = streamPart(supply, blocks, window, digests, signal);
  const { etag } = await persist({ ...deps, signal }, () => deps.target.putPartStream(key, upload, part, body, signal)).finally(body.stop);
  return { etag, digests: digests.toString('base64') };
}

async function seal(
  deps: DiskDeps,
  place: ShardPlace,
  { upload }: DiskShardInput,
  parts: readonly DataPart[],
  stored: ReadonlyMap<number, PartRow>,
  totals: DiskTotals,
): Promise<DiskShardSeal> {
  const rows = parts.map(({ part }) => stored.get(part)).filter((row) => row !== undefined);
  const digests = await deps.depot.put(Buffer.concat(rows.map((row) => Buffer.from(row.digests, 'base64'))));
  return sealDisk<DiskShardSeal>(deps.depot, place, {
    v: 1,
    upload,
    parts: rows.map(({ part, etag, sizeBytes }) => ({ part, etag, sizeBytes })),
    digests,
    totals,
  });
}

/** Counts what stands and what was sent for it, also by earlier attempts: the same from the same rows. */
function startTally(rows: readonly PartRow[]): { count(row: PartRow): void; sent(row: PartRow): void; totals(): DiskTotals } {
  let [blocks, zeroBlocks] = [0, 0];
  let sentBytes = rows.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const count = ({ digests }: PartRow): void => {
    const bytes = Buffer.from(digests, 'base64');
    for (let n = 0; n < bytes.length / digestBytes; n += 1) if (digestAt(bytes, n).equals(zeroDigest)) zeroBlocks += 1;
    blocks += bytes.length / digestBytes;
  };
  return {
    count,
    sent: (row) => {
      count(row);
      sentBytes += row.sizeBytes;
    },
    totals: () => ({ blocks, sizeBytes: blocks * blockBytes, zeroBlocks, sentBytes, failed: 0 }),
  };
}
