import { MigrationError } from '../core/migration-error.ts';
import { blockBytes, type ImageLayout, segmentBlocks } from '../model/disk.ts';

const MiB = 1024 * 1024;
/** S3: a part but the last has at least 5 MiB, any part and any range of UploadPartCopy at most 5 GiB. */
export const leastPartBytes = 5 * MiB;
export const largestPartBytes = 5 * 1024 * MiB;
const usualPartBytes = 16 * MiB; // small parts: little to send again, little memory; 10,000 of them reach 156 GiB
const refcountsPerCluster = blockBytes / 2; // 16 bits each
const entriesPerCluster = blockBytes / 8;

export interface LayoutRequest {
  /** Of the disk: whole blocks. */
  readonly sizeBytes: number;
  /** That the first pass fills. */
  readonly slots: number;
  /** Parts that the target takes for one object. */
  readonly partCount: number;
}

export interface ByteRange {
  readonly start: number;
  readonly lengthBytes: number;
}

/** How one pass's image is cut into the parts of an upload, in the order of the file and numbered from 1: metadata, what is taken over, new slots. */
export interface PassParts {
  readonly head: readonly ByteRange[];
  readonly taken: readonly ByteRange[];
  /** Parts of new slots; each but the last has `partBytes`. */
  readonly data: number;
}

/** The clusters of the metadata in their order in the file, each group behind the one before. */
export interface MetadataClusters {
  readonly refcountBlocks: number;
  readonly level1: number;
  readonly level2: number;
  /** With header and refcount table; less than dataOffset where the least size of a part asks for padding. */
  readonly used: number;
}

/**
 * Lays an image out for the whole virtual size, with refcounts for every block to be written once more by deltas: room for months of them, and
 * then a new full image also drops what they left dead. Parts grow from 16 MiB so that a delta as large as this pass fits the part count beside
 * what it takes over. UNSUPPORTED when that needs parts above 5 GiB.
 */
export function planLayout({ sizeBytes, slots, partCount }: LayoutRequest): ImageLayout {
  const blocks = sizeBytes / blockBytes;
  if (!Number.isSafeInteger(blocks) || blocks < 1) throw new RangeError(`a disk of ${sizeBytes} bytes is not of whole blocks`);
  const reservedSlots = slots + blocks;
  const dataOffset = Math.max(leastPartBytes, metadataClusters(sizeBytes, reservedSlots).used * blockBytes);
  const others = evenly(0, dataOffset, usualPartBytes).length + Math.ceil((slots * blockBytes) / largestPartBytes);
  const partSlots = Math.ceil(slots / Math.max(0, partCount - others));
  const partBytes = Math.max(usualPartBytes, partSlots * blockBytes);
  if (partBytes > largestPartBytes)
    throw new MigrationError('UNSUPPORTED', { operation: 'plan image', detail: `${slots} blocks do not fit ${partCount} parts of 5 GiB` });
  return { sizeBytes, reservedSlots, dataOffset, partBytes };
}

/** False when a pass from `firstSlot` up to `slots` needs another layout: no refcounts for it, or more parts than the target takes. */
export function hasRoom(layout: ImageLayout, slots: number, partCount: number, firstSlot = 0): boolean {
  const { head, taken, data } = partsOfPass(layout, firstSlot, slots);
  return slots <= layout.reservedSlots && head.length + taken.length + data <= partCount;
}

export const slotOffset = (layout: ImageLayout, slot: number): number => layout.dataOffset + slot * blockBytes;
export const imageBytesOf = (layout: ImageLayout, slots: number): number => slotOffset(layout, slots);

export function partsOfPass(layout: ImageLayout, firstSlot: number, slots: number): PassParts {
  return {
    head: evenly(0, layout.dataOffset, usualPartBytes),
    taken: evenly(layout.dataOffset, firstSlot * blockBytes, largestPartBytes),
    data: Math.ceil(((slots - firstSlot) * blockBytes) / layout.partBytes),
  };
}

export function metadataClusters(sizeBytes: number, reservedSlots: number): MetadataClusters {
  const level2 = Math.ceil(sizeBytes / blockBytes / segmentBlocks);
  const level1 = Math.ceil(level2 / entriesPerCluster);
  // Refcount blocks also count themselves, and the padding before the first slot.
  for (let refcountBlocks = 1; ; refcountBlocks += 1) {
    const used = 2 + refcountBlocks + level1 + level2;
    const clusters = Math.max(used, leastPartBytes / blockBytes) + reservedSlots;
    if (clusters <= refcountBlocks * refcountsPerCluster) return { refcountBlocks, level1, level2, used };
  }
}

/** As few ranges of at most `mostBytes` as will do, all of about one size, so that none falls below the least size of a part. */
function evenly(start: number, lengthBytes: number, mostBytes: number): readonly ByteRange[] {
  const clusters = lengthBytes / blockBytes;
  const count = Math.ceil(lengthBytes / mostBytes);
  const edge = (n: number): number => start + Math.floor((clusters * n) / count) * blockBytes;
  return Array.from({ length: count }, (_, n) => ({ start: edge(n), lengthBytes: edge(n + 1) - edge(n) }));
}
