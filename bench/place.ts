import { CreateBucketCommand, DeleteBucketCommand, DeleteObjectsCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import type { Load } from './load.ts';

/** An S3 store of this machine as every client of the bench is told of it. */
export interface Endpoint {
  readonly endpoint: string;
  readonly accessKey: string;
  readonly secretKey: string;
}

/** Object bytes that went over the wire at each end, and what serving them cost: as the stores themselves count. */
export interface Traffic {
  readonly sourceBytes: number;
  readonly targetBytes: number;
  readonly requests: number;
  readonly storesCpuSeconds: number;
}

/** Two stores to copy between. */
export interface Place {
  readonly name: 'lab' | 'null';
  readonly title: string;
  readonly source: Endpoint;
  readonly target: Endpoint;
  /** Makes sure that the load stands at the source; answers its bucket. */
  prepare(load: Load): Promise<string>;
  /** Totals since the stores started. What the target gives back, a verification has read, so it counts at the target as well. */
  traffic(): Promise<Traffic>;
  stop(): Promise<void>;
}

export const portOf = (store: Endpoint): number => Number(new URL(store.endpoint).port);

/** The bench's own hand on a store, between runs and never during one. */
export function controlClient(store: Endpoint): S3Client {
  return new S3Client({
    endpoint: store.endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: store.accessKey, secretAccessKey: store.secretKey },
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
}

/** An empty target bucket for one run, removed with all that is in it. */
export async function withTargetBucket<T>(store: Endpoint, bucket: string, run: () => Promise<T>): Promise<T> {
  const client = controlClient(store);
  try {
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
    return await run();
  } finally {
    await removeBucket(client, bucket);
    client.destroy();
  }
}

async function removeBucket(client: S3Client, bucket: string): Promise<void> {
  for (;;) {
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
    const keys = Contents.flatMap(({ Key }) => (Key === undefined ? [] : [{ Key }]));
    if (keys.length === 0) break;
    await client.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects: keys, Quiet: true } }));
  }
  await client.send(new DeleteBucketCommand({ Bucket: bucket }));
}

export interface Held {
  readonly count: number;
  readonly sizeBytes: number;
}

/** What a bucket holds: a client that left something out is not fast but wrong. */
export async function contentsOf(client: S3Client, bucket: string): Promise<Held> {
  let count = 0;
  let sizeBytes = 0;
  let token: string | undefined;
  do {
    const page = await client.send(new ListObjectsV2Command({ Bucket: bucket, ContinuationToken: token }));
    for (const object of page.Contents ?? []) {
      count += 1;
      sizeBytes += object.Size ?? 0;
    }
    token = page.NextContinuationToken;
  } while (token);
  return { count, sizeBytes };
}
