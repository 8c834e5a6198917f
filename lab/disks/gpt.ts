import { crc32 } from 'node:zlib';

export const sectorBytes = 512;

/** Types as the UEFI and Discoverable Partitions specifications number them. */
export const partitionTypes = {
  biosGrub: '21686148-6449-6e6f-744e-656564454649',
  efiSystem: 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b',
  linux: '0fc63daf-8483-4772-8e79-3d69d8477de4',
  lvm: 'e6d6d379-f507-44c2-a23c-238f2a3df928',
} as const;

export interface Partition {
  readonly type: keyof typeof partitionTypes;
  readonly uuid: string;
  readonly name: string;
  readonly offsetBytes: number;
  readonly sizeBytes: number;
}

/** A run of bytes and where on the disk it stands. */
export interface Placed {
  readonly offsetBytes: number;
  readonly bytes: Buffer;
}

const entryBytes = 128;
const entryCount = 128;
const tableSectors = (entryBytes * entryCount) / sectorBytes;

/**
 * The partition table of UEFI 2.10 §5.3: a protective MBR, the header in sector 1 and its entries behind it, and both again at the
 * end of the disk, header last. All numbers little-endian; a UUID's first three groups too. Checksums are zlib's CRC-32.
 */
export function writeGpt(diskBytes: number, diskUuid: string, partitions: readonly Partition[]): Placed[] {
  const sectors = diskBytes / sectorBytes;
  const entries = tableEntries(partitions);
  const head = { sectors, diskUuid, entriesCrc: crc32(entries) };
  const backup = sectors - 1;
  return [
    { offsetBytes: 0, bytes: protectiveMbr(sectors) },
    { offsetBytes: sectorBytes, bytes: header({ ...head, own: 1, other: backup, entriesAt: 2 }) },
    { offsetBytes: 2 * sectorBytes, bytes: entries },
    { offsetBytes: (backup - tableSectors) * sectorBytes, bytes: entries },
    { offsetBytes: backup * sectorBytes, bytes: header({ ...head, own: backup, other: 1, entriesAt: backup - tableSectors }) },
  ];
}

function protectiveMbr(sectors: number): Buffer {
  const mbr = Buffer.alloc(sectorBytes);
  // One entry of type 0xee over the whole disk keeps old tools from taking it for an empty one.
  mbr.set([0x00, 0x00, 0x02, 0x00, 0xee, 0xff, 0xff, 0xff], 0x1be);
  mbr.writeUInt32LE(1, 0x1c6);
  mbr.writeUInt32LE(Math.min(sectors - 1, 0xffffffff), 0x1ca);
  mbr.writeUInt16LE(0xaa55, 0x1fe);
  return mbr;
}

interface Head {
  readonly sectors: number;
  readonly diskUuid: string;
  readonly entriesCrc: number;
  readonly own: number;
  readonly other: number;
  readonly entriesAt: number;
}

function header({ sectors, diskUuid, entriesCrc, own, other, entriesAt }: Head): Buffer {
  const bytes = Buffer.alloc(sectorBytes);
  bytes.write('EFI PART', 0, 'latin1');
  bytes.writeUInt32LE(0x00010000, 8);
  bytes.writeUInt32LE(92, 12);
  bytes.writeBigUInt64LE(BigInt(own), 24);
  bytes.writeBigUInt64LE(BigInt(other), 32);
  bytes.writeBigUInt64LE(BigInt(2 + tableSectors), 40);
  bytes.writeBigUInt64LE(BigInt(sectors - tableSectors - 2), 48);
  guid(diskUuid).copy(bytes, 56);
  bytes.writeBigUInt64LE(BigInt(entriesAt), 72);
  bytes.writeUInt32LE(entryCount, 80);
  bytes.writeUInt32LE(entryBytes, 84);
  bytes.writeUInt32LE(entriesCrc, 88);
  // Over the 92 bytes of the header, its own field still zero.
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 92)), 16);
  return bytes;
}

function tableEntries(partitions: readonly Partition[]): Buffer {
  const table = Buffer.alloc(entryBytes * entryCount);
  partitions.forEach((partition, index) => {
    const entry = table.subarray(index * entryBytes, (index + 1) * entryBytes);
    guid(partitionTypes[partition.type]).copy(entry, 0);
    guid(partition.uuid).copy(entry, 16);
    entry.writeBigUInt64LE(BigInt(partition.offsetBytes / sectorBytes), 32);
    entry.writeBigUInt64LE(BigInt((partition.offsetBytes + partition.sizeBytes) / sectorBytes - 1), 40);
    entry.write(partition.name, 56, 72, 'utf16le');
  });
  return table;
}

/** `00112233-4455-6677-8899-aabbccddeeff` as UEFI stores it: 33221100 5544 7766 8899 aabbccddeeff. */
function guid(uuid: string): Buffer {
  const bytes = Buffer.from(uuid.replaceAll('-', ''), 'hex');
  bytes.subarray(0, 4).reverse();
  bytes.subarray(4, 6).reverse();
  bytes.subarray(6, 8).reverse();
  return bytes;
}
