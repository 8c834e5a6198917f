import { createHash, hash } from 'node:crypto';
import { MigrationError } from '../../src/core/migration-error.ts';
import type { ObjectEntry, ObjectHead, ObjectMetadata } from '../../src/model/object-entry.ts';
import type { CopiedRange, Stored, StoredPart, WriteCondition } from '../../src/ports/object-store.ts';

export interface MemoryVersion {
  readonly versionId: string;
  readonly body: Buffer;
  readonly etag: string;
  readonly lastModified: string;
  metadata: ObjectMetadata;
  readonly storageClass?: string;
  readonly isDeleteMarker?: true;
}

export interface MemoryBucketOptions {
  readonly versioning?: 'off' | 'on';
  /** A store that alters keys: what it really keeps. */
  readonly alter?: (key: string) => string;
  /** Milliseconds; default: one second later at every write, from 2026-01-01. */
  readonly now?: () => number;
}

interface Upload {
  readonly key: string;
  readonly metadata: ObjectMetadata;
  readonly initiated: string;
  readonly parts: Map<number, { readonly body: Buffer; readonly etag: string }>;
}

/** What an S3 bucket does, in memory and at once: versions, conditions, multipart. Versions of a key stand oldest first. */
export interface MemoryBucket {
  versioning: 'off' | 'on';
  readonly keys: Map<string, MemoryVersion[]>;
  readonly uploads: Map<string, Upload>;
  find(key: string, versionId?: string): MemoryVersion;
  current(key: string): MemoryVersion | undefined;
  write(key: string, body: Uint8Array, metadata: ObjectMetadata, condition?: WriteCondition, more?: { etag?: string; storageClass?: string }): Stored;
  createUpload(key: string, metadata: ObjectMetadata): string;
  upload(id: string): Upload;
  /** The body is kept, not copied. */
  putPart(id: string, part: number, body: Buffer): { etag: string };
  /** What `copyPart` takes over: TARGET_CONDITION when the object is another by now. */
  range(from: CopiedRange): Buffer;
  complete(key: string, id: string, parts: readonly StoredPart[], condition: WriteCondition): Stored;
  remove(key: string, what: { etag?: string; versionId?: string }): { result: 'removed' | 'gone' | 'changed'; versionId?: string };
  entries(versions: 'latest' | 'all'): readonly ObjectEntry[];
  head(version: MemoryVersion): ObjectHead;
}

export const md5 = (body: Uint8Array): string => hash('md5', body, 'hex');

const secondsOf = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;
export const fail = (code: 'OBJECT_MISSING' | 'TARGET_CONDITION' | 'TARGET_INVALID' | 'UPLOAD_MISSING', operation: string): MigrationError =>
  new MigrationError(code, { operation });

export function createMemoryBucket({ versioning: atFirst = 'off', alter = (key) => key, now = risingClock() }: MemoryBucketOptions = {}): MemoryBucket {
  const keys = new Map<string, MemoryVersion[]>();
  const uploads = new Map<string, Upload>();
  let serial = 0;

  const versionsOf = (key: string): MemoryVersion[] => keys.get(alter(key)) ?? [];
  const current = (key: string): MemoryVersion | undefined => {
    const newest = versionsOf(key).at(-1);
    return newest?.isDeleteMarker ? undefined : newest;
  };
  const shown = (versionId: string): { versionId?: string } => (bucket.versioning === 'on' ? { versionId } : {});

  function add(key: string, version: Omit<MemoryVersion, 'versionId' | 'lastModified'>): Stored {
    serial += 1;
    const versionId = bucket.versioning === 'on' ? `v${serial}` : 'null';
    const whole = { ...version, versionId, lastModified: secondsOf(now()) };
    keys.set(alter(key), bucket.versioning === 'on' ? [...versionsOf(key), whole] : [whole]);
    return { etag: version.etag, ...shown(versionId) };
  }

  function demand(key: string, condition: WriteCondition): void {
    const there = current(key);
    if ('absent' in condition && there) throw fail('TARGET_CONDITION', 'PutObject');
    if ('etag' in condition && there?.etag !== condition.etag) throw fail('TARGET_CONDITION', 'PutObject');
  }

  function drop(key: string, versionId: string): boolean {
    const before = versionsOf(key);
    const after = before.filter((version) => version.versionId !== versionId);
    if (after.length > 0) keys.set(alter(key), after);
    else keys.delete(alter(key));
    return after.length < before.length;
  }

  const bucket: MemoryBucket = {
    versioning: atFirst,
    keys,
    uploads,
    current,
    find: (key, versionId) => {
      const version = versionId === undefined ? current(key) : versionsOf(key).find((one) => one.versionId === versionId);
      if (!version || version.isDeleteMarker) throw fail('OBJECT_MISSING', 'GetObject');
      return version;
    },
    write: (key, body, metadata, condition = { any: true }, more = {}) => {
      demand(key, condition);
      return add(key, { body: Buffer.from(body), etag: md5(body), metadata, ...more });
    },
    createUpload: (key, metadata) => {
      serial += 1;
      uploads.set(`u${serial}`, { key, metadata, initiated: secondsOf(now()), parts: new Map() });
      return `u${serial}`;
    },
    upload: (id) => {
      const upload = uploads.get(id);
      if (!upload) throw fail('UPLOAD_MISSING', 'UploadPart');
      return upload;
    },
    putPart: (id, part, body) => {
      const etag = md5(body);
      bucket.upload(id).parts.set(part, { body, etag });
      return { etag };
    },
    range: ({ key, etag, start, lengthBytes }) => {
      const { body, etag: itsEtag } = bucket.find(key);
      if (itsEtag !== etag) throw fail('TARGET_CONDITION', 'UploadPartCopy');
      if (lengthBytes === 0 || start + lengthBytes > body.length) throw fail('TARGET_INVALID', 'UploadPartCopy');
      return Buffer.from(body.subarray(start, start + lengthBytes));
    },
    complete: (key, id, parts, condition) => {
      const etag = `${createHash('md5')
        .update(Buffer.concat(parts.map((part) => Buffer.from(part.etag, 'hex'))))
        .digest('hex')}-${parts.length}`;
      const upload = uploads.get(id);
      if (!upload) {
        const there = current(key);
        if (there?.etag === etag) return { etag, ...shown(there.versionId) };
        throw fail('UPLOAD_MISSING', 'CompleteMultipartUpload');
      }
      demand(key, condition);
      const bodies = parts.map((part) => {
        const stored = upload.parts.get(part.part);
        if (stored?.etag !== part.etag) throw new Error('a part that is not stored');
        return stored.body;
      });
      uploads.delete(id);
      return add(key, { body: Buffer.concat(bodies), etag, metadata: upload.metadata });
    },
    remove: (key, { etag, versionId }) => {
      if (versionId !== undefined && bucket.versioning === 'on') return { result: drop(key, versionId) ? 'removed' : 'gone' };
      const there = current(key);
      if (etag !== undefined || bucket.versioning === 'off') {
        if (!there) return { result: 'gone' };
        if (etag !== undefined && there.etag !== etag) return { result: 'changed' };
      }
      if (bucket.versioning === 'off') {
        keys.delete(alter(key));
        return { result: 'removed' };
      }
      const { versionId: marker } = add(key, { body: Buffer.alloc(0), etag: '', metadata: { headers: {}, user: {} }, isDeleteMarker: true });
      return { result: 'removed', ...(marker === undefined ? {} : { versionId: marker }) };
    },
    entries: (versions) => [...keys].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b))).flatMap(([key, all]) => entriesOf(key, all, versions)),
    head: (version) => ({
      sizeBytes: version.body.length,
      etag: version.etag,
      lastModified: version.lastModified,
      ...shown(version.versionId),
      ...(version.storageClass === undefined ? {} : { storageClass: version.storageClass }),
      metadata: { headers: version.metadata.headers, user: version.metadata.user },
      tagCount: Object.keys(version.metadata.tags ?? {}).length,
    }),
  };
  return bucket;
}

/** As S3 tells them: with versions, the newest of a key first. */
function entriesOf(key: string, all: readonly MemoryVersion[], versions: 'latest' | 'all'): readonly ObjectEntry[] {
  const listed = versions === 'all' ? [...all].reverse() : all.slice(-1).filter(({ isDeleteMarker }) => !isDeleteMarker);
  return listed.map(({ body, etag, lastModified, versionId, storageClass, isDeleteMarker }) => ({
    key,
    sizeBytes: body.length,
    etag,
    lastModified,
    ...(versions === 'all' ? { versionId } : {}),
    ...(isDeleteMarker ? { isDeleteMarker } : {}),
    ...(storageClass === undefined ? {} : { storageClass }),
  }));
}

function risingClock(): () => number {
  let ms = Date.UTC(2026, 0, 1);
  return () => {
    ms += 1000;
    return ms;
  };
}
