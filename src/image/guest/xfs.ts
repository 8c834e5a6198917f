import type { BlockDevice } from '../block-device.ts';
import { type FileNode, type FileSystem, maxLinkBytes, type Run, readRuns } from './filesystem.ts';
import { Unreadable, wide } from './reading.ts';
import { readBlockDirectory, readShortDirectory } from './xfs-directory.ts';
import { treeRuns, xfsExtents } from './xfs-runs.ts';

/** Of a superblock, what finding a block or an inode needs. Version 4 differs in the sizes of headers only. */
export interface Xfs {
  readonly device: BlockDevice;
  readonly blockBytes: number;
  readonly directoryBytes: number;
  readonly groupBlocks: number;
  readonly groupBlocksLog: number;
  readonly inodesPerBlockLog: number;
  readonly inodeBytes: number;
  readonly groups: number;
  readonly isV5: boolean;
  readonly hasFileTypes: boolean;
}

// What is understood or does not touch a reader: file types, sparse inodes, metadata UUID, big timestamps, large extent counts, exchanged
// ranges, parent pointers, metadata directories. `needs repair` (0x10) and zoned devices are not.
const readable = 0x1 | 0x2 | 0x4 | 0x8 | 0x20 | 0x40 | 0x80 | 0x100;
const format = { local: 1, extents: 2, tree: 3 };
const largeExtentCounts = 0x10n;

export async function openXfs(device: BlockDevice): Promise<FileSystem> {
  const block = await device.read(0, 512);
  if (block.toString('latin1', 0, 4) !== 'XFSB') throw new Unreadable('no XFS superblock');
  const fs = geometry(device, block);
  return {
    kind: 'xfs',
    uuid: block.toString('hex', 32, 48).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'),
    label: block.toString('utf8', 108, 120).split('\0')[0] ?? '',
    isDirty: true, // its superblock does not say whether the log is empty
    root: wide(block.readBigUInt64BE(56)),
    node: (id) => readInode(fs, id),
  };
}

function geometry(device: BlockDevice, block: Buffer): Xfs {
  const version = block.readUInt16BE(100) & 0xf;
  const isV5 = version === 5;
  if (!isV5 && version !== 4) throw new Unreadable(`XFS version ${version}`);
  if (isV5 && block.readUInt32BE(216) & ~readable) throw new Unreadable(`XFS with features 0x${block.readUInt32BE(216).toString(16)}`);
  const fs = {
    device,
    blockBytes: block.readUInt32BE(4),
    directoryBytes: block.readUInt32BE(4) * 2 ** (block[192] ?? 0),
    groupBlocks: block.readUInt32BE(84),
    groupBlocksLog: block[124] ?? 0,
    inodesPerBlockLog: block[123] ?? 0,
    inodeBytes: block.readUInt16BE(104),
    groups: block.readUInt32BE(88),
    isV5,
    hasFileTypes: isV5 ? (block.readUInt32BE(216) & 1) !== 0 : (block.readUInt32BE(200) & 0x200) !== 0,
  };
  const isSane = [512, 1024, 2048, 4096, 8192, 16_384, 32_768, 65_536].includes(fs.blockBytes) && fs.directoryBytes <= 65_536 && fs.groupBlocksLog <= 31;
  const isInode = fs.inodeBytes >= 256 && fs.inodeBytes <= 2048 && fs.inodesPerBlockLog <= 8;
  if (!isSane || !isInode || fs.groupBlocks === 0) throw new Unreadable('an XFS superblock that cannot be');
  return fs;
}

/** Block numbers and inode numbers hold their allocation group in the upper bits. */
export function blockOffset(fs: Xfs, number: number): number {
  const inGroup = 2 ** fs.groupBlocksLog;
  const [group, block] = [Math.floor(number / inGroup), number % inGroup];
  if (group >= fs.groups || block >= fs.groupBlocks) throw new Unreadable('a block that is not there');
  return (group * fs.groupBlocks + block) * fs.blockBytes;
}

async function readInode(fs: Xfs, id: number): Promise<FileNode> {
  const perBlock = 2 ** fs.inodesPerBlockLog;
  const inode = await fs.device.read(blockOffset(fs, Math.floor(id / perBlock)) + (id % perBlock) * fs.inodeBytes, fs.inodeBytes);
  if (inode.toString('latin1', 0, 2) !== 'IN') throw new Unreadable('an inode that is not there');
  return nodeOf(fs, inode);
}

const kinds: Readonly<Record<number, FileNode['kind']>> = { 8: 'file', 4: 'directory', 10: 'link' };

function nodeOf(fs: Xfs, inode: Buffer): FileNode {
  const kind = kinds[inode.readUInt16BE(2) >> 12] ?? 'other';
  const sizeBytes = wide(inode.readBigUInt64BE(56));
  const core = (inode[4] ?? 0) >= 3 ? 176 : 100;
  const forkOffset = (inode[82] ?? 0) * 8;
  const fork = inode.subarray(core, forkOffset > 0 ? Math.min(inode.length, core + forkOffset) : inode.length);
  const stored = inode[5];
  let runs: Promise<readonly Run[]> | undefined;
  const findRuns = (): Promise<readonly Run[]> => {
    runs ??= runsOf(fs, inode, fork, stored);
    return runs;
  };
  const read = async (offset: number, lengthBytes: number): Promise<Buffer> => {
    if (stored === format.local) return fork.subarray(offset, Math.min(sizeBytes, offset + lengthBytes));
    if (kind === 'link') return remoteLink(fs, await findRuns(), sizeBytes);
    return readRuns(await findRuns(), fs.device.read, sizeBytes, offset, lengthBytes);
  };
  if (kind === 'link' && sizeBytes > maxLinkBytes) throw new Unreadable('a symbolic link is too long');
  const entries = async (): Promise<ReadonlyMap<string, number>> => {
    if (kind !== 'directory') throw new Unreadable('a file stands where a directory should');
    return stored === format.local ? readShortDirectory(fs, fork) : readBlockDirectory(fs, await findRuns());
  };
  return { kind, sizeBytes, read, entries };
}

async function runsOf(fs: Xfs, inode: Buffer, fork: Buffer, stored: number | undefined): Promise<readonly Run[]> {
  if (stored === format.tree) return treeRuns(fs, fork);
  if (stored !== format.extents) throw new Unreadable('an inode keeps its data in an unknown way');
  const isLarge = (inode[4] ?? 0) >= 3 && (inode.readBigUInt64BE(120) & largeExtentCounts) !== 0n;
  const count = isLarge ? wide(inode.readBigUInt64BE(24)) : inode.readUInt32BE(76);
  return xfsExtents(fs, fork, count);
}

/** A link that does not fit its inode stands in blocks, each of version 5 with a header of 56 bytes. Links are shorter than a few blocks. */
async function remoteLink(fs: Xfs, runs: readonly Run[], sizeBytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let found = 0;
  for (const { deviceOffset, lengthBytes } of runs) {
    for (let at = 0; at < lengthBytes && found < sizeBytes; at += fs.blockBytes) {
      const block = await fs.device.read(deviceOffset + at, fs.blockBytes);
      const text = block.subarray(block.toString('latin1', 0, 4) === 'XSLM' ? 56 : 0);
      parts.push(text);
      found += text.length;
    }
  }
  return Buffer.concat(parts).subarray(0, sizeBytes);
}
