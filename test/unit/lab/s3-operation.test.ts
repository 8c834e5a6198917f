import { describe, expect, it } from '@jest/globals';
import { s3Request } from '../../../lab/proxy/s3-operation.ts';

const table: readonly (readonly [string, string, string])[] = [
  ['GET', '/', 'ListBuckets'],
  ['GET', '/?x-id=ListBuckets', 'ListBuckets'],
  ['HEAD', '/b', 'HeadBucket'],
  ['PUT', '/b', 'CreateBucket'],
  ['PUT', '/b/', 'CreateBucket'],
  ['DELETE', '/b', 'DeleteBucket'],
  ['GET', '/b', 'ListObjects'],
  ['GET', '/b?list-type=2&prefix=versions', 'ListObjectsV2'],
  ['GET', '/b?versions&max-keys=3', 'ListObjectVersions'],
  ['GET', '/b?uploads=', 'ListMultipartUploads'],
  ['POST', '/b?delete', 'DeleteObjects'],
  ['GET', '/b?location', 'GetBucketLocation'],
  ['GET', '/b?policy', 'GetBucketPolicy'],
  ['PUT', '/b?policy=', 'PutBucketPolicy'],
  ['DELETE', '/b?policy', 'DeleteBucketPolicy'],
  ['GET', '/b?policyStatus', 'GetBucketPolicyStatus'],
  ['GET', '/b?versioning', 'GetBucketVersioning'],
  ['PUT', '/b?versioning', 'PutBucketVersioning'],
  ['GET', '/b?cors', 'GetBucketCors'],
  ['DELETE', '/b?cors', 'DeleteBucketCors'],
  ['GET', '/b?lifecycle', 'GetBucketLifecycleConfiguration'],
  ['PUT', '/b?lifecycle', 'PutBucketLifecycleConfiguration'],
  ['DELETE', '/b?lifecycle', 'DeleteBucketLifecycle'],
  ['GET', '/b?tagging', 'GetBucketTagging'],
  ['PUT', '/b?tagging', 'PutBucketTagging'],
  ['GET', '/b?encryption', 'GetBucketEncryption'],
  ['GET', '/b?object-lock', 'GetObjectLockConfiguration'],
  ['GET', '/b?notification', 'GetBucketNotificationConfiguration'],
  ['GET', '/b?replication', 'GetBucketReplication'],
  ['GET', '/b?website', 'GetBucketWebsite'],
  ['GET', '/b?requestPayment', 'GetBucketRequestPayment'],
  ['GET', '/b?publicAccessBlock', 'GetPublicAccessBlock'],
  ['GET', '/b?ownershipControls', 'GetBucketOwnershipControls'],
  ['GET', '/b?acl', 'GetBucketAcl'],
  ['GET', '/b?logging', 'GetBucketLogging'],
  ['GET', '/b/k', 'GetObject'],
  ['GET', '/b/k?versionId=1', 'GetObject'],
  ['HEAD', '/b/k', 'HeadObject'],
  ['PUT', '/b/k', 'PutObject'],
  ['PUT', '/b/k?x-id=PutObject', 'PutObject'],
  ['DELETE', '/b/k', 'DeleteObject'],
  ['DELETE', '/b/k?versionId=1', 'DeleteObject'],
  ['GET', '/b/k?tagging', 'GetObjectTagging'],
  ['PUT', '/b/k?tagging', 'PutObjectTagging'],
  ['DELETE', '/b/k?tagging', 'DeleteObjectTagging'],
  ['GET', '/b/k?attributes', 'GetObjectAttributes'],
  ['GET', '/b/k?retention', 'GetObjectRetention'],
  ['POST', '/b/k?uploads', 'CreateMultipartUpload'],
  ['PUT', '/b/k?partNumber=1&uploadId=u', 'UploadPart'],
  ['GET', '/b/k?uploadId=u&max-parts=2', 'ListParts'],
  ['POST', '/b/k?uploadId=u', 'CompleteMultipartUpload'],
  ['DELETE', '/b/k?uploadId=u', 'AbortMultipartUpload'],
  ['POST', '/b/k?restore', 'RestoreObject'],
  ['POST', '/b/k', 'Unknown'],
  ['PATCH', '/b/k', 'Unknown'],
  ['PATCH', '/b', 'Unknown'],
];

describe('s3Request', () => {
  it.each(table)('%s %s is %s', (method, target, operation) => {
    expect(s3Request(method, target, {}).operation).toBe(operation);
  });

  it('tells a copy by its header', () => {
    const headers = { 'x-amz-copy-source': '/b/other' };
    expect(s3Request('PUT', '/b/k', headers).operation).toBe('CopyObject');
    expect(s3Request('PUT', '/b/k?partNumber=1&uploadId=u', headers).operation).toBe('UploadPartCopy');
  });

  it.each([
    ['/b/a%20b%2Bc%252F', 'a b+c%2F'],
    ['/b//lead', '/lead'],
    ['/b/dir/', 'dir/'],
    ['/b/a//b', 'a//b'],
    ['/b/a/../b', 'a/../b'],
    ['/b/%3F?versionId=1', '?'],
    ['/b/%C3%A9', 'é'],
    ['/b/%FF', '%FF'],
  ])('takes the exact key out of %s', (target, key) => {
    expect(s3Request('GET', target, {})).toMatchObject({ bucket: 'b', key });
  });
});
