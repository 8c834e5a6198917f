import { hash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { compareKeys } from '../../../src/core/compare-keys.ts';
import { MigrationError } from '../../../src/core/migration-error.ts';
import { listBucket } from '../../../src/transfer/index.ts';
import { readEntries, readIndex } from '../../../src/transfer/manifest-files.ts';
import { createPassage, cut, never, noProgress, type Passage } from '../../support/passage.ts';

const run = (passage: Passage, versions: 'latest' | 'all' = 'latest') => listBucket(passage, { versions, cut }, noProgress, never());
const counts = (findings: readonly { readonly code: string; readonly count: number }[]) => Object.fromEntries(findings.map(({ code, count }) => [code, count]));

describe('listBucket', () => {
  it.each([1, 3, 10, 1000])('cuts sorted shards from pages of %i, none of them too large', async (pageSize) => {
    const passage = createPassage({ source: { pageSize } });
    for (let n = 0; n < 35; n += 1) passage.source.seed(`k${n}`, 'x'.repeat(n));
    const { manifest, tally } = await run(passage);
    expect(manifest).toMatchObject({ count: 35, shards: 4, sizeBytes: (34 * 35) / 2 });
    expect(tally).toMatchObject({ objects: 35, sizeBytes: (34 * 35) / 2, emptyObjects: 1, largestBytes: 34, classes: { STANDARD: 35 } });
    const { shards } = await readIndex(passage.depot, manifest.digest);
    for (const shard of shards) {
      const keys = (await readEntries(passage.depot, shard)).map(({ key }) => key);
      expect(keys).toEqual([...keys].sort(compareKeys));
      expect([shard.first, shard.last, shard.count]).toEqual([keys[0], keys.at(-1), keys.length]);
    }
  });

  it('cuts by bytes too', async () => {
    const passage = createPassage();
    for (let n = 0; n < 6; n += 1) passage.source.seed(`k${n}`, 'x'.repeat(100));
    const { manifest } = await listBucket(passage, { versions: 'latest', cut: { objects: 1000, sizeBytes: 200 } }, noProgress, never());
    expect(manifest.shards).toBe(3);
  });

  it('sorts the shards of a store that lists in its own order, and loses nothing', async () => {
    const passage = createPassage({ source: { pageSize: 7, order: (key) => hash('sha256', key, 'hex') } });
    for (let n = 0; n < 35; n += 1) passage.source.seed(`k${n}`, '');
    const { manifest } = await run(passage);
    const { shards } = await readIndex(passage.depot, manifest.digest);
    const keys = (await Promise.all(shards.map((shard) => readEntries(passage.depot, shard)))).flat().map(({ key }) => key);
    expect(new Set(keys)).toEqual(new Set(Array.from({ length: 35 }, (_, n) => `k${n}`)));
  });

  it('never cuts a key, and puts its versions oldest first, even those of one second', async () => {
    const passage = createPassage({ source: { versioning: 'on', pageSize: 4, now: () => 0 } });
    for (let n = 0; n < 15; n += 1) passage.source.seed('a', `body ${n}`);
    passage.source.seed('b', '');
    const { manifest, tally } = await run(passage, 'all');
    const { shards } = await readIndex(passage.depot, manifest.digest);
    expect(shards.map(({ count }) => count)).toEqual([15, 1]);
    const [first] = shards;
    expect(first && (await readEntries(passage.depot, first)).map(({ versionId }) => versionId)).toEqual(Array.from({ length: 15 }, (_, n) => `v${n + 1}`));
    expect(counts(tally.findings)).toEqual({ NONCURRENT_VERSION: 14 });
  });

  it('leaves no manifest when a page cannot be had, and goes over a page that fails once', async () => {
    const passage = createPassage({ source: { pageSize: 2 } });
    for (let n = 0; n < 9; n += 1) passage.source.seed(`k${n}`, '');
    const denied = passage.source.connect({
      before: ({ n }) => {
        if (n === 3) throw new MigrationError('PERMISSION_DENIED', { operation: 'ListObjectsV2' });
      },
    });
    await expect(run({ ...passage, source: { ...passage.source, ...denied } })).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    const shaky = passage.source.connect({
      before: ({ n }) => {
        if (n % 2 === 1) throw new MigrationError('THROTTLED', { operation: 'ListObjectsV2' });
      },
    });
    expect((await run({ ...passage, source: { ...passage.source, ...shaky } })).manifest.count).toBe(9);
  });

  it('counts what a target may alter or lose, with samples in the depot only', async () => {
    const passage = createPassage({ source: { versioning: 'on', pageSize: 3 } });
    const { source } = passage;
    const long = `${'s'.repeat(256)}/x`;
    const tooLong = Array.from({ length: 6 }, () => 'k'.repeat(200)).join('/');
    for (const key of [
      '/lead',
      'a//b',
      'a/./b',
      'up/../x',
      'back\\slash',
      'dir/',
      'twin',
      'twin-more',
      'twin/child',
      long,
      tooLong,
      'bell\u0007',
      'caf\u00e9',
      'cafe\u0301',
      'plain/file.txt',
    ])
      source.seed(key, key.endsWith('/') ? '' : 'x');
    source.seed('frozen', 'x', { storageClass: 'DEEP_ARCHIVE' });
    source.seed('cool', 'x', { storageClass: 'STANDARD_IA' });
    source.seed('dropped', 'x');
    source.bucket.remove('dropped', {});
    const { tally } = await run(passage, 'all');
    expect(counts(tally.findings)).toEqual({
      KEY_LEADING_SLASH: 1,
      KEY_DOUBLE_SLASH: 1,
      KEY_DOT_SEGMENT: 2,
      KEY_BACKSLASH: 1,
      DIRECTORY_MARKER: 1,
      KEY_SLASH_TWIN: 1,
      KEY_SEGMENT_LONG: 1,
      KEY_TOO_LONG: 1,
      KEY_CONTROL_CHARACTER: 1,
      KEY_UNICODE_TWIN: 1,
      OBJECT_ARCHIVED: 1,
      STORAGE_CLASS_LOST: 2,
      NONCURRENT_VERSION: 1,
      DELETE_MARKER: 1,
    });
    expect(tally.classes).toEqual({ STANDARD: 16, DEEP_ARCHIVE: 1, STANDARD_IA: 1 });
    const samples = JSON.parse((await passage.depot.get(tally.samples)).toString()) as Record<string, string[]>;
    expect(samples.KEY_SLASH_TWIN).toEqual(['twin/child']);
    expect(JSON.stringify(tally)).not.toContain('twin/child');
  });
});
