import { createHash, hash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { BucketConfiguration } from '../../src/model/bucket.ts';
import type { ObjectEntry, ObjectMetadata } from '../../src/model/object-entry.ts';
import type { Listing, ObjectSource, ObjectTarget, ReadRequest, StoredPart } from '../../src/ports/object-store.ts';

export type Bucket = ObjectSource & ObjectTarget;

/** What one implementation is known to do differently; each absence is printed as a skipped test with its reason. */
export interface StoreHabits {
  /** Keys that this store alters or refuses, with why. */
  readonly alteredKeys?: Readonly<Record<string, string>>;
  /** Why pages of versions are not trusted here. */
  readonly versionPagesUnreliable?: string;
  /** A second identity for the same bucket, to prove that a freeze denies others too. */
  readonly stranger?: (bucket: Bucket) => Bucket;
}

const partBytes = 5 * 1024 * 1024;
const plain: ObjectMetadata = { headers: {}, user: {} };
const md5 = (body: Uint8Array): string => hash('md5', body, 'hex');
const nothing: BucketConfiguration = { versioning: 'off', unread: [] };
const versioned: BucketConfiguration = { versioning: 'on', unread: [] };
const rich: ObjectMetadata = {
  headers: {
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'max-age=60',
    'content-disposition': 'attachment; filename="a b.txt"',
    'content-encoding': 'gzip',
    'content-language': 'fr',
    expires: 'Wed, 21 Oct 2037 07:28:00 GMT',
  },
  user: { owner: 'finance', ville: 'Besançon – été', encoded: '=?UTF-8?B?w6k=?=', 'two-words': 'a  b' },
};

const oddKeys = [
  'plain.txt',
  'a b+c',
  'a%2Fb',
  "q'(!)*&<>",
  'é-composed',
  'e\u0301-decomposed',
  '🌊',
  'dir/',
  'dir/x',
  '~x',
  'ctl\u0001x',
  'tab\tx',
  'nl\nx',
  'x"y',
  'semi;colon=1?q#f',
  'z../y',
  'a//b',
  '/lead',
  'back\\slash',
  'twin',
  'twin/below',
  'dot/./x',
  'k'.repeat(900),
];

/** The duties of `ports/object-store.ts`. `make` opens a new bucket name each time; nothing is there yet. */
export function testObjectStore(name: string, make: () => Promise<Bucket>, habits: StoreHabits = {}): void {
  const putText = (bucket: Bucket, key: string, text: string, metadata: ObjectMetadata = plain) => {
    const body = Buffer.from(text);
    return bucket.put(key, body, hash('sha256', body), metadata, { any: true });
  };
  const readText = async (bucket: Bucket, request: ReadRequest) => {
    const chunks: Buffer[] = [];
    const head = await bucket.read(request, (chunk) => chunks.push(Buffer.from(chunk)));
    return { text: Buffer.concat(chunks).toString(), head };
  };
  const listAll = async (bucket: Listing, options: Parameters<Listing['list']>[0]): Promise<readonly ObjectEntry[]> => {
    const entries: ObjectEntry[] = [];
    let cursor: string | undefined;
    do {
      const page = await bucket.list({ ...options, cursor });
      entries.push(...page.entries);
      cursor = page.next;
    } while (cursor !== undefined);
    return entries;
  };

  describe(`${name} as an object store`, () => {
    let bucket: Bucket;
    beforeEach(async () => {
      bucket = await make();
      await bucket.ensureBucket('p/w');
    });
    // A bucket of SeaweedFS holds some volumes, and they are few.
    afterEach(async () => {
      for (const { key, upload } of await bucket.openUploads().catch(() => [])) await bucket.abortUpload(key, upload);
      const isVersioned = (await bucket.configuration().catch(() => nothing)).versioning === 'on';
      const left = await listAll(bucket, { versions: isVersioned ? 'all' : 'latest' }).catch(() => []);
      for (const { key, etag, versionId } of left) await bucket.remove(key, versionId ? { versionId } : { etag });
      expect(await bucket.removeBucket('p/w')).toMatch(/removed|gone/);
    });

    it('gives back what was put, whole and by range, and says what it is', async () => {
      const stored = await putText(bucket, 'k', 'hello world');
      expect(stored.etag).toBe(md5(Buffer.from('hello world')));
      const whole = await readText(bucket, { key: 'k', sizeBytes: 11, etag: stored.etag });
      expect(whole.text).toBe('hello world');
      expect(whole.head).toMatchObject({ sizeBytes: 11, etag: stored.etag });
      const part = await readText(bucket, { key: 'k', sizeBytes: 5, etag: stored.etag, range: { start: 6, lengthBytes: 5 } });
      expect(part.text).toBe('world');
      expect(part.head.sizeBytes).toBe(11);
      const head = await bucket.head('k');
      expect(head).toMatchObject({ sizeBytes: 11, etag: stored.etag });
      expect(head.lastModified).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      expect(whole.head.lastModified).toBe(head.lastModified);
    });

    it('holds an empty object', async () => {
      await putText(bucket, 'empty', '');
      expect(await readText(bucket, { key: 'empty', sizeBytes: 0 })).toMatchObject({ text: '', head: { sizeBytes: 0 } });
    });

    it('says BODY_LENGTH when the body is not as long as expected, and feeds no byte too many', async () => {
      await putText(bucket, 'k', 'hello');
      await expect(readText(bucket, { key: 'k', sizeBytes: 6 })).rejects.toMatchObject({ code: 'BODY_LENGTH' });
      let fed = 0;
      const short = bucket.read({ key: 'k', sizeBytes: 4 }, (chunk) => {
        fed += chunk.length;
      });
      await expect(short).rejects.toMatchObject({ code: 'BODY_LENGTH' });
      expect(fed).toBeLessThanOrEqual(4);
    });

    it('says SOURCE_CHANGED when the object is another by now', async () => {
      const { etag } = await putText(bucket, 'k', 'one');
      await putText(bucket, 'k', 'two');
      await expect(readText(bucket, { key: 'k', sizeBytes: 3, etag })).rejects.toMatchObject({ code: 'SOURCE_CHANGED' });
      await expect(readText(bucket, { key: 'k', sizeBytes: 1, etag, range: { start: 0, lengthBytes: 1 } })).rejects.toMatchObject({ code: 'SOURCE_CHANGED' });
    });

    it('says OBJECT_MISSING when nothing is there', async () => {
      await expect(bucket.head('nope')).rejects.toMatchObject({ code: 'OBJECT_MISSING' });
      await expect(readText(bucket, { key: 'nope', sizeBytes: 1 })).rejects.toMatchObject({ code: 'OBJECT_MISSING' });
      await expect(bucket.tags('nope')).rejects.toMatchObject({ code: 'OBJECT_MISSING' });
    });

    it('writes only under the condition', async () => {
      const body = Buffer.from('x');
      const put = (condition: Parameters<Bucket['put']>[4]) => bucket.put('k', body, hash('sha256', body), plain, condition);
      await expect(put({ etag: md5(body) })).rejects.toMatchObject({ code: expect.stringMatching(/^(TARGET_CONDITION|OBJECT_MISSING)$/) });
      const { etag } = await put({ absent: true });
      await expect(put({ absent: true })).rejects.toMatchObject({ code: 'TARGET_CONDITION' });
      await expect(put({ etag: '0'.repeat(32) })).rejects.toMatchObject({ code: 'TARGET_CONDITION' });
      expect((await put({ etag })).etag).toBe(etag);
    });

    it('carries content headers and user metadata exactly, also what is not ASCII', async () => {
      await putText(bucket, 'k', 'x', rich);
      expect((await bucket.head('k')).metadata).toEqual(rich);
      expect((await readText(bucket, { key: 'k', sizeBytes: 1 })).head.metadata).toEqual(rich);
    });

    it('carries tags with the object, and changes them without changing it', async () => {
      const tags = { cost: 'a+b/c=d', 'clé 1': 'été' };
      const { etag } = await putText(bucket, 'k', 'x', { ...plain, tags });
      expect(await bucket.tags('k')).toEqual(tags);
      const { tagCount } = await bucket.head('k');
      expect([undefined, 2]).toContain(tagCount);
      await bucket.putTags('k', { other: '1' });
      expect(await bucket.tags('k')).toEqual({ other: '1' });
      await bucket.putTags('k', {});
      expect(await bucket.tags('k')).toEqual({});
      expect((await bucket.head('k')).etag).toBe(etag);
    });

    it('has no tags where none were set', async () => {
      await putText(bucket, 'k', 'x');
      expect(await bucket.tags('k')).toEqual({});
    });

    it('has no object where only a key below it stands, and takes one there afterwards', async () => {
      await putText(bucket, 'folder/child', 'x');
      await expect(bucket.head('folder/')).rejects.toMatchObject({ code: 'OBJECT_MISSING' });
      await bucket.put('folder/', Buffer.alloc(0), hash('sha256', '', 'hex'), plain, { any: true });
      expect(await bucket.head('folder/')).toMatchObject({ sizeBytes: 0, metadata: { user: {} } });
    });

    describe('odd keys', () => {
      for (const key of oddKeys) {
        const why = habits.alteredKeys?.[key];
        const title = `keeps ${JSON.stringify(key.length > 40 ? `${key.slice(0, 8)}…${key.length}` : key)}`;
        const roundTrip = async (): Promise<void> => {
          const body = key.endsWith('/') ? '' : 'x';
          const { etag } = await putText(bucket, key, body);
          expect((await listAll(bucket, { versions: 'latest' })).map((entry) => entry.key)).toEqual([key]);
          expect((await readText(bucket, { key, sizeBytes: body.length, etag })).text).toBe(body);
          expect(await bucket.remove(key, { etag })).toMatchObject({ result: 'removed' });
        };
        // A store that is said to alter a key must be seen to: else what is said of it is out of date.
        if (why) it(`${title}: not here, ${why}`, () => expect(roundTrip()).rejects.toBeDefined());
        else it(title, roundTrip);
      }
    });

    describe('listing', () => {
      // Keys around a slash: some stores turn pages in the order of folders, others in that of bytes.
      const keys = [
        'd/index.js',
        'd/index-a',
        'd/index/1',
        'd/index/2',
        'd/index0',
        'd/e/f/g',
        'd/e.x',
        'd/e-',
        'a.b',
        'a/b',
        'a/c',
        'f/',
        'f/1',
        'f/2',
        'z\u0001',
        'z y',
        'z',
      ];

      it.each([2, 3, 5, 1000])('finds every key once, in pages of %i', async (limit) => {
        for (const key of keys) await putText(bucket, key, key.endsWith('/') ? '' : 'x');
        const found = await listAll(bucket, { versions: 'latest', limit });
        expect(found.map(({ key }) => key).sort()).toEqual([...keys].sort());
      });

      it('tells size, ETag and date as a HEAD does', async () => {
        await putText(bucket, 'k', 'hello');
        const head = await bucket.head('k');
        const [entry] = (await bucket.list({ versions: 'latest' })).entries;
        expect(entry).toEqual({ key: 'k', sizeBytes: 5, etag: head.etag, lastModified: head.lastModified });
      });

      it('keeps to a prefix', async () => {
        for (const key of ['a/1', 'a/2', 'b/1']) await putText(bucket, key, 'x');
        expect((await listAll(bucket, { versions: 'latest', prefix: 'a/' })).map(({ key }) => key).sort()).toEqual(['a/1', 'a/2']);
      });

      it('is empty where nothing is', async () => {
        expect(await bucket.list({ versions: 'latest' })).toEqual({ entries: [] });
        expect(await bucket.list({ versions: 'all' })).toEqual({ entries: [] });
      });
    });

    describe('removal', () => {
      it('takes only the object that is meant', async () => {
        const { etag } = await putText(bucket, 'k', 'x');
        expect(await bucket.remove('k', { etag: '0'.repeat(32) })).toEqual({ result: 'changed' });
        expect((await bucket.head('k')).etag).toBe(etag);
        expect(await bucket.remove('k', { etag })).toMatchObject({ result: 'removed' });
        expect(await bucket.remove('k', { etag })).toEqual({ result: 'gone' });
      });
    });

    describe('versions', () => {
      beforeEach(async () => {
        expect(await bucket.applyConfiguration(versioned)).toEqual([]);
      });

      it('keeps each version, marks a deletion, and removes exactly one', async () => {
        const one = await putText(bucket, 'k', '1');
        const two = await putText(bucket, 'k', '22');
        expect(one.versionId).toBeDefined();
        const marker = await bucket.remove('k', {});
        expect(marker).toMatchObject({ result: 'removed', versionId: expect.any(String) });
        await expect(bucket.head('k')).rejects.toMatchObject({ code: 'OBJECT_MISSING' });
        expect((await readText(bucket, { key: 'k', sizeBytes: 1, versionId: one.versionId, etag: one.etag })).text).toBe('1');
        expect(await bucket.list({ versions: 'latest' })).toEqual({ entries: [] });

        const all = await listAll(bucket, { versions: 'all' });
        expect(all).toHaveLength(3);
        expect(all.filter(({ isDeleteMarker }) => isDeleteMarker)).toMatchObject([{ key: 'k', etag: '', sizeBytes: 0, versionId: marker.versionId }]);
        expect(all.find(({ versionId }) => versionId === two.versionId)).toMatchObject({ etag: two.etag, sizeBytes: 2 });

        const ofMarker = { versionId: marker.versionId ?? '' };
        expect(await bucket.remove('k', ofMarker)).toMatchObject({ result: 'removed' });
        expect(await bucket.remove('k', ofMarker)).toMatchObject({ result: 'gone' });
        expect((await bucket.head('k')).versionId).toBe(two.versionId);
        expect(await bucket.remove('k', { etag: one.etag, versionId: one.versionId ?? '' })).toMatchObject({ result: 'removed' });
        expect(await listAll(bucket, { versions: 'all' })).toHaveLength(1);
      });

      const title = 'lists every version once, in pages of 2';
      if (habits.versionPagesUnreliable)
        it(`refuses a second page of versions: ${habits.versionPagesUnreliable}`, async () => {
          for (const text of ['1', '2', '3']) await putText(bucket, 'd/x', text);
          await expect(listAll(bucket, { versions: 'all', limit: 2 })).rejects.toMatchObject({ code: 'UNSUPPORTED' });
        });
      else
        it(title, async () => {
          for (const key of ['d/x', 'd/x.y', 'd/x/1']) for (const text of ['1', '2']) await putText(bucket, key, text);
          const found = await listAll(bucket, { versions: 'all', limit: 2 });
          expect(found.map(({ key }) => key).sort()).toEqual(['d/x', 'd/x', 'd/x.y', 'd/x.y', 'd/x/1', 'd/x/1']);
          expect(new Set(found.map(({ versionId }) => versionId)).size).toBe(6);
        });
    });

    describe('multipart', () => {
      const one = Buffer.alloc(partBytes, 1);
      const two = Buffer.from('tail');
      const put = async (upload: string, part: number, body: Buffer): Promise<StoredPart> => {
        const { etag } = await bucket.putPart('big', upload, part, body, createHash('sha256').update(body).digest('hex'));
        return { part, etag, sizeBytes: body.length };
      };

      it('joins parts sent in any order, and again when the answer was lost', async () => {
        const upload = await bucket.createUpload('big', { ...rich, tags: { a: 'b' } });
        const tail = await put(upload, 2, two);
        const head = await put(upload, 1, one);
        expect(await bucket.listParts('big', upload)).toEqual([head, tail]);
        expect(await bucket.openUploads()).toMatchObject([{ key: 'big', upload }]);
        const stored = await bucket.completeUpload('big', upload, [head, tail], { absent: true });
        expect(stored.etag).toMatch(/-2$/);
        expect(await bucket.completeUpload('big', upload, [head, tail], { absent: true })).toMatchObject({ etag: stored.etag });
        expect(await bucket.head('big')).toMatchObject({ sizeBytes: partBytes + 4, etag: stored.etag, metadata: rich });
        expect(await bucket.tags('big')).toEqual({ a: 'b' });
        expect(await bucket.openUploads()).toEqual([]);
        const range = { start: partBytes - 1, lengthBytes: 3 };
        expect((await readText(bucket, { key: 'big', sizeBytes: 3, etag: stored.etag, range })).text).toBe('\u0001ta');
      });

      it('goes on after a crash, with the parts that are there', async () => {
        const upload = await bucket.createUpload('big', plain);
        await put(upload, 1, one);
        const [known] = await bucket.listParts('big', upload);
        expect(known).toMatchObject({ part: 1, sizeBytes: partBytes, etag: md5(one) });
        const again = await put(upload, 1, one);
        expect(again.etag).toBe(known?.etag);
        await bucket.completeUpload('big', upload, [again], { any: true });
        expect((await bucket.head('big')).sizeBytes).toBe(partBytes);
      });

      it('completes only under the condition', async () => {
        await putText(bucket, 'big', 'mine');
        const upload = await bucket.createUpload('big', plain);
        const part = await put(upload, 1, two);
        await expect(bucket.completeUpload('big', upload, [part], { absent: true })).rejects.toMatchObject({ code: 'TARGET_CONDITION' });
        expect((await bucket.head('big')).sizeBytes).toBe(4);
        await bucket.abortUpload('big', upload);
      });

      it('aborts, twice is once, and the upload is missing then', async () => {
        const upload = await bucket.createUpload('big', plain);
        const part = await put(upload, 1, two);
        await bucket.abortUpload('big', upload);
        await bucket.abortUpload('big', upload);
        await expect(bucket.listParts('big', upload)).rejects.toMatchObject({ code: 'UPLOAD_MISSING' });
        await expect(bucket.putPart('big', upload, 1, two, hash('sha256', two))).rejects.toMatchObject({ code: 'UPLOAD_MISSING' });
        await expect(bucket.completeUpload('big', upload, [part], { any: true })).rejects.toMatchObject({ code: 'UPLOAD_MISSING' });
        expect(await bucket.openUploads()).toEqual([]);
      });
    });

    describe('the bucket', () => {
      it('is made once, and removed only by its maker and when it is empty', async () => {
        expect(await bucket.ensureBucket('p/w')).toEqual({ created: false });
        const { etag } = await putText(bucket, 'k', 'x');
        expect(await bucket.removeBucket('p/other')).toBe('not ours');
        expect(await bucket.removeBucket('p/w')).toBe('not empty');
        await bucket.remove('k', { etag });
        const upload = await bucket.createUpload('k', plain);
        expect(await bucket.removeBucket('p/w')).toBe('not empty');
        await bucket.abortUpload('k', upload);
        expect(await bucket.removeBucket('p/w')).toBe('removed');
        expect(await bucket.removeBucket('p/w')).toBe('gone');
        await expect(bucket.configuration()).rejects.toMatchObject({ code: 'BUCKET_MISSING' });
        await expect(bucket.list({ versions: 'latest' })).rejects.toMatchObject({ code: 'BUCKET_MISSING' });
      });

      it('is not empty while it holds a version', async () => {
        await bucket.applyConfiguration(versioned);
        await putText(bucket, 'k', 'x');
        await bucket.remove('k', {});
        expect(await bucket.removeBucket('p/w')).toBe('not empty');
      });

      it('takes over a configuration, says what it cannot, and keeps its own marker', async () => {
        const cors = [{ AllowedMethods: ['GET'], AllowedOrigins: ['https://example.org'], AllowedHeaders: ['*'], MaxAgeSeconds: 30 }];
        const lifecycle = [{ ID: 'tmp', Status: 'Enabled', Filter: { Prefix: 'tmp/' }, Expiration: { Days: 30 } }];
        const wanted: BucketConfiguration = { ...versioned, cors, lifecycle, tags: { team: 'x', 'ecluse-owner': 'theirs' }, policy: '{}', website: true };
        expect([...(await bucket.applyConfiguration(wanted))].sort()).toEqual(['POLICY_NOT_CARRIED', 'WEBSITE_NOT_CARRIED']);
        const before = await bucket.configuration();
        expect(before).toMatchObject({ versioning: 'on', tags: { team: 'x', 'ecluse-owner': 'p/w' }, unread: [] });
        expect(before.cors).toMatchObject(cors);
        expect(before.lifecycle).toBeUndefined();
        expect(await bucket.applyLifecycle(wanted)).toEqual([]);
        expect((await bucket.configuration()).lifecycle).toMatchObject(lifecycle);
        expect(await bucket.applyConfiguration(nothing)).toEqual([]);
      });

      it('is probed and left as it was', async () => {
        await putText(bucket, 'k', 'x');
        const capabilities = await bucket.probe('.ecluse/');
        expect(capabilities).toMatchObject({ ifNoneMatch: true, tagging: true, versioning: true, partCount: expect.any(Number) });
        expect((await listAll(bucket, { versions: 'all' })).map(({ key }) => key)).toEqual(['k']);
      });
    });

    describe('freezing', () => {
      it('denies writes to everybody until it is lifted, and reads to nobody', async () => {
        const { freezing } = bucket;
        if (!freezing) throw new Error('this store offers no freezing');
        const { etag } = await putText(bucket, 'k', 'x');
        expect(await freezing.isFrozen('p/w/1')).toBe(false);
        const receipt = await freezing.freeze('p/w/1');
        expect(await freezing.freeze('p/w/1')).toEqual(receipt);
        expect(await freezing.isFrozen('p/w/1')).toBe(true);
        expect(await freezing.isFrozen('p/w/2')).toBe(false);
        for (const writer of habits.stranger ? [bucket, habits.stranger(bucket)] : [bucket]) {
          await expect(putText(writer, 'new', 'x')).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
          await expect(writer.remove('k', { etag })).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
          await expect(writer.putTags('k', { a: 'b' })).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
          await expect(writer.createUpload('new', plain)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
          expect((await writer.head('k')).etag).toBe(etag);
        }
        await freezing.lift(receipt);
        await freezing.lift(receipt);
        expect(await freezing.isFrozen('p/w/1')).toBe(false);
        expect((await bucket.configuration()).policy).toBeUndefined();
        await putText(bucket, 'new', 'x');
      });

      it('keeps the statements that stand there, and what others add meanwhile', async () => {
        const { freezing } = bucket;
        if (!freezing) throw new Error('this store offers no freezing');
        const first = await freezing.freeze('p/w/1');
        const second = await freezing.freeze('p/other/1');
        await freezing.lift(first);
        expect(await freezing.isFrozen('p/other/1')).toBe(true);
        expect(await freezing.isFrozen('p/w/1')).toBe(false);
        await freezing.lift(second);
        expect(await freezing.isFrozen('p/w/1')).toBe(false);
      });
    });

    it('aborts a read, and throws the reason', async () => {
      await putText(bucket, 'k', 'hello');
      const reason = new Error('enough');
      await expect(bucket.read({ key: 'k', sizeBytes: 5 }, () => undefined, AbortSignal.abort(reason))).rejects.toBe(reason);
      await expect(bucket.head('k', undefined, AbortSignal.abort(reason))).rejects.toBe(reason);
      await expect(bucket.list({ versions: 'latest' }, AbortSignal.abort(reason))).rejects.toBe(reason);
    });
  });
}
