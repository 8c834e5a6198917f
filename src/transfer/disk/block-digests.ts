import { createDiskTree, digestBytes, placeOf } from '../../image/index.ts';
import type { Digest } from '../../model/digest.ts';
import { type BlockMap, type DiskImage, segmentBlocks } from '../../model/disk.ts';
import type { Depot } from '../../ports/depot.ts';
import { blocksOfSegment, digestAt, readSegment, segmentsOf } from './disk-files.ts';

/** Digests that come in the order of blocks, in files of any length. */
export interface DigestStream {
  /** The next `count`, 32 bytes each. RangeError when there are not so many: a file was cut. */
  next(count: number): Promise<Buffer>;
}

/** Streams depot files of digests one behind the other; holds one of them. */
export function digestStream(depot: Depot, files: readonly Digest[]): DigestStream {
  let current: Buffer = Buffer.alloc(0);
  let following = 0;
  return {
    next: async (count) => {
      const out = Buffer.alloc(count * digestBytes);
      for (let filled = 0; filled < out.length; ) {
        const file = files[following];
        if (current.length === 0) {
          if (file === undefined) throw new RangeError('fewer digests than blocks');
          current = await depot.get(file);
          following += 1;
        }
        const taken = current.copy(out, filled);
        current = current.subarray(taken);
        filled += taken;
      }
      return out;
    },
  };
}

export interface MergedDigests {
  readonly digests: DiskImage['digests'];
  readonly root: Digest;
}

/**
 * The digests of a pass's map: of its own slots as they were read, of those before it from the image that it stands on. Segment by segment; slots of a
 * pass ascend with its blocks, so what it read is needed exactly in order.
 */
export async function mergeDigests(
  depot: Depot,
  { map, firstSlot }: { readonly map: BlockMap; readonly firstSlot: number },
  fresh: DigestStream,
  before: DiskImage | undefined,
  heartbeat: () => void,
  signal: AbortSignal,
): Promise<MergedDigests> {
  const digests: { segment: number; file: Digest }[] = [];
  const root = await rootOf(map, heartbeat, signal, async (segment) => {
    const now = await readSegment(depot, map, segment);
    if (!now) return undefined;
    const freshCount = now.slots.reduce((count, slot) => (slot >= firstSlot ? count + 1 : count), 0);
    const [read, kept] = [await fresh.next(freshCount), await keptDigests(depot, before, segment)];
    const merged = Buffer.alloc(now.blocks.length * digestBytes);
    let used = 0;
    for (let n = 0; n < now.blocks.length; n += 1) {
      const isFresh = (now.slots[n] ?? 0) >= firstSlot;
      merged.set(isFresh ? digestAt(read, used) : kept(now.blocks[n] ?? 0), n * digestBytes);
      if (isFresh) used += 1;
    }
    digests.push({ segment, file: await depot.put(merged) });
    return { blocks: now.blocks, digests: merged };
  });
  return { digests, root };
}

async function keptDigests(depot: Depot, before: DiskImage | undefined, segment: number): Promise<(block: number) => Buffer> {
  const file = before?.digests.find((one) => one.segment === segment)?.file;
  const old = before && file !== undefined ? await readSegment(depot, before.map, segment) : undefined;
  if (!old || file === undefined) return () => Buffer.alloc(0);
  const digests = await depot.get(file);
  return (block) => digestAt(digests, placeOf(old, block));
}

export interface SegmentDigests {
  /** Within the segment, ascending. */
  readonly blocks: Uint32Array;
  readonly digests: Buffer;
}

/** The root over all blocks of a disk, zeros included; `segmentDigests` is asked for the segments in order. */
export async function rootOf(
  { sizeBytes }: BlockMap,
  heartbeat: () => void,
  signal: AbortSignal,
  segmentDigests: (segment: number) => Promise<SegmentDigests | undefined>,
): Promise<Digest> {
  const tree = createDiskTree();
  for (let segment = 0; segment < segmentsOf(sizeBytes); segment += 1) {
    signal.throwIfAborted();
    const held = await segmentDigests(segment);
    let next = 0;
    for (let n = 0; n < (held?.blocks.length ?? 0); n += 1) {
      const block = held?.blocks[n] ?? segmentBlocks;
      tree.addZeros(block - next);
      if (held) tree.add(digestAt(held.digests, n));
      next = block + 1;
    }
    tree.addZeros(blocksOfSegment(sizeBytes, segment) - next);
    if (held) heartbeat();
  }
  return tree.root();
}
