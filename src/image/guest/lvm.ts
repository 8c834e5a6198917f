import { crc32 } from 'node:zlib';
import type { BlockDevice } from '../block-device.ts';
import { type LvmSection, numberOf, parseLvmText, sectionOf, textOf } from './lvm-text.ts';
import { Unreadable, wide } from './reading.ts';

export interface PhysicalVolume {
  /** 32 signs without hyphens. */
  readonly id: string;
  readonly device: BlockDevice;
  /** Of the volume group; absent where this volume keeps no copy. */
  readonly metadata?: string;
}

export interface LogicalVolume {
  readonly group: string;
  readonly name: string;
  /** Absent with `why`: laid out in a way that is not read here (thin, cache, RAID, several stripes, a missing disk). */
  readonly device?: BlockDevice;
  readonly why?: string;
}

const sectorBytes = 512;
const maxMetadataBytes = 4_194_304; // LVM makes areas of about 1 MiB
const maxAreas = 16;
const maxVolumes = 256;
const maxSegments = 4096;
const metadataMagic = '\x20LVM2\x20x[5A%r0N*>';
/** LVM's checksum is CRC-32 begun from this number, and not inverted at the end. */
const checksumSeed = 0xf597a6cf;

export const lvmChecksum = (bytes: Uint8Array): number => ~crc32(bytes, ~checksumSeed >>> 0) >>> 0;

/** Undefined where the device is no physical volume: the label stands in one of the first four sectors. */
export async function readPhysicalVolume(device: BlockDevice): Promise<PhysicalVolume | undefined> {
  if (device.sizeBytes < 4 * sectorBytes) return undefined;
  const head = await device.read(0, 4 * sectorBytes);
  for (const sector of [0, 1, 2, 3]) {
    const label = head.subarray(sector * sectorBytes, (sector + 1) * sectorBytes);
    if (label.toString('latin1', 0, 8) !== 'LABELONE' || label.toString('latin1', 24, 32) !== 'LVM2 001') continue;
    if (lvmChecksum(label.subarray(20)) !== label.readUInt32LE(16)) throw new Unreadable('an LVM label has a wrong checksum');
    return readHeader(device, label);
  }
  return undefined;
}

async function readHeader(device: BlockDevice, label: Buffer): Promise<PhysicalVolume> {
  const start = label.readUInt32LE(20);
  if (start + 40 > sectorBytes) throw new Unreadable('an LVM label points outside of its sector');
  const id = label.toString('latin1', start, start + 32);
  const { after } = locations(label, start + 40); // the data areas
  for (const area of locations(label, after).found) {
    const metadata = await readMetadata(device, area);
    if (metadata !== undefined) return { id, device, metadata };
  }
  return { id, device };
}

interface Area {
  readonly offset: number;
  readonly sizeBytes: number;
}

/** A list of offset and size pairs, ended by a pair of zeros. */
function locations(label: Buffer, start: number): { found: Area[]; after: number } {
  const found: Area[] = [];
  for (let at = start; at + 16 <= sectorBytes && found.length < maxAreas; at += 16) {
    const [offset, sizeBytes] = [wide(label.readBigUInt64LE(at)), wide(label.readBigUInt64LE(at + 8))];
    if (offset === 0 && sizeBytes === 0) return { found, after: at + 16 };
    found.push({ offset, sizeBytes });
  }
  throw new Unreadable('an LVM label does not end its lists');
}

async function readMetadata(device: BlockDevice, area: Area): Promise<string | undefined> {
  const header = await device.read(area.offset, sectorBytes);
  if (header.toString('latin1', 4, 20) !== metadataMagic) throw new Unreadable('an LVM metadata area has no header');
  if (lvmChecksum(header.subarray(4)) !== header.readUInt32LE(0)) throw new Unreadable('an LVM metadata header has a wrong checksum');
  const [offset, lengthBytes, checksum] = [wide(header.readBigUInt64LE(40)), wide(header.readBigUInt64LE(48)), header.readUInt32LE(56)];
  if (offset === 0 || lengthBytes === 0) return undefined;
  if (lengthBytes > maxMetadataBytes || offset >= area.sizeBytes || lengthBytes > area.sizeBytes)
    throw new Unreadable('LVM metadata lie outside of their area');
  // The area is a ring behind its header: what does not fit at the end goes on after the first sector.
  const straight = Math.min(lengthBytes, area.sizeBytes - offset);
  const tail = await device.read(area.offset + offset, straight);
  const wrapped = straight < lengthBytes ? await device.read(area.offset + sectorBytes, lengthBytes - straight) : Buffer.alloc(0);
  const bytes = Buffer.concat([tail, wrapped]);
  if (lvmChecksum(bytes) !== checksum) throw new Unreadable('LVM metadata have a wrong checksum');
  return bytes.toString('utf8').replace(/\0+$/, '');
}

/** The logical volumes of all groups whose metadata stand on one of these, the newest copy of each group's metadata. */
export function assembleVolumes(physical: readonly PhysicalVolume[]): LogicalVolume[] {
  const groups = new Map<string, LvmSection>();
  for (const { metadata } of physical) {
    if (metadata === undefined) continue;
    for (const [name, group] of Object.entries(parseLvmText(metadata))) {
      if (typeof group !== 'object' || Array.isArray(group) || !('extent_size' in group)) continue;
      const known = groups.get(name);
      if (!known || numberOf(known, 'seqno') < numberOf(group as LvmSection, 'seqno')) groups.set(name, group as LvmSection);
    }
  }
  const byId = new Map(physical.map((one) => [one.id, one.device]));
  return [...groups].flatMap(([name, group]) => volumesOf(name, group, byId)).slice(0, maxVolumes);
}

function volumesOf(group: string, section: LvmSection, byId: ReadonlyMap<string, BlockDevice>): LogicalVolume[] {
  return Object.entries(sectionOf(section, 'logical_volumes')).map(([name, volume]): LogicalVolume => {
    try {
      return { group, name, device: mapped(section, volume as LvmSection, byId) };
    } catch (error) {
      if (error instanceof Unreadable) return { group, name, why: error.message };
      throw error;
    }
  });
}

interface Piece {
  readonly start: number;
  readonly end: number;
  readonly device: BlockDevice;
  readonly offset: number;
}

function mapped(group: LvmSection, volume: LvmSection, byId: ReadonlyMap<string, BlockDevice>): BlockDevice {
  const extentBytes = numberOf(group, 'extent_size') * sectorBytes;
  const segments = numberOf(volume, 'segment_count');
  if (segments < 1 || segments > maxSegments) throw new Unreadable('a logical volume has no sane count of segments');
  const pieces: Piece[] = [];
  for (let index = 1; index <= segments; index++) pieces.push(piece(group, sectionOf(volume, `segment${index}`), extentBytes, byId));
  pieces.sort((a, b) => a.start - b.start);
  if (pieces.some(({ start }, index) => start !== (pieces[index - 1]?.end ?? 0))) throw new Unreadable('a logical volume has holes');
  return joined(pieces);
}

function piece(group: LvmSection, segment: LvmSection, extentBytes: number, byId: ReadonlyMap<string, BlockDevice>): Piece {
  const type = textOf(segment, 'type');
  // `linear` is written as `striped` over one stripe
  if (type !== 'striped' || numberOf(segment, 'stripe_count') !== 1) throw new Unreadable(`a logical volume of type ${type.slice(0, 20)} is not read here`);
  const [name, extent] = Array.isArray(segment.stripes) ? (segment.stripes as readonly unknown[]) : [];
  if (typeof name !== 'string' || typeof extent !== 'number') throw new Unreadable('a logical volume does not say where it stands');
  const physical = sectionOf(sectionOf(group, 'physical_volumes'), name);
  const device = byId.get(textOf(physical, 'id').replaceAll('-', ''));
  if (!device) throw new Unreadable('a disk of the volume group is missing');
  const start = numberOf(segment, 'start_extent') * extentBytes;
  const end = start + numberOf(segment, 'extent_count') * extentBytes;
  return { start, end, device, offset: numberOf(physical, 'pe_start') * sectorBytes + extent * extentBytes };
}

function joined(pieces: readonly Piece[]): BlockDevice {
  const sizeBytes = pieces.at(-1)?.end ?? 0;
  return {
    sizeBytes,
    read: async (offset, lengthBytes) => {
      if (offset < 0 || lengthBytes < 0 || offset + lengthBytes > sizeBytes) throw new Unreadable('a structure points outside of its volume');
      const parts: Buffer[] = [];
      for (const { start, end, device, offset: at } of pieces) {
        const [from, to] = [Math.max(start, offset), Math.min(end, offset + lengthBytes)];
        if (from < to) parts.push(await device.read(at + from - start, to - from));
      }
      const [only] = parts;
      return only && parts.length === 1 ? only : Buffer.concat(parts);
    },
  };
}
