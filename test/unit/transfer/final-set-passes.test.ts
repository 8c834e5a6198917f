import { describe, expect, it } from '@jest/globals';
import { MigrationError } from '../../../src/core/migration-error.ts';
import type { ManifestRef, RunRef } from '../../../src/model/manifest.ts';
import type { FinalRow } from '../../../src/model/reference-set.ts';
import {
  deleteShard,
  type FinalSetInput,
  leftReferences,
  mergeCatalogue,
  planDelta,
  readFinalSet,
  referenceOf,
  removeShard,
  retagShard,
  runBatches,
  salvageRun,
  sealFinalSet,
  sealInventorySet,
  sealRun,
} from '../../../src/transfer/index.ts';
import {
  bytesOf,
  copyAll,
  createPassage,
  cut,
  deps,
  list,
  never,
  noProgress,
  type Passage,
  type Process,
  pass,
  placeOf,
  sourceBucket,
} from '../../support/passage.ts';

const archived = (): never => {
  throw new MigrationError('OBJECT_ARCHIVED', { operation: 'GetObject' });
};

/** The records of one workload: what its activities would have written into the ledger. */
class Log {
  readonly passage: Passage;
  readonly inventories: FinalSetInput['inventories'][number][] = [];
  readonly batches: FinalSetInput['batches'][number][] = [];
  private seq = 0;

  constructor(passage: Passage) {
    this.passage = passage;
  }

  async inventory(manifest: ManifestRef): Promise<void> {
    const input = { workload: 'w', container: sourceBucket, manifest };
    const { digest } = await sealInventorySet(deps(this.passage), input, () => undefined, never());
    this.inventories.push({ digest, seq: this.seq++ });
  }

  async batch(run: RunRef): Promise<RunRef> {
    for await (const { rows, totals } of runBatches(this.passage.depot, run)) this.batches.push({ rows, seq: this.seq++, count: totals.objects });
    return run;
  }

  async states(rest: Partial<FinalSetInput> = {}, versions = new Map<string, string>()): Promise<Record<string, string>> {
    const { depot } = this.passage;
    const input = { workload: 'w', inventories: this.inventories, batches: this.batches, acceptedLosses: [], ...rest };
    const { digest } = await sealFinalSet({ depot }, input, () => undefined, never());
    const names = new Map([...this.passage.source.bucket.keys.keys(), 'gone', 'left'].map((key) => [this.refOf(key), key]));
    for (const [version, key] of versions) names.set(this.refOf(key, version), `${key} ${version}`);
    const states: [string, string][] = [];
    for await (const row of readFinalSet(depot, digest)) states.push([names.get(row.ref) ?? row.ref, told(row)]);
    return Object.fromEntries(states.sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  private refOf = (key: string, version?: string): string => referenceOf(deps(this.passage).referenceKey, sourceBucket, key, version);
}

const told = ({ state, left }: FinalRow): string => (left ? `${state}, left` : state);

async function assessed(passage: Passage): Promise<Log> {
  const log = new Log(passage);
  await log.inventory(await list(passage));
  return log;
}

async function deletions(passage: Passage, log: Log, number: number, deleted: ManifestRef): Promise<RunRef> {
  const input = { manifest: deleted.digest, versions: 'latest', sourceBucket } as const;
  for (let shard = 0; shard < deleted.shards; shard += 1)
    await deleteShard(deps(passage), placeOf(number, 'delete', shard), { ...input, shard }, noProgress, never());
  return await log.batch((await sealRun(passage.depot, deleted, placeOf(number, 'delete'))).run);
}

const keysOf = (...keys: readonly string[]): Passage => {
  const passage = createPassage();
  for (const [n, key] of keys.entries()) passage.source.seed(key, bytesOf(100 + n, n));
  return passage;
};

describe('the final set of real passes', () => {
  it('verifies what was copied, also over an earlier copy, and lets go what left the source', async () => {
    const passage = keysOf('a', 'b', 'gone');
    const log = await assessed(passage);
    const first = await log.batch((await pass(passage, [], 1)).verified.run);
    passage.source.seed('b', 'newer');
    passage.source.seed('c', 'new');
    passage.source.bucket.keys.delete('gone');
    const second = await pass(passage, [first], 2);
    await log.batch(second.verified.run);
    await deletions(passage, log, 2, second.deleted);
    expect(await log.states()).toEqual({ a: 'verified', b: 'verified', c: 'verified', gone: 'vanished' });
    await log.inventory(await list(passage));
    expect(await log.states()).toEqual({ a: 'verified', b: 'verified', c: 'verified', gone: 'vanished' });
  });

  it('lets go what was never copied and then left the source: no row says so, the closing inventory does', async () => {
    const passage = keysOf('a', 'gone');
    const log = await assessed(passage);
    const listing = await list(passage);
    const source = passage.source.connect({ before: ({ key }) => (key === 'gone' ? archived() : undefined) });
    const { changed } = await planDelta(passage.depot, { listing, catalogue: [], cut });
    await log.batch((await copyAll({ ...passage, source }, passage, changed)).run);
    expect((await log.states()).gone).toBe('failed');
    expect((await log.states({ acceptedLosses: ['OBJECT_ARCHIVED'] })).gone).toBe('excluded');
    passage.source.bucket.keys.delete('gone');
    await log.inventory(await list(passage));
    expect((await log.states()).gone).toBe('vanished');
  });

  it('keeps a verified copy verified when a newer write could not be read and was then undone on the source', async () => {
    const passage = keysOf('a');
    const log = await assessed(passage);
    const before = passage.source.bucket.keys.get('a')?.slice() ?? [];
    const first = await log.batch((await pass(passage, [], 1)).verified.run);
    passage.source.seed('a', 'unreadable');
    const { changed } = await planDelta(passage.depot, { listing: await list(passage), catalogue: [first], cut });
    const source = passage.source.connect({ before: archived });
    const second = await log.batch((await copyAll({ ...passage, source }, passage, changed, { pass: 2 })).run);
    await log.inventory(await list(passage));
    expect(await log.states()).toEqual({ a: 'unknown' }); // the source holds something else, of another size
    passage.source.bucket.keys.set('a', before);
    const third = await planDelta(passage.depot, { listing: await list(passage), catalogue: [first, second], cut });
    expect(third).toMatchObject({ changed: { count: 0 }, unchanged: { count: 1 } });
    await log.inventory(await list(passage));
    expect(await log.states()).toEqual({ a: 'verified' });
  });

  it('does not know what a stage that was given up wrote, until the next pass has verified it', async () => {
    const passage = keysOf('a', 'b');
    const log = await assessed(passage);
    const first = await log.batch((await pass(passage, [], 1)).verified.run);
    passage.source.seed('b', 'newer');
    const { changed } = await planDelta(passage.depot, { listing: await list(passage), catalogue: [first], cut });
    await copyAll(passage, passage, changed, { pass: 2 });
    const salvaged = await log.batch((await salvageRun(passage.depot, changed, placeOf(2, 'copy'))).run);
    expect(await log.states()).toEqual({ a: 'verified', b: 'unknown' });
    await log.batch((await pass(passage, [first, salvaged], 3)).verified.run);
    expect(await log.states()).toEqual({ a: 'verified', b: 'verified' });
  });

  it('takes the rows of tags read again, and fails tags that the target does not give back', async () => {
    const passage = keysOf('a', 'b');
    const log = await assessed(passage);
    const catalogue = await mergeCatalogue(passage.depot, [await log.batch((await pass(passage, [], 1)).verified.run)], cut);
    const version = passage.source.bucket.current('b');
    if (version) version.metadata = { ...version.metadata, tags: { lost: '1' } };
    const target = { ...passage.target, putTags: async () => undefined };
    await retagShard({ ...passage, target }, placeOf(1, 'tags'), { run: catalogue.digest, shard: 0 }, noProgress, never());
    await log.batch((await sealRun(passage.depot, catalogue, placeOf(1, 'tags'))).run);
    expect(await log.states()).toEqual({ a: 'verified', b: 'failed' });
  });

  it('does not call verified what left the source while somebody else’s change keeps it on the target', async () => {
    const passage = keysOf('a', 'gone');
    const log = await assessed(passage);
    const first = await log.batch((await pass(passage, [], 1)).verified.run);
    passage.source.bucket.keys.delete('gone');
    passage.target.seed('gone', 'somebody’s');
    const second = await pass(passage, [first], 2);
    await log.batch(second.verified.run);
    await deletions(passage, log, 2, second.deleted);
    await log.inventory(await list(passage));
    expect(await log.states()).toEqual({ a: 'verified', gone: 'unknown' });
  });

  it('follows versions and delete markers one by one', async () => {
    const passage = createPassage({ source: { versioning: 'on' }, target: { versioning: 'on' } });
    for (const content of ['one', 'two', 'three']) passage.source.seed('a', content);
    passage.source.bucket.remove('b', {});
    const log = new Log(passage);
    await log.inventory(await list(passage, 'all'));
    const first = await log.batch((await pass(passage, [], 1, 'all')).verified.run);
    const ids = [...passage.source.bucket.keys].flatMap(([key, all]) => all.map(({ versionId }) => [versionId ?? '', key] as const));
    passage.source.bucket.remove('a', { versionId: ids[1]?.[0] ?? '' });
    const second = await pass(passage, [first], 2, 'all');
    const input = { manifest: second.deleted.digest, shard: 0, versions: 'all', sourceBucket } as const;
    await deleteShard(deps(passage), placeOf(2, 'delete'), input, noProgress, never());
    await log.batch((await sealRun(passage.depot, second.deleted, placeOf(2, 'delete'))).run);
    await log.inventory(await list(passage, 'all'));
    const states = await log.states({}, new Map(ids));
    expect(states).toEqual(Object.fromEntries(ids.map(([version, key], at) => [`${key} ${version}`, at === 1 ? 'vanished' : 'verified'])));
  });

  it('says after a rollback that copies are left, and after a discard only what was left alone', async () => {
    const passage = keysOf('a', 'b', 'left');
    const log = await assessed(passage);
    const { verified, changed } = await pass(passage, [], 1);
    await log.batch(verified.run);
    passage.source.seed('later', 'never copied');
    await log.inventory(await list(passage));
    expect(await log.states({ withdrawn: { left: 'all' } })).toEqual({
      a: 'withdrawn, left',
      b: 'withdrawn, left',
      later: 'withdrawn',
      left: 'withdrawn, left',
    });
    passage.target.seed('left', 'somebody’s');
    const { report = '' } = await remove(passage, changed);
    const left = leftReferences(passage.depot, [report]);
    expect(await log.states({ withdrawn: { left } })).toEqual({ a: 'withdrawn', b: 'withdrawn', later: 'withdrawn', left: 'withdrawn, left' });
  });

  const remove = (passage: Passage & Process, { digest }: ManifestRef) =>
    removeShard(deps(passage), placeOf(1, 'remove'), { manifest: digest, shard: 0, sourceBucket }, noProgress, never());
});
