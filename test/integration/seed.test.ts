import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { compareBuckets, type Difference } from '../../lab/compare/compare-buckets.ts';
import { rcloneCheck } from '../../lab/compare/rclone-check.ts';
import { findPart } from '../../lab/parts.ts';
import { changeSource } from '../../lab/seed/changes.ts';
import { made, testScale } from '../../lab/seed/estate.ts';
import { keptKeys } from '../../lab/seed/keys.ts';
import { createLabStore, type LabStore } from '../../lab/seed/lab-store.ts';
import { listObjects, listVersions } from '../../lab/seed/listing.ts';
import { putObject, putTags } from '../../lab/seed/put-object.ts';
import { seedSource } from '../../lab/seed/seed.ts';
import { objectDigest, startStoreProxy } from '../../lab/store-proxy.ts';
import { describeStores, sharedStores } from '../support/stores.ts';

jest.setTimeout(60_000);

describeStores('the seeded estate on SeaweedFS', () => {
  const { source: weed } = sharedStores();
  let store: LabStore;
  let rclone: string;
  const place = (bucket: string) => ({ ...weed, bucket });
  const seed = (bucket: string) => seedSource({ ...place(bucket), scale: testScale });

  beforeAll(async () => {
    rclone = await findPart('rclone');
    store = createLabStore(weed, { connections: 4 });
    await seed('first');
    await seed('second');
  });

  afterAll(() => store.close());

  it('has every kind of object, each key exactly', async () => {
    const keys = (await listObjects(store, 'first')).map(({ key }) => key);
    expect(keptKeys.filter((key) => !keys.includes(key))).toEqual([]);
    expect(keys.filter((key) => key.startsWith('modules/'))).toHaveLength(testScale.moduleFiles);
    const head = await store.call({ method: 'HEAD', bucket: 'first', key: 'archive/2019.tar' });
    expect(head.headers['x-amz-storage-class']).toBe('GLACIER');
    const history = await listVersions(store, 'first', 'versions/twice deleted.txt');
    expect(history.map(({ etag, isLatest }) => [etag === undefined, isLatest])).toEqual([
      [true, true],
      [false, false],
      [true, false],
      [false, false],
    ]);
  });

  it('is found again: nothing is written twice, no version is added', async () => {
    const before = (await listVersions(store, 'first', '')).length;
    expect(await seed('first')).toMatchObject({ written: 0, removed: 0 });
    expect((await listVersions(store, 'first', '')).length).toBe(before);
  });

  it('comes back to itself after changes', async () => {
    await seed('changed');
    const touched = await changeSource({ ...place('changed'), round: 1, change: 5, add: 3, remove: 2, retag: 4 });
    expect([touched.changed.length, touched.added.length, touched.removed.length, touched.retagged.length]).toEqual([5, 3, 2, 4]);
    const { differences } = await compareBuckets(place('first'), place('changed'));
    const keysOf = (what: Difference['what']) => [...new Set(differences.filter((found) => found.what === what).map(({ key }) => key))].sort();
    expect(keysOf('bytes')).toEqual([...touched.changed].sort());
    expect(keysOf('only in b')).toEqual([...touched.added].sort());
    expect(keysOf('only in a')).toEqual([...touched.removed].sort());
    expect(keysOf('tag')).toEqual(expect.arrayContaining([...touched.retagged]));
    expect(await seed('changed')).toMatchObject({ written: 7, removed: 3 });
    expect((await compareBuckets(place('first'), place('changed'))).differences).toEqual([]);
  });

  describe('compareBuckets', () => {
    it('finds two seedings equal, versions and markers too', async () => {
      const latest = await compareBuckets(place('first'), place('second'));
      expect(latest).toMatchObject({ compared: (await listObjects(store, 'first')).length, differences: [] });
      const all = await compareBuckets(place('first'), place('second'), { versions: 'all' });
      expect(all.compared).toBeGreaterThan(latest.compared);
      expect(all.differences).toEqual([]);
    });

    it('does not take a missing bucket for an empty one', async () => {
      await expect(compareBuckets(place('missing'), place('missing'))).rejects.toThrow();
      await expect(compareBuckets(place('missing'), place('missing'), { versions: 'all' })).rejects.toThrow();
    });

    const dress = { headers: { 'content-type': 'text/plain' }, user: { a: 'b' }, tags: { c: 'd' } };
    const planted: readonly (readonly [string, Omit<Difference, 'key' | 'version'>, (key: string) => ReturnType<typeof made>])[] = [
      ['a byte', { what: 'bytes' }, (key) => ({ ...made(key, 100, dress), body: async () => oneByteOff(key, 100) })],
      ['a length', { what: 'bytes' }, (key) => made(key, 99, dress)],
      ['metadata', { what: 'metadata', name: 'a' }, (key) => made(key, 100, { ...dress, user: { a: 'B' } })],
      [
        'a content header',
        { what: 'header', name: 'cache-control' },
        (key) => made(key, 100, { ...dress, headers: { ...dress.headers, 'cache-control': 'no-store' } }),
      ],
      ['a tag', { what: 'tag', name: 'c' }, (key) => made(key, 100, { ...dress, tags: { c: 'e' } })],
      ['a storage class', { what: 'storage class' }, (key) => made(key, 100, { ...dress, headers: { ...dress.headers, 'x-amz-storage-class': 'GLACIER' } })],
    ];

    it.each(planted)('finds %s', async (name, found, other) => {
      const bucket = await pairOf(`planted-${planted.findIndex(([each]) => each === name)}`);
      await putObject(store, bucket.a, made('é/k', 100, dress));
      await putObject(store, bucket.b, other('é/k'));
      const { differences } = await compareBuckets(place(bucket.a), place(bucket.b));
      expect(differences).toEqual([{ key: 'é/k', version: 0, ...found }]);
    });

    it('finds what only one side has, and tells NFC from NFD', async () => {
      const bucket = await pairOf('planted-sides');
      for (const key of ['caf\u00e9', 'folder/']) await putObject(store, bucket.a, made(key, 0, {}));
      await putObject(store, bucket.b, made('cafe\u0301', 0, {}));
      const { compared, differences } = await compareBuckets(place(bucket.a), place(bucket.b));
      expect(compared).toBe(0);
      expect(differences.map(({ key, what }) => `${what} ${key}`).sort()).toEqual(['only in a caf\u00e9', 'only in a folder/', 'only in b cafe\u0301']);
    });

    it('finds a marker at another place of a history', async () => {
      const bucket = await pairOf('planted-history');
      for (const each of [bucket.a, bucket.b]) {
        const body = Buffer.from('<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>');
        await store.call({ method: 'PUT', bucket: each, query: { versioning: '' }, body });
      }
      const write = (each: string) => putObject(store, each, made('k', 10, {}));
      const remove = (each: string) => store.call({ method: 'DELETE', bucket: each, key: 'k' });
      for (const step of [write, remove, write, write]) await step(bucket.a);
      for (const step of [write, write, remove, write]) await step(bucket.b);
      expect((await compareBuckets(place(bucket.a), place(bucket.b))).differences).toEqual([]);
      const { differences } = await compareBuckets(place(bucket.a), place(bucket.b), { versions: 'all' });
      expect(differences.map(({ version, what }) => `${version} ${what}`)).toEqual(expect.arrayContaining(['2 delete marker', '3 delete marker']));
      expect(differences).toHaveLength(2);
    });

    async function pairOf(name: string): Promise<{ a: string; b: string }> {
      const pair = { a: `${name}-a`, b: `${name}-b` };
      for (const bucket of [pair.a, pair.b]) await store.call({ method: 'PUT', bucket });
      return pair;
    }
  });

  it('rclone agrees, and finds a byte and a missing object', async () => {
    const [a, b] = [place('first'), place('second')];
    const check = () => rcloneCheck({ rclone, a, b });
    const equal = await check();
    expect(equal).toMatchObject({ exitCode: 0, different: [], onlyInA: [], onlyInB: [], failed: [] });
    expect(equal.matching).toBeGreaterThan(100);
    await putObject(store, 'second', { ...made('dressed/gzip.json', 900, {}), body: async () => oneByteOff('dressed/gzip.json', 900) });
    await store.call({ method: 'DELETE', bucket: 'second', key: 'signs/a+b+c' });
    await putTags(store, 'second', made('dressed/ten-tags.bin', 64, { tags: { other: 'tag' } }));
    expect(await check()).toMatchObject({ different: ['dressed/gzip.json'], onlyInA: ['signs/a+b+c'], onlyInB: [], failed: [] });
    await expect(rcloneCheck({ rclone, a: place('missing'), b })).rejects.toThrow('rclone check ended');
    await seed('second');
  });

  it('a signature made for the proxy is verified by the store behind it, and a wrong one refused', async () => {
    const proxy = await startStoreProxy({ upstream: weed.endpoint });
    try {
      const key = 'signs/q#?;=,:@!$*()[]{}|^~';
      const through = createLabStore({ ...weed, endpoint: proxy.endpoint }, { connections: 1 });
      const forged = createLabStore({ ...weed, endpoint: proxy.endpoint, secretKey: 'wrong' }, { connections: 1 });
      expect((await through.call({ method: 'GET', bucket: 'first', key })).body).toEqual(await made(key, 0, {}).body(0, 100 + key.length));
      await expect(forged.call({ method: 'GET', bucket: 'first', key })).rejects.toThrow('403 SignatureDoesNotMatch');
      through.close();
      forged.close();
      expect(proxy.counts().GetObject?.requests).toBe(2);
      expect(proxy.objectReads().has(objectDigest('first', key))).toBe(true);
    } finally {
      await proxy.stop();
    }
  });

  it('this store keeps a body that contradicts its digest: the proxy’s wrong byte arrives', async () => {
    const proxy = await startStoreProxy({ upstream: weed.endpoint, faults: [{ operations: ['PutObject'], action: { kind: 'flip', way: 'up', atByte: 5 } }] });
    try {
      const through = createLabStore({ ...weed, endpoint: proxy.endpoint }, { connections: 1 });
      const body = await readFile('package.json');
      await through.call({ method: 'PUT', bucket: 'first', key: 'flipped', body });
      const stored = (await store.call({ method: 'GET', bucket: 'first', key: 'flipped' })).body;
      expect({ length: stored.length, isEqual: stored.equals(body), fifth: stored[5] }).toEqual({
        length: body.length,
        isEqual: false,
        fifth: (body[5] ?? 0) ^ 0xff,
      });
      await store.call({ method: 'DELETE', bucket: 'first', key: 'flipped' });
      through.close();
    } finally {
      await proxy.stop();
    }
  });
});

/** The generated body with its last byte inverted. */
async function oneByteOff(key: string, sizeBytes: number): Promise<Buffer> {
  const body = await made(key, sizeBytes, {}).body(0, sizeBytes);
  body[sizeBytes - 1] = (body[sizeBytes - 1] ?? 0) ^ 0xff;
  return body;
}
