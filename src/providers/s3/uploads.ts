import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import type { BucketAdmin } from '../../ports/object-store.ts';
import type { Control } from './control.ts';
import { decodeKey } from './listing.ts';
import { wholeSeconds } from './metadata.ts';

type OpenUpload = Awaited<ReturnType<BucketAdmin['openUploads']>>[number];

/** Every upload that nobody completed, over all pages; of keys with that prefix where one is given. */
export async function openUploads(control: Control, bucket: string, signal?: AbortSignal, prefix?: string): Promise<readonly OpenUpload[]> {
  const found: OpenUpload[] = [];
  for (let KeyMarker: string | undefined, UploadIdMarker: string | undefined; ; ) {
    const input = { Bucket: bucket, EncodingType: 'url' as const, KeyMarker, UploadIdMarker, Prefix: prefix };
    const page = await control.send('ListMultipartUploads', (client, options) => client.send(new ListMultipartUploadsCommand(input), options), signal);
    for (const { Key = '', UploadId = '', Initiated = new Date(0) } of page.Uploads ?? []) {
      found.push({ key: decodeKey(Key, page.EncodingType), upload: UploadId, initiated: wholeSeconds(Initiated) });
    }
    if (!page.IsTruncated || page.NextKeyMarker === undefined) return found;
    KeyMarker = decodeKey(page.NextKeyMarker, page.EncodingType);
    UploadIdMarker = page.NextUploadIdMarker;
  }
}
