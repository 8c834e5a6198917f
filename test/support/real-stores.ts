import type { ObjectSource, ObjectTarget } from '../../src/ports/object-store.ts';
import type { Stores } from '../../src/ports/stores.ts';
import type { Transport } from '../../src/ports/transport.ts';
import { listBuckets, openS3Bucket } from '../../src/providers/s3/index.ts';
import { createSocketTransport } from '../../src/wire/socket-transport.ts';
import { createRateGate, type RateGate } from '../../src/wire/throttle.ts';

/** An S3 endpoint and who uses it. */
export interface RealPlace {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKey: string;
  readonly secretKey: string;
}

export interface RealStores extends Stores {
  close(): Promise<void>;
}

export const realTransport = (): Transport => createSocketTransport();

type Bucket = ReturnType<typeof realBucket>;

/** A bucket behind the adapter that workers use, with credentials given instead of found. */
export function realBucket({
  transport,
  place,
  bucket,
  name,
  gate,
}: {
  transport: Transport;
  place: RealPlace;
  bucket: string;
  name: string;
  gate?: RateGate;
}) {
  const credentials = async () => ({ accessKeyId: place.accessKey, secretAccessKey: place.secretKey });
  const store = { kind: 's3' as const, endpoint: place.endpoint, region: place.region };
  return openS3Bucket({ store, bucket, transport, name, credentials, ...(gate ? { gate } : {}) });
}

/** The stores of a project as `workers/stores.ts` opens them. `places` is read at each opening, so that a test can mend an address or a key. */
export function openRealStores(places: { [at: string]: RealPlace }): RealStores {
  const transport = realTransport();
  const gate = createRateGate();
  const opened = new Map<string, Bucket>();
  const placeOf = (at: string): RealPlace => places[at] as RealPlace;
  return {
    names: () => Object.keys(places),
    open: (at, bucket): ObjectSource & ObjectTarget => {
      const place = placeOf(at);
      const key = JSON.stringify([at, bucket, place]);
      const known = opened.get(key) ?? realBucket({ transport, place, bucket, name: `${at}/${bucket}`, gate });
      opened.set(key, known);
      return known;
    },
    buckets: (at, signal) => {
      const { endpoint, region, accessKey, secretKey } = placeOf(at);
      const credentials = async () => ({ accessKeyId: accessKey, secretAccessKey: secretKey });
      return listBuckets({ store: { kind: 's3', endpoint, region }, transport, name: at, credentials }, signal);
    },
    place: (at, bucket) => ({ provider: 's3', region: placeOf(at).region, endpoint: placeOf(at).endpoint, resource_ref: bucket }),
    close: () => transport.close(),
  };
}
