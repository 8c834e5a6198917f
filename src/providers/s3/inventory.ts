import { ListBucketsCommand } from '@aws-sdk/client-s3';
import type { Control } from './control.ts';
import { wholeSeconds } from './metadata.ts';

export interface FoundBucket {
  readonly bucket: string;
  readonly createdAt?: string;
  readonly region?: string;
}

/** Every bucket that the credentials may see, over all pages. */
export async function findBuckets(control: Control, signal?: AbortSignal): Promise<readonly FoundBucket[]> {
  const found: FoundBucket[] = [];
  for (let ContinuationToken: string | undefined; ; ) {
    const input = ContinuationToken ? { ContinuationToken } : {};
    const page = await control.send('ListBuckets', (client, options) => client.send(new ListBucketsCommand(input), options), signal);
    for (const { Name = '', CreationDate, BucketRegion } of page.Buckets ?? []) {
      found.push({
        bucket: Name,
        ...(CreationDate ? { createdAt: wholeSeconds(CreationDate) } : {}),
        ...(BucketRegion ? { region: BucketRegion } : {}),
      });
    }
    if (!page.ContinuationToken) return found;
    ContinuationToken = page.ContinuationToken;
  }
}
