import { type BlockDevice, type MapSegment, placeOf } from '../../image/index.ts';
import type { Digest } from '../../model/digest.ts';
import { blockBytes, segmentBlocks } from '../../model/disk.ts';
import type { Depot } from '../../ports/depot.ts';
import type { DiskSource } from '../../ports/disk-source.ts';
import { readPlan, readSegment } from './disk-files.ts';

const keptBlocks = 32; // 16 MiB: what a file system's metadata comes back to
const keptSegments = 4;

/**
 * A snapshot as a disk that can be read anywhere, by the map of its plan: a block that the map lacks reads as zeros and costs no call. Blocks that were
 * read lately are kept, and asked for once however many wait for them.
 */
export async function openDiskDevice(disks: DiskSource, snapshot: string, depot: Depot, plan: Digest): Promise<BlockDevice> {
  const { map } = await readPlan(depot, plan);
  const reader = disks.open(snapshot);
  const segments = keepLatest<MapSegment | undefined>(keptSegments, (segment) => readSegment(depot, map, segment));
  const blocks = keepLatest<Buffer>(keptBlocks, async (block) => {
    const into = Buffer.allocUnsafeSlow(blockBytes);
    await reader.read(block, into);
    return into;
  });
  const isThere = async (block: number): Promise<boolean> => {
    const segment = await segments(Math.floor(block / segmentBlocks));
    return segment !== undefined && placeOf(segment, block % segmentBlocks) >= 0;
  };
  return {
    sizeBytes: map.sizeBytes,
    read: async (offset, lengthBytes, signal) => {
      if (offset < 0 || lengthBytes < 0 || offset + lengthBytes > map.sizeBytes) throw new RangeError('a read past the end of the disk');
      const out = Buffer.alloc(lengthBytes);
      for (let at = offset; at < offset + lengthBytes; ) {
        signal?.throwIfAborted();
        const block = Math.floor(at / blockBytes);
        const end = Math.min(offset + lengthBytes, (block + 1) * blockBytes);
        if (await isThere(block)) (await blocks(block)).copy(out, at - offset, at - block * blockBytes, end - block * blockBytes);
        at = end;
      }
      return out;
    },
  };
}

/** Remembers the latest `most` answers; a failure is not remembered. */
function keepLatest<T>(most: number, fetch: (key: number) => Promise<T>): (key: number) => Promise<T> {
  const kept = new Map<number, Promise<T>>();
  return (key) => {
    const answer = kept.get(key) ?? fetch(key);
    kept.delete(key);
    kept.set(key, answer);
    answer.catch(() => kept.get(key) === answer && kept.delete(key));
    const [oldest] = kept.keys();
    if (kept.size > most && oldest !== undefined) kept.delete(oldest);
    return answer;
  };
}
