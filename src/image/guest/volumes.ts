import type { BlockDevice } from '../block-device.ts';
import { openExt4 } from './ext4.ts';
import { openFat } from './fat.ts';
import type { FileSystem } from './filesystem.ts';
import { assembleVolumes, type PhysicalVolume, readPhysicalVolume } from './lvm.ts';
import { type Partition, type PartitionTable, partitionTypes, readPartitions } from './partitions.ts';
import { firstBytes, printable, Unreadable } from './reading.ts';
import { openXfs } from './xfs.ts';

/** One disk of a guest: `device` as the source names it, `blocks` where its bytes are had. */
export interface GuestDisk {
  readonly device: string;
  readonly isRoot: boolean;
  readonly blocks: BlockDevice;
}

export type Content = 'ext' | 'xfs' | 'fat' | 'swap' | 'lvm' | 'luks' | 'btrfs' | 'ntfs' | 'bitlocker' | 'raid' | 'zfs' | 'unknown' | 'empty';

/** Something that may hold files: a partition, a whole disk, a logical volume. */
export interface Volume {
  /** For a person: `/dev/xvda partition 1`, `volume vg/root`. */
  readonly place: string;
  readonly isOnRootDisk: boolean;
  readonly content: Content;
  readonly uuid?: string;
  readonly label?: string;
  readonly partition?: Partition;
  readonly logical?: string;
  /** Absent where it holds no files, or `why` they cannot be read. */
  readonly fs?: FileSystem;
  readonly why?: string;
}

export interface ScannedDisk {
  readonly device: string;
  readonly isRoot: boolean;
  readonly table: PartitionTable;
}

export interface Scan {
  readonly disks: readonly ScannedDisk[];
  readonly volumes: readonly Volume[];
}

interface Held {
  readonly place: string;
  readonly isOnRootDisk: boolean;
  readonly device: BlockDevice;
  readonly partition?: Partition;
  readonly logical?: string;
}

/** Root disk first. Cost: one or two calls a disk and one a volume. */
export async function scanDisks(disks: readonly GuestDisk[]): Promise<Scan> {
  const ordered = [...disks].sort((a, b) => Number(b.isRoot) - Number(a.isRoot));
  const scanned: ScannedDisk[] = [];
  const held: Held[] = [];
  const volumes: Volume[] = [];
  for (const { device, isRoot, blocks } of ordered) {
    const table = await tableOf(blocks, isRoot);
    if ('why' in table) {
      volumes.push({ place: device, isOnRootDisk: false, content: 'unknown', why: table.why });
      continue;
    }
    scanned.push({ device, isRoot, table });
    for (const partition of table.partitions) {
      held.push({ place: `${device} partition ${partition.number}`, isOnRootDisk: isRoot, device: partition.device, partition });
    }
    if (table.scheme === 'none') held.push({ place: device, isOnRootDisk: isRoot, device: blocks });
  }
  const physical: PhysicalVolume[] = [];
  for (const one of held) volumes.push(await openVolume(one, physical));
  for (const one of assembleVolumes(physical)) volumes.push(await openLogical(one));
  return { disks: scanned, volumes };
}

/** A data disk whose table is broken takes no other disk with it; without the root disk's there is nothing to say. */
async function tableOf(blocks: BlockDevice, isRoot: boolean): Promise<PartitionTable | { readonly why: string }> {
  try {
    return await readPartitions(blocks);
  } catch (error) {
    if (isRoot || !(error instanceof Unreadable)) throw error;
    return { why: printable(error.message) };
  }
}

async function openLogical({ group, name, device, why }: ReturnType<typeof assembleVolumes>[number]): Promise<Volume> {
  const logical = `${group}/${name}`;
  const held = { place: `volume ${printable(logical, 60)}`, isOnRootDisk: true, logical };
  return device ? openVolume({ ...held, device }, []) : { ...held, content: 'unknown', why: why ?? 'it cannot be put together' };
}

async function openVolume(held: Held, physical: PhysicalVolume[]): Promise<Volume> {
  const { device, ...where } = held;
  const head = await firstBytes(device, 69_632);
  const content = contentOf(head, held.partition);
  const named = identity(content, head);
  try {
    if (content === 'lvm') {
      const found = await readPhysicalVolume(device);
      if (found) physical.push(found);
    }
    const fs = await openFileSystem(content, device);
    return fs ? { ...where, content, fs, uuid: fs.uuid, label: fs.label } : { ...where, content, ...named };
  } catch (error) {
    if (!(error instanceof Unreadable || error instanceof RangeError)) throw error;
    return { ...where, content, ...named, why: printable(error.message) };
  }
}

async function openFileSystem(content: Content, device: BlockDevice): Promise<FileSystem | undefined> {
  if (content === 'ext') return openExt4(device);
  if (content === 'xfs') return openXfs(device);
  return content === 'fat' ? openFat(device) : undefined;
}

/** By the marks at their documented places, all within the first 68 KiB. */
function contentOf(head: Buffer, partition: Partition | undefined): Content {
  const text = (at: number, length: number): string => head.toString('latin1', at, at + length);
  if ([0, 512, 1024, 1536].some((at) => text(at, 8) === 'LABELONE')) return 'lvm';
  if (text(0, 4) === 'XFSB') return 'xfs';
  if (text(0, 6) === 'LUKS\xba\xbe') return 'luks';
  if (text(65_600, 8) === '_BHRfS_M') return 'btrfs';
  if (text(3, 8) === 'NTFS    ' || text(3, 4) === 'ReFS') return 'ntfs';
  if (text(3, 8) === '-FVE-FS-') return 'bitlocker';
  if (head.length >= 1082 && head.readUInt16LE(1080) === 0xef53) return 'ext';
  if (text(4086, 10) === 'SWAPSPACE2') return 'swap';
  if (head.length >= 4100 && (head.readUInt32LE(4096) === 0xa92b4efc || head.readUInt32LE(0) === 0xa92b4efc)) return 'raid';
  if (text(54, 3) === 'FAT' || text(82, 5) === 'FAT32') return 'fat';
  if (partition?.type === partitionTypes.biosBoot) return 'empty';
  return head.every((byte) => byte === 0) ? 'empty' : 'unknown';
}

function identity(content: Content, head: Buffer): { readonly uuid?: string } {
  const uuidAt = (at: number): string => head.toString('hex', at, at + 16).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  if (content === 'swap') return { uuid: uuidAt(1036) };
  if (content === 'btrfs') return { uuid: uuidAt(65_568) };
  return content === 'luks' ? { uuid: head.toString('latin1', 168, 204) } : {};
}
