import type { BlockDevice } from '../block-device.ts';
import { inlineData } from './ext4-inline.ts';
import { blockMapRuns, extentRuns } from './ext4-runs.ts';
import { addEntry, type FileNode, type FileSystem, maxDirectoryBytes, maxLinkBytes, type Run, readRuns } from './filesystem.ts';
import { Unreadable } from './reading.ts';

/** Of a superblock, what finding an inode needs. */
export interface Ext4 {
  readonly device: BlockDevice;
  readonly blockBytes: number;
  readonly firstBlock: number;
  readonly blocksPerGroup: number;
  readonly inodesPerGroup: number;
  readonly inodes: number;
  readonly inodeBytes: number;
  readonly descriptorBytes: number;
  readonly firstMetaGroup: number;
  readonly hasMetaGroups: boolean;
  readonly isSparse: boolean;
}

const superblockOffset = 1024;
const feature = { needsRecovery: 0x4, journalDevice: 0x8, metaGroups: 0x10, is64Bit: 0x80 };
// What is understood or does not touch a reader: file types, recovery, meta groups, extents, 64 bit, MMP, flex groups, EA inodes, checksum seed,
// large directories, inline data, encryption (of single directories) and case folding.
const readable = 0x2 | 0x4 | 0x10 | 0x40 | 0x80 | 0x100 | 0x200 | 0x400 | 0x2000 | 0x4000 | 0x8000 | 0x10000 | 0x20000;
const inodeFlag = { encrypted: 0x800, extents: 0x80000, inlineData: 0x10000000 };
const rootInode = 2;

/** ext2, ext3 or ext4; checksums are not verified, every number is. */
export async function openExt4(device: BlockDevice): Promise<FileSystem> {
  const block = await device.read(superblockOffset, 1024);
  if (block.readUInt16LE(56) !== 0xef53) throw new Unreadable('no ext superblock');
  const incompatible = block.readUInt32LE(96);
  if (incompatible & ~readable || incompatible & feature.journalDevice) throw new Unreadable(`ext4 with features 0x${incompatible.toString(16)}`);
  const fs = geometry(device, block, incompatible);
  return {
    kind: 'ext',
    uuid: block.toString('hex', 104, 120).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'),
    label: block.toString('utf8', 120, 136).split('\0')[0] ?? '',
    isDirty: (incompatible & feature.needsRecovery) !== 0,
    root: rootInode,
    node: (id) => readInode(fs, id),
  };
}

function geometry(device: BlockDevice, block: Buffer, incompatible: number): Ext4 {
  const sizeLog = block.readUInt32LE(24);
  if (sizeLog > 6) throw new Unreadable('ext4 with a block size that does not exist');
  const is64Bit = (incompatible & feature.is64Bit) !== 0;
  const isOld = block.readUInt32LE(76) === 0;
  const fs = {
    device,
    blockBytes: 1024 << sizeLog,
    firstBlock: block.readUInt32LE(20),
    blocksPerGroup: block.readUInt32LE(32),
    inodesPerGroup: block.readUInt32LE(40),
    inodes: block.readUInt32LE(0),
    inodeBytes: isOld ? 128 : block.readUInt16LE(88),
    descriptorBytes: is64Bit ? block.readUInt16LE(254) : 32,
    firstMetaGroup: block.readUInt32LE(260),
    hasMetaGroups: (incompatible & feature.metaGroups) !== 0,
    isSparse: (block.readUInt32LE(100) & 1) !== 0,
  };
  const isSane = fs.blocksPerGroup > 0 && fs.inodesPerGroup > 0 && fs.inodeBytes >= 128 && fs.inodeBytes <= fs.blockBytes && fs.firstBlock <= 1;
  if (!isSane || fs.descriptorBytes < 32 || fs.descriptorBytes > 1024) throw new Unreadable('an ext superblock that cannot be');
  return fs;
}

async function readInode(fs: Ext4, id: number): Promise<FileNode> {
  if (id < 1 || id > fs.inodes) throw new Unreadable('an inode that is not there');
  const group = Math.floor((id - 1) / fs.inodesPerGroup);
  const descriptor = await fs.device.read(descriptorOffset(fs, group), fs.descriptorBytes);
  const high = fs.descriptorBytes >= 64 ? descriptor.readUInt32LE(40) : 0;
  const table = descriptor.readUInt32LE(8) + high * 2 ** 32;
  const inode = await fs.device.read(table * fs.blockBytes + ((id - 1) % fs.inodesPerGroup) * fs.inodeBytes, fs.inodeBytes);
  return nodeOf(fs, inode);
}

/** Descriptors stand behind the superblock, or, with meta groups, each block of them in the groups that it describes. */
function descriptorOffset(fs: Ext4, group: number): number {
  const perBlock = Math.floor(fs.blockBytes / fs.descriptorBytes);
  const meta = Math.floor(group / perBlock);
  const within = (group % perBlock) * fs.descriptorBytes;
  if (!fs.hasMetaGroups || meta < fs.firstMetaGroup) return (fs.firstBlock + 1 + meta) * fs.blockBytes + within;
  const first = meta * perBlock;
  const own = fs.firstBlock + first * fs.blocksPerGroup + (hasSuperblock(fs, first) ? 1 : 0);
  return own * fs.blockBytes + within;
}

function hasSuperblock({ isSparse }: Ext4, group: number): boolean {
  if (!isSparse || group <= 1) return true;
  return [3, 5, 7].some((base) => {
    let power = base;
    while (power < group) power *= base;
    return power === group;
  });
}

const kinds: Readonly<Record<number, FileNode['kind']>> = { 8: 'file', 4: 'directory', 10: 'link' };

function nodeOf(fs: Ext4, inode: Buffer): FileNode {
  const kind = kinds[inode.readUInt16LE(0) >> 12] ?? 'other';
  const flags = inode.readUInt32LE(32);
  if (flags & inodeFlag.encrypted) throw new Unreadable('a directory is encrypted');
  const sizeBytes = inode.readUInt32LE(4) + inode.readUInt32LE(108) * 2 ** 32;
  const isInline = (flags & inodeFlag.inlineData) !== 0;
  const isFastLink = kind === 'link' && sizeBytes < 60 && (flags & inodeFlag.extents) === 0;
  const held = isInline ? inlineData(inode) : isFastLink ? inode.subarray(40, 100) : undefined;
  let runs: Promise<readonly Run[]> | undefined;
  const findRuns = (): Promise<readonly Run[]> => {
    runs ??= flags & inodeFlag.extents ? extentRuns(fs, inode.subarray(40, 100)) : blockMapRuns(fs, inode.subarray(40, 100), sizeBytes);
    return runs;
  };
  const read = async (offset: number, lengthBytes: number): Promise<Buffer> =>
    held ? held.subarray(offset, Math.min(sizeBytes, offset + lengthBytes)) : readRuns(await findRuns(), fs.device.read, sizeBytes, offset, lengthBytes);
  if (kind === 'link' && sizeBytes > maxLinkBytes) throw new Unreadable('a symbolic link is too long');
  return { kind, sizeBytes, read, entries: () => directory(fs, kind, sizeBytes, read, isInline ? held : undefined) };
}

async function directory(fs: Ext4, kind: string, sizeBytes: number, read: FileNode['read'], inline: Buffer | undefined): Promise<ReadonlyMap<string, number>> {
  if (kind !== 'directory') throw new Unreadable('a file stands where a directory should');
  if (sizeBytes > maxDirectoryBytes) throw new Unreadable('a directory is too large');
  const entries = new Map<string, number>();
  if (inline) {
    // The parent's number first; what does not fit the inode's own 60 bytes is a list of its own.
    addEntries(entries, inline.subarray(4, 60));
    addEntries(entries, inline.subarray(60));
    return entries;
  }
  // Inner blocks of a hash tree look like one empty entry, so that all of them can be read as lists.
  for (let offset = 0; offset < sizeBytes; offset += fs.blockBytes) addEntries(entries, await read(offset, fs.blockBytes));
  return entries;
}

function addEntries(entries: Map<string, number>, block: Buffer): void {
  for (let at = 0; at + 8 <= block.length; ) {
    const stored = block.readUInt16LE(at + 4);
    const lengthBytes = stored === 0xffff || stored === 0 ? 65_536 : stored; // how a block of 64 KiB writes its own size
    const nameBytes = block[at + 6] ?? 0;
    if (lengthBytes < 8 || lengthBytes % 4 !== 0 || 8 + nameBytes > lengthBytes) throw new Unreadable('a directory has a broken entry');
    const id = block.readUInt32LE(at);
    if (id !== 0 && at + 8 + nameBytes <= block.length) addEntry(entries, block.toString('utf8', at + 8, at + 8 + nameBytes), id);
    at += lengthBytes;
  }
}
