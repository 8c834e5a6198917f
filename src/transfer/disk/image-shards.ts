import { blockBytes, type DiskImage } from '../../model/disk.ts';
import type { Depot } from '../../ports/depot.ts';
import { digestAt, readSegment } from './disk-files.ts';

/** A block as the image says it must be. */
export interface ExpectedBlock {
  readonly slot: number;
  /** SHA-256, 32 bytes. */
  readonly digest: Buffer;
}

/** Blocks that stand one behind the other in the file, and are re-read by one request. `n`: its number in the shard, the same for every worker. */
export interface Piece {
  readonly n: number;
  readonly firstSlot: number;
  /** Places in the shard's list of blocks. */
  readonly places: readonly number[];
}

const shardsAbout = 16;
const [leastBlocks, mostBlocks] = [128, 8192]; // 64 MiB, 4 GiB
const pieceBlocks = 16; // 8 MiB: one range

const blocksAShard = (blocks: number): number => Math.min(mostBlocks, Math.max(leastBlocks, Math.ceil(blocks / shardsAbout)));

/** In how many shards an image is re-read: the first is its metadata, the others are blocks of the disk in order. */
export const imageShards = ({ blocks }: { readonly blocks: number }): number => 1 + Math.ceil(blocks / blocksAShard(blocks));

/** The blocks of a shard (from 1 on) in the order of the disk. Reads the segments it touches and no other, so all shards together read the map about once. */
export async function blocksOfShard(depot: Depot, { map, digests }: DiskImage, shard: number): Promise<readonly ExpectedBlock[]> {
  const each = blocksAShard(map.blocks);
  const [first, end] = [(shard - 1) * each, Math.min(shard * each, map.blocks)];
  const blocks: ExpectedBlock[] = [];
  let start = 0;
  for (const { segment, blocks: held } of map.segments) {
    const [from, to] = [Math.max(first, start) - start, Math.min(end, start + held) - start];
    start += held;
    const file = digests.find((one) => one.segment === segment)?.file;
    if (from >= to || file === undefined) continue;
    const [entries, itsDigests] = [await readSegment(depot, map, segment), await depot.get(file)];
    for (let n = from; n < to; n += 1) blocks.push({ slot: entries?.slots[n] ?? 0, digest: digestAt(itsDigests, n) });
  }
  return blocks;
}

/** Slots that nobody reads any more lie between: where a whole range is dead, it is never asked for. */
export function piecesOf(blocks: readonly ExpectedBlock[]): readonly Piece[] {
  const inFile = blocks.map(({ slot }, place) => ({ slot, place })).sort((a, b) => a.slot - b.slot);
  const pieces: { n: number; firstSlot: number; places: number[] }[] = [];
  let last: { firstSlot: number; places: number[] } | undefined;
  for (const { slot, place } of inFile) {
    if (last && last.places.length < pieceBlocks && slot === last.firstSlot + last.places.length) last.places.push(place);
    else {
      last = { firstSlot: slot, places: [place] };
      pieces.push({ n: pieces.length, ...last });
    }
  }
  return pieces;
}

export const rangeOf = ({ firstSlot, places }: Piece, dataOffset: number): { start: number; lengthBytes: number } => ({
  start: dataOffset + firstSlot * blockBytes,
  lengthBytes: places.length * blockBytes,
});
