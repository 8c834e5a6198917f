import { describe, expect, it } from '@jest/globals';
import { decodeKey } from '../../../src/providers/s3/listing.ts';
import { answeringStore, type Prepared } from './answering-store.ts';

const page = (keys: readonly string[], more: string, headers: Record<string, string> = {}): Prepared => ({
  status: 200,
  headers: { 'content-type': 'application/xml', ...headers },
  body: `<?xml version="1.0"?><ListBucketResult><EncodingType>url</EncodingType>${more}${keys
    .map(
      (key) =>
        `<Contents><Key>${encodeURIComponent(key).replaceAll('%20', '+')}</Key><Size>1</Size><ETag>&quot;e&quot;</ETag><LastModified>2026-01-02T03:04:05.999Z</LastModified><StorageClass>STANDARD</StorageClass></Contents>`,
    )
    .join('')}</ListBucketResult>`,
});
const truncated = '<IsTruncated>true</IsTruncated>';
const token = `${truncated}<NextContinuationToken>t1</NextContinuationToken>`;

describe('listing', () => {
  it('decodes keys exactly, unquotes ETags, cuts dates and leaves the standard class out', async () => {
    const keys = ['a b+c', 'a%2Fb', 'ctl\u0001', '\u00e9', 'e\u0301', '🌊', ' '];
    const { bucket } = answeringStore([page(keys, '')]);
    const { entries, next } = await bucket.list({ versions: 'latest' });
    expect(entries.map(({ key }) => key)).toEqual(keys);
    expect(entries[0]).toEqual({ key: 'a b+c', sizeBytes: 1, etag: 'e', lastModified: '2026-01-02T03:04:05Z' });
    expect(next).toBeUndefined();
  });

  it('goes on at the store’s token, also after an empty page', async () => {
    const { bucket, asked } = answeringStore([page([], token), page(['z'], '')]);
    const first = await bucket.list({ versions: 'latest' });
    expect(first.entries).toEqual([]);
    await bucket.list({ versions: 'latest', cursor: first.next });
    expect(asked[1]?.path).toContain('continuation-token=t1');
  });

  it('goes on after the last key where there is no token, or where it is not fit for XML', async () => {
    for (const [more, last] of [
      [truncated, 'plain'],
      [token, 'ctl\u0001'],
    ] as const) {
      const { bucket, asked } = answeringStore([page(['a', last], more), page(['z'], '')]);
      const { next } = await bucket.list({ versions: 'latest', prefix: '' });
      await bucket.list({ versions: 'latest', cursor: next });
      expect(asked[1]?.path).toContain(`marker=${encodeURIComponent(last)}`);
      expect(asked[1]?.path).not.toContain('list-type');
    }
  });

  it('leaves a folder at the end of a page to the next one', async () => {
    const { bucket } = answeringStore([page(['a', 'd/'], token)]);
    expect((await bucket.list({ versions: 'latest' })).entries.map(({ key }) => key)).toEqual(['a']);
  });

  it('keeps versions and delete markers of a key in the order of the document, newest first, the latest above all', async () => {
    const item = (kind: string, key: string, versionId: string, latest = false) =>
      `<${kind}><Key>${key}</Key><VersionId>${versionId}</VersionId><IsLatest>${latest}</IsLatest><LastModified>2026-01-02T03:04:05.000Z</LastModified></${kind}>`;
    const listed = async (...items: string[]) => {
      const { bucket } = answeringStore([{ status: 200, body: `<ListVersionsResult>${items.join('')}</ListVersionsResult>` }]);
      return (await bucket.list({ versions: 'all' })).entries.map(({ key, versionId }) => `${key} ${versionId}`);
    };
    const torn = [item('DeleteMarker', 'a', '4', true), item('Version', 'a', '3'), item('DeleteMarker', 'a', '2'), item('Version', 'a', '1')];
    expect(await listed(...torn, item('Version', 'b', '1', true))).toEqual(['a 4', 'a 3', 'a 2', 'a 1', 'b 1']);
    const markersLast = [item('Version', 'a', '1'), item('Version', 'b', '1', true), item('DeleteMarker', 'a', '2', true)];
    expect(await listed(...markersLast)).toEqual(['a 2', 'a 1', 'b 1']);
  });

  it('asks for the ETag of an object from before versioning where the listing of versions shows another', async () => {
    const item = (versionId: string, etag: string) => `<Version><Key>k</Key><VersionId>${versionId}</VersionId><ETag>"${etag}"</ETag></Version>`;
    const headers = { server: 'SeaweedFS 8000GB 4.48' };
    const body = `<ListVersionsResult>${item('v2', 'multipart-2')}${item('null', 'chunks-5')}</ListVersionsResult>`;
    const { bucket, asked } = answeringStore([
      { status: 200, headers, body },
      { status: 200, headers: { ...headers, etag: '"whole"' } },
    ]);
    expect((await bucket.list({ versions: 'all' })).entries.map(({ etag }) => etag)).toEqual(['multipart-2', 'whole']);
    expect(asked.map(({ method }) => method)).toEqual(['GET', 'HEAD']);
  });

  it('refuses to turn pages of versions that are known to lose keys', async () => {
    const versions: Prepared = {
      status: 200,
      headers: { server: 'SeaweedFS 8000GB 4.48' },
      body: `<ListVersionsResult>${truncated}<NextKeyMarker>k</NextKeyMarker><Version><Key>k</Key><VersionId>v</VersionId></Version></ListVersionsResult>`,
    };
    await expect(answeringStore([versions]).bucket.list({ versions: 'all' })).rejects.toMatchObject({ code: 'UNSUPPORTED' });
    const other = answeringStore([{ ...versions, headers: { server: 'AmazonS3' } }]);
    expect((await other.bucket.list({ versions: 'all' })).next).toBe('["k",null]');
  });
});

describe('decodeKey', () => {
  it('keeps a plain key as it is, and refuses one that XML has broken', () => {
    expect(decodeKey('a+b%20', undefined)).toBe('a+b%20');
    expect(() => decodeKey('a\ufffdb', undefined)).toThrow();
  });
});
