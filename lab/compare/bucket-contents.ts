import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { GetObjectCommand, type GetObjectCommandOutput, GetObjectTaggingCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { createLabStore, type LabPlace } from '../seed/lab-store.ts';
import { listVersions } from '../seed/listing.ts';

/** A bucket and who reads it. */
export interface ComparedBucket extends LabPlace {
  readonly bucket: string;
}

/** One line of a listing. `version` numbers a key's versions from the oldest, since ids differ between stores; 0 when only the latest is listed. */
export interface Listed {
  readonly key: string;
  readonly version: number;
  readonly versionId?: string;
  readonly isMarker: boolean;
}

/** What a GET gave back. */
export interface Contents {
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly user: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly storageClass: string;
}

/** The SDK's client: slow, and neither the mover's nor the seeder's. */
export function createReader(place: LabPlace): S3Client {
  return new S3Client({
    endpoint: place.endpoint,
    region: place.region,
    credentials: { accessKeyId: place.accessKey, secretAccessKey: place.secretKey },
    forcePathStyle: true,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
}

/** Current objects, one line a key. */
export async function listLatest(client: S3Client, bucket: string): Promise<readonly Listed[]> {
  const found: Listed[] = [];
  let token: string | undefined;
  do {
    const page = await client.send(new ListObjectsV2Command({ Bucket: bucket, EncodingType: 'url', ContinuationToken: token }));
    for (const { Key = '' } of page.Contents ?? []) {
      const key = page.EncodingType === 'url' ? decodeURIComponent(Key.replaceAll('+', ' ')) : Key;
      found.push({ key, version: 0, isMarker: false });
    }
    token = page.IsTruncated ? page.NextContinuationToken : undefined;
  } while (token !== undefined);
  return found;
}

/** Every version and delete marker. Not by the SDK: it tears versions and markers apart, and their order is what is compared. */
export async function listAllVersions(place: ComparedBucket): Promise<readonly Listed[]> {
  const store = createLabStore(place, { connections: 1 });
  try {
    const newestFirst = await listVersions(store, place.bucket, '');
    const count = new Map<string, number>();
    return [...newestFirst].reverse().map(({ key, versionId, etag }) => {
      const version = (count.get(key) ?? 0) + 1;
      count.set(key, version);
      return { key, version, versionId, isMarker: etag === undefined };
    });
  } finally {
    store.close();
  }
}

/** Reads one object whole: bytes hashed as they come, headers, user metadata, tags asked for apart. */
export async function readContents(client: S3Client, bucket: string, { key, versionId }: Listed): Promise<Contents> {
  const which = { Bucket: bucket, Key: key, VersionId: versionId };
  const answer = await client.send(new GetObjectCommand(which));
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for await (const chunk of answer.Body as Readable) {
    hash.update(chunk as Buffer);
    sizeBytes += (chunk as Buffer).length;
  }
  const { TagSet = [] } = await client.send(new GetObjectTaggingCommand(which));
  return {
    sha256: hash.digest('hex'),
    sizeBytes,
    headers: contentHeaders(answer),
    user: answer.Metadata ?? {},
    tags: Object.fromEntries(TagSet.map(({ Key = '', Value = '' }) => [Key, Value])),
    storageClass: answer.StorageClass ?? 'STANDARD',
  };
}

function contentHeaders(answer: GetObjectCommandOutput): Record<string, string> {
  const headers = {
    'cache-control': answer.CacheControl,
    'content-disposition': answer.ContentDisposition,
    'content-encoding': answer.ContentEncoding,
    'content-language': answer.ContentLanguage,
    'content-type': answer.ContentType,
    expires: answer.ExpiresString,
    'x-amz-website-redirect-location': answer.WebsiteRedirectLocation,
  };
  return Object.fromEntries(Object.entries(headers).filter((pair): pair is [string, string] => pair[1] !== undefined));
}
