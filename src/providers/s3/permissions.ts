import { operationsOf, type Phase, type S3Operation, type Side } from './operations.ts';

export interface PolicyDocument {
  readonly Version: '2012-10-17';
  readonly Statement: readonly { readonly Sid: string; readonly Effect: 'Allow'; readonly Action: readonly string[]; readonly Resource: string }[];
}

type Scope = 'account' | 'bucket' | 'object';

/** IAM's names differ from the API's. A versioned read or delete is a right of its own. */
const rights: Readonly<Record<S3Operation, readonly [Scope, ...string[]]>> = {
  ListBuckets: ['account', 's3:ListAllMyBuckets'],
  HeadBucket: ['bucket', 's3:ListBucket'],
  ListObjectsV2: ['bucket', 's3:ListBucket'],
  ListObjects: ['bucket', 's3:ListBucket'],
  ListObjectVersions: ['bucket', 's3:ListBucketVersions'],
  ListMultipartUploads: ['bucket', 's3:ListBucketMultipartUploads'],
  GetObject: ['object', 's3:GetObject', 's3:GetObjectVersion'],
  HeadObject: ['object', 's3:GetObject', 's3:GetObjectVersion'],
  GetObjectTagging: ['object', 's3:GetObjectTagging', 's3:GetObjectVersionTagging'],
  GetBucketVersioning: ['bucket', 's3:GetBucketVersioning'],
  GetBucketLocation: ['bucket', 's3:GetBucketLocation'],
  GetBucketCors: ['bucket', 's3:GetBucketCORS'],
  GetBucketLifecycleConfiguration: ['bucket', 's3:GetLifecycleConfiguration'],
  GetBucketTagging: ['bucket', 's3:GetBucketTagging'],
  GetBucketPolicy: ['bucket', 's3:GetBucketPolicy'],
  GetBucketEncryption: ['bucket', 's3:GetEncryptionConfiguration'],
  GetObjectLockConfiguration: ['bucket', 's3:GetBucketObjectLockConfiguration'],
  GetBucketNotificationConfiguration: ['bucket', 's3:GetBucketNotification'],
  GetBucketReplication: ['bucket', 's3:GetReplicationConfiguration'],
  GetBucketWebsite: ['bucket', 's3:GetBucketWebsite'],
  GetBucketRequestPayment: ['bucket', 's3:GetBucketRequestPayment'],
  PutObject: ['object', 's3:PutObject', 's3:PutObjectTagging'],
  PutObjectTagging: ['object', 's3:PutObjectTagging', 's3:PutObjectVersionTagging'],
  DeleteObjectTagging: ['object', 's3:DeleteObjectTagging', 's3:DeleteObjectVersionTagging'],
  DeleteObject: ['object', 's3:DeleteObject', 's3:DeleteObjectVersion'],
  CreateMultipartUpload: ['object', 's3:PutObject', 's3:PutObjectTagging'],
  UploadPart: ['object', 's3:PutObject'],
  // Parts are only ever copied from an object of the same bucket.
  UploadPartCopy: ['object', 's3:PutObject', 's3:GetObject'],
  CompleteMultipartUpload: ['object', 's3:PutObject'],
  ListParts: ['object', 's3:ListMultipartUploadParts'],
  AbortMultipartUpload: ['object', 's3:AbortMultipartUpload'],
  CreateBucket: ['bucket', 's3:CreateBucket'],
  DeleteBucket: ['bucket', 's3:DeleteBucket'],
  PutBucketTagging: ['bucket', 's3:PutBucketTagging'],
  PutBucketVersioning: ['bucket', 's3:PutBucketVersioning'],
  PutBucketCors: ['bucket', 's3:PutBucketCORS'],
  PutBucketLifecycleConfiguration: ['bucket', 's3:PutLifecycleConfiguration'],
  PutBucketPolicy: ['bucket', 's3:PutBucketPolicy'],
  DeleteBucketPolicy: ['bucket', 's3:DeleteBucketPolicy'],
};

/**
 * The least that the credentials of that side need in that phase, as an IAM policy for the user or role. Made from the
 * operations that the adapter declares, so that it cannot say more or less than the code does.
 */
export function policyFor({ side, phase, bucket }: { side: Side; phase: Phase; bucket: string }): PolicyDocument {
  const resources: readonly (readonly [Scope, string, string])[] = [
    ['account', 'EcluseAccount', '*'],
    ['bucket', 'EcluseBucket', `arn:aws:s3:::${bucket}`],
    ['object', 'EcluseObjects', `arn:aws:s3:::${bucket}/*`],
  ];
  const statements = resources.map(([scope, Sid, Resource]) => ({
    Sid,
    Effect: 'Allow' as const,
    Action: actionsOf(operationsOf(side, phase), scope),
    Resource,
  }));
  return { Version: '2012-10-17', Statement: statements.filter(({ Action }) => Action.length > 0) };
}

function actionsOf(operations: readonly S3Operation[], scope: Scope): readonly string[] {
  const actions = operations.flatMap((operation) => {
    const [itsScope, ...its] = rights[operation];
    return itsScope === scope ? its : [];
  });
  return [...new Set(actions)].sort();
}
