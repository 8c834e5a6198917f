import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { copyFile, type FileHandle, open, stat, truncate } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { findPython } from '../pip.ts';
import { type BlockPack, blockBytes } from './block-pack.ts';

const run = promisify(execFile);

/** Which blocks a snapshot holds, ascending, and where each stands in the pack. */
export interface BlockIndex {
  readonly blocks: Uint32Array;
  readonly slots: Uint32Array;
}

/** Makes the sparse file of a disk, or grows it; data that is there stays. `image`: a raw file that it begins as. */
export async function ensureDisk(file: string, sizeBytes: number, image?: string): Promise<void> {
  mkdirSync(dirname(file), { recursive: true });
  if (!existsSync(file)) {
    if (image !== undefined) await copySparse(image, file);
    else writeFileSync(file, '', { mode: 0o600 });
  }
  const { size } = await stat(file);
  if (size > sizeBytes) throw new Error(`${image ?? 'the disk'} is larger than its volume`);
  if (size < sizeBytes) await truncate(file, sizeBytes);
}

/** GNU's cp leaves holes out; another one copies them as zeros, which only takes longer. */
async function copySparse(from: string, to: string): Promise<void> {
  await run('cp', ['--reflink=auto', '--sparse=always', '--', from, to]).catch(() => copyFile(from, to));
}

/**
 * The disk at this instant: every block that holds a byte other than zero, and those of `zeroBlocks`, which were written with zeros. Whoever
 * writes to the file meanwhile gets a torn snapshot, so the caller keeps the guest away.
 */
export async function takeBlocks(file: string, zeroBlocks: readonly number[], pack: BlockPack): Promise<BlockIndex> {
  const [disk, zeros] = [await open(file, 'r'), new Set(zeroBlocks)];
  const [blocks, slots]: [number[], number[]] = [[], []];
  try {
    for (const block of await candidates(file, zeros)) {
      const bytes = await readBlock(disk, block);
      if (isZero(bytes) && !zeros.has(block)) continue;
      blocks.push(block);
      slots.push(await pack.put(bytes));
    }
  } finally {
    await disk.close();
  }
  return { blocks: Uint32Array.from(blocks), slots: Uint32Array.from(slots) };
}

const zeroBlock = Buffer.alloc(blockBytes);
export const isZero = (bytes: Buffer): boolean => bytes.equals(zeroBlock.subarray(0, bytes.length));

/** Blocks that may hold data, ascending. */
async function candidates(file: string, zeros: ReadonlySet<number>): Promise<readonly number[]> {
  const { size } = await stat(file);
  const found = new Set<number>([...zeros].filter((block) => block * blockBytes < size));
  for (const [start, end] of await dataExtents(file, size)) {
    for (let block = Math.floor(start / blockBytes); block * blockBytes < end; block += 1) found.add(block);
  }
  return [...found].sort((a, b) => a - b);
}

// Node cannot ask a file for its holes; Python can, and moto has brought one.
const seekData = `
import os, sys
fd, at = os.open(sys.argv[1], os.O_RDONLY), 0
try:
    while True:
        start = os.lseek(fd, at, os.SEEK_DATA)
        at = os.lseek(fd, start, os.SEEK_HOLE)
        print(start, at)
except OSError as error:
    if error.errno != 6: raise
`;

/** Looked for once a process: the look itself takes a third of a second. */
let python: Promise<string> | undefined;
const pythonCommand = (): Promise<string> => {
  python ??= findPython().then(({ command }) => command);
  return python;
};

/** Ranges of the file that are no holes; the whole of it where the system does not say. */
async function dataExtents(file: string, sizeBytes: number): Promise<readonly (readonly [number, number])[]> {
  try {
    const { stdout } = await run(await pythonCommand(), ['-c', seekData, file], { maxBuffer: 64 << 20 });
    return stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split(' ').map(Number))
      .map(([start = 0, end = 0]) => [start, end] as const);
  } catch {
    return [[0, sizeBytes]];
  }
}

async function readBlock(disk: FileHandle, block: number): Promise<Buffer> {
  const bytes = Buffer.alloc(blockBytes);
  await disk.read(bytes, 0, blockBytes, block * blockBytes);
  return bytes;
}

/** Fills a disk with what a snapshot holds. */
export async function restoreBlocks(file: string, { blocks, slots }: BlockIndex, pack: BlockPack): Promise<void> {
  const disk = await open(file, 'r+');
  try {
    for (const [at, block] of blocks.entries()) await disk.write(await pack.read(slots[at] ?? 0), 0, blockBytes, block * blockBytes);
  } finally {
    await disk.close();
  }
}

export function saveIndex(file: string, { blocks, slots }: BlockIndex): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, Buffer.concat([bytesOf(blocks), bytesOf(slots)]), { mode: 0o600 });
}

export function loadIndex(file: string): BlockIndex {
  const bytes = readFileSync(file);
  const numbers = new Uint32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  return { blocks: numbers.subarray(0, numbers.length / 2), slots: numbers.subarray(numbers.length / 2) };
}

const bytesOf = (numbers: Uint32Array): Buffer => Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength);

/** Position of the first block that is not below `from`. */
export function positionOf(blocks: Uint32Array, from: number): number {
  let [low, high] = [0, blocks.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((blocks[middle] ?? 0) < from) low = middle + 1;
    else high = middle;
  }
  return low;
}
