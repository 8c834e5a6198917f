/** A request line taken apart by the S3 REST rules: which operation it is, on what. Path-style only. */
export interface S3Request {
  /** The API's name for it (`GetObject`); `Unknown` for what no rule below names. */
  readonly operation: string;
  readonly bucket: string;
  /** Decoded exactly, empty for a call on the bucket or the service. */
  readonly key: string;
}

/** Sub-resources of a bucket: query name → what follows Get, Put or Delete. The vendor's irregular names stand in full. */
const bucketNouns: Readonly<Record<string, string | Readonly<Record<string, string>>>> = {
  accelerate: 'BucketAccelerateConfiguration',
  acl: 'BucketAcl',
  cors: 'BucketCors',
  encryption: 'BucketEncryption',
  lifecycle: { GET: 'GetBucketLifecycleConfiguration', PUT: 'PutBucketLifecycleConfiguration', DELETE: 'DeleteBucketLifecycle' },
  location: 'BucketLocation',
  logging: 'BucketLogging',
  notification: 'BucketNotificationConfiguration',
  'object-lock': 'ObjectLockConfiguration',
  ownershipControls: 'BucketOwnershipControls',
  policy: 'BucketPolicy',
  policyStatus: 'BucketPolicyStatus',
  publicAccessBlock: 'PublicAccessBlock',
  replication: 'BucketReplication',
  requestPayment: 'BucketRequestPayment',
  tagging: 'BucketTagging',
  versioning: 'BucketVersioning',
  website: 'BucketWebsite',
};

const objectNouns: Readonly<Record<string, string>> = {
  acl: 'ObjectAcl',
  attributes: 'ObjectAttributes',
  'legal-hold': 'ObjectLegalHold',
  retention: 'ObjectRetention',
  tagging: 'ObjectTagging',
  torrent: 'ObjectTorrent',
};

const verbs: Readonly<Record<string, string>> = { GET: 'Get', HEAD: 'Head', PUT: 'Put', DELETE: 'Delete' };

/** Classifies one request from what stands in its head. `target` is the request target as sent: encoded path and query. */
export function s3Request(method: string, target: string, headers: Readonly<Record<string, unknown>>): S3Request {
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  const query = new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1));
  const slash = path.indexOf('/', 1);
  const bucket = decoded(slash < 0 ? path.slice(1) : path.slice(1, slash));
  const key = slash < 0 ? '' : decoded(path.slice(slash + 1));
  if (bucket === '') return { operation: method === 'GET' ? 'ListBuckets' : 'Unknown', bucket, key };
  const operation = key === '' ? onBucket(method, query) : onObject(method, query, 'x-amz-copy-source' in headers);
  return { operation, bucket, key };
}

function onBucket(method: string, query: URLSearchParams): string {
  for (const [name, noun] of Object.entries(bucketNouns)) {
    if (!query.has(name)) continue;
    return typeof noun === 'string' ? named(method, noun) : (noun[method] ?? 'Unknown');
  }
  if (method === 'POST') return query.has('delete') ? 'DeleteObjects' : 'Unknown';
  if (method === 'PUT') return 'CreateBucket';
  if (method === 'DELETE') return 'DeleteBucket';
  if (method === 'HEAD') return 'HeadBucket';
  if (method !== 'GET') return 'Unknown';
  if (query.has('versions')) return 'ListObjectVersions';
  if (query.has('uploads')) return 'ListMultipartUploads';
  return query.get('list-type') === '2' ? 'ListObjectsV2' : 'ListObjects';
}

function onObject(method: string, query: URLSearchParams, isCopy: boolean): string {
  for (const [name, noun] of Object.entries(objectNouns)) {
    if (query.has(name)) return named(method, noun);
  }
  if (query.has('uploadId')) return onUpload(method, isCopy);
  if (method === 'POST') {
    if (query.has('uploads')) return 'CreateMultipartUpload';
    if (query.has('restore')) return 'RestoreObject';
    return query.has('select') ? 'SelectObjectContent' : 'Unknown';
  }
  return method === 'PUT' && isCopy ? 'CopyObject' : named(method, 'Object');
}

function onUpload(method: string, isCopy: boolean): string {
  if (method === 'PUT') return isCopy ? 'UploadPartCopy' : 'UploadPart';
  if (method === 'POST') return 'CompleteMultipartUpload';
  if (method === 'GET') return 'ListParts';
  return method === 'DELETE' ? 'AbortMultipartUpload' : 'Unknown';
}

function named(method: string, noun: string): string {
  const verb = verbs[method];
  return verb === undefined ? 'Unknown' : verb + noun;
}

/** A path that is not percent-encoded UTF-8 is kept as sent: it is recorded, not judged. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
