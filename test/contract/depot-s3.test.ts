import { hash, randomBytes } from 'node:crypto';
import { afterAll } from '@jest/globals';
import { openBucketDepot } from '../../src/depot/bucket.ts';
import { realBucket, realTransport } from '../support/real-stores.ts';
import { describeStores, sharedStores } from '../support/stores.ts';
import { testStoredDepot } from './depot.ts';

const transport = realTransport();
afterAll(() => transport.close());

describeStores('a depot on a real store', () => {
  const place = sharedStores().target;

  testStoredDepot('the depot in a SeaweedFS bucket', async () => {
    const bucket = `depot-${randomBytes(6).toString('hex')}`;
    const store = realBucket({ transport, place, bucket, name: `lab/${bucket}` });
    await store.ensureBucket('contract');
    return {
      open: () => openBucketDepot(store, 'écluse/depot/'),
      files: {
        read: async (path) => {
          const key = `écluse/depot/${path}`;
          const { sizeBytes } = await store.head(key);
          const chunks: Buffer[] = [];
          await store.read({ key, sizeBytes }, (chunk) => void chunks.push(Buffer.from(chunk)));
          return Buffer.concat(chunks);
        },
        write: async (path, bytes) => {
          const sha256 = hash('sha256', bytes);
          await store.put(`écluse/depot/${path}`, bytes, sha256, { headers: {}, user: {} }, { any: true });
        },
        remove: async (path) => {
          const key = `écluse/depot/${path}`;
          await store.remove(key, { etag: (await store.head(key)).etag });
        },
      },
    };
  });
});
