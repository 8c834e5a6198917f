import { createHash } from 'node:crypto';
import { MigrationError } from '../../../src/core/migration-error.ts';
import type { ObjectHead } from '../../../src/model/object-entry.ts';
import type { Listing, Reading, Writing } from '../../../src/ports/object-store.ts';

export interface KeyedStore extends Listing, Reading, Writing {
  readonly objects: Map<string, Buffer>;
  /** Called before and after each call takes effect: what it throws is what the caller gets. */
  fault: (operation: 'put' | 'head' | 'read' | 'list', moment: 'before' | 'after') => void;
}

/** As much of an object store as a depot uses: conditional puts, reads and listings by pages of three. */
export function keyedStore(): KeyedStore {
  const objects = new Map<string, Buffer>();
  const etagOf = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex');
  const headOf = (key: string): ObjectHead => {
    const bytes = objects.get(key);
    if (!bytes) throw new MigrationError('OBJECT_MISSING', { operation: 'HeadObject' });
    return { sizeBytes: bytes.length, etag: etagOf(bytes), lastModified: '2026-01-01T00:00:00Z', metadata: { headers: {}, user: {} } };
  };
  const faulty = <T>(operation: 'put' | 'head' | 'read' | 'list', work: () => T): T => {
    store.fault(operation, 'before');
    const result = work();
    store.fault(operation, 'after');
    return result;
  };
  const unused = (): never => {
    throw new Error('a depot has no use for this');
  };
  const store: KeyedStore = {
    objects,
    fault: () => undefined,
    list: async ({ cursor, prefix = '' }) =>
      faulty('list', () => {
        const keys = [...objects.keys()].filter((key) => key.startsWith(prefix)).sort();
        const from = Number(cursor ?? 0);
        const entries = keys.slice(from, from + 3).map((key) => ({ key, ...headOf(key) }));
        return from + 3 < keys.length ? { entries, next: String(from + 3) } : { entries };
      }),
    head: async (key) => faulty('head', () => headOf(key)),
    read: async ({ key, sizeBytes }, sink) =>
      faulty('read', () => {
        const head = headOf(key);
        if (head.sizeBytes !== sizeBytes) throw new MigrationError('BODY_LENGTH', { operation: 'GetObject' });
        sink(objects.get(key) ?? Buffer.alloc(0));
        return head;
      }),
    put: async (key, body, sha256, _metadata, condition) =>
      faulty('put', () => {
        if (createHash('sha256').update(body).digest('hex') !== sha256) throw new Error('the digest is not that of the body');
        if (!('absent' in condition)) throw new Error('a depot never replaces');
        if (objects.has(key)) throw new MigrationError('TARGET_CONDITION', { operation: 'PutObject' });
        objects.set(key, Buffer.from(body));
        return { etag: etagOf(body) };
      }),
    tags: unused,
    createUpload: unused,
    putPart: unused,
    putPartStream: unused,
    copyPart: unused,
    listParts: unused,
    completeUpload: unused,
    abortUpload: unused,
    putTags: unused,
    remove: unused,
  };
  return store;
}
