import { describe, expect, it } from '@jest/globals';
import { compareSource, compareTarget, foreignCount } from '../../../src/transfer/index.ts';
import { createPassage, list, type Passage, pass } from '../../support/passage.ts';

function seeded(options: Parameters<typeof createPassage>[0] = {}): Passage {
  const passage = createPassage(options);
  for (let n = 0; n < 23; n += 1) passage.source.seed(`k${n}`, `body ${n}`);
  return passage;
}
const targetListing = (passage: Passage) => list({ ...passage, source: passage.target });

describe('compareSource', () => {
  it('finds every write to the source since the last pass', async () => {
    const passage = seeded();
    const catalogue = [(await pass(passage, [], 1)).verified.run];
    expect(await compareSource(passage.depot, await list(passage), catalogue)).toMatchObject({ equal: 23, missing: 0, extra: 0, differs: 0 });
    passage.source.seed('k1', 'again');
    passage.source.seed('late', 'x');
    passage.source.bucket.remove('k2', {});
    const compared = await compareSource(passage.depot, await list(passage), catalogue);
    expect(compared).toMatchObject({ equal: 21, missing: 1, extra: 1, differs: 1 });
    const samples = (await passage.depot.get(compared.samples)).toString().trim().split('\n');
    expect(samples.map((line) => JSON.parse(line) as unknown)).toEqual([
      { is: 'differs', key: 'k1' },
      { is: 'missing', key: 'k2' },
      { is: 'extra', key: 'late' },
    ]);
  });
});

describe('compareTarget', () => {
  it('finds what is missing, extra or another', async () => {
    const passage = seeded();
    const catalogue = [(await pass(passage, [], 1)).verified.run];
    expect(await compareTarget(passage.depot, await targetListing(passage), catalogue)).toMatchObject({
      equal: 23,
      missing: 0,
      extra: 0,
      differs: 0,
      merged: 0,
    });
    passage.target.seed('k1', 'somebody’s');
    passage.target.seed('extra', 'x');
    passage.target.bucket.remove('k2', {});
    expect(await compareTarget(passage.depot, await targetListing(passage), catalogue)).toMatchObject({
      equal: 21,
      missing: 1,
      extra: 1,
      differs: 1,
      merged: 0,
    });
  });

  it('lets stand what stood there before, while it is unchanged', async () => {
    const passage = seeded();
    passage.target.seed('theirs', 'x');
    passage.target.seed('theirs too', 'x');
    const foreign = await targetListing(passage);
    expect(await foreignCount(passage.depot, foreign, [])).toBe(2);
    const catalogue = [(await pass(passage, [], 1)).verified.run];
    passage.target.seed('theirs too', 'y');
    expect(await compareTarget(passage.depot, await targetListing(passage), catalogue, { foreign })).toMatchObject({ equal: 23, foreign: 1, extra: 1 });
  });

  it('finds an earlier version on top of the last one: a deleted object would be back', async () => {
    const passage = createPassage({ source: { versioning: 'on' }, target: { versioning: 'on' } });
    passage.source.seed('k', 'one');
    passage.source.bucket.remove('k', {});
    const catalogue = [(await pass(passage, [], 1, 'all')).verified.run];
    const compared = async () => compareTarget(passage.depot, await list({ ...passage, source: passage.target }, 'all'), catalogue);
    expect(await compared()).toMatchObject({ equal: 2, differs: 0 });
    const [version, marker] = passage.target.bucket.keys.get('k') ?? [];
    if (version && marker)
      passage.target.bucket.keys.set('k', [
        { ...marker, lastModified: version.lastModified },
        { ...version, lastModified: marker.lastModified },
      ]);
    expect(await compared()).toMatchObject({ equal: 2, differs: 1 });
  });

  it('tells a merge from a loss, when the store kept two keys as one unseen', async () => {
    // Without conditional writes and with equal bytes nothing refuses the second write.
    const passage = createPassage({ target: { alter: (key) => key.replaceAll('//', '/'), capabilities: { ifNoneMatch: false } } });
    passage.source.seed('a//b', 'same');
    passage.source.seed('lost', 'x');
    const catalogue = [(await pass(passage, [], 1)).verified.run];
    passage.target.bucket.remove('lost', {});
    expect(await compareTarget(passage.depot, await targetListing(passage), catalogue)).toMatchObject({ missing: 2, extra: 1, merged: 1 });
  });
});
