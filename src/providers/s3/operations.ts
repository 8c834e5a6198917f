/** What Écluse does with a bucket, and the S3 API operations that each needs. A call site can only name one of these. */
export const capabilities = {
  inventory: ['ListBuckets'],
  listing: ['ListObjectsV2', 'ListObjects', 'ListObjectVersions'],
  reading: ['GetObject', 'HeadObject', 'GetObjectTagging'],
  configuration: [
    'GetBucketVersioning',
    'GetBucketLocation',
    'GetBucketCors',
    'GetBucketLifecycleConfiguration',
    'GetBucketTagging',
    'GetBucketPolicy',
    'GetBucketEncryption',
    'GetObjectLockConfiguration',
    'GetBucketNotificationConfiguration',
    'GetBucketReplication',
    'GetBucketWebsite',
    'GetBucketRequestPayment',
  ],
  uploads: ['ListMultipartUploads'],
  writing: ['PutObject', 'PutObjectTagging', 'DeleteObject'],
  untagging: ['DeleteObjectTagging'],
  multipart: ['CreateMultipartUpload', 'UploadPart', 'UploadPartCopy', 'ListParts', 'CompleteMultipartUpload', 'AbortMultipartUpload'],
  bucket: ['HeadBucket', 'CreateBucket', 'DeleteBucket', 'PutBucketTagging', 'PutBucketVersioning', 'PutBucketCors'],
  lifecycle: ['PutBucketLifecycleConfiguration'],
  freezing: ['GetBucketPolicy', 'PutBucketPolicy', 'DeleteBucketPolicy'],
  erasing: ['DeleteObject', 'AbortMultipartUpload', 'DeleteBucket'],
} as const;

export type Capability = keyof typeof capabilities;
export type S3Operation = (typeof capabilities)[Capability][number];
export type Side = 'source' | 'target';
export type Phase = 'inventory' | 'replicate' | 'cutover' | 'decommission';

/**
 * What each phase needs on each side. Inventory reads no object. Cutover holds all of replicate, because its last delta copies, and takes
 * tags away, which only the last delta reads again; the target's freeze is for the way back. A source is only read until cutover, and its erasing has a phase of its own.
 */
const needs: Readonly<Record<Side, Readonly<Record<Phase, readonly Capability[]>>>> = {
  source: {
    inventory: ['inventory', 'configuration', 'uploads', 'listing'],
    replicate: ['configuration', 'listing', 'reading'],
    cutover: ['configuration', 'uploads', 'listing', 'reading', 'freezing'],
    decommission: ['configuration', 'uploads', 'listing', 'erasing'],
  },
  target: {
    inventory: ['inventory', 'configuration', 'uploads', 'listing'],
    replicate: ['configuration', 'uploads', 'listing', 'reading', 'writing', 'multipart', 'bucket'],
    cutover: ['configuration', 'uploads', 'listing', 'reading', 'writing', 'untagging', 'multipart', 'bucket', 'lifecycle', 'freezing'],
    decommission: ['listing', 'reading'],
  },
};

/** The operations that the adapter may call in that phase, each once, sorted. */
export const operationsOf = (side: Side, phase: Phase): readonly S3Operation[] =>
  [...new Set(needs[side][phase].flatMap((capability): readonly S3Operation[] => capabilities[capability]))].sort();
