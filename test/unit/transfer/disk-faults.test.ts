import { describe, expect, it } from '@jest/globals';
import { MigrationError } from '../../../src/core/migration-error.ts';
import { blockBytes } from '../../../src/model/disk.ts';
import { createFlightBudget, openDiskDevice } from '../../../src/transfer/index.ts';
import {
  blocksFrom,
  copyImage,
  copyOneShard,
  createDiskPassage,
  type DiskPassage,
  keyOf,
  open,
  plan,
  randomBlock,
  type Staged,
  stage,
  verify,
  write,
} from '../../support/disk-passage.ts';

const GiB = 2 ** 30;

function small(options: Parameters<typeof createDiskPassage>[1] = {}, blocks = blocksFrom(0, 20)): DiskPassage {
  const passage = createDiskPassage(GiB, options);
  write(passage, ...blocks);
  passage.snapshot('s');
  return passage;
}

describe('a wrong byte', () => {
  it('from the source is BLOCK_CHECKSUM, and no part is made of it', async () => {
    const passage = small();
    const planned = await plan(passage, 's');
    const copying = { snapshot: 's', planned, upload: await open(passage, 's', planned) };
    const disks = passage.disks.connect((block) => {
      if (block === 13) throw new MigrationError('BLOCK_CHECKSUM', { operation: 'GetSnapshotBlock' });
    });
    await expect(copyOneShard({ ...passage, disks }, copying, 0)).rejects.toMatchObject({ code: 'BLOCK_CHECKSUM' });
    expect(passage.target.counters.calls).not.toHaveProperty('putPart');
    expect(passage.target.counters.calls).not.toHaveProperty('putPartStream');
    expect((await verify(passage, await copyImage(passage, copying))).verdict).toBe('PASS');
  });

  /** The object stands as altered, under the ETag it had: a store that rots. */
  const alter = ({ target }: DiskPassage, { snapshot }: Staged, ...offsets: readonly number[]): void => {
    const { body } = target.bucket.find(keyOf(snapshot));
    for (const offset of offsets) body[offset] = (body[offset] ?? 0) ^ 1;
  };

  it('on the target fails the verdict, which counts the blocks and clusters that differ', async () => {
    const passage = small();
    const staged = await stage(passage, 's');
    const dataOffset = 5 * 2 ** 20;
    alter(passage, staged, 24, dataOffset, dataOffset + 1, dataOffset + 7 * blockBytes + 99);
    const verdict = await verify(passage, staged);
    expect(verdict).toMatchObject({ verdict: 'FAIL', blocks: 20, failed: 3 });
    expect(verdict.targetRoot).not.toBe(verdict.sourceRoot);
  });

  it('in the metadata alone fails it too, although every block is right', async () => {
    const passage = small();
    const staged = await stage(passage, 's');
    alter(passage, staged, 3 * blockBytes);
    const verdict = await verify(passage, staged);
    expect(verdict).toMatchObject({ verdict: 'FAIL', failed: 1 });
    expect(verdict.targetRoot).toBe(verdict.sourceRoot);
  });

  it('in a slot that nothing reads any more is nobody’s', async () => {
    const passage = small();
    const base = await stage(passage, 's');
    write(passage, 4);
    passage.snapshot('t');
    const staged = await stage(passage, 't', base);
    alter(passage, staged, 5 * 2 ** 20 + 4 * blockBytes);
    expect((await verify(passage, staged)).verdict).toBe('PASS');
  });

  it('of another object under the key of the image is TARGET_DIFFERS', async () => {
    const passage = small();
    const staged = await stage(passage, 's');
    passage.target.seed(keyOf('s'), 'something else');
    await expect(verify(passage, staged)).rejects.toMatchObject({ code: 'TARGET_DIFFERS' });
  });
});

describe('a part in memory', () => {
  const [head, part] = [1, 1];
  const ready = async (more: { streamedParts?: boolean } = {}) => {
    const passage = small({ capabilities: more });
    const planned = await plan(passage, 's', undefined, more);
    return { passage, copying: { snapshot: 's', planned, upload: await open(passage, 's', planned), ...more } };
  };

  it('is signed with the digests of its blocks where the target takes streamed parts', async () => {
    const { passage, copying } = await ready();
    const staged = await copyImage(passage, copying);
    expect(passage.target.counters.calls).toMatchObject({ putPart: head, putPartStream: part });
    expect((await verify(passage, staged)).verdict).toBe('PASS');
  });

  it('is signed whole where it does not, and the same image comes of it', async () => {
    const { passage, copying } = await ready({ streamedParts: false });
    const staged = await copyImage(passage, copying);
    expect(passage.target.counters.calls).toMatchObject({ putPart: head + part });
    expect(passage.target.counters.calls).not.toHaveProperty('putPartStream');
    expect((await verify(passage, staged)).verdict).toBe('PASS');
  });

  it.each([true, false])('is sent again without another read (streamed: %s)', async (streamedParts) => {
    const { passage, copying } = await ready({ streamedParts });
    let tries = 0;
    const target = passage.target.connect({
      after: ({ operation }) => {
        if (operation === (streamedParts ? 'putPartStream' : 'putPart') && ++tries < 3) throw new MigrationError('UNAVAILABLE', { operation: 'UploadPart' });
      },
    });
    await copyOneShard({ ...passage, target }, copying, 0);
    expect([tries, passage.disks.reads.length]).toEqual([3, 20]);
  });

  it('is refused by the store when a byte changed after its block was compared', async () => {
    const { passage, copying } = await ready();
    const disks: typeof passage.disks = {
      ...passage.disks,
      open: (...args) => {
        const reader = passage.disks.open(...args);
        return {
          read: async (block, into, signal) => {
            const sha256 = await reader.read(block, into, signal);
            if (block === 13) into[99] = (into[99] ?? 0) ^ 1;
            return sha256;
          },
        };
      },
    };
    await expect(copyOneShard({ ...passage, disks }, copying, 0)).rejects.toMatchObject({ code: 'CREDENTIALS_REFUSED' });
    expect(await passage.target.listParts(keyOf('s'), copying.upload)).toEqual([]);
  });
});

describe('a part above 32 MiB', () => {
  /** Parts of 100 MiB: the target takes three, of which metadata and what a delta takes over need two. */
  const wide = (): DiskPassage => small({}, blocksFrom(50, 200));

  it('is streamed through a window, whose memory does not follow it', async () => {
    const passage = wide();
    const leased: number[] = [];
    const flight = createFlightBudget();
    const take: typeof flight.take = (sizeBytes, signal) => {
      leased.push(sizeBytes);
      return flight.take(sizeBytes, signal);
    };
    const measured = { ...passage, flight: { ...flight, take } };
    const staged = await stage(measured, 's', undefined, { partCount: 3 });
    expect(passage.target.counters.calls).toMatchObject({ putPartStream: 1 });
    expect(Math.max(...leased)).toBe(16 * 2 ** 20);
    expect(passage.disks.reads.toSorted((a, b) => a - b)).toEqual(blocksFrom(50, 200));
    expect((await verify(passage, staged)).verdict).toBe('PASS');
  });

  it('is UNSUPPORTED by a plan for a target that takes no streamed parts, unless so little is read that none grows so large', async () => {
    const narrow = { partCount: 3, streamedParts: false };
    await expect(plan(wide(), 's', undefined, narrow)).rejects.toMatchObject({ code: 'UNSUPPORTED' });
    expect(await plan(small({}, blocksFrom(50, 64)), 's', undefined, narrow)).toMatchObject({ blocks: 64 });
    await expect(plan(small({}, blocksFrom(50, 65)), 's', undefined, narrow)).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  });

  it('is read anew when the store wants it once more', async () => {
    const passage = wide();
    let tries = 0;
    const target = passage.target.connect({
      after: ({ operation }) => {
        if (operation === 'putPartStream' && ++tries === 1) throw new MigrationError('UNAVAILABLE', { operation: 'UploadPart' });
      },
    });
    const planned = await plan(passage, 's', undefined, { partCount: 3 });
    const staged = await copyImage({ ...passage, target }, { snapshot: 's', planned, upload: await open(passage, 's', planned) });
    expect(tries).toBe(2);
    expect((await verify(passage, staged)).verdict).toBe('PASS');
  });

  it('ends with what its source says, and leaves no read behind', async () => {
    const passage = wide();
    let inFlight = 0;
    const planned = await plan(passage, 's', undefined, { partCount: 3 });
    const copying = { snapshot: 's', planned, upload: await open(passage, 's', planned) };
    const disks = passage.disks.connect(() => undefined);
    const failing: typeof disks = {
      ...disks,
      open: (...args) => {
        const reader = disks.open(...args);
        return {
          read: async (block, into, signal) => {
            inFlight += 1;
            try {
              if (block === 120) throw new MigrationError('SNAPSHOT_MISSING', { operation: 'GetSnapshotBlock' });
              return await reader.read(block, into, signal);
            } finally {
              inFlight -= 1;
            }
          },
        };
      },
    };
    await expect(copyOneShard({ ...passage, disks: failing }, copying, 0)).rejects.toMatchObject({ code: 'SNAPSHOT_MISSING' });
    expect(inFlight).toBe(0);
  });
});

describe('a snapshot as a disk', () => {
  it('reads as the volume did, asks for a block once, and for one that is not there never', async () => {
    const passage = createDiskPassage(33 * GiB);
    write(passage, 3, 4, 65_540);
    passage.snapshot('s');
    const { digest } = await plan(passage, 's');
    const device = await openDiskDevice(passage.disks, 's', passage.depot, digest);
    expect(device.sizeBytes).toBe(33 * GiB);
    const block = (n: number): Buffer => passage.volume.blocks.get(n) ?? Buffer.alloc(blockBytes);
    const across = await device.read(3 * blockBytes + 100, 3 * blockBytes);
    expect(across.equals(Buffer.concat([block(3), block(4), block(5), block(6)]).subarray(100, 100 + 3 * blockBytes))).toBe(true);
    expect((await device.read(65_540 * blockBytes, 4096)).equals(block(65_540).subarray(0, 4096))).toBe(true);
    await Promise.all([device.read(4 * blockBytes, 10), device.read(0, 512), device.read(33 * GiB - 512, 512)]);
    expect(passage.disks.reads).toEqual([3, 4, 65_540]);
    await expect(device.read(33 * GiB - 511, 512)).rejects.toBeInstanceOf(RangeError);
  });

  it('does not remember a failure', async () => {
    const passage = createDiskPassage();
    passage.volume.blocks.set(1, randomBlock(1));
    passage.snapshot('s');
    const { digest } = await plan(passage, 's');
    let fails = true;
    const disks = passage.disks.connect(() => {
      if (fails) throw new MigrationError('UNAVAILABLE', { operation: 'GetSnapshotBlock' });
    });
    const device = await openDiskDevice(disks, 's', passage.depot, digest);
    await expect(device.read(blockBytes, 1)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    fails = false;
    expect((await device.read(blockBytes, 4)).equals(randomBlock(1).subarray(0, 4))).toBe(true);
  });
});
