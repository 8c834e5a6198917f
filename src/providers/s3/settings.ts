import {
  type BucketLifecycleConfiguration,
  type CORSRule,
  PutBucketCorsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketTaggingCommand,
  PutBucketVersioningCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { LossCode } from '../../core/loss.ts';
import { isMigrationError } from '../../core/migration-error.ts';
import type { BucketConfiguration } from '../../model/bucket.ts';
import type { Control } from './control.ts';
import { isSystemTag, markerOf, ownerTag } from './marker.ts';
import type { S3Operation } from './operations.ts';

type LifecycleRules = NonNullable<BucketLifecycleConfiguration['Rules']>;

/**
 * Carries versioning, CORS and the bucket's own tags. Codes of what the target refused, and of what is never carried: a
 * policy names the principals and networks of one cloud, and in another would open or lock out strangers; encryption names
 * its keys; notifications, replication and websites name other places. Applying the same twice changes nothing.
 */
export async function applyConfiguration(control: Control, bucket: string, wanted: BucketConfiguration, signal?: AbortSignal): Promise<readonly LossCode[]> {
  const Bucket = bucket;
  const { versioning, cors, tags = {} } = wanted;
  const own = Object.entries(tags).filter(([name]) => name !== ownerTag && !isSystemTag(name));
  const refused: (LossCode | undefined)[] = [];

  const attempt = async (code: LossCode, operation: S3Operation, run: (client: S3Client, options: { abortSignal?: AbortSignal }) => Promise<unknown>) => {
    refused.push(await refusedCode(control, code, operation, run, signal));
  };
  if (versioning !== 'off') {
    const Status = versioning === 'on' ? 'Enabled' : 'Suspended';
    await attempt('VERSIONING_NOT_CARRIED', 'PutBucketVersioning', (client, options) =>
      client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }), options),
    );
  }
  if (cors?.length) {
    await attempt('CORS_NOT_CARRIED', 'PutBucketCors', (client, options) =>
      client.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules: cors as CORSRule[] } }), options),
    );
  }
  if (own.length > 0) {
    await attempt('BUCKET_TAGS_NOT_CARRIED', 'PutBucketTagging', async (client, options) => {
      // The set is replaced as a whole: our marker, if it stands there, stays in it.
      const marker = await markerOf(control, bucket, signal);
      const all = [...own, ...(marker === undefined ? [] : [[ownerTag, marker] as const])];
      await client.send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet: all.map(([Key, Value]) => ({ Key, Value })) } }), options);
    });
  }
  return [...refused.filter((code) => code !== undefined), ...neverCarried(wanted)];
}

/** Switched on at finalize only. Rules about classes that the target lacks are the target's to refuse. */
export async function applyLifecycle(control: Control, bucket: string, { lifecycle }: BucketConfiguration, signal?: AbortSignal): Promise<readonly LossCode[]> {
  if (!lifecycle?.length) return [];
  const LifecycleConfiguration = { Rules: lifecycle.map(withDates) as LifecycleRules };
  const put = (client: S3Client, options: { abortSignal?: AbortSignal }): Promise<unknown> =>
    client.send(new PutBucketLifecycleConfigurationCommand({ Bucket: bucket, LifecycleConfiguration }), options);
  const code = await refusedCode(control, 'LIFECYCLE_NOT_CARRIED', 'PutBucketLifecycleConfiguration', put, signal);
  return code ? [code] : [];
}

function neverCarried({ policy, encryption, objectLock, notification, replication, website, requesterPays }: BucketConfiguration): readonly LossCode[] {
  const losses: (LossCode | false | undefined)[] = [
    policy !== undefined && 'POLICY_NOT_CARRIED',
    namesKey(encryption) && 'ENCRYPTION_NOT_CARRIED',
    objectLock?.enabled && 'OBJECT_LOCK_NOT_CARRIED',
    notification && 'NOTIFICATION_NOT_CARRIED',
    replication && 'REPLICATION_NOT_CARRIED',
    website && 'WEBSITE_NOT_CARRIED',
    requesterPays && 'REQUESTER_PAYS_NOT_CARRIED',
  ];
  return losses.filter((code) => code !== false && code !== undefined);
}

/** AWS answers its own default for every bucket; only a key of the customer's is lost. */
const namesKey = (encryption: unknown): boolean => encryption !== undefined && JSON.stringify(encryption).includes('aws:kms');

async function refusedCode(
  control: Control,
  code: LossCode,
  operation: S3Operation,
  run: (client: S3Client, options: { abortSignal?: AbortSignal }) => Promise<unknown>,
  signal: AbortSignal | undefined,
): Promise<LossCode | undefined> {
  try {
    await control.send(operation, run, signal);
    return undefined;
  } catch (error) {
    if (isMigrationError(error, 'UNSUPPORTED', 'TARGET_INVALID')) return code;
    throw error;
  }
}

/** JSON made texts of the dates that the SDK's serialiser expects. */
const withDates = (rule: unknown): unknown =>
  JSON.parse(JSON.stringify(rule), (name, value: unknown) => (name === 'Date' && typeof value === 'string' ? new Date(value) : value));
