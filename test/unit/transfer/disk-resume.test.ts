import { describe, expect, it } from '@jest/globals';
import { journalName } from '../../../src/core/ids.ts';
import { MigrationError } from '../../../src/core/migration-error.ts';
import { blockBytes } from '../../../src/model/disk.ts';
import { createFlightBudget, type DiskDeps } from '../../../src/transfer/index.ts';
import {
  blocksFrom,
  type Copying,
  copyImage,
  copyOneShard,
  createDiskPassage,
  type DiskPassage,
  diskPlaceOf,
  keyOf,
  open,
  plan,
  type Staged,
  sealOne,
  stage,
  verify,
  verifyShard,
  write,
} from '../../support/disk-passage.ts';
import { diskOfQcow2 } from '../../support/memory-disk.ts';

class Killed extends Error {}

const partBlocks = 32;

/** A base of 20 blocks and a delta of `blocks`: parts of 32, the last of them short. */
async function passageWithDelta(blocks = 2 * partBlocks + 3): Promise<{ passage: DiskPassage; copying: Copying }> {
  const passage = createDiskPassage();
  write(passage, ...blocksFrom(0, 20));
  passage.snapshot('base');
  const base = await stage(passage, 'base');
  write(passage, ...blocksFrom(10, blocks));
  passage.snapshot('next');
  const planned = await plan(passage, 'next', base);
  return { passage, copying: { snapshot: 'next', planned, upload: await open(passage, 'next', planned), since: 'base' } };
}

/** The same again, as if nothing had been copied yet. */
async function anew(from: DiskPassage, { planned }: Copying): Promise<{ passage: DiskPassage; copying: Copying }> {
  const passage = { ...createDiskPassage(), disks: from.disks };
  for (const [digest, bytes] of from.depot.files) passage.depot.files.set(digest, bytes);
  for (const [key, versions] of from.target.bucket.keys) passage.target.bucket.keys.set(key, versions);
  return { passage, copying: { snapshot: 'next', planned, upload: await open(passage, 'next', planned), since: 'base' } };
}

/** A process that dies at its n-th call of anything, before or after the call was done: from then on nothing of it happens. */
function mortal(passage: DiskPassage, dies: number): DiskDeps & { readonly isDead: () => boolean } {
  let calls = 0;
  const live = (): void => {
    calls += 1;
    if (calls > dies) throw new Killed();
  };
  return {
    ...passage,
    flight: createFlightBudget({ bytes: 2 * partBlocks * blockBytes }),
    disks: passage.disks.connect(() => {
      if (calls > dies) throw new Killed(); // a read is no checkpoint: it leaves nothing
    }),
    target: passage.target.connect({ before: live, after: live }),
    depot: passage.depot.connect(live),
    isDead: () => calls > dies,
  };
}

/** Parts that have a durable row, from the journals as they stand. */
function partsOnRecord({ depot }: DiskPassage, { upload, snapshot }: Copying): Set<number> {
  const segments = [0, 1].flatMap((shard) => depot.journals.get(journalName(diskPlaceOf(snapshot, 'copy', shard))) ?? []);
  const rows = segments.flatMap((bytes) => bytes.toString().trim().split('\n')).map((line) => JSON.parse(line) as { part?: number; upload?: string });
  return new Set(rows.flatMap((row) => (row.part !== undefined && row.upload === upload ? [row.part] : [])));
}

const expectImage = async (passage: DiskPassage, staged: Staged): Promise<void> => {
  const there = diskOfQcow2(passage.target.bucket.find(keyOf(staged.snapshot)).body);
  const disk = passage.disks.snapshots.get(staged.snapshot);
  expect([...there.blocks].every(([n, block]) => disk?.blocks.get(n)?.equals(block))).toBe(true);
  expect(there.blocks.size).toBe(disk?.blocks.size);
  expect((await verify(passage, staged)).verdict).toBe('PASS');
};

describe('a disk shard after a kill', () => {
  it('sends again only parts without a row, whatever call was the last', async () => {
    const origin = await passageWithDelta(partBlocks + 3);
    const whole = await anew(origin.passage, origin.copying);
    const expected = await copyImage(whole.passage, whole.copying);
    await expectImage(whole.passage, expected);
    const bytes = whole.passage.target.bucket.find(keyOf('next')).body;
    let dies = 0;
    for (let wasKilled = true; wasKilled; dies += 1) {
      const { passage, copying } = await anew(origin.passage, origin.copying);
      const process = mortal(passage, dies);
      await copyImage(process, copying).catch((error: unknown) => expect(error).toBeInstanceOf(Killed));
      wasKilled = process.isDead();
      const kept = partsOnRecord(passage, copying);
      const sentAgain: number[] = [];
      const target = passage.target.connect({ before: ({ operation, part = 0 }) => void (operation.startsWith('putPart') && sentAgain.push(part)) });
      const staged = await copyImage({ ...passage, target }, copying);
      expect(sentAgain.filter((part) => kept.has(part))).toEqual([]);
      expect(staged).toEqual(expected);
      expect(passage.target.bucket.find(keyOf('next')).body.equals(bytes)).toBe(true);
      expect(await copyImage(passage, copying)).toEqual(staged); // and once more, when all is done
    }
    expect(dies).toBeGreaterThan(25);
  });

  it('reads from the source only what it sends again', async () => {
    const { passage, copying } = await passageWithDelta();
    const before = passage.disks.reads.length;
    let sent = 0;
    const target = passage.target.connect({
      before: ({ operation }) => {
        if (operation === 'putPartStream' && ++sent > 2) throw new Killed();
      },
    });
    await expect(copyOneShard({ ...passage, target }, copying, 0)).rejects.toBeInstanceOf(Killed);
    const kept = partsOnRecord(passage, copying);
    const first = passage.disks.reads.length;
    const totals = await copyOneShard(passage, copying, 0);
    const blocks = copying.planned.blocks;
    expect(passage.disks.reads.length - first).toBeLessThanOrEqual(blocks - (kept.size - 1) * partBlocks - 3);
    expect(first - before).toBeLessThanOrEqual(blocks);
    expect(totals).toEqual({ blocks, sizeBytes: blocks * blockBytes, zeroBlocks: 0, sentBytes: blocks * blockBytes, failed: 0 });
  });

  it('fences the attempt before it, which stops at its next row', async () => {
    const { passage, copying } = await passageWithDelta();
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const target = passage.target.connect({ before: ({ operation }) => (operation === 'putPartStream' ? held : undefined) });
    const former = copyOneShard({ ...passage, target }, copying, 0);
    const settled = expect(former).rejects.toMatchObject({ code: 'FENCED' });
    while (!passage.depot.journals.has(journalName(diskPlaceOf('next', 'copy')))) await new Promise((resolve) => setImmediate(resolve));
    const totals = await copyOneShard(passage, copying, 0);
    release();
    await settled;
    expect(totals.blocks).toBe(copying.planned.blocks);
    await expectImage(passage, { snapshot: 'next', image: await sealOne(passage, copying) });
  });

  it('has never more parts without a row than the budget holds, however slow the depot is', async () => {
    const passage = createDiskPassage();
    write(passage, ...blocksFrom(0, 5 * partBlocks));
    passage.snapshot('s');
    const planned = await plan(passage, 's', undefined, { shardBytes: 2 ** 30 });
    const copying = { snapshot: 's', planned, upload: await open(passage, 's', planned) };
    let resume = (): void => undefined;
    const stalled = new Promise<void>((resolve) => {
      resume = resolve;
    });
    const slow: DiskDeps['depot'] = {
      ...passage.depot,
      journal: (name) => {
        const journal = passage.depot.journal(name);
        const append: typeof journal.append = async (n, bytes) => {
          if (Buffer.from(bytes).includes('"part"')) await stalled;
          await journal.append(n, bytes);
        };
        return { ...journal, append };
      },
    };
    const flight = createFlightBudget({ bytes: 2 * partBlocks * blockBytes });
    const copied = copyOneShard({ ...passage, depot: slow, flight }, copying, 0);
    for (let turns = 0; turns < 2000; turns += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(passage.target.counters.calls.putPartStream).toBe(2);
    resume();
    expect((await copied).blocks).toBe(5 * partBlocks);
  });

  it('re-reads of an image only what no earlier attempt did', async () => {
    const passage = createDiskPassage();
    write(passage, ...blocksFrom(0, 60));
    passage.snapshot('s');
    const staged = await stage(passage, 's');
    let reads = 0;
    const target = passage.target.connect({
      before: ({ operation }) => {
        if (operation === 'read' && ++reads > 2) throw new Killed();
      },
    });
    const flight = createFlightBudget({ requests: 1 });
    await expect(verifyShard({ ...passage, target, flight }, staged, 1)).rejects.toBeInstanceOf(Killed);
    const before = passage.target.counters.readBytes.get(keyOf('s')) ?? 0;
    expect(await verifyShard(passage, staged, 1)).toMatchObject({ blocks: 60, failed: 0 });
    expect((passage.target.counters.readBytes.get(keyOf('s')) ?? 0) - before).toBe((60 - 32) * blockBytes);
    expect((await verify(passage, staged)).verdict).toBe('PASS');
  });
});

describe('an upload that is lost', () => {
  it('after its completion, is found as the image that it became', async () => {
    const { passage, copying } = await passageWithDelta();
    const target = passage.target.connect({
      after: ({ operation }) => {
        if (operation === 'completeUpload') throw new Killed();
      },
    });
    await expect(copyImage({ ...passage, target }, copying)).rejects.toBeInstanceOf(Killed);
    await expectImage(passage, await copyImage(passage, copying));
  });

  it('after its completion, is found also where the store gives other ETags', async () => {
    const { passage, copying } = await passageWithDelta();
    const odd: DiskDeps = {
      ...passage,
      target: {
        ...passage.target,
        completeUpload: async (key, upload, parts, condition) => {
          if (!passage.target.bucket.uploads.has(upload)) throw new MigrationError('UPLOAD_MISSING', { operation: 'CompleteMultipartUpload' });
          await passage.target.completeUpload(key, upload, parts, condition);
          throw new Killed();
        },
      },
    };
    await expect(copyImage(odd, copying)).rejects.toBeInstanceOf(Killed);
    await expectImage(passage, await copyImage(odd, copying));
  });

  it('before its completion, is UPLOAD_MISSING; a new one begins with its shards, whose old rows and seals count for nothing', async () => {
    const { passage, copying } = await passageWithDelta();
    await copyOneShard(passage, copying, 0);
    passage.target.bucket.uploads.delete(copying.upload);
    await expect(sealOne(passage, copying)).rejects.toMatchObject({ code: 'UPLOAD_MISSING' });
    const again = { ...copying, upload: await open(passage, 'next', copying.planned) };
    await expect(sealOne(passage, again)).rejects.toMatchObject({ code: 'COPY_INCOMPLETE' });
    await expectImage(passage, await copyImage(passage, again));
  });

  it('in the middle of a shard, is UPLOAD_MISSING at once', async () => {
    const { passage, copying } = await passageWithDelta();
    passage.target.bucket.uploads.delete(copying.upload);
    await expect(copyOneShard(passage, copying, 0)).rejects.toMatchObject({ code: 'UPLOAD_MISSING' });
  });

  it('in part: the seal says so, and the shard sends what the store forgot', async () => {
    const { passage, copying } = await passageWithDelta();
    await copyOneShard(passage, copying, 0);
    const [first] = partsOnRecord(passage, copying);
    passage.target.bucket.upload(copying.upload).parts.delete(first ?? 0);
    await expect(sealOne(passage, copying)).rejects.toMatchObject({ code: 'UPLOAD_MISSING' });
    const sent = passage.target.counters.calls.putPartStream ?? 0;
    await copyOneShard(passage, copying, 0);
    expect(passage.target.counters.calls.putPartStream).toBe(sent + 1);
    await expectImage(passage, { snapshot: 'next', image: await sealOne(passage, copying) });
  });
});
