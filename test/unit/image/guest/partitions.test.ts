import { describe, expect, it } from '@jest/globals';
import { readPartitions } from '../../../../src/image/guest/partitions.ts';
import { BlockCache } from '../../../../src/image/guest/reading.ts';
import { loudSuite } from '../../../support/loud-suite.ts';
import { deviceOf, makeFat, makeGpt, tools } from './made-files.ts';

const mebibyte = 1_048_576;
const sectorsOf = (mebibytes: number): number => (mebibytes * mebibyte) / 512;

interface Entry {
  readonly type: number;
  readonly start: number;
  readonly sectors: number;
}

function writeTable(disk: Buffer, at: number, entries: readonly Entry[]): void {
  entries.forEach(({ type, start, sectors }, slot) => {
    const offset = at * 512 + 446 + slot * 16;
    disk[offset + 4] = type;
    disk.writeUInt32LE(start, offset + 8);
    disk.writeUInt32LE(sectors, offset + 12);
  });
  disk.writeUInt16LE(0xaa55, at * 512 + 510);
}

/** A primary partition, and an extended one that holds two. */
function mbr(): Buffer {
  const disk = Buffer.alloc(16 * mebibyte);
  const extended = sectorsOf(4);
  disk.writeUInt32LE(0xcafe0123, 440);
  writeTable(disk, 0, [
    { type: 0x83, start: 2048, sectors: 2048 },
    { type: 0x05, start: extended, sectors: sectorsOf(8) },
  ]);
  writeTable(disk, extended, [
    { type: 0x83, start: 2048, sectors: 2048 },
    { type: 0x05, start: 4096, sectors: 4096 },
  ]);
  writeTable(disk, extended + 4096, [{ type: 0x8e, start: 2048, sectors: 1024 }]);
  return disk;
}

describe('a partition table of a BIOS', () => {
  it('is read with what stands in its extended partition', async () => {
    const disk = mbr();
    disk.write('here', 7 * mebibyte, 'latin1'); // extended + link + 1 MiB
    const { scheme, partitions, hasBootCode } = await readPartitions(deviceOf(disk));
    expect([scheme, hasBootCode]).toEqual(['mbr', false]);
    expect(partitions.map(({ number, type, partUuid, device }) => [number, type, partUuid, device.sizeBytes])).toEqual([
      [1, '83', 'cafe0123-01', mebibyte],
      [5, '83', 'cafe0123-05', mebibyte],
      [6, '8e', 'cafe0123-06', mebibyte / 2],
    ]);
    expect((await partitions[2]?.device.read(0, 4))?.toString()).toBe('here');
    await expect(partitions[2]?.device.read(mebibyte / 2 - 2, 4)).rejects.toThrow('outside');
  });

  it('ends where its chain runs in a circle, or leaves the disk', async () => {
    const [circle, outside] = [mbr(), mbr()];
    const next = sectorsOf(4) + 4096;
    writeTable(circle, next, [
      { type: 0x83, start: 2048, sectors: 1024 },
      { type: 0x05, start: 4096, sectors: 4096 },
    ]);
    expect((await readPartitions(deviceOf(circle))).partitions).toHaveLength(3);
    writeTable(outside, next, [
      { type: 0x83, start: 2048, sectors: 1024 },
      { type: 0x05, start: 0xffff_ffff, sectors: 4096 },
    ]);
    await expect(readPartitions(new BlockCache().over(deviceOf(outside)))).rejects.toThrow('outside');
  });

  it('is none where there is nothing, or the disk is shorter than a sector', async () => {
    for (const lengthBytes of [0, 100, 100_000]) expect((await readPartitions(deviceOf(Buffer.alloc(lengthBytes)))).scheme).toBe('none');
  });
});

loudSuite(() => tools('sgdisk', 'mkfs.vfat'))('a GUID partition table', () => {
  const disk = () =>
    makeGpt([
      { type: 'ef02', content: Buffer.alloc(mebibyte) },
      { type: '8300', content: Buffer.from('root') },
    ]);

  it('is read as sgdisk writes it', async () => {
    const { scheme, partitions, hasBootCode, isBackupShort } = await readPartitions(deviceOf(disk()));
    expect([scheme, hasBootCode, isBackupShort]).toEqual(['gpt', true, false]);
    expect(partitions.map(({ number, type }) => [number, type])).toEqual([
      [1, '21686148-6449-6e6f-744e-656564454649'],
      [2, '0fc63daf-8483-4772-8e79-3d69d8477de4'],
    ]);
    expect((await partitions[1]?.device.read(0, 4))?.toString()).toBe('root');
  });

  it('is taken from the disk’s end where the first copy is broken, and refused where both are', async () => {
    const broken = disk();
    broken[1024 + 3] = (broken[1024 + 3] ?? 0) ^ 1;
    expect((await readPartitions(deviceOf(broken))).partitions).toHaveLength(2);
    broken[broken.length - 500] = (broken[broken.length - 500] ?? 0) ^ 1;
    await expect(readPartitions(deviceOf(broken))).rejects.toThrow('neither copy');
  });

  it('is not seen in a filesystem without one', async () => {
    expect((await readPartitions(deviceOf(makeFat({}, { bits: 16, mebibytes: 12 })))).scheme).toBe('none');
  });
});
