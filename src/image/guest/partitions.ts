import { crc32 } from 'node:zlib';
import type { BlockDevice } from '../block-device.ts';
import { firstBytes, slice, Unreadable, wide } from './reading.ts';

export interface Partition {
  /** As the guest counts them: sda1 is 1, the first logical one is 5. */
  readonly number: number;
  readonly device: BlockDevice;
  /** GPT: type GUID in lower case; MBR: two hex digits. */
  readonly type: string;
  /** As /dev/disk/by-partuuid names it. */
  readonly partUuid?: string;
  readonly label?: string;
}

export interface PartitionTable {
  readonly scheme: 'gpt' | 'mbr' | 'none';
  readonly partitions: readonly Partition[];
  /** GPT whose second copy is not at the disk's end: a disk that grew. */
  readonly isBackupShort: boolean;
  /** Code stands in the first sector: a BIOS has something to start. */
  readonly hasBootCode: boolean;
}

export const partitionTypes = {
  esp: 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b',
  biosBoot: '21686148-6449-6e6f-744e-656564454649',
  /** MBR type of an EFI system partition. */
  espMbr: 'ef',
} as const;

const sectorBytes = 512; // EBS and OUTSCALE volumes; disks of 4,096-byte sectors are a blocker of their own
const maxEntries = 128; // of a GPT: what every tool makes
const maxLogical = 60; // more than Linux names
const extendedTypes = new Set(['05', '0f', '85']);

/** Cost: one read at the disk's start, one at its end for GPT, one per logical partition of an MBR. */
export async function readPartitions(device: BlockDevice): Promise<PartitionTable> {
  const first = await firstBytes(device, sectorBytes);
  if (first.length < sectorBytes || first.readUInt16LE(510) !== 0xaa55) return { scheme: 'none', partitions: [], isBackupShort: false, hasBootCode: false };
  const hasBootCode = first.subarray(0, 440).some((byte) => byte !== 0);
  const entries = mbrEntries(first);
  if (entries.some(({ type }) => type === 'ee')) return { ...(await readGpt(device)), hasBootCode };
  const partitions = looksLikeMbr(first, entries, device) ? await readMbr(device, first, entries) : [];
  return { scheme: partitions.length > 0 ? 'mbr' : 'none', partitions, isBackupShort: false, hasBootCode };
}

interface MbrEntry {
  readonly slot: number;
  readonly type: string;
  readonly start: number;
  readonly sectors: number;
}

function mbrEntries(sector: Buffer): MbrEntry[] {
  return [0, 1, 2, 3].map((slot) => {
    const at = 446 + slot * 16;
    return { slot, type: sector.toString('hex', at + 4, at + 5), start: sector.readUInt32LE(at + 8), sectors: sector.readUInt32LE(at + 12) };
  });
}

/** A FAT or NTFS boot sector ends with the same two bytes, but has text or code where the table would be. */
function looksLikeMbr(sector: Buffer, entries: readonly MbrEntry[], device: BlockDevice): boolean {
  return entries.every(({ slot, type, start }) => {
    const flag = sector[446 + slot * 16];
    return (flag === 0 || flag === 0x80) && (type === '00' || start * sectorBytes < device.sizeBytes);
  });
}

async function readMbr(device: BlockDevice, sector: Buffer, entries: readonly MbrEntry[]): Promise<Partition[]> {
  const signature = sector.readUInt32LE(440).toString(16).padStart(8, '0');
  const make = (number: number, type: string, start: number, sectors: number): Partition => ({
    number,
    type,
    device: slice(device, start * sectorBytes, sectors * sectorBytes),
    partUuid: `${signature}-${number.toString(16).padStart(2, '0')}`,
  });
  const used = entries.filter(({ type, sectors }) => type !== '00' && sectors > 0);
  const primary = used.filter(({ type }) => !extendedTypes.has(type)).map(({ slot, type, start, sectors }) => make(slot + 1, type, start, sectors));
  const extended = used.find(({ type }) => extendedTypes.has(type));
  if (!extended) return primary;
  const logical = await readLogical(device, extended.start);
  return [...primary, ...logical.map(({ type, start, sectors }, index) => make(5 + index, type, start, sectors))];
}

/** The chain of an extended partition; each link names the next relative to the whole. A chain that does not end is a lie. */
async function readLogical(device: BlockDevice, base: number): Promise<MbrEntry[]> {
  const found: MbrEntry[] = [];
  const seen = new Set<number>();
  for (let at = base; !seen.has(at); ) {
    if (seen.size >= maxLogical) throw new Unreadable('an extended partition holds too many partitions');
    seen.add(at);
    const sector = await device.read(at * sectorBytes, sectorBytes);
    if (sector.readUInt16LE(510) !== 0xaa55) break;
    const [own, next] = mbrEntries(sector);
    if (own && own.type !== '00' && own.sectors > 0) found.push({ ...own, start: at + own.start });
    if (!next || next.type === '00' || next.start === 0) break;
    at = base + next.start;
  }
  return found;
}

interface GptHeader {
  readonly backupSector: number;
  readonly entriesSector: number;
  readonly count: number;
  readonly entryBytes: number;
  readonly entriesCrc: number;
}

/** The first copy, or the one at the end where the first is broken. */
async function readGpt(device: BlockDevice): Promise<Omit<PartitionTable, 'hasBootCode'>> {
  const lastSector = Math.floor(device.sizeBytes / sectorBytes) - 1;
  const main = await gptAt(device, 1);
  if (main) return { scheme: 'gpt', partitions: main.partitions, isBackupShort: main.header.backupSector < lastSector };
  const backup = await gptAt(device, lastSector);
  if (!backup) throw new Unreadable('neither copy of the GUID partition table is whole');
  return { scheme: 'gpt', partitions: backup.partitions, isBackupShort: false };
}

async function gptAt(device: BlockDevice, sector: number): Promise<{ header: GptHeader; partitions: Partition[] } | undefined> {
  if (sector < 1 || (sector + 1) * sectorBytes > device.sizeBytes) return undefined;
  const header = gptHeader(await device.read(sector * sectorBytes, sectorBytes));
  if (!header) return undefined;
  const offset = header.entriesSector * sectorBytes;
  const lengthBytes = header.count * header.entryBytes;
  if (offset + lengthBytes > device.sizeBytes) return undefined;
  const table = await device.read(offset, lengthBytes);
  if (crc32(table) !== header.entriesCrc) return undefined;
  return { header, partitions: gptPartitions(device, table, header) };
}

function gptHeader(block: Buffer): GptHeader | undefined {
  const headerBytes = block.readUInt32LE(12);
  if (block.toString('latin1', 0, 8) !== 'EFI PART' || headerBytes < 92 || headerBytes > sectorBytes) return undefined;
  const bare = Buffer.from(block.subarray(0, headerBytes));
  bare.writeUInt32LE(0, 16); // the checksum is taken with its own field as zero
  if (crc32(bare) !== block.readUInt32LE(16)) return undefined;
  const [count, entryBytes] = [block.readUInt32LE(80), block.readUInt32LE(84)];
  if (count > maxEntries * 8 || entryBytes < 128 || entryBytes > 1024) return undefined;
  return {
    backupSector: wide(block.readBigUInt64LE(32)),
    entriesSector: wide(block.readBigUInt64LE(72)),
    count,
    entryBytes,
    entriesCrc: block.readUInt32LE(88),
  };
}

function gptPartitions(device: BlockDevice, table: Buffer, { count, entryBytes }: GptHeader): Partition[] {
  const found: Partition[] = [];
  for (let index = 0; index < count && found.length < maxEntries; index++) {
    const entry = table.subarray(index * entryBytes, (index + 1) * entryBytes);
    if (entry.subarray(0, 16).every((byte) => byte === 0)) continue;
    const start = wide(entry.readBigUInt64LE(32));
    const sectors = Math.max(0, wide(entry.readBigUInt64LE(40)) - start + 1);
    const label = entry.toString('utf16le', 56, 128).split('\0')[0] ?? '';
    const number = index + 1;
    found.push({ number, type: guid(entry), partUuid: guid(entry.subarray(16)), label, device: slice(device, start * sectorBytes, sectors * sectorBytes) });
  }
  return found;
}

/** The first three fields stand little-endian, the rest as written. */
function guid(bytes: Buffer): string {
  const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
  const head = `${hex(bytes.readUInt32LE(0), 8)}-${hex(bytes.readUInt16LE(4), 4)}-${hex(bytes.readUInt16LE(6), 4)}`;
  return `${head}-${bytes.toString('hex', 8, 10)}-${bytes.toString('hex', 10, 16)}`;
}
