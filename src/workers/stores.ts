import { MigrationError } from '../core/migration-error.ts';
import type { Config, S3Store } from '../model/config.ts';
import type { Stores } from '../ports/stores.ts';
import type { Transport } from '../ports/transport.ts';
import { listBuckets, openS3Bucket } from '../providers/s3/index.ts';
import { createRateGate } from '../wire/throttle.ts';

/** The stores of `ecluse.yaml`, opened over one transport. A bucket is opened once a process: its credentials and rates are shared. */
export function openStores(config: Config, transport: Transport): Stores {
  const gate = createRateGate();
  const opened = new Map<string, ReturnType<Stores['open']>>();
  const storeOf = (at: string): S3Store => {
    const store = config.stores[at];
    if (!store) throw new MigrationError('CONFIG_INVALID', { operation: 'open store', detail: `ecluse.yaml has no store ${at}` });
    return store;
  };
  return {
    names: () => Object.keys(config.stores),
    open: (at, bucket) => {
      const known = opened.get(`${at}/${bucket}`) ?? openS3Bucket({ store: storeOf(at), bucket, transport, gate, name: `${at}/${bucket}` });
      opened.set(`${at}/${bucket}`, known);
      return known;
    },
    buckets: (at, signal) => listBuckets({ store: storeOf(at), transport, name: at }, signal),
    place: (at, bucket) => {
      const { kind, region, country, endpoint } = storeOf(at);
      return { provider: kind, region, ...(country ? { country } : {}), ...(endpoint ? { endpoint } : {}), resource_ref: bucket };
    },
  };
}
