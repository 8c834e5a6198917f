import { describe, expect, it } from '@jest/globals';
import type { ManifestRef } from '../../../src/model/manifest.ts';
import {
  abortStrayUploads,
  createFlightBudget,
  deleteShard,
  leftReferences,
  mergeCatalogue,
  planDelta,
  type RemoveResult,
  referenceOf,
  removeShard,
  retagShard,
  salvageRun,
  sealRun,
} from '../../../src/transfer/index.ts';
import {
  bytesOf,
  contentOf,
  copyAll,
  copyOne,
  createPassage,
  cut,
  deps,
  list,
  never,
  noProgress,
  type Passage,
  pass,
  placeOf,
  rowsByKey,
  sizes,
  sourceBucket,
} from '../../support/passage.ts';

class Killed extends Error {}
const oneShard = { objects: 1000, sizeBytes: 1e12 };

function seeded(options: Parameters<typeof createPassage>[0] = {}): Passage {
  const passage = createPassage(options);
  for (let n = 0; n < 12; n += 1) passage.source.seed(`k${n}`, bytesOf(100 + n, n), n % 3 ? {} : { tags: { n: String(n) } });
  passage.source.seed('large', bytesOf(4 * sizes.chunkBytes, 9));
  return passage;
}

async function takeBack(
  passage: Passage,
  number: number,
  manifest: ManifestRef,
  foreign?: ManifestRef,
  of: 'copy' | 'delete' = 'copy',
): Promise<readonly RemoveResult[]> {
  const results: RemoveResult[] = [];
  for (let shard = 0; shard < manifest.shards; shard += 1) {
    const input = { manifest: manifest.digest, shard, sourceBucket, of, ...(foreign ? { foreign } : {}) };
    results.push(await removeShard(deps(passage), placeOf(number, of === 'copy' ? 'remove' : 'restore', shard), input, noProgress, never()));
  }
  return results;
}
const sum = (results: readonly RemoveResult[], what: 'removed' | 'gone' | 'left'): number => results.reduce((all, result) => all + result[what], 0);

describe('deleteShard', () => {
  it('removes what vanished while it is ours, and leaves alone what somebody changed', async () => {
    const passage = seeded();
    const first = await pass(passage, [], 1);
    for (const key of ['k1', 'k2', 'k3']) passage.source.bucket.remove(key, {});
    passage.target.seed('k2', 'somebody’s');
    passage.target.bucket.remove('k3', {});
    const { deleted } = await pass(passage, [first.verified.run], 2);
    const input = { manifest: deleted.digest, shard: 0, versions: 'latest', sourceBucket } as const;
    const result = await deleteShard(deps(passage), placeOf(2, 'delete'), input, noProgress, never());
    expect(result).toMatchObject({ outcomes: { deleted: 2, failed: 1 }, reasons: { TARGET_DIFFERS: 1 } });
    expect(passage.target.bucket.keys.has('k1')).toBe(false);
    expect(passage.target.bucket.current('k2')?.body.toString()).toBe('somebody’s');
    const { run } = await sealRun(passage.depot, deleted, placeOf(2, 'delete'));
    const third = await pass(passage, [first.verified.run, run], 3);
    expect(third).toMatchObject({ changed: { count: 0 }, deleted: { count: 1 } });
  });
});

describe('retagShard', () => {
  it('carries tags that changed since, also to none, and leaves the other rows as they are', async () => {
    const passage = seeded();
    const { verified } = await pass(passage, [], 1);
    const tag = (key: string, tags: Record<string, string>): void => {
      const version = passage.source.bucket.current(key);
      if (version) version.metadata = { ...version.metadata, tags };
    };
    tag('k1', { new: '1' });
    tag('k3', {});
    tag('k6', { n: 'six' });
    const catalogue = await mergeCatalogue(passage.depot, [verified.run], cut);
    for (let shard = 0; shard < catalogue.shards; shard += 1)
      await retagShard(passage, placeOf(1, 'tags', shard), { run: catalogue.digest, shard }, noProgress, never());
    const { run, totals } = await sealRun(passage.depot, catalogue, placeOf(1, 'tags'));
    expect(passage.target.counters.calls.putTags).toBe(3);
    expect(contentOf(passage.target)).toEqual(contentOf(passage.source));
    expect(totals.verdicts).toEqual({ PASS: 13, FAIL: 0, UNKNOWN: 0 });
    const [before, after] = [await rowsByKey(passage.depot, verified.run), await rowsByKey(passage.depot, run)];
    expect(after.get('k3')?.tags).toBeUndefined();
    expect(after.get('k6')?.metadata).not.toBe(before.get('k6')?.metadata);
    expect(after.get('k6')?.targetMetadata).toBe(after.get('k6')?.metadata);
    expect({ ...after.get('k0'), i: 0 }).toEqual({ ...before.get('k0'), i: 0 });
  });

  it('fails tags that the target does not give back', async () => {
    const passage = seeded();
    const { verified } = await pass(passage, [], 1);
    const version = passage.source.bucket.current('k1');
    if (version) version.metadata = { ...version.metadata, tags: { lost: '1' } };
    const target = { ...passage.target, putTags: async () => undefined };
    const catalogue = await mergeCatalogue(passage.depot, [verified.run], oneShard);
    expect(await retagShard({ ...passage, target }, placeOf(1, 'tags'), { run: catalogue.digest, shard: 0 }, noProgress, never())).toMatchObject({
      verdicts: { FAIL: 1, PASS: 12 },
    });
  });
});

describe('removeShard', () => {
  it('takes back pass by pass what was written, also what a delta wrote over it', async () => {
    const passage = seeded();
    passage.target.seed('theirs', 'x');
    const before = contentOf(passage.target);
    const first = await pass(passage, [], 1);
    passage.source.seed('k1', 'changed');
    passage.source.seed('new', 'new');
    const second = await pass(passage, [first.verified.run], 2);
    const results = [...(await takeBack(passage, 2, second.changed)), ...(await takeBack(passage, 1, first.changed))];
    expect(contentOf(passage.target)).toEqual(before);
    expect([sum(results, 'removed'), sum(results, 'gone'), sum(results, 'left')]).toEqual([14, 1, 0]);
    expect(results.every(({ report }) => report === undefined)).toBe(true);
  });

  it('takes back versions and markers, so that a versioned bucket is empty again', async () => {
    const passage = seeded({ target: { versioning: 'on' } });
    const first = await pass(passage, [], 1);
    passage.source.seed('k1', 'changed');
    passage.source.bucket.remove('k2', {});
    const second = await pass(passage, [first.verified.run], 2);
    const input = { manifest: second.deleted.digest, shard: 0, versions: 'latest', sourceBucket } as const;
    await deleteShard(deps(passage), placeOf(2, 'delete'), input, noProgress, never());
    await takeBack(passage, 2, second.changed);
    expect(sum(await takeBack(passage, 2, second.deleted, undefined, 'delete'), 'removed')).toBe(1);
    await takeBack(passage, 1, first.changed);
    expect(passage.target.bucket.keys.size).toBe(0);
  });

  it('leaves alone what somebody changed since, and names it in the depot only', async () => {
    const passage = seeded();
    const { changed } = await pass(passage, [], 1);
    passage.target.seed('k5', 'somebody’s');
    const results = await takeBack(passage, 1, changed);
    expect(sum(results, 'left')).toBe(1);
    expect(Object.keys(contentOf(passage.target))).toEqual(['k5']);
    const report = results.find((result) => result.report)?.report ?? '';
    const ref = referenceOf(deps(passage).referenceKey, sourceBucket, 'k5');
    expect(JSON.parse((await passage.depot.get(report)).toString())).toEqual({
      key: 'k5',
      pass: 1,
      reason: 'TARGET_DIFFERS',
      ref,
    });
    for await (const named of leftReferences(passage.depot, [report])) expect(named).toBe(ref);
    expect(JSON.stringify(results)).not.toContain('k5');
  });

  it('never removes what stood there before us, not even where it was equal and adopted', async () => {
    const passage = seeded();
    passage.target.seed('k1', bytesOf(101, 1));
    const foreign = await list({ ...passage, source: passage.target });
    const { verified, changed } = await pass(passage, [], 1);
    expect(verified.totals.outcomes).toMatchObject({ adopted: 1, copied: 12 });
    await takeBack(passage, 1, changed, foreign);
    expect(Object.keys(contentOf(passage.target))).toEqual(['k1']);
  });

  it('empties the target from the journal of a copy that was killed anywhere, uploads included', async () => {
    for (let dies = 0; dies < 90; dies += 2) {
      const passage = seeded();
      const manifest = await list(passage, 'latest', oneShard);
      let calls = 0;
      const die = (): void => {
        if (calls++ >= dies) throw new Killed();
      };
      const process = {
        ...passage,
        source: passage.source.connect({ before: die }),
        target: passage.target.connect({ before: die, after: die }),
        depot: passage.depot.connect(die),
      };
      await copyOne(process, passage, manifest, 0).catch((error: unknown) => expect(error).toBeInstanceOf(Killed));
      const results = await takeBack(passage, 1, manifest);
      expect(sum(results, 'left')).toBe(0);
      expect(contentOf(passage.target)).toEqual({});
      await abortStrayUploads(passage, manifest.digest, never());
      expect(passage.target.bucket.uploads.size).toBe(0);
      expect(await takeBack(passage, 1, manifest)).toEqual(results);
    }
  });

  it('leaves to an earlier pass what a killed delta had not written over yet', async () => {
    const passage = seeded();
    const first = await pass(passage, [], 1);
    const before = contentOf(passage.target);
    for (let n = 0; n < 6; n += 1) passage.source.seed(`k${n}`, `second ${n}`);
    const { changed } = await planDelta(passage.depot, { listing: await list(passage), catalogue: [first.verified.run], cut });
    const target = passage.target.connect({
      before: ({ operation }) => {
        if (operation === 'put') throw new Killed();
      },
    });
    await expect(copyAll({ ...passage, target }, passage, changed, { pass: 2 })).rejects.toBeInstanceOf(Killed);
    expect(sum(await takeBack(passage, 2, changed), 'left')).toBe(0);
    expect(contentOf(passage.target)).toEqual(before);
    await takeBack(passage, 1, first.changed);
    expect(contentOf(passage.target)).toEqual({});
  });

  it('touches nothing of a shard that was never begun', async () => {
    const passage = seeded();
    const manifest = await list(passage, 'latest', oneShard);
    passage.target.seed('k1', bytesOf(101, 1));
    expect(sum(await takeBack(passage, 1, manifest), 'gone')).toBe(13);
    expect(passage.target.counters.calls).toEqual({});
  });

  it('aborts only uploads of the manifest’s keys', async () => {
    const passage = seeded();
    const manifest = await list(passage);
    await passage.target.createUpload('large', { headers: {}, user: {} });
    await passage.target.createUpload('of others', { headers: {}, user: {} });
    expect(await abortStrayUploads(passage, manifest.digest, never())).toBe(1);
    expect([...passage.target.bucket.uploads.values()].map(({ key }) => key)).toEqual(['of others']);
  });
});

describe('salvageRun', () => {
  it('gives a delta that was given up to the next one, which then overwrites its own writes', async () => {
    const passage = seeded();
    const first = await pass(passage, [], 1);
    for (let n = 0; n < 8; n += 1) passage.source.seed(`k${n}`, `second ${n}`);
    const { changed } = await planDelta(passage.depot, { listing: await list(passage), catalogue: [first.verified.run], cut });
    let puts = 0;
    const target = passage.target.connect({
      before: ({ operation }) => {
        if (operation === 'put' && ++puts > 4) throw new Killed();
      },
    });
    await expect(copyAll({ ...passage, target, flight: createFlightBudget({ requests: 1 }) }, passage, changed, { pass: 2 })).rejects.toBeInstanceOf(Killed);
    const salvaged = await salvageRun(passage.depot, changed, placeOf(2, 'copy'));
    expect(salvaged.totals.outcomes.copied).toBe(4);
    for (let n = 0; n < 8; n += 1) passage.source.seed(`k${n}`, `third ${n}`);
    const third = await pass(passage, [first.verified.run, salvaged.run], 3);
    expect(third.verified.totals.outcomes).toMatchObject({ copied: 8, failed: 0 });
    expect(contentOf(passage.target)).toEqual(contentOf(passage.source));
  });
});

describe('a delta', () => {
  it('writes over only what we wrote', async () => {
    const passage = seeded();
    const first = await pass(passage, [], 1);
    passage.source.seed('k1', 'newer');
    passage.source.seed('k2', 'newer');
    passage.target.seed('k2', 'somebody’s');
    const second = await pass(passage, [first.verified.run], 2);
    expect(second.verified.totals).toMatchObject({ outcomes: { copied: 1, failed: 1 }, reasons: { TARGET_DIFFERS: 1 } });
    expect(passage.target.bucket.current('k1')?.body.toString()).toBe('newer');
    expect(passage.target.bucket.current('k2')?.body.toString()).toBe('somebody’s');
  });

  it.each([true, false])('does so where the store has If-Match: %s', async (ifMatch) => {
    const passage = seeded({ target: { capabilities: { ifMatch, ifNoneMatch: ifMatch } } });
    const first = await pass(passage, [], 1);
    passage.source.seed('k1', 'newer');
    passage.target.bucket.remove('k1', {});
    passage.source.seed('k2', 'newer');
    const second = await pass(passage, [first.verified.run], 2);
    expect(second.verified.totals.verdicts.PASS).toBe(2);
    expect((await copyAll(passage, passage, second.changed, { pass: 2 })).totals.outcomes.copied).toBe(2);
    expect(contentOf(passage.target)).toEqual(contentOf(passage.source));
  });
});
