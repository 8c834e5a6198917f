import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { FileNode } from '../../../../src/image/guest/filesystem.ts';
import { readInitramfs } from '../../../../src/image/guest/initramfs.ts';
import { unpackBlock } from '../../../../src/image/guest/lz4.ts';
import { loudSuite } from '../../../support/loud-suite.ts';
import { later, makeCpio, run, tools } from './made-files.ts';

const fileOf = (bytes: Buffer): FileNode => ({
  kind: 'file',
  sizeBytes: bytes.length,
  read: async (offset, lengthBytes) => bytes.subarray(offset, offset + lengthBytes),
  entries: () => Promise.reject(new Error('no directory')),
});

async function namesIn(bytes: Buffer): Promise<string[]> {
  const names: string[] = [];
  await readInitramfs(fileOf(bytes), (name) => names.push(name));
  return names
    .filter((name) => name !== '.')
    .map((name) => name.replace(/^\.\//, ''))
    .sort();
}

const packers: Readonly<Record<string, readonly string[]>> = {
  cat: [],
  gzip: ['-9'],
  zstd: ['-q', '-9'],
  xz: ['--check=crc32', '-1'],
  lz4: ['-q', '-l', '-9', '-c'],
};

loudSuite(() => tools('cpio', 'gzip', 'zstd', 'xz', 'lz4'))('an initramfs', () => {
  // Larger than one block of LZ4, and of bytes that pack well and badly.
  const files = {
    'usr/lib/modules/6.1/kernel/drivers/block/virtio_blk.ko.xz': randomBytes(300_001),
    init: '#!/bin/sh\n',
    'large/text': 'some text, again and again. '.repeat(350_000),
  };
  const archive = later(() => makeCpio(files));
  const microcode = later(() => makeCpio({ 'kernel/x86/microcode/GenuineIntel.bin': randomBytes(5000) }));
  const expected = Object.keys(files).sort();

  it.each(Object.entries(packers))('packed by %s is read, behind microcode too', async (packer, args) => {
    const packed = run(packer, args, archive());
    expect(await namesIn(packed)).toEqual(expected);
    expect(await namesIn(Buffer.concat([microcode(), packed]))).toEqual(['kernel/x86/microcode/GenuineIntel.bin', ...expected].sort());
    expect(await namesIn(Buffer.concat([packed, Buffer.alloc(516)]))).toEqual(expected);
  });

  it.each(Object.entries(packers))('cut off, packed by %s, is refused', async (packer, args) => {
    const packed = run(packer, args, archive());
    await expect(namesIn(packed.subarray(0, packed.length - 200_000 > 0 ? Math.floor(packed.length / 2) : 10))).rejects.toThrow();
    expect(await namesIn(packed)).toEqual(expected); // and leaves the next one alone
  });

  it('takes several archives inside one packed part', async () => {
    expect(await namesIn(run('gzip', [], Buffer.concat([archive(), Buffer.alloc(512), microcode()])))).toHaveLength(expected.length + 1);
  });

  it('refuses what is none, and what is packed in another way', async () => {
    await expect(namesIn(Buffer.alloc(0))).rejects.toThrow('empty');
    await expect(namesIn(Buffer.alloc(100_000))).rejects.toThrow('empty');
    await expect(namesIn(run('gzip', [], Buffer.alloc(20_000_000)))).rejects.toThrow('no initramfs');
    await expect(namesIn(Buffer.from('#!/bin/sh'))).rejects.toThrow('no initramfs');
    await expect(namesIn(Buffer.from('425a68394141', 'hex'))).rejects.toThrow('bzip2');
  });
});

describe('a block of LZ4', () => {
  it('repeats what it has just written', () => {
    expect(unpackBlock(Buffer.from([0x14, 0x61, 0x01, 0x00, 0x10, 0x62])).toString()).toBe(`${'a'.repeat(9)}b`);
  });

  it('is refused where it points before its beginning, or ends too soon', () => {
    for (const bytes of [[0x14, 0x61, 0x02, 0x00], [0x14, 0x61, 0x00, 0x00], [0xf0], [0x50, 0x61], [0x14, 0x61, 0x01]])
      expect(() => unpackBlock(Buffer.from(bytes))).toThrow('LZ4');
  });
});
