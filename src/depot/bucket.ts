import { setTimeout as wait } from 'node:timers/promises';
import { errorCodes } from '../core/error-codes.ts';
import { isMigrationError, MigrationError } from '../core/migration-error.ts';
import type { ObjectMetadata } from '../model/object-entry.ts';
import type { Depot, Journal } from '../ports/depot.ts';
import type { Listing, Reading, Writing } from '../ports/object-store.ts';
import { digestOf, missing, objectPath, packed, unpacked } from './packing.ts';
import { checkJournalName, openSegment, sealSegment, segmentName, segmentNumbers } from './segment.ts';

type Store = Listing & Reading & Writing;

/**
 * A depot in a bucket, under the same paths as in a folder, each below `prefix` ('' or ending in a slash).
 * The store must honour If-None-Match (capability `ifNoneMatch`): it is what fences the journals, so a store without it cannot hold a depot.
 */
export function openBucketDepot(store: Store, prefix: string): Depot {
  return {
    async put(bytes) {
      const digest = digestOf(bytes);
      await create(store, prefix + objectPath(digest), await packed(bytes), 'application/gzip');
      return digest;
    },
    async get(digest) {
      const stored = await readWhole(store, prefix + objectPath(digest));
      if (!stored) throw missing(digest);
      return unpacked(digest, stored);
    },
    journal: (name) => openJournal(store, `${prefix}journals/${checkJournalName(name)}/`, name),
  };
}

function openJournal(store: Store, folder: string, name: string): Journal {
  return {
    async read() {
      const numbers = await segmentNumbers(name, () => namesBelow(store, folder));
      const segments: Buffer[] = [];
      for (const n of numbers) segments.push(openSegment(name, n, (await readWhole(store, folder + segmentName(n))) ?? Buffer.alloc(0)));
      return segments;
    },
    async append(n, bytes) {
      const key = folder + segmentName(n);
      const sealed = sealSegment(name, n, bytes);
      if (await create(store, key, sealed, 'application/jsonl')) return;
      // Another attempt's segment, or our own: a write whose answer was lost is sent again and then refused. No two seals are equal.
      if ((await readWhole(store, key))?.equals(sealed)) return;
      throw new MigrationError('FENCED', { operation: 'append', detail: `segment ${n} of ${name}` });
    },
  };
}

/** True when the key was free and holds `body` now; false when something stands there, which is left alone. */
async function create(store: Store, key: string, body: Buffer, type: string): Promise<boolean> {
  const metadata: ObjectMetadata = { headers: { 'content-type': type }, user: {} };
  try {
    await store.put(key, body, digestOf(body), metadata, { absent: true });
    return true;
  } catch (error) {
    if (isMigrationError(error, 'TARGET_CONDITION')) return false;
    if (isMigrationError(error, 'QUOTA_EXCEEDED')) throw new MigrationError('DEPOT_FULL', { operation: 'put', target: 'depot', cause: error });
    throw error;
  }
}

async function namesBelow(store: Store, folder: string): Promise<readonly string[]> {
  const names: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await patiently(() => store.list({ versions: 'latest', prefix: folder, cursor }));
    names.push(...page.entries.map((entry) => entry.key.slice(folder.length)));
    cursor = page.next;
  } while (cursor !== undefined);
  return names;
}

/** Undefined when there is no such key. */
async function readWhole(store: Store, key: string): Promise<Buffer | undefined> {
  try {
    return await patiently(async () => {
      const { sizeBytes, etag } = await store.head(key);
      const chunks: Buffer[] = [];
      await store.read({ key, etag, sizeBytes }, (chunk) => void chunks.push(Buffer.from(chunk)));
      return Buffer.concat(chunks);
    });
  } catch (error) {
    if (isMigrationError(error, 'OBJECT_MISSING')) return undefined;
    throw error;
  }
}

const tries = 3; // a read tries once by itself, and one lost connection should not cost a whole activity
const pauseMs = 200;

async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await work();
    } catch (error) {
      if (tried === tries || !isMigrationError(error) || errorCodes[error.code].follows !== 'retry') throw error;
      await wait(error.context.retryAfterMs ?? pauseMs * tried);
    }
  }
}
