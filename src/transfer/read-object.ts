import { createHash, hash } from 'node:crypto';
import { MigrationError } from '../core/migration-error.ts';
import type { ObjectHead } from '../model/object-entry.ts';
import type { Reading, ReadRequest } from '../ports/object-store.ts';
import { treeRoot } from './digests.ts';
import { inParallel } from './in-parallel.ts';
import { type Patience, persist } from './persist.ts';

export interface ReadBody {
  readonly head: ObjectHead;
  readonly sha256: string;
}

/** What a digest of an object is: of the whole body, or of its chunks as a tree. */
export interface DigestForm {
  readonly form?: 'sha256-tree';
  readonly chunkBytes?: number;
}

/** One chunk of a large object, read and hashed. */
export interface HashedChunk {
  readonly part: number;
  readonly sizeBytes: number;
  readonly sha256: string;
}

const stepBytes = 64 * 1024; // hashed while the bytes are still in the processor's cache; smaller steps cost calls
const rangesAtOnce = 8;

/**
 * Reads the body into `buffer`, hashing it as it arrives. The bytes read must be exactly as many as asked (BODY_LENGTH), and of the version asked
 * (SOURCE_CHANGED), whatever the store made of If-Match.
 */
export async function readInto(source: Reading, request: ReadRequest, buffer: Buffer, signal: AbortSignal): Promise<ReadBody> {
  const running = request.sizeBytes > stepBytes ? createHash('sha256') : undefined;
  let received = 0;
  let hashed = 0;
  const head = await source.read(
    request,
    (chunk) => {
      const end = received + chunk.length;
      if (end <= buffer.length) buffer.set(chunk, received);
      received = end;
      if (running && received - hashed >= stepBytes && received <= buffer.length) {
        running.update(buffer.subarray(hashed, received));
        hashed = received;
      }
    },
    signal,
  );
  expectSame(request, head);
  expectLength(request, received);
  const sha256 = running ? running.update(buffer.subarray(hashed, received)).digest('hex') : hash('sha256', buffer, 'hex');
  return { head, sha256 };
}

/** Reads the body only to hash it: holds no memory beside the chunk in hand. */
export async function readDigest(store: Reading, request: ReadRequest, signal: AbortSignal): Promise<ReadBody> {
  const running = createHash('sha256');
  let received = 0;
  const head = await store.read(
    request,
    (chunk) => {
      received += chunk.length;
      running.update(chunk);
    },
    signal,
  );
  expectSame(request, head);
  expectLength(request, received);
  return { head, sha256: running.digest('hex') };
}

export interface TreeRead {
  readonly key: string;
  readonly versionId?: string | undefined;
  readonly etag: string;
  readonly sizeBytes: number;
  readonly chunkBytes: number;
  /** Chunks that an earlier attempt read of the same ETag, by part number from 1. */
  readonly known?: ReadonlyMap<number, HashedChunk>;
  readonly onChunk?: (chunk: HashedChunk) => void;
}

/** Reads a large object by ranges, several at once, each with If-Match, and gives the root over its chunks. */
export async function readTree(store: Reading, patience: Patience, read: TreeRead): Promise<string> {
  const { key, versionId, etag, sizeBytes, chunkBytes } = read;
  const digests = new Map([...(read.known ?? [])].map(([part, chunk]) => [part, chunk.sha256]));
  const missing = partsOf(sizeBytes, chunkBytes).filter(({ part }) => !digests.has(part));
  await inParallel(missing, rangesAtOnce, patience.signal, async ({ part, start, lengthBytes }, signal) => {
    const lease = await patience.flight.take(0, signal);
    try {
      const request = { key, versionId, etag, range: { start, lengthBytes }, sizeBytes: lengthBytes };
      const { sha256, head } = await persist({ ...patience, signal }, () => readDigest(store, request, signal));
      if (head.sizeBytes !== sizeBytes) throw new MigrationError('SOURCE_CHANGED', { operation: 'GetObject', detail: 'the whole size differs' });
      digests.set(part, sha256);
      read.onChunk?.({ part, sizeBytes: lengthBytes, sha256 });
    } finally {
      lease.release();
    }
  });
  return treeRoot(partsOf(sizeBytes, chunkBytes).map(({ part }) => digests.get(part) ?? ''));
}

export interface PartRange {
  readonly part: number;
  readonly start: number;
  readonly lengthBytes: number;
}

/** The parts of an object in order, numbered from 1; the last may be shorter. */
export function partsOf(sizeBytes: number, partSizeBytes: number): readonly PartRange[] {
  return Array.from({ length: Math.ceil(sizeBytes / partSizeBytes) }, (_, at) => {
    const start = at * partSizeBytes;
    return { part: at + 1, start, lengthBytes: Math.min(partSizeBytes, sizeBytes - start) };
  });
}

function expectSame(request: ReadRequest, head: ObjectHead): void {
  if (request.etag !== undefined && request.etag !== '' && head.etag !== request.etag)
    throw new MigrationError('SOURCE_CHANGED', { operation: 'GetObject', detail: 'another ETag came back' });
}

function expectLength({ sizeBytes }: ReadRequest, received: number): void {
  if (received !== sizeBytes) throw new MigrationError('BODY_LENGTH', { operation: 'GetObject', detail: `${received} bytes instead of ${sizeBytes}` });
}
