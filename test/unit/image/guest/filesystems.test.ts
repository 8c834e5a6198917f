import { describe, expect, it } from '@jest/globals';
import { openExt4 } from '../../../../src/image/guest/ext4.ts';
import { openFat } from '../../../../src/image/guest/fat.ts';
import type { FileSystem } from '../../../../src/image/guest/filesystem.ts';
import { Tree } from '../../../../src/image/guest/tree.ts';
import { openXfs } from '../../../../src/image/guest/xfs.ts';
import { loudSuite } from '../../../support/loud-suite.ts';
import { deviceOf, type Files, inFolder, makeExt, makeFat, makeXfs, run, tools } from './made-files.ts';

const text = (lengthBytes: number, seed: number): Buffer =>
  Buffer.from(Array.from({ length: lengthBytes }, (_, index) => (index * seed + (index >> 8)) & 0xff));
const many = (count: number): Files =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`/many/a-file-with-a-rather-long-name-${index}`, `${index}`]));
const long = `/${'a-directory/../'.repeat(45)}etc/fstab`;

const files: Files = {
  '/etc/fstab': 'UUID=1 / ext4 defaults 0 1\n',
  '/etc/tiny': 'x',
  '/etc/inline': text(120, 7),
  '/etc/large': text(700_000, 11),
  '/etc/empty': '',
  '/a-directory/x': 'x',
  '/lib': { link: 'usr/lib' },
  '/usr/lib/os-release': 'ID=debian\n',
  '/etc/os-release': { link: '../usr/lib/os-release' },
  '/etc/long-link': { link: long },
  '/etc/absolute': { link: '/etc/fstab' },
  '/etc/circle': { link: '/etc/circle' },
};

async function expectFiles(fs: FileSystem, expected: Files): Promise<void> {
  const tree = new Tree(fs);
  for (const [name, content] of Object.entries(expected)) {
    if (typeof content !== 'string' && !Buffer.isBuffer(content)) continue;
    const node = await tree.find(name);
    expect([name, node?.sizeBytes]).toEqual([name, Buffer.from(content).length]);
    expect([name, (await node?.read(0, 1_000_000))?.equals(Buffer.from(content))]).toEqual([name, true]);
  }
}

async function expectLinks(fs: FileSystem): Promise<void> {
  const tree = new Tree(fs);
  const fstab = 'UUID=1 / ext4 defaults 0 1\n';
  expect([await tree.text('/etc/long-link'), await tree.text('/etc/absolute'), await tree.text('/etc/../etc/fstab')]).toEqual([fstab, fstab, fstab]);
  expect([await tree.text('/etc/os-release'), await tree.text('/lib/os-release')]).toEqual(['ID=debian\n', 'ID=debian\n']);
  expect([await tree.exists('/etc/none'), await tree.exists('/etc/fstab/none'), await tree.text('/etc')]).toEqual([false, false, undefined]);
  await expect(tree.find('/etc/circle')).rejects.toThrow('circle');
}

loudSuite(() => tools('mke2fs', 'e2fsck', 'debugfs'))('ext4 as mke2fs makes it', () => {
  it.each([
    ['as today', []],
    ['with inline data', ['-O', 'inline_data', '-I', '256']],
    ['with blocks of 1 KiB', ['-b', '1024']],
    ['as ext3, without extents', ['-O', '^extents,^64bit,^flex_bg', '-b', '1024']],
    ['with meta groups', ['-O', 'meta_bg,^resize_inode', '-b', '1024']],
  ] as const)('is read %s', async (_, args) => {
    const fs = await openExt4(deviceOf(makeExt(files, { args })));
    await expectFiles(fs, files);
    await expectLinks(fs);
    expect(fs.isDirty).toBe(false);
  });

  it('reads directories with and without a tree of hashes', async () => {
    const expected = many(1500);
    for (const index of [false, true]) {
      const fs = await openExt4(deviceOf(makeExt(expected, { index, args: ['-N', '3000'] })));
      expect((await new Tree(fs).list('/many')).length).toBe(1500);
      await expectFiles(fs, expected);
    }
  });

  it('reads a file in pieces, with holes, and knows its names', async () => {
    const image = makeExt({ '/x': 'x' }, { args: ['-U', '11111111-2222-3333-4444-555555555555', '-L', 'root'] });
    const changed = inFolder((folder) => {
      const at = `${folder}/image`;
      run(
        'sh',
        [
          '-c',
          'cat > "$0"; truncate -s 3M "$0.s"; for n in $(seq 0 13 767); do printf "piece $n" | dd of="$0.s" bs=4096 seek=$n conv=notrunc status=none; done',
          at,
        ],
        image,
      );
      run('debugfs', ['-w', '-R', `write ${at}.s sparse`, at]);
      return { image: run('cat', [at]), file: run('cat', [`${at}.s`]) };
    });
    const fs = await openExt4(deviceOf(changed.image));
    const node = await new Tree(fs).find('/sparse');
    expect((await node?.read(0, 4_000_000))?.equals(changed.file)).toBe(true);
    expect([fs.uuid, fs.label]).toEqual(['11111111-2222-3333-4444-555555555555', 'root']);
  });
});

loudSuite(() => tools('mkfs.xfs'))('XFS as mkfs.xfs makes it', () => {
  const all: Files = { ...files, ...many(2500), ...Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`/block/one-of-a-few-names-${index}`, 'x'])) };

  it('is read: short, block and leaf directories, links in the inode and outside', async () => {
    const fs = await openXfs(deviceOf(makeXfs(all, ['-L', 'root', '-m', 'uuid=11111111-2222-3333-4444-555555555555'])));
    await expectFiles(fs, all);
    await expectLinks(fs);
    expect((await new Tree(fs).list('/many')).length).toBe(2500);
    expect([fs.uuid, fs.label]).toEqual(['11111111-2222-3333-4444-555555555555', 'root']);
  });

  it('is read where a long link stands behind a header, as kernels write it', async () => {
    const image = makeXfs(files); // mkfs.xfs leaves the header out
    const block = image.indexOf(long.slice(0, 300));
    image.copy(image, block + 56, block, block + long.length);
    image.write('XSLM', block, 'latin1');
    await expectLinks(await openXfs(deviceOf(image)));
  });

  it('is read with directory blocks larger than blocks', async () => {
    await expectFiles(await openXfs(deviceOf(makeXfs(all, ['-n', 'size=16384']))), all);
  });
});

loudSuite(() => tools('mkfs.vfat', 'mcopy', 'mmd'))('FAT as mkfs.vfat makes it', () => {
  it.each([
    [12, 4],
    [16, 16],
    [32, 40],
  ] as const)('is read with %i bits', async (bits, mebibytes) => {
    const loader = text(200_000, 5);
    const fs = await openFat(deviceOf(makeFat({ '/EFI/BOOT/BOOTX64.EFI': loader, '/EFI/debian/a-long-name-of-a-loader.efi': 'x' }, { bits, mebibytes })));
    const tree = new Tree(fs);
    expect((await (await tree.find('/efi/boot/bootx64.efi'))?.read(0, 1_000_000))?.equals(loader)).toBe(true);
    expect(await tree.list('/EFI/debian')).toEqual(['A-LONG-NAME-OF-A-LOADER.EFI']);
    expect([fs.uuid, fs.label]).toEqual(['1A2B-3C4D', 'ESP']);
  });
});

describe('a device that is none of them', () => {
  it.each([openExt4, openXfs, openFat])('is refused', async (open) => {
    await expect(open(deviceOf(Buffer.alloc(8192)))).rejects.toThrow();
  });
});
