import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { scriptedAws } from './scripted-aws.ts';
import { blockBytes, patterned, smallEbs } from './small-ebs.ts';

const snapshot = 'snap-0f';

describe('readers of one snapshot, where every listing ends all tokens before it', () => {
  it.each([1, 4])('%d process(es) come to the end, with few lists', async (processes) => {
    const ebs = smallEbs();
    const one = patterned(1);
    const blocks = Array.from({ length: 1_200 }, (_, n) => n);
    ebs.snapshots.set(snapshot, new Map(blocks.map((block) => [block, one])));
    Object.assign(ebs, { rotates: true, pageSize: 400 });
    // A block takes a turn of the event loop; a pause takes one for each 2 ms.
    const answer = async (heard: Parameters<typeof ebs.answer>[0]) => {
      await turn();
      return ebs.answer(heard);
    };
    const sleep = async (delayMs: number) => {
      for (let left = delayMs; left > 0; left -= 2) await turn();
    };
    const each = blocks.length / processes;
    const readers = Array.from({ length: processes }, async (_, nth) => {
      const aws = scriptedAws(answer, {}, { sleep });
      const reader = aws.disks.open(snapshot);
      const left = blocks.slice(nth * each, (nth + 1) * each);
      const lane = async () => {
        const into = Buffer.alloc(blockBytes);
        for (let block = left.shift(); block !== undefined; block = left.shift()) await reader.read(block, into);
      };
      await Promise.all(Array.from({ length: 8 }, lane));
      return aws.heard.filter(({ operation }) => operation === 'GetSnapshotBlock').length;
    });
    const reads = (await Promise.all(readers)).reduce((sum, n) => sum + n, 0);
    expect(ebs.listings).toBeLessThanOrEqual(processes === 1 ? 3 : 40);
    expect(reads).toBeLessThan(blocks.length * 1.5);
  });

  it('shares tokens between the readers of one process, and lists once for many', async () => {
    const ebs = smallEbs();
    ebs.snapshots.set(snapshot, new Map(Array.from({ length: 64 }, (_, n) => [n, patterned(n)])));
    ebs.rotates = true;
    const aws = scriptedAws(ebs.answer);
    await Promise.all(Array.from({ length: 64 }, (_, n) => aws.disks.open(snapshot).read(n, Buffer.alloc(blockBytes))));
    expect(ebs.listings).toBe(1);
    expect(aws.heard).toHaveLength(65);
  });

  it('lists again from the block when its tokens have expired', async () => {
    const ebs = smallEbs();
    ebs.snapshots.set(snapshot, new Map([0, 1].map((n) => [n, patterned(n)])));
    const aws = scriptedAws(ebs.answer);
    const reader = aws.disks.open(snapshot);
    await reader.read(0, Buffer.alloc(blockBytes));
    ebs.expire();
    await reader.read(1, Buffer.alloc(blockBytes));
    expect(aws.heard.map(({ operation, form }) => operation + (form.get('startingBlockIndex') ?? ''))).toEqual([
      'ListSnapshotBlocks0',
      'GetSnapshotBlock',
      'GetSnapshotBlock',
      'ListSnapshotBlocks1',
      'GetSnapshotBlock',
    ]);
  });

  it('gives up with a retryable error where a token is never taken', async () => {
    const ebs = smallEbs();
    ebs.snapshots.set(snapshot, new Map([[0, patterned(0)]]));
    const aws = scriptedAws((heard) => {
      const said = ebs.answer(heard);
      ebs.rotates = true;
      return heard.operation === 'GetSnapshotBlock' ? ebs.answer({ ...heard, form: new URLSearchParams({ blockToken: 'b2xk' }) }) : said;
    });
    await expect(aws.disks.open(snapshot).read(0, Buffer.alloc(blockBytes))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});
