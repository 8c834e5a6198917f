import { execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { blockBytes } from '../../../src/model/disk.ts';
import { sha256Hex, treeRoot } from '../../../src/transfer/digests.ts';
import { blocksFrom, createDiskPassage, type DiskPassage, keyOf, type Staged, stage, verify, write } from '../../support/disk-passage.ts';
import { localTool } from '../../support/local-tool.ts';
import { loudSuite } from '../../support/loud-suite.ts';
import { diskOfQcow2, type MemoryDisk } from '../../support/memory-disk.ts';

const zeros = Buffer.alloc(blockBytes);
const rootOfDisk = ({ sizeBytes, blocks }: MemoryDisk): string => {
  const zero = sha256Hex(zeros);
  return treeRoot(Array.from({ length: sizeBytes / blockBytes }, (_, n) => (blocks.has(n) ? sha256Hex(blocks.get(n) ?? zeros) : zero)));
};
const bodyOf = ({ target }: DiskPassage, { snapshot }: Staged): Buffer => target.bucket.find(keyOf(snapshot)).body;

/** A volume of 36 blocks, then two deltas of rewritten, new and cleared blocks. */
async function threePasses(): Promise<{ passage: DiskPassage; passes: readonly (Staged & { planned: { kind: string; blocks: number; cleared: number } })[] }> {
  const passage = createDiskPassage();
  write(passage, ...blocksFrom(0, 20), ...blocksFrom(300, 10), 900, 901, 902, 2046, 2047);
  passage.volume.blocks.set(1500, Buffer.alloc(blockBytes)); // listed, and zeros all the same
  passage.snapshot('base');
  const base = await stage(passage, 'base');
  write(passage, 3, 4, 305, 700);
  passage.volume.blocks.delete(900);
  passage.snapshot('first');
  const first = await stage(passage, 'first', base);
  write(passage, 3, 900, 1999);
  passage.volume.blocks.delete(700);
  passage.volume.blocks.delete(2047);
  passage.snapshot('second');
  return { passage, passes: [base, first, await stage(passage, 'second', first)] };
}

describe('an image and its deltas', () => {
  it('hold every pass exactly, read what changed and nothing else, and take the rest over inside the store', async () => {
    const { passage, passes } = await threePasses();
    const [base, first, second] = passes;
    if (!base || !first || !second) throw new Error('three passes');
    expect(passes.map(({ planned: { kind, blocks, cleared } }) => [kind, blocks, cleared])).toEqual([
      ['full', 36, 0],
      ['delta', 4, 1],
      ['delta', 3, 2],
    ]);
    expect(passage.disks.reads.slice(36)).toEqual([3, 4, 305, 700, 3, 900, 1999]);
    for (const pass of passes) {
      const disk = passage.disks.snapshots.get(pass.snapshot);
      const there = diskOfQcow2(bodyOf(passage, pass));
      expect([...there.blocks.keys()]).toEqual([...(disk?.blocks.keys() ?? [])].sort((a, b) => a - b));
      for (const [n, block] of there.blocks) expect(block.equals(disk?.blocks.get(n) ?? zeros)).toBe(true);
      expect(bodyOf(passage, pass).length).toBe(pass.image.imageBytes);
      const root = disk && rootOfDisk(disk);
      expect(await verify(passage, pass)).toEqual({ verdict: 'PASS', blocks: pass.image.blocks, sourceRoot: root, targetRoot: root, failed: 0 });
    }
    expect(passage.target.counters.copiedBytes.get(keyOf('second'))).toBe((36 + 4) * blockBytes);
    expect(passage.target.counters.writtenBytes.get(keyOf('second'))).toBe(5 * 2 ** 20 + 3 * blockBytes);
  });

  it('is the same file, byte by byte, however it came about', async () => {
    const [one, other] = [createDiskPassage(), createDiskPassage()];
    for (const passage of [one, other]) {
      passage.volume.blocks.set(7, Buffer.alloc(blockBytes, 1)).set(8, Buffer.alloc(blockBytes, 2));
      passage.snapshot('s');
    }
    const images = [await stage(one, 's'), await stage(other, 's', undefined, { shardBytes: 1 })];
    expect(bodyOf(one, images[0] as Staged).equals(bodyOf(other, images[1] as Staged))).toBe(true);
    expect(images[0]?.image).toEqual(images[1]?.image);
  });

  it('of an empty disk is metadata alone', async () => {
    const passage = createDiskPassage();
    passage.snapshot('s');
    const staged = await stage(passage, 's');
    expect(staged.planned).toMatchObject({ kind: 'full', shards: 0, blocks: 0 });
    expect(await verify(passage, staged)).toMatchObject({ verdict: 'PASS', blocks: 0, sourceRoot: rootOfDisk(passage.volume) });
  });
});

loudSuite(() => localTool('qemu-img', '--version'))('qemu-img', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ecluse-disk-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('finds every image clean, and equal to its snapshot, also after it converted it', async () => {
    const { passage, passes } = await threePasses();
    for (const pass of passes) {
      const [raw, image, back] = ['disk.raw', 'disk.qcow2', 'back.raw'].map((name) => join(folder, name));
      if (!raw || !image || !back) throw new Error('three files');
      writeFileSync(image, bodyOf(passage, pass));
      const file = openSync(raw, 'w');
      ftruncateSync(file, passage.volume.sizeBytes);
      for (const [n, block] of passage.disks.snapshots.get(pass.snapshot)?.blocks ?? []) writeSync(file, block, 0, blockBytes, n * blockBytes);
      closeSync(file);
      execFileSync('qemu-img', ['check', image], { stdio: 'pipe' }); // 2: errors, 3: leaks
      execFileSync('qemu-img', ['compare', '-f', 'raw', '-F', 'qcow2', raw, image], { stdio: 'pipe' });
      execFileSync('qemu-img', ['convert', '-f', 'qcow2', '-O', 'raw', image, back], { stdio: 'pipe' });
      execFileSync('qemu-img', ['compare', '-f', 'raw', '-F', 'raw', raw, back], { stdio: 'pipe' });
    }
  });
});
