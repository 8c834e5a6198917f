import { GetBucketTaggingCommand, PutBucketTaggingCommand } from '@aws-sdk/client-s3';
import { isMigrationError } from '../../core/migration-error.ts';
import type { Control } from './control.ts';

/** The tag that says which workload we made a bucket for. */
export const ownerTag = 'ecluse-owner';
/** Tags that a cloud sets by itself and nobody else may. */
export const isSystemTag = (name: string): boolean => name.startsWith('aws:');

/** The value of our marker tag; undefined = no tags, no such tag. */
export async function markerOf(control: Control, bucket: string, signal?: AbortSignal): Promise<string | undefined> {
  try {
    const ask = new GetBucketTaggingCommand({ Bucket: bucket });
    const { TagSet = [] } = await control.send('GetBucketTagging', (client, options) => client.send(ask, options), signal);
    return TagSet.find(({ Key }) => Key === ownerTag)?.Value;
  } catch (error) {
    if (isMigrationError(error, 'UNSUPPORTED') || (isMigrationError(error) && error.context.detail?.endsWith('NoSuchTagSet'))) return undefined;
    throw error;
  }
}

/** Sets it as the only tag: for a bucket that we have just made. */
export async function setMarker(control: Control, bucket: string, marker: string, signal: AbortSignal | undefined): Promise<void> {
  const tagging = new PutBucketTaggingCommand({ Bucket: bucket, Tagging: { TagSet: [{ Key: ownerTag, Value: marker }] } });
  try {
    await control.send('PutBucketTagging', (client, options) => client.send(tagging, options), signal);
  } catch (error) {
    // A store without bucket tags (NumSpot, perhaps): the bucket is never removed by us, which is the safe side.
    if (!isMigrationError(error, 'UNSUPPORTED', 'TARGET_INVALID')) throw error;
  }
}
