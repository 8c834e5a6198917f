import { describe, expect, it } from '@jest/globals';
import { multipartEtag } from '../../../src/providers/s3/multipart.ts';
import { answeringStore, refused } from './answering-store.ts';

const parts = [
  { part: 1, etag: '5d41402abc4b2a76b9719d911017c592', sizeBytes: 5 },
  { part: 2, etag: '9dd4e461268c8034f5c8564e155c67a6', sizeBytes: 1 },
];
const whole = multipartEtag(parts) ?? '';
const done = (etag: string) => ({
  status: 200,
  body: `\n\n<?xml version="1.0"?><CompleteMultipartUploadResult><ETag>&quot;${etag}&quot;</ETag></CompleteMultipartUploadResult>`,
});
const head = (etag: string) => ({ status: 200, headers: { etag: `"${etag}"`, 'x-amz-version-id': 'v1' } });

describe('completeUpload', () => {
  it('computes the ETag that S3 gives to parts', () => {
    expect(whole).toMatch(/^[0-9a-f]{32}-2$/);
    expect(multipartEtag([{ part: 1, etag: 'kms-opaque', sizeBytes: 1 }])).toBeUndefined();
  });

  it('reads a 200 that begins with spaces, and sends quotes and condition', async () => {
    const { bucket, asked } = answeringStore([done('x-2')]);
    expect(await bucket.completeUpload('k', 'u/1', parts, { absent: true })).toEqual({ etag: 'x-2' });
    expect(asked[0]).toMatchObject({ method: 'POST', path: '/b/k?uploadId=u%2F1', headers: { 'if-none-match': '*' } });
    expect(String(asked[0]?.body)).toContain('<PartNumber>2</PartNumber><ETag>&#34;9dd4e461268c8034f5c8564e155c67a6&#34;</ETag>');
  });

  it('takes the error inside a 200 for what it is, and tries again', async () => {
    const inside = { status: 200, body: '<?xml version="1.0"?><Error><Code>InternalError</Code></Error>' };
    expect(await answeringStore([inside, done('x-2')]).bucket.completeUpload('k', 'u', parts, { any: true })).toEqual({ etag: 'x-2' });
    const invalid = { status: 200, body: '<Error><Code>EntityTooSmall</Code></Error>' };
    await expect(answeringStore([invalid]).bucket.completeUpload('k', 'u', parts, { any: true })).rejects.toMatchObject({ code: 'TARGET_INVALID' });
  });

  it('is a success when the upload is gone and exactly our object stands', async () => {
    const gone = refused(404, 'NoSuchUpload');
    const lost = answeringStore([refused(500, 'InternalError'), gone, gone, head(whole)]);
    expect(await lost.bucket.completeUpload('k', 'u', parts, { any: true })).toEqual({ etag: whole, versionId: 'v1' });
    const inItsOwnWay = answeringStore([refused(412, 'PreconditionFailed'), gone, head(whole)]);
    expect(await inItsOwnWay.bucket.completeUpload('k', 'u', parts, { absent: true })).toMatchObject({ etag: whole });
  });

  it('is none when something else stands, or the upload is still there', async () => {
    const gone = refused(404, 'NoSuchUpload');
    const other = answeringStore([gone, gone, head('other-2')]);
    await expect(other.bucket.completeUpload('k', 'u', parts, { any: true })).rejects.toMatchObject({ code: 'UPLOAD_MISSING' });
    const open = answeringStore([
      refused(412, 'PreconditionFailed'),
      { status: 200, body: '<ListPartsResult><IsTruncated>false</IsTruncated></ListPartsResult>' },
    ]);
    await expect(open.bucket.completeUpload('k', 'u', parts, { absent: true })).rejects.toMatchObject({ code: 'TARGET_CONDITION' });
  });

  it('asks for the ETag where the answer has none', async () => {
    expect(await answeringStore([done(''), head('x-2')]).bucket.completeUpload('k', 'u', parts, { any: true })).toMatchObject({ etag: 'x-2' });
  });
});

describe('listParts', () => {
  it('turns every page, and begins anew when an answer broke off', async () => {
    const part = (n: number) => `<Part><PartNumber>${n}</PartNumber><ETag>"e${n}"</ETag><Size>7</Size></Part>`;
    const first = {
      status: 200,
      body: `<ListPartsResult>${part(1)}${part(2)}<IsTruncated>true</IsTruncated><NextPartNumberMarker>2</NextPartNumberMarker></ListPartsResult>`,
    };
    const last = { status: 200, body: `<ListPartsResult>${part(3)}<IsTruncated>false</IsTruncated></ListPartsResult>` };
    const { bucket, asked } = answeringStore([first, refused(500, 'InternalError'), last]);
    expect((await bucket.listParts('k', 'u')).map(({ part, etag, sizeBytes }) => [part, etag, sizeBytes])).toEqual([
      [1, 'e1', 7],
      [2, 'e2', 7],
      [3, 'e3', 7],
    ]);
    expect(asked[2]?.path).toBe('/b/k?part-number-marker=2&uploadId=u');
  });
});
