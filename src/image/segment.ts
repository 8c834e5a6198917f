import { segmentBlocks } from '../model/disk.ts';

/** One segment of a block map in memory: 12 bytes a block, no object. */
export interface MapSegment {
  /** Within the segment, ascending. */
  readonly blocks: Uint32Array;
  /** Of the same places. Below 2^48, so a double holds each exactly. */
  readonly slots: Float64Array;
}

export interface MergedSegment {
  readonly segment: MapSegment;
  /** Of the blocks to be cleared: those that were there. */
  readonly cleared: number;
}

const entryBytes = 12;
const none: MapSegment = { blocks: new Uint32Array(0), slots: new Float64Array(0) };

/** The depot file of a segment (model/disk.ts). */
export function encodeSegment({ blocks, slots }: MapSegment): Buffer {
  const bytes = Buffer.alloc(blocks.length * entryBytes);
  for (let n = 0; n < blocks.length; n += 1) {
    const at = n * entryBytes;
    bytes.writeUInt32LE(blocks[n] ?? 0, at);
    bytes.writeUIntLE(slots[n] ?? 0, at + 4, 6);
  }
  return bytes;
}

/** RangeError when it is no segment: wrong length, or blocks that do not ascend within it. */
export function decodeSegment(bytes: Buffer): MapSegment {
  const count = bytes.length / entryBytes;
  if (!Number.isInteger(count)) throw new RangeError(`a segment of ${bytes.length} bytes`);
  const blocks = new Uint32Array(count);
  const slots = new Float64Array(count);
  for (let n = 0, before = -1; n < count; n += 1) {
    const at = n * entryBytes;
    const block = bytes.readUInt32LE(at);
    if (block <= before || block >= segmentBlocks) throw new RangeError(`block ${block} behind ${before} in a segment`);
    blocks[n] = before = block;
    slots[n] = bytes.readUInt32LE(at + 4) + bytes.readUInt16LE(at + 8) * 2 ** 32;
  }
  return { blocks, slots };
}

/**
 * The segment after a pass: the changed blocks stand in new slots from `firstSlot` on, the cleared ones are gone, the others stay where they
 * were. Both lists are of this segment and ascend; a block in both has changed.
 */
export function mergeSegment(before: MapSegment | undefined, changed: Uint32Array, firstSlot: number, cleared: Uint32Array): MergedSegment {
  const old = before ?? none;
  const blocks = new Uint32Array(Math.min(segmentBlocks, old.blocks.length + changed.length));
  const slots = new Float64Array(blocks.length);
  let [kept, fresh, gone, length, goneCount] = [0, 0, 0, 0, 0];
  const add = (block: number, slot: number): void => {
    blocks[length] = block;
    slots[length] = slot;
    length += 1;
  };
  while (kept < old.blocks.length || fresh < changed.length) {
    const oldBlock = old.blocks[kept] ?? segmentBlocks;
    const newBlock = changed[fresh] ?? segmentBlocks;
    if (newBlock <= oldBlock) {
      add(newBlock, firstSlot + fresh);
      fresh += 1;
      if (newBlock === oldBlock) kept += 1;
      continue;
    }
    while ((cleared[gone] ?? segmentBlocks) < oldBlock) gone += 1;
    if (cleared[gone] === oldBlock) goneCount += 1;
    else add(oldBlock, old.slots[kept] ?? 0);
    kept += 1;
  }
  return { segment: { blocks: blocks.slice(0, length), slots: slots.slice(0, length) }, cleared: goneCount };
}

/** Place of a block in the segment's lists; -1 when it is not there and reads as zeros. */
export function placeOf({ blocks }: MapSegment, block: number): number {
  let [low, high] = [0, blocks.length - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    const found = blocks[middle] ?? 0;
    if (found === block) return middle;
    if (found < block) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}
