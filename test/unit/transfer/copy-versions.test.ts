import { describe, expect, it } from '@jest/globals';
import type { RunRef } from '../../../src/model/manifest.ts';
import { compareSource, compareTarget, deleteShard, planDelta } from '../../../src/transfer/index.ts';
import {
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
  sourceBucket,
  verifyAll,
} from '../../support/passage.ts';

class Killed extends Error {}

function versioned(): Passage {
  const passage = createPassage({ source: { versioning: 'on' }, target: { versioning: 'on' } });
  const { source } = passage;
  for (let n = 0; n < 12; n += 1) source.seed('often', `version ${n % 5}`, { user: { n: String(n % 5) } });
  source.seed('gone', 'was here');
  source.bucket.remove('gone', {});
  source.seed('back', 'one');
  source.bucket.remove('back', {});
  source.seed('back', 'two');
  source.seed('same', 'twice');
  source.seed('same', 'twice');
  return passage;
}

async function expectEqual(passage: Passage, catalogue: readonly RunRef[]): Promise<void> {
  expect(contentOf(passage.target)).toEqual(contentOf(passage.source));
  const there = await compareTarget(passage.depot, await list({ ...passage, source: passage.target }, 'all'), catalogue);
  expect(there).toMatchObject({ missing: 0, extra: 0, differs: 0 });
  expect(await compareSource(passage.depot, await list(passage, 'all'), catalogue)).toMatchObject({ missing: 0, extra: 0, differs: 0 });
}

describe('versions: all', () => {
  it('carries every version and delete marker of a key in order, and verifies each', async () => {
    const passage = versioned();
    const { verified } = await pass(passage, [], 1, 'all');
    expect(verified.totals.verdicts).toEqual({ PASS: 19, FAIL: 0, UNKNOWN: 0 });
    await expectEqual(passage, [verified.run]);
  });

  it('adds only new versions in a delta, and removes exactly those that vanished', async () => {
    const passage = versioned();
    const first = await pass(passage, [], 1, 'all');
    passage.source.seed('often', 'version 5');
    passage.source.bucket.remove('back', {});
    passage.source.bucket.remove('often', { versionId: 'v1' });
    const second = await pass(passage, [first.verified.run], 2, 'all');
    expect(second).toMatchObject({ changed: { count: 2 }, deleted: { count: 1 } });
    const input = { manifest: second.deleted.digest, shard: 0, versions: 'all', sourceBucket } as const;
    expect(await deleteShard(deps(passage), placeOf(2, 'delete'), input, noProgress, never())).toMatchObject({ outcomes: { deleted: 1 } });
    expect(contentOf(passage.target)).toEqual(contentOf(passage.source));
  });

  it('never writes a version twice, whenever the worker is killed', async () => {
    for (let dies = 0; dies < 120; dies += 3) {
      const passage = versioned();
      const manifest = await list(passage, 'all', { objects: 100, sizeBytes: 1e12 });
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
      await copyOne(process, passage, manifest, 0, { versions: 'all' }).catch((error: unknown) => expect(error).toBeInstanceOf(Killed));
      const { run } = await copyAll(passage, passage, manifest, { versions: 'all' });
      const { run: verified, totals } = await verifyAll(passage, run);
      expect(totals.verdicts.PASS).toBe(19);
      await expectEqual(passage, [verified]);
    }
  });

  it('holds later versions back when an earlier one could not be copied, and writes them in order in the next pass', async () => {
    const passage = versioned();
    const manifest = await list(passage, 'all');
    let isFaulty = true;
    const source = passage.source.connect({
      sends: ({ key, operation }, body) => (isFaulty && operation === 'read' && key === 'often' && body.toString() === 'version 3' ? body.subarray(1) : body),
    });
    const { run, totals } = await copyAll({ ...passage, source }, passage, manifest, { versions: 'all' });
    expect(totals.outcomes).toMatchObject({ copied: 10, failed: 9 });
    isFaulty = false;
    const { run: first } = await verifyAll(passage, run);
    const second = await pass(passage, [first], 2, 'all');
    expect(second.changed.count).toBe(9);
    await expectEqual(passage, [first, second.verified.run]);
  });

  it('writes a version that did not verify again, and with it all later ones, so that the order holds', async () => {
    const passage = versioned();
    const target = passage.target.connect({
      stores: ({ key }, body) => (key === 'often' && body.toString() === 'version 2' ? Buffer.from('VERSION 2') : body),
    });
    const manifest = await list(passage, 'all');
    const { run } = await copyAll({ ...passage, target }, passage, manifest, { versions: 'all' });
    const first = await verifyAll(passage, run);
    expect(first.totals.verdicts.FAIL).toBe(2);
    const second = await pass(passage, [first.run], 2, 'all');
    expect(second.changed.count).toBe(10);
    await expectEqual(passage, [first.run, second.verified.run]);
  });

  it('writes no first version over what stands there already', async () => {
    const passage = versioned();
    passage.target.seed('gone', 'somebody’s');
    const { totals } = await copyAll(passage, passage, await list(passage, 'all'), { versions: 'all' });
    expect(totals).toMatchObject({ outcomes: { copied: 17, failed: 2 }, reasons: { TARGET_NOT_EMPTY: 2 } });
    expect(passage.target.bucket.current('gone')?.body.toString()).toBe('somebody’s');
  });

  it('plans nothing when nothing changed', async () => {
    const passage = versioned();
    const { verified } = await pass(passage, [], 1, 'all');
    const plan = await planDelta(passage.depot, { listing: await list(passage, 'all'), catalogue: [verified.run], cut });
    expect(plan).toMatchObject({ changed: { count: 0, shards: 0 }, deleted: { count: 0 }, unchanged: { count: 19 } });
  });
});
