import { blockBytes } from '../../src/model/disk.ts';

/** A disk in memory: only blocks that hold something. */
export interface MemoryDisk {
  readonly sizeBytes: number;
  readonly blocks: Map<number, Buffer>;
}

export const emptyDisk = (sizeBytes: number): MemoryDisk => ({ sizeBytes, blocks: new Map() });

export const copyOfDisk = ({ sizeBytes, blocks }: MemoryDisk): MemoryDisk => ({ sizeBytes, blocks: new Map(blocks) });

/** A block that begins with this text; the rest repeats its number, so that blocks differ. */
export const blockOf = (text: string, n = 0): Buffer => {
  const block = Buffer.alloc(blockBytes, (n % 250) + 1);
  block.write(text);
  return block;
};

/** The first block of a disk that a BIOS starts: boot code, and an empty table of partitions. */
export function bootBlock(): Buffer {
  const block = blockOf('BOOTABLE');
  block.fill(0, 446, 510);
  block.writeUInt16LE(0xaa55, 510);
  return block;
}

const zeros = Buffer.alloc(blockBytes);

/** Every difference between two disks, as block numbers; a block of zeros equals one that is not there. */
export function differingBlocks(a: MemoryDisk, b: MemoryDisk): number[] {
  const all = new Set([...a.blocks.keys(), ...b.blocks.keys()]);
  return [...all].filter((n) => !(a.blocks.get(n) ?? zeros).equals(b.blocks.get(n) ?? zeros)).sort((x, y) => x - y);
}

const magic = 0x5146_49fb;

/** Reads a qcow2 of 512 KiB clusters as a target would: by its own code, from the published format. Throws when it is none. */
export function diskOfQcow2(image: Buffer): MemoryDisk {
  if (image.readUInt32BE(0) !== magic || image.readUInt32BE(4) !== 3) throw new Error('not a qcow2 of version 3');
  if (image.readBigUInt64BE(8) !== 0n) throw new Error('it has a backing file');
  const clusterBytes = 2 ** image.readUInt32BE(20);
  if (clusterBytes !== blockBytes) throw new Error('clusters of another size');
  const sizeBytes = Number(image.readBigUInt64BE(24));
  const disk = emptyDisk(sizeBytes);
  const l1 = Number(image.readBigUInt64BE(40));
  const entries = image.readUInt32BE(36);
  const offsetMask = 0x00ff_ffff_ffff_fe00n;
  for (let i = 0; i < entries; i++) {
    const l2 = Number(image.readBigUInt64BE(l1 + i * 8) & offsetMask);
    if (l2 === 0) continue;
    for (let j = 0; j < clusterBytes / 8; j++) {
      const data = Number(image.readBigUInt64BE(l2 + j * 8) & offsetMask);
      if (data !== 0) disk.blocks.set(i * (clusterBytes / 8) + j, Buffer.from(image.subarray(data, data + clusterBytes)));
    }
  }
  return disk;
}
