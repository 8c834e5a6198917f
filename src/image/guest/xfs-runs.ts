import { maxRuns, type Run } from './filesystem.ts';
import { Unreadable, wide } from './reading.ts';
import { blockOffset, type Xfs } from './xfs.ts';

const recordBytes = 16;
const maxLevel = 8; // XFS's own limit lies above what any disk reaches

/** Records of 128 bits: unwritten flag, 54 bits of place in the file, 52 of the block, 21 of the count. */
export function xfsExtents(fs: Xfs, records: Buffer, count: number): Run[] {
  if (count * recordBytes > records.length) throw new Unreadable('an inode counts more extents than it holds');
  const runs: Run[] = [];
  for (let index = 0; index < count; index++) {
    const [high, low] = [records.readBigUInt64BE(index * recordBytes), records.readBigUInt64BE(index * recordBytes + 8)];
    if (high >> 63n) continue; // laid out but never written: reads as zeros
    const fileBlock = wide((high & 0x7fff_ffff_ffff_ffffn) >> 9n);
    const block = wide(((high & 0x1ffn) << 43n) | (low >> 21n));
    const lengthBytes = Number(low & 0x1f_ffffn) * fs.blockBytes;
    runs.push({ fileOffset: fileBlock * fs.blockBytes, deviceOffset: blockOffset(fs, block), lengthBytes });
  }
  return runs;
}

/** A B+tree whose root stands in the inode: level and count, then keys and pointers, each in its half of the room. */
export async function treeRuns(fs: Xfs, fork: Buffer): Promise<Run[]> {
  const level = fork.readUInt16BE(0);
  if (level < 1 || level > maxLevel) throw new Unreadable('an extent tree is broken');
  const runs: Run[] = [];
  await walkPointers(fs, fork.subarray(4), fork.readUInt16BE(2), level, runs);
  return runs.sort((a, b) => a.fileOffset - b.fileOffset);
}

async function walkPointers(fs: Xfs, body: Buffer, count: number, level: number, runs: Run[]): Promise<void> {
  const most = Math.floor(body.length / 16);
  if (count > most) throw new Unreadable('an extent tree is broken');
  for (let index = 0; index < count; index++) await walkNode(fs, wide(body.readBigUInt64BE(most * 8 + index * 8)), level - 1, runs);
}

async function walkNode(fs: Xfs, number: number, level: number, runs: Run[]): Promise<void> {
  const block = await fs.device.read(blockOffset(fs, number), fs.blockBytes);
  const magic = block.toString('latin1', 0, 4);
  if ((magic !== 'BMA3' && magic !== 'BMAP') || block.readUInt16BE(4) !== level) throw new Unreadable('an extent tree is broken'); // no loop keeps to its levels
  const body = block.subarray(magic === 'BMA3' ? 72 : 24);
  const count = block.readUInt16BE(6);
  if (level > 0) return walkPointers(fs, body, count, level, runs);
  if (runs.length + count > maxRuns) throw new Unreadable('a file stands in too many pieces');
  runs.push(...xfsExtents(fs, body, count));
}
