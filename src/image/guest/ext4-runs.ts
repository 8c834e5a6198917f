import type { Ext4 } from './ext4.ts';
import { maxRuns, type Run } from './filesystem.ts';
import { Unreadable } from './reading.ts';

const maxDepth = 5; // what Linux allows of an extent tree
const headerBytes = 12;

/** The runs of a file that keeps extents; `root` is the 60-byte field of its inode. */
export async function extentRuns(fs: Ext4, root: Buffer): Promise<readonly Run[]> {
  const runs: Run[] = [];
  await walkExtents(fs, root, maxDepth, runs);
  return runs;
}

async function walkExtents(fs: Ext4, node: Buffer, depthLeft: number, runs: Run[]): Promise<void> {
  const [count, depth] = [node.readUInt16LE(2), node.readUInt16LE(6)];
  const isSane = node.readUInt16LE(0) === 0xf30a && headerBytes + count * 12 <= node.length && depth <= depthLeft;
  if (!isSane) throw new Unreadable('an extent tree is broken');
  for (let index = 0; index < count; index++) {
    const at = headerBytes + index * 12;
    if (depth === 0) addExtent(fs, node, at, runs);
    else {
      const block = node.readUInt32LE(at + 4) + node.readUInt16LE(at + 8) * 2 ** 32;
      await walkExtents(fs, await fs.device.read(block * fs.blockBytes, fs.blockBytes), depth - 1, runs); // a loop would have to grow deeper
    }
  }
}

function addExtent({ blockBytes }: Ext4, node: Buffer, at: number, runs: Run[]): void {
  const stored = node.readUInt16LE(at + 4);
  if (stored > 32_768) return; // laid out but never written: reads as zeros
  if (runs.length >= maxRuns) throw new Unreadable('a file stands in too many pieces');
  const block = node.readUInt32LE(at + 8) + node.readUInt16LE(at + 6) * 2 ** 32;
  runs.push({ fileOffset: node.readUInt32LE(at) * blockBytes, deviceOffset: block * blockBytes, lengthBytes: stored * blockBytes });
}

/** The runs of a file of ext2 and ext3: 12 blocks, then one, two and three levels of lists. */
export async function blockMapRuns(fs: Ext4, field: Buffer, sizeBytes: number): Promise<readonly Run[]> {
  const walk = { runs: [] as Run[], next: 0, blocks: Math.ceil(sizeBytes / fs.blockBytes) };
  for (let index = 0; index < 12; index++) addBlock(fs, field.readUInt32LE(index * 4), walk);
  for (const level of [1, 2, 3]) await walkList(fs, field.readUInt32LE((11 + level) * 4), level, walk);
  return walk.runs;
}

interface Walk {
  readonly runs: Run[];
  /** Number of the next block of the file. */
  next: number;
  readonly blocks: number;
}

function addBlock({ blockBytes }: Ext4, block: number, walk: Walk): void {
  const fileOffset = walk.next++ * blockBytes;
  if (block === 0 || walk.next > walk.blocks) return;
  const last = walk.runs.at(-1);
  const isNext = last && last.fileOffset + last.lengthBytes === fileOffset && last.deviceOffset + last.lengthBytes === block * blockBytes;
  if (isNext) walk.runs[walk.runs.length - 1] = { ...last, lengthBytes: last.lengthBytes + blockBytes };
  else if (walk.runs.length >= maxRuns) throw new Unreadable('a file stands in too many pieces');
  else walk.runs.push({ fileOffset, deviceOffset: block * blockBytes, lengthBytes: blockBytes });
}

async function walkList(fs: Ext4, block: number, level: number, walk: Walk): Promise<void> {
  const perList = fs.blockBytes / 4;
  if (walk.next >= walk.blocks) return;
  if (block === 0) {
    walk.next += perList ** level;
    return;
  }
  const list = await fs.device.read(block * fs.blockBytes, fs.blockBytes);
  for (let index = 0; index < perList && walk.next < walk.blocks; index++) {
    const entry = list.readUInt32LE(index * 4);
    if (level === 1) addBlock(fs, entry, walk);
    else await walkList(fs, entry, level - 1, walk);
  }
}
