import { isMigrationError } from '../../src/core/migration-error.ts';
import { createMemoryStore, type MemoryStore } from '../support/memory-store.ts';
import { testObjectStore } from './object-store.ts';
import { testPartsAndSharing } from './object-store-parts.ts';

/** The fast suites stand on this store: what it does differently from a real one, they would not see. */
testObjectStore('memory', async () => createMemoryStore({ exists: false, versioning: 'off' }));

let nowMs = Date.UTC(2026, 0, 1);
let store: MemoryStore;

testPartsAndSharing(
  'memory',
  async () => {
    store = createMemoryStore({ exists: false, nowMs: () => nowMs });
    return store;
  },
  {
    hourAgo: (bucket) => ({
      presign: async (key, seconds) => {
        nowMs -= 3_600_000;
        const url = await bucket.presign(key, seconds);
        nowMs += 3_600_000;
        return url;
      },
    }),
    fetchShared: async (_bucket, url) => {
      try {
        return { status: 200, body: store.fetchShared(url) };
      } catch (error) {
        return { status: isMigrationError(error, 'PERMISSION_DENIED') ? 403 : 404, body: Buffer.alloc(0) };
      }
    },
  },
);
