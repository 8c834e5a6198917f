import {
  GetBucketCorsCommand,
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketLocationCommand,
  GetBucketNotificationConfigurationCommand,
  GetBucketPolicyCommand,
  GetBucketReplicationCommand,
  GetBucketRequestPaymentCommand,
  GetBucketTaggingCommand,
  GetBucketVersioningCommand,
  GetBucketWebsiteCommand,
  GetObjectLockConfigurationCommand,
  type ObjectLockConfiguration,
  type S3Client,
} from '@aws-sdk/client-s3';
import { isMigrationError } from '../../core/migration-error.ts';
import type { BucketConfiguration } from '../../model/bucket.ts';
import type { Control } from './control.ts';
import type { S3Operation } from './operations.ts';

type Part = Partial<BucketConfiguration>;
type Ask = (client: S3Client, Bucket: string, options: { abortSignal?: AbortSignal }) => Promise<Part>;

/** Everything that the bucket itself holds. What the store or our rights keep from us stands in `unread`. */
export async function readConfiguration(control: Control, bucket: string, signal?: AbortSignal): Promise<BucketConfiguration> {
  // The first call alone: it says whether there is a bucket and whether it is ours, before a dozen others ask the same.
  const first = await readSetting(control, bucket, 'versioning', signal);
  const others = await Promise.all(
    Object.keys(settings)
      .filter((name) => name !== 'versioning')
      .map((name) => readSetting(control, bucket, name as Setting, signal)),
  );
  const unread = [first, ...others].flatMap((part) => part.unread ?? []).sort();
  return Object.assign({ versioning: 'off' as const }, first, ...others, { unread });
}

/** BUCKET_MISSING and refused credentials end the reading; a single right or function that is missing does not. */
async function readSetting(control: Control, bucket: string, name: Setting, signal: AbortSignal | undefined): Promise<Part> {
  const [operation, ask] = settings[name];
  try {
    return await control.send(operation, (client, options) => ask(client, bucket, options), signal);
  } catch (error) {
    if (!isMigrationError(error)) throw error;
    if (noneNames.some((none) => error.context.detail?.endsWith(none))) return {};
    if (isMigrationError(error, 'PERMISSION_DENIED', 'UNSUPPORTED', 'UNEXPECTED')) return { unread: [name] };
    throw error;
  }
}

/** How S3 says "none": each setting with an error name of its own. */
const noneNames = [
  'NoSuchCORSConfiguration',
  'NoSuchLifecycleConfiguration',
  'NoSuchTagSet',
  'NoSuchBucketPolicy',
  'ServerSideEncryptionConfigurationNotFoundError',
  'ObjectLockConfigurationNotFoundError',
  'ReplicationConfigurationNotFoundError',
  'NoSuchWebsiteConfiguration',
];

type Setting = Exclude<keyof BucketConfiguration, 'unread'>;

const settings: Readonly<Record<Setting, readonly [S3Operation, Ask]>> = {
  versioning: [
    'GetBucketVersioning',
    async (client, Bucket, options) => {
      const { Status } = await client.send(new GetBucketVersioningCommand({ Bucket }), options);
      return { versioning: Status === 'Enabled' ? 'on' : Status === 'Suspended' ? 'suspended' : 'off' };
    },
  ],
  region: [
    'GetBucketLocation',
    async (client, Bucket, options) => {
      const { LocationConstraint } = await client.send(new GetBucketLocationCommand({ Bucket }), options);
      return LocationConstraint ? { region: LocationConstraint } : {};
    },
  ],
  cors: [
    'GetBucketCors',
    async (client, Bucket, options) => {
      const { CORSRules = [] } = await client.send(new GetBucketCorsCommand({ Bucket }), options);
      return CORSRules.length > 0 ? { cors: CORSRules } : {};
    },
  ],
  lifecycle: [
    'GetBucketLifecycleConfiguration',
    async (client, Bucket, options) => {
      const { Rules = [] } = await client.send(new GetBucketLifecycleConfigurationCommand({ Bucket }), options);
      // A rule may hold a Date, and what is kept in the depot must read back equal.
      return Rules.length > 0 ? { lifecycle: JSON.parse(JSON.stringify(Rules)) as unknown[] } : {};
    },
  ],
  tags: [
    'GetBucketTagging',
    async (client, Bucket, options) => {
      const { TagSet = [] } = await client.send(new GetBucketTaggingCommand({ Bucket }), options);
      return TagSet.length > 0 ? { tags: Object.fromEntries(TagSet.map(({ Key = '', Value = '' }) => [Key, Value])) } : {};
    },
  ],
  policy: [
    'GetBucketPolicy',
    async (client, Bucket, options) => {
      const { Policy } = await client.send(new GetBucketPolicyCommand({ Bucket }), options);
      return Policy ? { policy: Policy } : {};
    },
  ],
  encryption: [
    'GetBucketEncryption',
    async (client, Bucket, options) => {
      const { ServerSideEncryptionConfiguration: encryption } = await client.send(new GetBucketEncryptionCommand({ Bucket }), options);
      return encryption ? { encryption } : {};
    },
  ],
  objectLock: [
    'GetObjectLockConfiguration',
    async (client, Bucket, options) => lockOf((await client.send(new GetObjectLockConfigurationCommand({ Bucket }), options)).ObjectLockConfiguration),
  ],
  notification: [
    'GetBucketNotificationConfiguration',
    async (client, Bucket, options) => {
      const { $metadata: _, ...kinds } = await client.send(new GetBucketNotificationConfigurationCommand({ Bucket }), options);
      return Object.values(kinds).some((kind) => kind !== undefined) ? { notification: true } : {};
    },
  ],
  replication: [
    'GetBucketReplication',
    async (client, Bucket, options) => {
      const { ReplicationConfiguration } = await client.send(new GetBucketReplicationCommand({ Bucket }), options);
      return ReplicationConfiguration ? { replication: true } : {};
    },
  ],
  website: [
    'GetBucketWebsite',
    async (client, Bucket, options) => {
      const { IndexDocument, RedirectAllRequestsTo } = await client.send(new GetBucketWebsiteCommand({ Bucket }), options);
      return IndexDocument || RedirectAllRequestsTo ? { website: true } : {};
    },
  ],
  requesterPays: [
    'GetBucketRequestPayment',
    async (client, Bucket, options) => {
      const { Payer } = await client.send(new GetBucketRequestPaymentCommand({ Bucket }), options);
      return Payer === 'Requester' ? { requesterPays: true } : {};
    },
  ],
};

function lockOf(lock: ObjectLockConfiguration | undefined): Part {
  if (lock?.ObjectLockEnabled !== 'Enabled') return {};
  const { Mode, Days, Years = 0 } = lock.Rule?.DefaultRetention ?? {};
  return { objectLock: { enabled: true, ...(Mode ? { defaultMode: Mode, defaultDays: Days ?? Years * 365 } : {}) } };
}
