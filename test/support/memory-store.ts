import { hash } from 'node:crypto';
import { MigrationError } from '../../src/core/migration-error.ts';
import type { BucketConfiguration, TargetCapabilities } from '../../src/model/bucket.ts';
import type { ObjectMetadata } from '../../src/model/object-entry.ts';
import type { ObjectTarget, ReadRequest, StreamedBody, WriteFreezing } from '../../src/ports/object-store.ts';
import { type MemoryState, memoryAdministration } from './memory-administration.ts';
import { createMemoryBucket, type MemoryBucket, type MemoryBucketOptions } from './memory-bucket.ts';
import { createMemorySharing, type MemorySharing } from './memory-sharing.ts';

export type MemoryOperation =
  | 'list'
  | 'head'
  | 'read'
  | 'tags'
  | 'put'
  | 'createUpload'
  | 'putPart'
  | 'putPartStream'
  | 'copyPart'
  | 'listParts'
  | 'completeUpload'
  | 'abortUpload'
  | 'putTags'
  | 'remove'
  | 'presign'
  | 'admin';

export interface MemoryCall {
  readonly operation: MemoryOperation;
  readonly key: string;
  /** How many calls this connection made before. */
  readonly n: number;
  readonly part?: number;
}

/** Faults of one connection; a throw in `before` means not done, in `after` done but unreported. */
export interface MemoryFaults {
  before?: (call: MemoryCall) => void | Promise<void>;
  after?: (call: MemoryCall) => void | Promise<void>;
  /** What really comes over the wire instead of the body. */
  sends?: (call: MemoryCall, body: Buffer) => Buffer;
  /** What is really stored instead of the body. */
  stores?: (call: MemoryCall, body: Buffer) => Buffer;
}

export interface MemoryStoreOptions extends MemoryBucketOptions {
  /** False: nobody made the bucket yet. */
  readonly exists?: boolean;
  readonly pageSize?: number;
  readonly capabilities?: Partial<TargetCapabilities>;
  /** Lists in some other order than by key. */
  readonly order?: (keys: string) => string;
  /** By which shared addresses end; default the host's clock. */
  readonly nowMs?: () => number;
}

export interface MemoryCounters {
  readonly calls: Partial<Record<MemoryOperation, number>>;
  /** Body bytes by key. */
  readonly readBytes: Map<string, number>;
  readonly writtenBytes: Map<string, number>;
  /** Taken over inside the store by `copyPart`, by the key that they were copied to. */
  readonly copiedBytes: Map<string, number>;
}

/** A bucket in memory behind the object port: the state is shared, each connection has its own faults. */
export interface MemoryStore extends Required<Pick<ObjectTarget, 'freezing'>>, ObjectTarget {
  readonly freezing: WriteFreezing;
  readonly bucket: MemoryBucket;
  readonly counters: MemoryCounters;
  readonly capabilities: TargetCapabilities;
  configurationNow: BucketConfiguration;
  /** Ids of the freezes that deny writes now. */
  readonly frozenBy: readonly string[];
  /** What an outsider gets under an address of `presign`: PERMISSION_DENIED when it is over, altered or another store's. */
  fetchShared(url: string): Buffer;
  connect(faults: MemoryFaults): ObjectTarget & { readonly freezing: WriteFreezing };
  /** Puts an object as an outsider would: no fault, no counter. */
  seed(key: string, body: Uint8Array | string, more?: Partial<ObjectMetadata> & { storageClass?: string }): void;
}

const chunkBytes = 16 * 1024;
const everything: TargetCapabilities = {
  ifNoneMatch: true,
  ifMatch: true,
  checksSignedHash: true,
  tagging: true,
  versioning: true,
  policy: true,
  partCopy: true,
  streamedParts: true,
  partCount: 10_000,
  userMetadataBytes: 2048,
};

export function createMemoryStore(options: MemoryStoreOptions = {}): MemoryStore {
  const bucket = createMemoryBucket(options);
  const counters: MemoryCounters = { calls: {}, readBytes: new Map(), writtenBytes: new Map(), copiedBytes: new Map() };
  const shared: Shared = {
    bucket,
    counters,
    options,
    capabilities: { ...everything, ...options.capabilities },
    sharing: createMemorySharing(bucket, options.nowMs),
    state: { configuration: { versioning: bucket.versioning, unread: [] }, exists: options.exists ?? true, frozen: new Set() },
  };
  return {
    ...connect(shared, {}),
    bucket,
    counters,
    capabilities: shared.capabilities,
    get configurationNow() {
      return shared.state.configuration;
    },
    set configurationNow(configuration) {
      shared.state.configuration = configuration;
    },
    get frozenBy() {
      return [...shared.state.frozen];
    },
    fetchShared: (url) => shared.sharing.fetch(url),
    connect: (faults) => connect(shared, faults),
    seed: (key, body, { storageClass, headers = { 'content-type': 'application/octet-stream' }, user = {}, tags } = {}) => {
      bucket.write(key, Buffer.from(body), { headers, user, ...(tags ? { tags } : {}) }, { any: true }, storageClass === undefined ? {} : { storageClass });
    },
  };
}

interface Shared {
  readonly bucket: MemoryBucket;
  readonly counters: MemoryCounters;
  readonly options: MemoryStoreOptions;
  readonly capabilities: TargetCapabilities;
  readonly sharing: MemorySharing;
  readonly state: MemoryState;
}

function connect(shared: Shared, faults: MemoryFaults): ObjectTarget & { readonly freezing: WriteFreezing } {
  const { bucket, counters, options, state } = shared;
  let n = 0;

  async function call<T>(
    operation: MemoryOperation,
    key: string,
    signal: AbortSignal | undefined,
    work: (made: MemoryCall) => T | Promise<T>,
    part?: number,
  ): Promise<T> {
    const made: MemoryCall = { operation, key, n, ...(part === undefined ? {} : { part }) };
    n += 1;
    counters.calls[operation] = (counters.calls[operation] ?? 0) + 1;
    await faults.before?.(made);
    await turn();
    signal?.throwIfAborted();
    const answer = await work(made);
    await faults.after?.(made);
    return answer;
  }

  const write = <T>(
    operation: MemoryOperation,
    key: string,
    signal: AbortSignal | undefined,
    work: (made: MemoryCall) => T | Promise<T>,
    part?: number,
  ): Promise<T> =>
    call(
      operation,
      key,
      signal,
      (made) => {
        if (state.frozen.size > 0) throw new MigrationError('PERMISSION_DENIED', { operation });
        return work(made);
      },
      part,
    );

  const able = (what: 'partCopy' | 'streamedParts', operation: string): void => {
    if (!shared.capabilities[what]) throw new MigrationError('UNSUPPORTED', { operation });
  };

  const stored = (made: MemoryCall, body: Uint8Array, sha256?: string): Buffer => {
    // Also catches a buffer given back too early.
    if (sha256 !== undefined && hash('sha256', body, 'hex') !== sha256) throw new Error('the signed SHA-256 is not the body’s');
    counters.writtenBytes.set(made.key, (counters.writtenBytes.get(made.key) ?? 0) + body.length);
    return faults.stores?.(made, Buffer.from(body)) ?? Buffer.from(body);
  };

  return {
    list: (request, signal) =>
      call('list', request.prefix ?? '', signal, () => {
        if (!shared.state.exists) throw new MigrationError('BUCKET_MISSING', { operation: 'ListObjectsV2' });
        const { versions, cursor = '0', prefix = '', limit = options.pageSize ?? 1000 } = request;
        const all = bucket.entries(versions).filter(({ key }) => key.startsWith(prefix));
        const order = options.order;
        const sorted = order ? all.toSorted((a, b) => (order(a.key) < order(b.key) ? -1 : order(a.key) > order(b.key) ? 1 : 0)) : all;
        const end = Number(cursor) + limit;
        return { entries: sorted.slice(Number(cursor), end), ...(end < sorted.length ? { next: String(end) } : {}) };
      }),
    head: (key, versionId, signal) => call('head', key, signal, () => bucket.head(bucket.find(key, versionId))),
    read: (request, sink, signal) => call('read', request.key, signal, (made) => readBody(shared, faults, made, request, sink, signal)),
    tags: (key, versionId, signal) => call('tags', key, signal, () => bucket.find(key, versionId).metadata.tags ?? {}),

    put: (key, body, sha256, metadata, condition, signal) =>
      write('put', key, signal, (made) => bucket.write(key, stored(made, body, sha256), metadata, condition)),
    createUpload: (key, metadata, signal) => write('createUpload', key, signal, () => bucket.createUpload(key, metadata)),
    putPart: (key, upload, part, body, sha256, signal) =>
      write('putPart', key, signal, (made) => bucket.putPart(upload, part, stored(made, body, sha256)), part),
    putPartStream: (key, upload, part, body, signal) =>
      write(
        'putPartStream',
        key,
        signal,
        async (made) => {
          able('streamedParts', 'UploadPart');
          return bucket.putPart(upload, part, stored(made, await gathered(body, signal)));
        },
        part,
      ),
    copyPart: (key, upload, part, from, signal) =>
      write(
        'copyPart',
        key,
        signal,
        () => {
          able('partCopy', 'UploadPartCopy');
          const answer = bucket.putPart(upload, part, bucket.range(from));
          counters.copiedBytes.set(key, (counters.copiedBytes.get(key) ?? 0) + from.lengthBytes);
          return answer;
        },
        part,
      ),
    presign: (key, seconds) => call('presign', key, undefined, () => shared.sharing.address(key, seconds)),
    listParts: (key, upload, signal) =>
      call('listParts', key, signal, () =>
        [...bucket.upload(upload).parts].map(([part, { etag, body }]) => ({ part, etag, sizeBytes: body.length })).sort((a, b) => a.part - b.part),
      ),
    completeUpload: (key, upload, parts, condition, signal) => write('completeUpload', key, signal, () => bucket.complete(key, upload, parts, condition)),
    abortUpload: (key, upload, signal) => call('abortUpload', key, signal, () => void bucket.uploads.delete(upload)),
    putTags: (key, tags, versionId, signal) =>
      write('putTags', key, signal, () => {
        const version = bucket.find(key, versionId);
        version.metadata = { ...version.metadata, tags };
      }),
    remove: (key, what, signal) => write('remove', key, signal, () => bucket.remove(key, what)),

    ...memoryAdministration(shared, call),
  };
}

/** The body of a part as it comes; each chunk is copied before the next is asked for. */
async function gathered({ sizeBytes, chunks }: StreamedBody, signal: AbortSignal | undefined): Promise<Buffer> {
  const body: Buffer[] = [];
  let received = 0;
  for await (const chunk of chunks()) {
    signal?.throwIfAborted();
    const { bytes, sha256 } = 'bytes' in chunk ? chunk : { bytes: chunk };
    // What a store says of a chunk whose signature does not hold.
    if (sha256 !== undefined && hash('sha256', bytes, 'hex') !== sha256) throw new MigrationError('CREDENTIALS_REFUSED', { operation: 'UploadPart' });
    received += bytes.length;
    if (received > sizeBytes) break;
    body.push(Buffer.from(bytes));
  }
  if (received !== sizeBytes) throw new MigrationError('BODY_LENGTH', { operation: 'UploadPart' });
  return Buffer.concat(body);
}

async function readBody(
  { bucket, counters }: Shared,
  faults: MemoryFaults,
  made: MemoryCall,
  { key, versionId, etag, range, sizeBytes }: ReadRequest,
  sink: (chunk: Uint8Array) => void,
  signal: AbortSignal | undefined,
): Promise<ReturnType<MemoryBucket['head']>> {
  const version = bucket.find(key, versionId);
  if (etag !== undefined && version.etag !== etag) throw new MigrationError('SOURCE_CHANGED', { operation: 'GetObject' });
  if (version.storageClass === 'GLACIER' || version.storageClass === 'DEEP_ARCHIVE') throw new MigrationError('OBJECT_ARCHIVED', { operation: 'GetObject' });
  if (range && version.body.length === 0) throw new Error('416: a range of an empty object');
  const asked = range ? version.body.subarray(range.start, range.start + range.lengthBytes) : version.body;
  const body = faults.sends?.(made, asked) ?? asked;
  const scratch = Buffer.alloc(chunkBytes);
  for (let start = 0; start < body.length; start += chunkBytes) {
    const chunk = scratch.subarray(0, Math.min(chunkBytes, body.length - start));
    body.copy(chunk, 0, start);
    if (start + chunk.length > sizeBytes) throw new MigrationError('BODY_LENGTH', { operation: 'GetObject' });
    sink(chunk);
    scratch.fill(0xdd); // a chunk is valid only during the call
    if (start % (64 * chunkBytes) === 0) await turn();
    signal?.throwIfAborted();
  }
  counters.readBytes.set(key, (counters.readBytes.get(key) ?? 0) + body.length);
  if (body.length !== sizeBytes) throw new MigrationError('BODY_LENGTH', { operation: 'GetObject' });
  return bucket.head(version);
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
