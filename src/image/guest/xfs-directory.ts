import { addEntry, maxDirectoryBytes, type Run } from './filesystem.ts';
import { Unreadable, wide } from './reading.ts';
import type { Xfs } from './xfs.ts';

/** A directory that fits its inode. */
export function readShortDirectory(fs: Xfs, fork: Buffer): ReadonlyMap<string, number> {
  const [count, wideCount] = [fork[0] ?? 0, fork[1] ?? 0];
  const numberBytes = wideCount > 0 ? 8 : 4;
  const entries = new Map<string, number>();
  let at = 2 + numberBytes; // behind the parent's number
  for (let index = 0; index < count; index++) {
    const nameBytes = fork[at] ?? 0;
    const name = at + 3;
    const number = name + nameBytes + (fs.hasFileTypes ? 1 : 0);
    if (nameBytes === 0 || number + numberBytes > fork.length) throw new Unreadable('a directory has a broken entry');
    const id = numberBytes === 8 ? wide(fork.readBigUInt64BE(number)) : fork.readUInt32BE(number);
    addEntry(entries, fork.toString('utf8', name, name + nameBytes), id);
    at = number + numberBytes;
  }
  return entries;
}

/** Names stand in the blocks below 32 GiB of the directory's own space; its hashes lie above and are not needed to read all of it. */
const hashesFrom = 2 ** 35;

export async function readBlockDirectory(fs: Xfs, runs: readonly Run[]): Promise<ReadonlyMap<string, number>> {
  const data = runs.filter(({ fileOffset }) => fileOffset < hashesFrom);
  const total = data.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0);
  if (total > maxDirectoryBytes) throw new Unreadable('a directory is too large');
  const entries = new Map<string, number>();
  for (let at = 0; at < total; at += fs.directoryBytes) addBlock(fs, await directoryBlock(fs, data, at), entries);
  return entries;
}

/** The n-th block of names, which may stand in several runs; holes between blocks are skipped by counting what is there. */
async function directoryBlock(fs: Xfs, runs: readonly Run[], start: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let passed = 0;
  for (const { deviceOffset, lengthBytes } of runs) {
    const [from, to] = [Math.max(start, passed), Math.min(start + fs.directoryBytes, passed + lengthBytes)];
    if (from < to) parts.push(await fs.device.read(deviceOffset + from - passed, to - from));
    passed += lengthBytes;
  }
  return Buffer.concat(parts);
}

const headers: Readonly<Record<string, number>> = { XDB3: 64, XDD3: 64, XD2B: 16, XD2D: 16 };

function addBlock(fs: Xfs, block: Buffer, entries: Map<string, number>): void {
  const magic = block.toString('latin1', 0, 4);
  const start = headers[magic];
  if (start === undefined) throw new Unreadable('a directory has a broken block');
  const end = magic === 'XDB3' || magic === 'XD2B' ? endOfNames(block) : block.length;
  for (let at = start; at + 12 <= end; ) {
    if (block.readUInt16BE(at) === 0xffff) {
      const free = block.readUInt16BE(at + 2);
      if (free < 8 || free % 8 !== 0) throw new Unreadable('a directory has a broken entry');
      at += free;
      continue;
    }
    const nameBytes = block[at + 8] ?? 0;
    if (nameBytes === 0 || at + 9 + nameBytes > end) throw new Unreadable('a directory has a broken entry');
    addEntry(entries, block.toString('utf8', at + 9, at + 9 + nameBytes), wide(block.readBigUInt64BE(at)));
    at += Math.ceil((8 + 1 + nameBytes + (fs.hasFileTypes ? 1 : 0) + 2) / 8) * 8;
  }
}

/** A directory of one block keeps its hashes at the block's end: 8 bytes each, and a count. */
function endOfNames(block: Buffer): number {
  const end = block.length - 8 - block.readUInt32BE(block.length - 8) * 8;
  if (end < 16) throw new Unreadable('a directory has a broken block');
  return end;
}
