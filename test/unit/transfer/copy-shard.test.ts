import { hash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { MigrationError } from '../../../src/core/migration-error.ts';
import { sealRun } from '../../../src/transfer/index.ts';
import { bytesOf, contentOf, copyAll, copyOne, createPassage, fastClock, list, type Passage, placeOf, rowsByKey } from '../../support/passage.ts';

const unavailable = (): never => {
  throw new MigrationError('UNAVAILABLE', { operation: 'test' });
};

function seeded(options: Parameters<typeof createPassage>[0] = {}): Passage {
  const passage = createPassage(options);
  passage.source.seed('plain', 'hello', { user: { owner: 'é' }, headers: { 'content-type': 'text/plain', 'cache-control': 'no-store' } });
  passage.source.seed('tagged', bytesOf(100_000), { tags: { a: '1', b: '' } });
  passage.source.seed('empty', '');
  for (let n = 0; n < 25; n += 1) passage.source.seed(`tree/${n}`, bytesOf(n * 7001, n));
  return passage;
}

describe('copyShard', () => {
  it('copies bytes, metadata and tags, one row an entry, and seals', async () => {
    const passage = seeded();
    const manifest = await list(passage);
    const { run, totals } = await copyAll(passage, passage, manifest);
    expect(contentOf(passage.target)).toEqual(contentOf(passage.source));
    expect(manifest).toMatchObject({ shards: 3, count: 28 });
    expect(totals).toMatchObject({
      objects: 28,
      outcomes: { copied: 28, failed: 0 },
      verdicts: { UNKNOWN: 28 },
      sizeBytes: manifest.sizeBytes,
      movedBytes: manifest.sizeBytes,
    });
    const rows = await rowsByKey(passage.depot, run);
    expect(rows.get('plain')).toMatchObject({ outcome: 'copied', sizeBytes: 5, sha256: hash('sha256', 'hello', 'hex'), verdict: 'UNKNOWN' });
    expect(rows.get('tagged')?.tags).toMatch(/^[0-9a-f]{64}$/);
    expect(rows.get('plain')?.tags).toBeUndefined();
  });

  it('asks for tags only where there are some', async () => {
    const passage = seeded();
    await copyAll(passage, passage, await list(passage));
    expect(passage.source.counters.calls.tags).toBe(1);
  });

  it('answers a sealed shard at once, the same', async () => {
    const passage = seeded();
    const manifest = await list(passage);
    const first = await copyOne(passage, passage, manifest, 0);
    const reads = passage.source.counters.calls.read;
    expect(await copyOne(passage, passage, manifest, 0)).toEqual(first);
    expect(passage.source.counters.calls.read).toBe(reads);
  });

  it('refuses to seal a run of which a shard is open', async () => {
    const passage = seeded();
    const manifest = await list(passage);
    await copyOne(passage, passage, manifest, 0);
    await expect(sealRun(passage.depot, manifest, placeOf(1, 'copy'))).rejects.toMatchObject({ code: 'COPY_INCOMPLETE' });
  });

  it('reads a cut or swollen body again, into a fresh buffer', async () => {
    const passage = seeded();
    const bad = new Map([
      ['tree/3', 2],
      ['tree/4', 4],
    ]);
    const source = passage.source.connect({
      sends: ({ key }, body) => {
        const left = bad.get(key) ?? 0;
        bad.set(key, left - 1);
        return left <= 0 ? body : left % 2 === 0 ? body.subarray(0, body.length - 1) : Buffer.concat([body, Buffer.from('x')]);
      },
    });
    await copyAll({ ...passage, source }, passage, await list(passage));
    expect(contentOf(passage.target)).toEqual(contentOf(passage.source));
  });

  it('gives up on a body that never has its length, and only on that one', async () => {
    const passage = seeded();
    const source = passage.source.connect({ sends: ({ key }, body) => (key === 'tree/9' ? body.subarray(1) : body) });
    const { run, totals } = await copyAll({ ...passage, source }, passage, await list(passage));
    expect(totals.outcomes).toMatchObject({ copied: 27, failed: 1 });
    expect((await rowsByKey(passage.depot, run)).get('tree/9')).toMatchObject({ outcome: 'failed', reason: 'BODY_LENGTH', verdict: 'UNKNOWN' });
    expect(passage.target.bucket.keys.has('tree/9')).toBe(false);
  });

  it('copies the newer version of an object that changes while it is read, and says which it read', async () => {
    const passage = seeded();
    const manifest = await list(passage);
    passage.source.seed('tree/5', 'newer');
    const { run } = await copyAll(passage, passage, manifest);
    const row = (await rowsByKey(passage.depot, run)).get('tree/5');
    expect(row).toMatchObject({ outcome: 'copied', sizeBytes: 5, sha256: hash('sha256', 'newer', 'hex'), sourceEtag: hash('md5', 'newer', 'hex') });
    expect(passage.target.bucket.current('tree/5')?.body.toString()).toBe('newer');
  });

  it('leaves an object that never rests to the next pass', async () => {
    const passage = seeded();
    const manifest = await list(passage);
    let n = 0;
    const source = passage.source.connect({
      before: ({ operation, key }) => void (operation === 'read' && key === 'tree/5' && passage.source.seed(key, `version ${n++}`)),
    });
    const { run } = await copyAll({ ...passage, source }, passage, manifest);
    expect((await rowsByKey(passage.depot, run)).get('tree/5')).toMatchObject({ outcome: 'changed', reason: 'SOURCE_CHANGED' });
  });

  it('tells vanished and archived objects apart', async () => {
    const passage = seeded();
    passage.source.seed('cold', 'ice', { storageClass: 'GLACIER' });
    const manifest = await list(passage);
    passage.source.bucket.remove('tree/7', {});
    const { run, totals } = await copyAll(passage, passage, manifest);
    const rows = await rowsByKey(passage.depot, run);
    expect(rows.get('tree/7')).toMatchObject({ outcome: 'vanished', reason: 'OBJECT_MISSING' });
    expect(rows.get('cold')).toMatchObject({ outcome: 'failed', reason: 'OBJECT_ARCHIVED' });
    expect(totals.reasons).toEqual({ OBJECT_MISSING: 1, OBJECT_ARCHIVED: 1 });
  });

  it('outlasts a store that answers 503 for a while', async () => {
    const passage = seeded();
    let left = 60;
    const target = passage.target.connect({ before: () => void (left-- > 0 && unavailable()) });
    await copyAll({ ...passage, target }, passage, await list(passage));
    expect(contentOf(passage.target)).toEqual(contentOf(passage.source));
  });

  it('stops with everything kept when the store stays down, and goes on where it stopped', async () => {
    const passage = seeded({ clock: fastClock({ timed: false }) }); // only the end of the attempt flushes
    const manifest = await list(passage);
    let puts = 0;
    const target = passage.target.connect({ before: ({ operation }) => void (operation === 'put' && ++puts > 4 && unavailable()) });
    await expect(copyOne({ ...passage, target }, passage, manifest, 0)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    const before = passage.source.counters.calls.read ?? 0;
    await copyOne(passage, passage, manifest, 0);
    expect((passage.source.counters.calls.read ?? 0) - before).toBe(6);
  });

  it('takes objects that the store always fails on for those objects’ fault, at the latest when nothing else is left', async () => {
    const passage = seeded();
    const manifest = await list(passage);
    const source = passage.source.connect({ before: ({ key, operation }) => void (operation === 'read' && /\/1[24]$/.test(key) && unavailable()) });
    for (let attempt = 1; attempt <= 3; attempt += 1)
      await expect(copyOne({ ...passage, source }, passage, manifest, 0)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(await copyOne({ ...passage, source }, passage, manifest, 0)).toMatchObject({ outcomes: { copied: 8, failed: 2 }, reasons: { UNAVAILABLE: 2 } });
  });

  it.each(['CREDENTIALS_REFUSED', 'PERMISSION_DENIED', 'QUOTA_EXCEEDED', 'BUCKET_MISSING'] as const)('stops the whole shard on %s', async (code) => {
    const passage = seeded();
    const manifest = await list(passage);
    const target = passage.target.connect({
      before: ({ operation, n }) => {
        if (operation === 'put' && n > 3) throw new MigrationError(code, { operation });
      },
    });
    await expect(copyOne({ ...passage, target }, passage, manifest, 0)).rejects.toMatchObject({ code });
    expect(passage.target.counters.calls.put).toBeLessThanOrEqual(10);
    await copyOne(passage, passage, manifest, 0);
    expect(Object.keys(contentOf(passage.target))).toHaveLength(10);
  });

  it('stops when the depot is full, and goes on after repair', async () => {
    const passage = seeded();
    const manifest = await list(passage);
    let appends = 0;
    const depot = passage.depot.connect(({ operation }) => {
      if (operation === 'append' && ++appends > 1) throw new MigrationError('DEPOT_FULL', { operation });
    });
    await expect(copyOne({ ...passage, depot }, passage, manifest, 0)).rejects.toMatchObject({ code: 'DEPOT_FULL' });
    const result = await copyOne(passage, passage, manifest, 0);
    expect(result.outcomes.copied + result.outcomes.adopted).toBe(10);
  });

  it('throws the caller’s reason when it is cancelled, with the rows of what was done', async () => {
    const passage = seeded();
    const manifest = await list(passage);
    const caller = new AbortController();
    let puts = 0;
    const target = passage.target.connect({ after: ({ operation }) => void (operation === 'put' && ++puts === 3 && caller.abort(new Error('cancelled'))) });
    await expect(copyOne({ ...passage, target }, passage, manifest, 0, { signal: caller.signal })).rejects.toThrow('cancelled');
    const stored = passage.target.bucket.keys.size;
    const before = passage.source.counters.calls.read ?? 0;
    await copyOne(passage, passage, manifest, 0);
    expect((passage.source.counters.calls.read ?? 0) - before).toBeLessThanOrEqual(10 - stored + 7);
    expect(passage.target.bucket.keys.size).toBe(10);
  });

  it('counts what the target cannot hold', async () => {
    const passage = seeded({ target: { capabilities: { tagging: false, userMetadataBytes: 10 } } });
    passage.source.seed('chatty', 'x', { user: { long: 'a'.repeat(11) } });
    passage.source.seed('cool', 'x', { storageClass: 'STANDARD_IA' });
    const { totals } = await copyAll(passage, passage, await list(passage));
    expect(totals.losses).toEqual({ TAGS_NOT_CARRIED: 1, METADATA_TOO_LARGE: 1, STORAGE_CLASS_LOST: 1 });
    expect(passage.target.bucket.current('chatty')?.metadata.user).toEqual({});
  });
});

describe('a first write where something stands already', () => {
  it('adopts what is equal in bytes, metadata and tags', async () => {
    const passage = seeded();
    passage.target.seed('plain', 'hello', { user: { owner: 'é' }, headers: { 'content-type': 'text/plain', 'cache-control': 'no-store' } });
    passage.target.seed('tagged', bytesOf(100_000), { tags: { a: '1', b: '' } });
    const { totals } = await copyAll(passage, passage, await list(passage));
    expect(totals.outcomes).toMatchObject({ copied: 26, adopted: 2 });
  });

  it.each([
    ['other bytes', 'hellO', {}],
    ['other metadata', 'hello', {}],
  ])('never overwrites %s', async (_what, body, more) => {
    const passage = seeded();
    passage.target.seed('plain', body, more);
    const { run } = await copyAll(passage, passage, await list(passage));
    expect((await rowsByKey(passage.depot, run)).get('plain')).toMatchObject({ outcome: 'failed', reason: 'TARGET_NOT_EMPTY' });
    expect(passage.target.bucket.current('plain')?.body.toString()).toBe(body);
  });

  it('writes a key that the store takes for a folder of another, where it refuses “absent” although nothing is there', async () => {
    const passage = createPassage();
    passage.source.seed('file', 'a file');
    passage.source.seed('file/below', 'below it');
    const { put } = passage.target;
    const folders: Passage['target']['put'] = (key, body, sha256, metadata, condition, signal) => {
      if (key === 'file' && 'absent' in condition) throw new MigrationError('TARGET_CONDITION', { operation: 'PutObject' });
      return put(key, body, sha256, metadata, condition, signal);
    };
    const { totals } = await copyAll({ ...passage, target: { ...passage.target, put: folders } }, passage, await list(passage));
    expect(totals.outcomes).toMatchObject({ copied: 2, failed: 0 });
    expect(contentOf(passage.target)).toEqual(contentOf(passage.source));
  });

  it('never overwrites on a store without conditional writes either', async () => {
    const passage = seeded({ target: { capabilities: { ifNoneMatch: false, ifMatch: false } } });
    passage.target.seed('plain', 'foreign');
    const { run } = await copyAll(passage, passage, await list(passage));
    expect((await rowsByKey(passage.depot, run)).get('plain')).toMatchObject({ outcome: 'failed', reason: 'TARGET_NOT_EMPTY' });
  });

  it('adopts its own write whose answer was lost', async () => {
    const passage = seeded();
    const lost = new Set<string>();
    const target = passage.target.connect({
      after: ({ operation, key }) => {
        if ((operation !== 'put' && operation !== 'completeUpload') || lost.has(key)) return;
        lost.add(key);
        unavailable();
      },
    });
    const { totals } = await copyAll({ ...passage, target }, passage, await list(passage));
    // Completing again tells by itself that it was done: only plain writes are read back.
    expect(totals.outcomes).toMatchObject({ adopted: 22, copied: 6, failed: 0 });
    expect(contentOf(passage.target)).toEqual(contentOf(passage.source));
  });

  it.each([
    ['other', 'twin'],
    ['the same', 'plain body'],
  ])('calls two keys that the store keeps as one merged, with %s bytes', async (_what, body) => {
    const fold = (key: string): string => key.replaceAll('//', '/');
    const passage = createPassage({ target: { alter: fold } });
    passage.source.seed('a/b', 'plain body');
    passage.source.seed('a//b', body);
    const { totals } = await copyAll(passage, passage, await list(passage));
    expect(totals).toMatchObject({ outcomes: { copied: 1, failed: 1 }, reasons: { KEYS_MERGED: 1 } });
  });
});
