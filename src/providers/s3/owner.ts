import { CreateBucketCommand, DeleteBucketCommand, HeadBucketCommand, ListMultipartUploadsCommand, ListObjectVersionsCommand } from '@aws-sdk/client-s3';
import { isMigrationError } from '../../core/migration-error.ts';
import type { S3Store } from '../../model/config.ts';
import type { TargetAdmin } from '../../ports/object-store.ts';
import type { Control } from './control.ts';
import { createListing } from './listing.ts';
import { markerOf, setMarker } from './marker.ts';

export function createBucketOwner(control: Control, store: S3Store, bucket: string): Pick<TargetAdmin, 'ensureBucket' | 'removeBucket'> {
  const Bucket = bucket;

  async function exists(signal?: AbortSignal): Promise<boolean> {
    try {
      await control.send('HeadBucket', (client, options) => client.send(new HeadBucketCommand({ Bucket }), options), signal);
      return true;
    } catch (error) {
      if (isMigrationError(error, 'BUCKET_MISSING')) return false;
      throw error;
    }
  }

  return {
    async ensureBucket(marker, signal) {
      // First a look: AWS in us-east-1 answers 200 to the creation of a bucket that one has already.
      if (await exists(signal)) return { created: false };
      // AWS wants its region named, but for the first one; other stores know only the one they are.
      const place = store.endpoint === undefined && store.region !== 'us-east-1' ? { LocationConstraint: store.region as 'eu-west-3' } : undefined;
      const create = new CreateBucketCommand({ Bucket, ...(place ? { CreateBucketConfiguration: place } : {}) });
      try {
        await control.send('CreateBucket', (client, options) => client.send(create, options), signal);
      } catch (error) {
        // A concurrent creator, or our own earlier call whose answer was lost. NumSpot says so with a 404.
        if (await exists(signal)) return { created: false };
        throw error;
      }
      // The bucket exists without its marker. A crash here leaves it empty and unmarked: nothing of ours removes it then,
      // and preflight finds an empty target.
      await setMarker(control, bucket, marker, signal);
      return { created: true };
    },

    async removeBucket(marker, signal) {
      try {
        if ((await markerOf(control, bucket, signal)) !== marker) return 'not ours';
        // SeaweedFS by default deletes a bucket with all it holds, so that emptiness is ours to see.
        if (!(await isEmpty(control, bucket, signal))) return 'not empty';
        await control.send('DeleteBucket', (client, options) => client.send(new DeleteBucketCommand({ Bucket }), options), signal);
        return 'removed';
      } catch (error) {
        if (isMigrationError(error, 'BUCKET_MISSING')) return 'gone';
        if (isMigrationError(error) && error.context.detail?.endsWith('BucketNotEmpty')) return 'not empty';
        throw error;
      }
    },
  };
}

async function isEmpty(control: Control, bucket: string, signal: AbortSignal | undefined): Promise<boolean> {
  const { entries } = await createListing(control, bucket).list({ versions: 'latest', limit: 1 }, signal);
  if (entries.length > 0) return false;
  try {
    const versions = await control.send(
      'ListObjectVersions',
      (client, options) => client.send(new ListObjectVersionsCommand({ Bucket: bucket, MaxKeys: 1 }), options),
      signal,
    );
    if ((versions.Versions?.length ?? 0) + (versions.DeleteMarkers?.length ?? 0) > 0) return false;
    const uploads = await control.send(
      'ListMultipartUploads',
      (client, options) => client.send(new ListMultipartUploadsCommand({ Bucket: bucket, MaxUploads: 1 }), options),
      signal,
    );
    return (uploads.Uploads?.length ?? 0) === 0;
  } catch (error) {
    if (isMigrationError(error, 'UNSUPPORTED')) return true;
    throw error;
  }
}
