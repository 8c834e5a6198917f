import { describe, expect, it } from '@jest/globals';
import { MigrationError } from '../../../src/core/migration-error.ts';
import { answeringStore, refused } from './answering-store.ts';

const from = { key: 'a b/+é', etag: 'e1', start: 10, lengthBytes: 20 };
const copied = (etag: string) => ({ status: 200, body: `\n\n<?xml version="1.0"?><CopyPartResult><ETag>&quot;${etag}&quot;</ETag></CopyPartResult>` });
const spaces = { endpoint: 'https://store.example/spaces/7', nowMs: () => Date.UTC(2026, 0, 1) };

describe('copyPart', () => {
  it('names object, version by ETag, and range', async () => {
    const { bucket, asked } = answeringStore([copied('x')], spaces);
    expect(await bucket.copyPart('k', 'u/1', 3, from)).toEqual({ etag: 'x' });
    expect(asked[0]).toMatchObject({
      method: 'PUT',
      path: '/spaces/7/b/k?partNumber=3&uploadId=u%2F1',
      headers: {
        'x-amz-copy-source': '/b/a%20b/%2B%C3%A9',
        'x-amz-copy-source-if-match': '"e1"',
        'x-amz-copy-source-range': 'bytes=10-29',
      },
    });
    expect(asked[0]?.headers.authorization).toContain('x-amz-copy-source;x-amz-copy-source-if-match;x-amz-copy-source-range');
    // A store may say nothing before it has copied gibibytes.
    expect(asked[0]?.answerTimeoutMs).toBeGreaterThan(300_000);
  });

  it('takes the error inside a 200 for what it is, and asks again after an answer that broke off', async () => {
    const inside = (name: string) => ({ status: 200, body: `<Error><Code>${name}</Code></Error>` });
    expect(await answeringStore([inside('InternalError'), { status: 200 }, copied('x')]).bucket.copyPart('k', 'u', 1, from)).toEqual({ etag: 'x' });
    for (const [name, code] of [
      ['PreconditionFailed', 'TARGET_CONDITION'],
      ['NoSuchKey', 'OBJECT_MISSING'],
      ['InvalidArgument', 'TARGET_INVALID'],
    ] as const)
      await expect(answeringStore([inside(name)]).bucket.copyPart('k', 'u', 1, from)).rejects.toMatchObject({ code });
  });
});

describe('putPartStream', () => {
  const part = { status: 200, headers: { etag: '"p"' } };
  const body = Buffer.from('hello');

  it('is sent by its chunks, without a trailer, and anew at each try', async () => {
    const { bucket, asked } = answeringStore([refused(503, 'SlowDown'), part]);
    let tries = 0;
    const chunks = async function* () {
      tries += 1;
      yield body;
    };
    expect(await bucket.putPartStream('k', 'u', 1, { sizeBytes: 5, chunks })).toEqual({ etag: 'p' });
    expect(asked).toHaveLength(2);
    expect(asked[1]?.headers).toMatchObject({
      'content-encoding': 'aws-chunked',
      'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
      'x-amz-decoded-content-length': '5',
    });
    expect(Object.keys(asked[1]?.headers ?? {}).filter((name) => /trailer|checksum/.test(name))).toEqual([]);
    expect(asked[1]?.body).toBeUndefined();
    const wire: Buffer[] = [];
    for await (const piece of asked[1]?.stream?.chunks ?? []) wire.push(Buffer.from(piece));
    expect(Buffer.concat(wire)).toHaveLength(asked[1]?.stream?.sizeBytes ?? 0);
    expect(String(Buffer.concat(wire))).toMatch(/^5;chunk-signature=[0-9a-f]{64}\r\nhello\r\n0;chunk-signature=[0-9a-f]{64}\r\n\r\n$/);
    expect(tries).toBe(1); // the first answer came before anything was asked for
  });

  it('does not retry what the source says, whatever its code', async () => {
    const lost = new MigrationError('UNAVAILABLE', { operation: 'GetSnapshotBlock', source: 'aws/1' });
    const { bucket } = answeringStore([{ ...part, reads: true }, part]);
    const chunks = async function* () {
      yield body;
      throw lost;
    };
    await expect(bucket.putPartStream('k', 'u', 1, { sizeBytes: 10, chunks })).rejects.toBe(lost);
  });
});

describe('presign', () => {
  it('keeps the endpoint’s prefix, signs nothing but the host, and asks nobody', async () => {
    const { bucket, asked } = answeringStore([], spaces);
    expect(await bucket.presign('a b/+é', 60)).toMatch(
      /^https:\/\/store\.example\/spaces\/7\/b\/a%20b\/%2B%C3%A9\?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AK%2F20260101%2Ffr-north%2Fs3%2Faws4_request&X-Amz-Date=20260101T000000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=[0-9a-f]{64}$/,
    );
    expect(asked).toEqual([]);
  });

  it('refuses more than seven days, without a word of the address', async () => {
    const error = await answeringStore([])
      .bucket.presign('secret-key', 604_801)
      .catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
    expect(String(error)).not.toMatch(/secret-key|X-Amz/);
  });
});

describe('probe', () => {
  const nothing = { status: 200, body: '' };
  const etag = { status: 200, headers: { etag: '"e"' } };
  const upload = { status: 200, body: '<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>' };
  const listed = (...parts: readonly (readonly [number, number])[]) => ({
    status: 200,
    body: `<ListPartsResult>${parts.map(([n, size]) => `<Part><PartNumber>${n}</PartNumber><ETag>"e"</ETag><Size>${size}</Size></Part>`).join('')}</ListPartsResult>`,
  });
  const tags = { status: 200, body: '<Tagging><TagSet><Tag><Key>probe</Key><Value>a+b/c</Value></Tag></TagSet></Tagging>' };
  const versioning = { status: 200, body: '<VersioningConfiguration/>' };
  const before = [etag, refused(412, 'PreconditionFailed'), refused(412, 'PreconditionFailed'), refused(400, 'XAmzContentSHA256Mismatch'), upload];
  const lost = { status: 200, body: '<ListMultipartUploadsResult><Upload><Key>p/x</Key><UploadId>u</UploadId></Upload></ListMultipartUploadsResult>' };
  const after = [lost, { status: 204 }, nothing, tags, etag, versioning, refused(404, 'NoSuchBucketPolicy'), ...Array(9).fill(refused(404, 'NoSuchKey'))];
  const probed = async (...parts: Parameters<typeof answeringStore>[0]) => {
    const { partCopy, streamedParts } = await answeringStore([...before, ...parts, ...after]).bucket.probe('p/');
    return { partCopy, streamedParts };
  };

  it('believes a store that copies a range only while the ETag is meant, and takes framing away', async () => {
    expect(await probed(copied('c'), refused(412, 'PreconditionFailed'), etag, listed([1, 3], [2, 6]))).toEqual({ partCopy: true, streamedParts: true });
  });

  it('does without what a store lacks, ignores or garbles', async () => {
    const neither = { partCopy: false, streamedParts: false };
    expect(await probed(refused(501, 'NotImplemented'), refused(501, 'NotImplemented'), listed())).toEqual(neither);
    // If-Match ignored, framing stored.
    expect(await probed(copied('c'), copied('c'), etag, listed([1, 3], [2, 180]))).toEqual(neither);
    // Range ignored.
    expect(await probed(copied('c'), refused(412, 'PreconditionFailed'), refused(403, 'AccessDenied'), listed([1, 6]))).toEqual(neither);
  });
});
