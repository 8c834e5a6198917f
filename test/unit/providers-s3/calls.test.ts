import { hash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { answeringStore, refused } from './answering-store.ts';

const body = Buffer.from('hello');
const sha256 = hash('sha256', body);
const plain = { headers: {}, user: {} };
const ok = { status: 200, headers: { etag: '"e1"' } };

describe('the hot path', () => {
  it('sends key, prefix and metadata exactly, signed with the body’s digest', async () => {
    const { bucket, asked } = answeringStore([ok], { endpoint: 'https://store.example:8443/spaces/s-1/' });
    const metadata = { headers: { 'content-type': 'text/plain' }, user: { nom: 'été' }, tags: { 'a b': '&=' } };
    expect(await bucket.put('a//b/../é +', body, sha256, metadata, { absent: true })).toEqual({ etag: 'e1' });
    const [request] = asked;
    expect(request).toMatchObject({ method: 'PUT', origin: 'https://store.example:8443', path: '/spaces/s-1/b/a//b/../%C3%A9%20%2B' });
    expect(request?.headers).toMatchObject({
      'if-none-match': '*',
      'content-type': 'text/plain',
      'x-amz-meta-nom': Buffer.from('été').toString('latin1'),
      'x-amz-tagging': 'a%20b=%26%3D',
      'x-amz-content-sha256': sha256,
    });
    expect(request?.headers.authorization).toContain('SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-meta-nom;x-amz-tagging,');
  });

  it('signs each try anew, and stops at what no repetition mends', async () => {
    let now = 0;
    const { bucket, asked } = answeringStore([refused(500, 'InternalError'), refused(503, 'SlowDown'), ok], { nowMs: () => (now += 60_000) });
    await bucket.put('k', body, sha256, plain, { any: true });
    expect(new Set(asked.map(({ headers }) => headers['x-amz-date'])).size).toBe(3);

    const denied = answeringStore([refused(403, 'AccessDenied')]);
    await expect(denied.bucket.put('k', body, sha256, plain, { any: true })).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
  });

  it('reads once only: a second try would feed the sink twice', async () => {
    const { bucket, asked } = answeringStore([refused(500, 'InternalError')]);
    await expect(bucket.read({ key: 'k', sizeBytes: 5 }, () => undefined)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(asked).toHaveLength(1);
  });

  it('takes the store’s clock when it is refused for its own, once', async () => {
    const now = Date.UTC(2026, 0, 1, 12);
    const date = new Date(now + 3_600_000).toUTCString();
    const skewed = { ...refused(403, 'RequestTimeTooSkewed'), headers: { date } };
    const { bucket, asked } = answeringStore([skewed, ok, ok], { nowMs: () => now });
    await bucket.put('k', body, sha256, plain, { any: true });
    await bucket.put('k', body, sha256, plain, { any: true });
    expect(asked.map(({ headers }) => headers['x-amz-date'])).toEqual(['20260101T120000Z', '20260101T130000Z', '20260101T130000Z']);

    const wrong = answeringStore([{ ...refused(403, 'RequestTimeTooSkewed'), headers: { date: new Date(now).toUTCString() } }], { nowMs: () => now });
    await expect(wrong.bucket.put('k', body, sha256, plain, { any: true })).rejects.toMatchObject({ code: 'CLOCK_SKEW' });
  });

  it('learns the clock from a HEAD too, whose refusal has no name', async () => {
    const now = Date.UTC(2026, 0, 1, 12);
    const answers = [
      { status: 403, headers: { date: new Date(now + 3_600_000).toUTCString() } },
      { status: 200, headers: { etag: '"e"', 'content-length': '5' } },
    ];
    const { bucket } = answeringStore(answers, { nowMs: () => now });
    expect((await bucket.head('k')).sizeBytes).toBe(5);
  });

  it('asks by GET why a HEAD was refused', async () => {
    const { bucket, asked } = answeringStore([{ status: 403 }, refused(403, 'SignatureDoesNotMatch')]);
    await expect(bucket.head('k')).rejects.toMatchObject({ code: 'CREDENTIALS_REFUSED' });
    expect(asked.map(({ method }) => method)).toEqual(['HEAD', 'GET']);
  });

  it('does not take another range, another length or another version for what it asked', async () => {
    const range = { start: 2, lengthBytes: 3 };
    const read = (answer: Parameters<typeof answeringStore>[0][number], etag?: string) =>
      answeringStore([answer]).bucket.read({ key: 'k', sizeBytes: 3, range, ...(etag ? { etag } : {}) }, () => undefined);
    const headers = { etag: '"e1"', 'content-range': 'bytes 2-4/9' };
    expect(await read({ status: 206, headers, body: 'abc' }, 'e1')).toMatchObject({ sizeBytes: 9, etag: 'e1' });
    await expect(read({ status: 200, headers: { etag: '"e1"' }, body: 'abc' })).rejects.toMatchObject({ code: 'BODY_LENGTH' });
    await expect(read({ status: 206, headers: { ...headers, 'content-range': 'bytes 0-2/9' }, body: 'abc' })).rejects.toMatchObject({ code: 'BODY_LENGTH' });
    await expect(read({ status: 206, headers, body: 'ab' })).rejects.toMatchObject({ code: 'BODY_LENGTH' });
    await expect(read({ status: 206, headers, body: 'abc' }, 'e2')).rejects.toMatchObject({ code: 'SOURCE_CHANGED' });
  });

  it('tells what the store says of an object', async () => {
    const headers = {
      etag: '"e"',
      'content-length': '5',
      'last-modified': 'Wed, 21 Oct 2026 07:28:00 GMT',
      'x-amz-version-id': 'v1',
      'x-amz-storage-class': 'STANDARD_IA',
      'x-amz-tagging-count': '2',
      'x-amz-missing-meta': '1',
      'x-amz-meta-nom': '=?UTF-8?Q?=C3=A9?=',
      'content-type': 'a/b',
      server: 'x',
    };
    const { bucket } = answeringStore([{ status: 200, headers }]);
    expect(await bucket.head('k')).toEqual({
      sizeBytes: 5,
      etag: 'e',
      lastModified: '2026-10-21T07:28:00Z',
      versionId: 'v1',
      storageClass: 'STANDARD_IA',
      tagCount: 2,
      losses: ['METADATA_UNREADABLE'],
      metadata: { headers: { 'content-type': 'a/b' }, user: { nom: '=?UTF-8?Q?=C3=A9?=' } },
    });
  });

  it('decodes tags once, exactly', async () => {
    const document =
      '<Tagging xmlns="x"><TagSet> <Tag><Key>a&amp;amp;</Key><Value> &lt;&#13;&#xe9; </Value></Tag><Tag><Key>b</Key><Value/></Tag></TagSet></Tagging>';
    const { bucket } = answeringStore([{ status: 200, body: document }]);
    expect(await bucket.tags('k')).toEqual({ 'a&amp;': ' <\ré ', b: '' });
  });
});

describe('removal', () => {
  it('goes without If-Match where the store does not know it on a DELETE, and remembers', async () => {
    const head = { status: 200, headers: { etag: '"e1"' } };
    const { bucket, asked } = answeringStore([head, refused(501, 'NotImplemented'), { status: 204 }, head, { status: 204 }]);
    expect(await bucket.remove('k', { etag: 'e1' })).toEqual({ result: 'removed' });
    expect(await bucket.remove('k', { etag: 'e1' })).toEqual({ result: 'removed' });
    expect(asked.map(({ method, headers }) => [method, headers['if-match']])).toEqual([
      ['HEAD', undefined],
      ['DELETE', '"e1"'],
      ['DELETE', undefined],
      ['HEAD', undefined],
      ['DELETE', undefined],
    ]);
  });

  it('says changed when somebody was quicker', async () => {
    const { bucket } = answeringStore([{ status: 200, headers: { etag: '"e1"' } }, refused(412, 'PreconditionFailed')]);
    expect(await bucket.remove('k', { etag: 'e1' })).toEqual({ result: 'changed' });
  });
});
