import { describe, expect, it } from '@jest/globals';
import { assembleVolumes, lvmChecksum, type PhysicalVolume, readPhysicalVolume } from '../../../../src/image/guest/lvm.ts';
import { parseLvmText } from '../../../../src/image/guest/lvm-text.ts';
import { deviceOf } from './made-files.ts';
import { extentBytes, makeLvm, type VolumeGroup } from './made-lvm.ts';

const numbered = (extents: number): Buffer => {
  const bytes = Buffer.alloc(extents * extentBytes);
  for (let at = 0; at < bytes.length; at += 4) bytes.writeUInt32LE(at, at);
  return bytes;
};
const content = numbered(4);
const group: VolumeGroup = {
  name: 'vg-0',
  disks: [3, 3],
  volumes: {
    root: {
      content,
      segments: [
        { extents: 1, disk: 1, at: 2 },
        { extents: 2, disk: 0, at: 0 },
        { extents: 1, disk: 1, at: 0 },
      ],
    },
    thin: { content: Buffer.alloc(extentBytes), segments: [{ extents: 1, disk: 0, at: 2, type: 'thin' }] },
  },
};

async function volumesOf(images: readonly Buffer[]): Promise<ReturnType<typeof assembleVolumes>> {
  const physical = await Promise.all(images.map((image) => readPhysicalVolume(deviceOf(image))));
  return assembleVolumes(physical.filter((one): one is PhysicalVolume => one !== undefined));
}

describe('LVM2', () => {
  it('begins its checksum where LVM does', () => {
    // Of `123456789`, by the loop of LVM's own description.
    let crc = 0xf597a6cf;
    for (const byte of Buffer.from('123456789')) {
      crc ^= byte;
      for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    }
    expect(lvmChecksum(Buffer.from('123456789'))).toBe(crc >>> 0);
  });

  it.each([
    ['as written', {}],
    ['where the text wraps in its ring', { textOffset: 1_048_576 - 4096 - 200 }],
    ['where one disk alone keeps the text', { isAlone: true }],
  ])('is put together from several disks, %s', async (_, how) => {
    const [root, thin] = await volumesOf(makeLvm({ ...group, ...how }));
    expect([root?.group, root?.name, root?.device?.sizeBytes]).toEqual(['vg-0', 'root', content.length]);
    for (const [offset, lengthBytes] of [
      [0, 4096],
      [extentBytes - 512, 1024],
      [3 * extentBytes - 4, 8],
      [4 * extentBytes - 8, 8],
    ] as const) {
      expect((await root?.device?.read(offset, lengthBytes))?.equals(content.subarray(offset, offset + lengthBytes))).toBe(true);
    }
    expect([thin?.device, thin?.why]).toEqual([undefined, 'a logical volume of type thin is not read here']);
  });

  it('says what is missing, and what is broken', async () => {
    const images = makeLvm(group);
    expect((await volumesOf(images.slice(0, 1)))[0]?.why).toContain('missing');
    for (const at of [512 + 40, 4096 + 30, 4096 + 700]) {
      const broken = Buffer.from(images[0] ?? Buffer.alloc(0));
      broken[at] = (broken[at] ?? 0) ^ 1;
      await expect(readPhysicalVolume(deviceOf(broken))).rejects.toThrow('checksum');
    }
    expect(await readPhysicalVolume(deviceOf(Buffer.alloc(8192)))).toBeUndefined();
  });

  it('refuses a text that is none', () => {
    for (const text of ['a {', 'a = [', 'a b', '}', '{'.repeat(20), 'a { '.repeat(20)]) expect(() => parseLvmText(text)).toThrow();
    expect(parseLvmText('a = "b # c" # d\ne { f = [ 1, "g", [ ] ] }')).toEqual({ a: 'b # c', e: { f: [1, 'g', []] } });
  });
});
