import type { S3Store } from '../../model/config.ts';
import type { ObjectSource, ObjectTarget, WriteFreezing } from '../../ports/object-store.ts';
import type { Transport } from '../../ports/transport.ts';
import { createRateGate, type RateGate } from '../../wire/throttle.ts';
import { bucketAddress, isAws } from './address.ts';
import { createCaller } from './call.ts';
import { readConfiguration } from './configuration.ts';
import { createControl } from './control.ts';
import { type CredentialProvider, profileChain, rememberCredentials } from './credentials.ts';
import { createFreezing } from './freezing.ts';
import { type FoundBucket, findBuckets } from './inventory.ts';
import { createListing } from './listing.ts';
import { createMultipart } from './multipart.ts';
import { createBucketOwner } from './owner.ts';
import { probe } from './probe.ts';
import { createReading } from './reading.ts';
import { applyConfiguration, applyLifecycle } from './settings.ts';
import { openUploads } from './uploads.ts';
import { createWriting } from './writing.ts';

export { capabilities, operationsOf, type Phase, type S3Operation, type Side } from './operations.ts';
export { type PolicyDocument, policyFor } from './permissions.ts';

export interface S3Parts {
  readonly store: S3Store;
  readonly transport: Transport;
  /** How errors name the place: store and bucket. */
  readonly name: string;
  /** Absent = the vendor's own chain, by the store's profile. */
  readonly credentials?: CredentialProvider;
  readonly nowMs?: () => number;
}

export interface S3BucketParts extends S3Parts {
  readonly bucket: string;
  /** One a process, so that all buckets of an origin share its rate. */
  readonly gate?: RateGate;
}

/** A bucket as source and as target: objects by hand-signed requests, the bucket itself by the SDK. Opening makes no call. */
export function openS3Bucket(parts: S3BucketParts): ObjectSource & ObjectTarget & { readonly freezing: WriteFreezing } {
  const { store, bucket, transport, name, nowMs = Date.now, gate = createRateGate() } = parts;
  const credentials = rememberCredentials(parts.credentials ?? profileChain(store.profile), nowMs);
  const address = bucketAddress(store, bucket);
  const caller = createCaller({ address, region: store.region, place: name, transport, credentials, gate, nowMs });
  const control = createControl({ store, place: name, transport, credentials });
  const objects = { ...createReading(caller, isAws(store)), ...createWriting(caller), ...createMultipart(caller, bucket) };
  return {
    ...createListing(control, bucket),
    ...objects,
    presign: (key, seconds) => caller.presign(key, seconds),
    ...createBucketOwner(control, store, bucket),
    configuration: (signal) => readConfiguration(control, bucket, signal),
    openUploads: (signal) => openUploads(control, bucket, signal),
    applyConfiguration: (configuration, signal) => applyConfiguration(control, bucket, configuration, signal),
    applyLifecycle: (configuration, signal) => applyLifecycle(control, bucket, configuration, signal),
    probe: (prefix, signal) => probe({ control, caller, objects, host: address.host, bucket }, prefix, signal),
    freezing: createFreezing(control, bucket),
  };
}

export function listBuckets({ store, transport, name, credentials, nowMs = Date.now }: S3Parts, signal?: AbortSignal): Promise<readonly FoundBucket[]> {
  const memory = rememberCredentials(credentials ?? profileChain(store.profile), nowMs);
  return findBuckets(createControl({ store, place: name, transport, credentials: memory }), signal);
}
