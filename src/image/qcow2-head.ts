import type { Digest } from '../model/digest.ts';
import { type BlockMap, blockBytes, type ImageLayout, segmentBlocks } from '../model/disk.ts';
import { type MetadataClusters, metadataClusters } from './layout.ts';
import { decodeSegment, type MapSegment } from './segment.ts';

/** The file of a segment, by the digest that the map names it by. */
export type SegmentFiles = (entries: Digest) => Promise<Buffer>;

const clusterBits = 19;
const refcountOrder = 4; // 16 bits: what qemu-img itself writes, so what an importer has seen before
const headerBytes = 104;
const refcountsPerCluster = blockBytes / 2;
const entriesPerCluster = blockBytes / 8;
/** Bit 63 of an L1 or L2 entry: the cluster's refcount is exactly one. */
const ownedOnly = 0x80000000;

/**
 * The metadata of the image of that map, cluster by cluster: exactly `dataOffset` bytes, the same on any worker. qcow2 v3 (QEMU's
 * docs/interop/qcow2.txt): header, refcount table, refcount blocks, L1 table, all L2 tables of the virtual size. Slots that the map names have
 * refcount 1, all others 0, so that what deltas left dead is no leak. Reads each segment twice; holds one, and one bit a slot.
 */
export async function* headOf(layout: ImageLayout, map: BlockMap, segmentOf: SegmentFiles): AsyncGenerator<Buffer> {
  const clusters = metadataClusters(layout.sizeBytes, layout.reservedSlots);
  const firstLevel1 = 2 + clusters.refcountBlocks;
  const firstLevel2 = firstLevel1 + clusters.level1;
  yield header(layout, clusters);
  yield offsets(2, clusters.refcountBlocks, 0);
  yield* refcounts(layout, clusters, await liveSlots(map, segmentOf));
  for (let n = 0; n < clusters.level1; n += 1) {
    const first = n * entriesPerCluster;
    yield offsets(firstLevel2 + first, Math.min(entriesPerCluster, clusters.level2 - first), ownedOnly);
  }
  const files = new Map(map.segments.map(({ segment, entries }) => [segment, entries]));
  for (let segment = 0; segment < clusters.level2; segment += 1) {
    const entries = files.get(segment);
    yield entries === undefined ? Buffer.alloc(blockBytes) : level2(layout, decodeSegment(await segmentOf(entries)));
  }
  for (let at = clusters.used * blockBytes; at < layout.dataOffset; at += blockBytes) yield Buffer.alloc(blockBytes);
}

function header({ sizeBytes }: ImageLayout, { refcountBlocks, level2 }: MetadataClusters): Buffer {
  const bytes = Buffer.alloc(blockBytes);
  bytes.write('QFI\xfb', 0, 'latin1');
  bytes.writeUInt32BE(3, 4); // version; no backing file (8 to 19)
  bytes.writeUInt32BE(clusterBits, 20);
  bytes.writeBigUInt64BE(BigInt(sizeBytes), 24);
  bytes.writeUInt32BE(level2, 36); // L1 entries; not encrypted (32)
  bytes.writeBigUInt64BE(BigInt((2 + refcountBlocks) * blockBytes), 40); // L1 table
  bytes.writeBigUInt64BE(BigInt(blockBytes), 48); // refcount table, of one cluster
  bytes.writeUInt32BE(1, 56); // no snapshots (60 to 71), no feature bits (72 to 95)
  bytes.writeUInt32BE(refcountOrder, 96);
  bytes.writeUInt32BE(headerBytes, 100); // then eight zero bytes: the end of header extensions
  return bytes;
}

/** A table of the offsets of `count` clusters in a row. */
function offsets(firstCluster: number, count: number, flags: number): Buffer {
  const bytes = Buffer.alloc(blockBytes);
  for (let n = 0; n < count; n += 1) writeOffset(bytes, n, (firstCluster + n) * blockBytes, flags);
  return bytes;
}

function writeOffset(table: Buffer, n: number, offset: number, flags: number): void {
  table.writeUInt32BE((Math.floor(offset / 2 ** 32) | flags) >>> 0, n * 8);
  table.writeUInt32BE(offset % 2 ** 32, n * 8 + 4);
}

/** One bit a slot that the map names. */
async function liveSlots(map: BlockMap, segmentOf: SegmentFiles): Promise<Uint8Array> {
  const live = new Uint8Array(Math.ceil(map.slots / 8));
  for (const { entries } of map.segments) {
    for (const slot of decodeSegment(await segmentOf(entries)).slots) {
      const byte = Math.floor(slot / 8);
      live[byte] = (live[byte] ?? 0) | (1 << (slot % 8));
    }
  }
  return live;
}

function* refcounts({ dataOffset }: ImageLayout, { refcountBlocks, used }: MetadataClusters, live: Uint8Array): Generator<Buffer> {
  const firstSlotCluster = dataOffset / blockBytes;
  for (let n = 0; n < refcountBlocks; n += 1) {
    const bytes = Buffer.alloc(blockBytes);
    for (let at = 0; at < refcountsPerCluster; at += 1) {
      const cluster = n * refcountsPerCluster + at;
      const slot = cluster - firstSlotCluster;
      const isUsed = slot < 0 ? cluster < used : (((live[Math.floor(slot / 8)] ?? 0) >> (slot % 8)) & 1) === 1;
      if (isUsed) bytes[at * 2 + 1] = 1; // big-endian
    }
    yield bytes;
  }
}

function level2({ dataOffset }: ImageLayout, { blocks, slots }: MapSegment): Buffer {
  const bytes = Buffer.alloc(segmentBlocks * 8);
  for (let n = 0; n < blocks.length; n += 1) writeOffset(bytes, blocks[n] ?? 0, dataOffset + (slots[n] ?? 0) * blockBytes, ownedOnly);
  return bytes;
}
