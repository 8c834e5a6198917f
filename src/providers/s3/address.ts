import type { S3Store } from '../../model/config.ts';
import { encodePath } from '../../wire/sigv4.ts';

/** Where a bucket is spoken to: always path style, which every S3 store knows and which needs no DNS name per bucket. */
export interface BucketAddress {
  readonly endpoint: string;
  readonly origin: string;
  readonly host: string;
  /** Prefix of the endpoint (NumSpot: `/spaces/{id}`) and bucket, encoded, without a last slash. */
  readonly basePath: string;
}

export const endpointOf = (store: S3Store): string => store.endpoint ?? `https://s3.${store.region}.amazonaws.com`;

/** The vendor itself, whose documented habits can be relied on. */
export const isAws = (store: S3Store): boolean => /\.amazonaws\.com(\.cn)?$/.test(new URL(endpointOf(store)).hostname);

export function bucketAddress(store: S3Store, bucket: string): BucketAddress {
  const endpoint = endpointOf(store);
  // Of the endpoint only: a key never meets URL, which would fold its dots.
  const { origin, host, pathname } = new URL(endpoint);
  return { endpoint, origin, host, basePath: `${pathname.replace(/\/+$/, '')}/${encodePath(bucket)}` };
}
