import { decodeSegment, digestBytes, type MapSegment } from '../../image/index.ts';
import type { Digest } from '../../model/digest.ts';
import { type BlockMap, blockBytes, type DiskImage, type DiskPlan, segmentBlocks } from '../../model/disk.ts';
import type { Depot } from '../../ports/depot.ts';
import type { DiskSource } from '../../ports/disk-source.ts';
import type { ObjectTarget } from '../../ports/object-store.ts';
import type { ShardDeps } from '../work-shard.ts';

/** What the disk engine stands on. `flight` is shared by all shards of this process. */
export interface DiskDeps extends ShardDeps {
  readonly disks: DiskSource;
  readonly target: ObjectTarget;
}

/** What became of the blocks of a shard, in numbers. */
export interface DiskTotals {
  readonly blocks: number;
  /** Of the blocks. */
  readonly sizeBytes: number;
  /** Blocks whose bytes are all zero. */
  readonly zeroBlocks: number;
  /** To the target, parts that had to be sent twice counted twice. */
  readonly sentBytes: number;
  /** Re-read and different: blocks, and clusters of the metadata. */
  readonly failed: number;
}

/** Parts above this are never whole in memory: they pass through a window, for which the target must take streamed parts. */
export const inMemoryBytes = 32 * 2 ** 20;

export type DiskProgress = (totals: DiskTotals) => void;

export const readPlan = async (depot: Depot, plan: Digest): Promise<DiskPlan> => parse<DiskPlan>(await depot.get(plan));
export const readImage = async (depot: Depot, image: Digest): Promise<DiskImage> => parse<DiskImage>(await depot.get(image));
export const putJson = (depot: Depot, value: DiskPlan | DiskImage): Promise<Digest> => depot.put(Buffer.from(JSON.stringify(value)));

const parse = <T>(bytes: Buffer): T => JSON.parse(bytes.toString('utf8')) as T;

/** One segment of a map with its entries; undefined where the map holds none of its blocks. */
export async function readSegment(depot: Depot, map: BlockMap, segment: number): Promise<MapSegment | undefined> {
  const named = map.segments.find((one) => one.segment === segment);
  return named && decodeSegment(await depot.get(named.entries));
}

/** Block numbers as a file of uint32 LE. */
export function encodeBlocks(blocks: Uint32Array): Buffer {
  const bytes = Buffer.alloc(blocks.length * 4);
  for (const [n, block] of blocks.entries()) bytes.writeUInt32LE(block, n * 4);
  return bytes;
}

/** The block numbers of places [first, first + count) of all that a plan reads. */
export async function changedBlocks(depot: Depot, { changed }: DiskPlan, first: number, count: number): Promise<readonly number[]> {
  const blocks: number[] = [];
  let start = 0;
  for (const { blocks: file, count: held } of changed) {
    const [from, to] = [Math.max(first, start), Math.min(first + count, start + held)];
    if (from < to) {
      const bytes = await depot.get(file);
      for (let n = from - start; n < to - start; n += 1) blocks.push(bytes.readUInt32LE(n * 4));
    }
    start += held;
  }
  return blocks;
}

/** Blocks of a segment that the disk really has: the last segment may be shorter. */
export const blocksOfSegment = (sizeBytes: number, segment: number): number => Math.min(segmentBlocks, sizeBytes / blockBytes - segment * segmentBlocks);

export const segmentsOf = (sizeBytes: number): number => Math.ceil(sizeBytes / blockBytes / segmentBlocks);

export const digestAt = (digests: Buffer, n: number): Buffer => digests.subarray(n * digestBytes, (n + 1) * digestBytes);
