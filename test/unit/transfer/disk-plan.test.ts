import { describe, expect, it } from '@jest/globals';
import { blockBytes, type DiskPlan } from '../../../src/model/disk.ts';
import type { BlockPage, DiskSource } from '../../../src/ports/disk-source.ts';
import { imageShards } from '../../../src/transfer/index.ts';
import { blocksFrom, createDiskPassage, type DiskPassage, plan, type Staged, stage, verify, write } from '../../support/disk-passage.ts';

const [MiB, GiB] = [2 ** 20, 2 ** 30];

async function withBase(count = 20): Promise<{ passage: DiskPassage; base: Staged }> {
  const passage = createDiskPassage();
  write(passage, ...blocksFrom(0, count));
  passage.snapshot('base');
  const base = await stage(passage, 'base');
  write(passage, 5);
  passage.snapshot('next');
  return { passage, base };
}

const planOf = ({ depot }: DiskPassage, digest: string): DiskPlan => JSON.parse(depot.files.get(digest)?.toString() ?? '') as DiskPlan;

describe('the plan of a pass', () => {
  it('is a delta where there is an image to append to', async () => {
    const { passage, base } = await withBase();
    const planned = await plan(passage, 'next', base);
    expect(planned).toMatchObject({ kind: 'delta', shards: 1, blocks: 1, readBytes: blockBytes, cleared: 0, sizeBytes: GiB });
    expect([planned.imageBytes, planned.sentBytes]).toEqual([5 * MiB + 21 * blockBytes, 5 * MiB + blockBytes]);
    expect(await plan(passage, 'next', base)).toEqual(planned);
  });

  it('is full where the target cannot take parts over, or the image before has less than the least part', async () => {
    const { passage, base } = await withBase();
    expect(await plan(passage, 'next', base, { hasPartCopy: false })).toMatchObject({ kind: 'full', blocks: 20 });
    const tiny = await withBase(9);
    expect(await plan(tiny.passage, 'next', tiny.base)).toMatchObject({ kind: 'full', blocks: 9 });
    const least = await withBase(10);
    expect(await plan(least.passage, 'next', least.base)).toMatchObject({ kind: 'delta', blocks: 1 });
  });

  it('is full where the disk has another size by now', async () => {
    const { passage, base } = await withBase();
    passage.disks.snapshots.set('next', { sizeBytes: 2 * GiB, blocks: passage.volume.blocks });
    const planned = await plan(passage, 'next', base);
    expect(planned).toMatchObject({ kind: 'full', blocks: 20, sizeBytes: 2 * GiB });
    expect((await verify(passage, await stage(passage, 'next', base))).verdict).toBe('PASS');
  });

  it('is full where the image has no room left, in refcounts or in parts', async () => {
    const { passage, base } = await withBase(100);
    write(passage, ...blocksFrom(0, 100));
    passage.snapshot('next');
    expect(await plan(passage, 'next', base, { partCount: 6 })).toMatchObject({ kind: 'delta' });
    expect(await plan(passage, 'next', base, { partCount: 5 })).toMatchObject({ kind: 'full' });
    const crowded = structuredClone(planOf(passage, base.image.digest)) as unknown as { map: { slots: number }; layout: { reservedSlots: number } };
    crowded.layout.reservedSlots = crowded.map.slots;
    const digest = await passage.depot.put(Buffer.from(JSON.stringify(crowded)));
    expect(await plan(passage, 'next', { ...base, image: { ...base.image, digest } })).toMatchObject({ kind: 'full' });
  });

  it('names segments of 32 GiB, keeps those in which nothing changed, and drops those that are empty now', async () => {
    const passage = createDiskPassage(100 * GiB);
    write(passage, ...blocksFrom(65_530, 12), 131_080, 199_999);
    passage.snapshot('base');
    const base = await stage(passage, 'base');
    const before = planOf(passage, base.planned.digest);
    expect(before.map.segments.map(({ segment, blocks }) => [segment, blocks])).toEqual([
      [0, 6],
      [1, 6],
      [2, 1],
      [3, 1],
    ]);
    write(passage, 65_531, 70_000);
    passage.volume.blocks.delete(199_999);
    passage.snapshot('next');
    const staged = await stage(passage, 'next', base);
    const after = planOf(passage, staged.planned.digest);
    expect(after.map.segments.map(({ segment, blocks }) => [segment, blocks])).toEqual([
      [0, 6],
      [1, 7],
      [2, 1],
    ]);
    expect(after.map.segments[2]).toEqual(before.map.segments[2]);
    expect(after).toMatchObject({ kind: 'delta', cleared: 1, firstSlot: 14 });
    expect((await verify(passage, staged)).verdict).toBe('PASS');
  });

  it('cuts shards of whole parts: a sixteenth of what is read, 64 MiB to 4 GiB', async () => {
    const listing = (blocks: number): DiskSource => ({
      ...createDiskPassage().disks,
      blocks: async (_, from) => {
        const end = Math.min(blocks, from + 10_000);
        return { blocks: blocksFrom(from, end - from), cleared: [], sizeBytes: 256 * GiB, ...(end < blocks ? { next: end } : {}) };
      },
    });
    const cut = async (blocks: number, more: { shardBytes?: number } = {}): Promise<number[]> => {
      const passage = createDiskPassage();
      const planned = await plan({ ...passage, disks: listing(blocks) }, 's', undefined, more);
      return [planned.shards, planOf(passage, planned.digest).shardParts];
    };
    expect(await cut(400)).toEqual([4, 4]); // 200 MiB in shards of 64
    expect(await cut(64 * 1024)).toEqual([16, 128]); // 32 GiB in shards of 2
    expect(await cut(256 * 2048)).toEqual([64, 155]); // 256 GiB in shards of 4
    expect(await cut(400, { shardBytes: 17 * MiB })).toEqual([7, 2]);
  });

  it('does not guess at a listing that goes backwards or leaves the disk', async () => {
    const page = (first: BlockPage, second: BlockPage): DiskSource => ({
      ...createDiskPassage().disks,
      blocks: async (_, from) => (from === 0 ? first : second),
    });
    const sizeBytes = 64 * GiB;
    const wrong = [
      page({ blocks: [5], cleared: [], next: 6, sizeBytes }, { blocks: [5], cleared: [], sizeBytes }),
      page({ blocks: [70_000], cleared: [], next: 70_001, sizeBytes }, { blocks: [], cleared: [5], sizeBytes }),
      page({ blocks: [131_072], cleared: [], sizeBytes }, { blocks: [], cleared: [], sizeBytes }),
      page({ blocks: [5], cleared: [], next: 6, sizeBytes }, { blocks: [], cleared: [], next: 2, sizeBytes }),
      page({ blocks: [5], cleared: [], next: 6, sizeBytes }, { blocks: [7], cleared: [], sizeBytes: 2 * sizeBytes }),
    ];
    for (const disks of wrong) await expect(plan({ ...createDiskPassage(), disks }, 's')).rejects.toMatchObject({ code: 'UNEXPECTED' });
  });
});

describe('the shards of a re-read', () => {
  it('are the metadata, and blocks of 64 MiB to 4 GiB', () => {
    expect([0, 1, 128, 129, 4096, 1024 * 2048].map((blocks) => imageShards({ blocks }))).toEqual([1, 2, 2, 3, 17, 257]);
  });
});
