import type { BucketConfiguration, FreezeReceipt, TargetCapabilities } from '../model/bucket.ts';
import type { ObjectEntry, ObjectHead, ObjectMetadata } from '../model/object-entry.ts';

/** Every failure is a MigrationError. Every call is safe to repeat. `signal` aborts the socket before the promise settles. */

export interface ListPage {
  readonly entries: readonly ObjectEntry[];
  /** Opaque; absent on the last page. An empty page with a cursor is not the end. */
  readonly next?: string;
}

export interface Listing {
  /** One page of current objects, or of all versions and delete markers. No order is promised. Keys exact. */
  list(options: { versions: 'latest' | 'all'; cursor?: string | undefined; prefix?: string; limit?: number }, signal?: AbortSignal): Promise<ListPage>;
}

export interface ReadRequest {
  readonly key: string;
  readonly versionId?: string | undefined;
  /** If-Match: a change under way is SOURCE_CHANGED, never a mixture. */
  readonly etag?: string | undefined;
  /** Bytes [start, start + lengthBytes). Never given for an empty object (416). */
  readonly range?: { readonly start: number; readonly lengthBytes: number };
  /** The body must be exactly so long, else BODY_LENGTH (declared = read = stored). */
  readonly sizeBytes: number;
}

export interface Reading {
  /** OBJECT_MISSING when it is not there (or is a delete marker). */
  head(key: string, versionId?: string, signal?: AbortSignal): Promise<ObjectHead>;
  /**
   * Streams the stored bytes (no decompression) into `sink` as they arrive; the chunk is valid only during the call.
   * For a range, `sizeBytes` of the answer is the object's whole size (Content-Range). Archived: OBJECT_ARCHIVED.
   * A retry inside would feed the sink twice, so this call tries once; `transfer/` retries with a fresh sink.
   */
  read(request: ReadRequest, sink: (chunk: Uint8Array) => void, signal?: AbortSignal): Promise<ObjectHead>;
  tags(key: string, versionId?: string, signal?: AbortSignal): Promise<Readonly<Record<string, string>>>;
}

/** What must hold for a write: nothing there yet, or still the version we wrote. `any` only where the store has neither. */
export type WriteCondition = { readonly absent: true } | { readonly etag: string } | { readonly any: true };

export interface Stored {
  readonly etag: string;
  readonly versionId?: string;
}

export interface StoredPart {
  readonly part: number;
  readonly etag: string;
  readonly sizeBytes: number;
}

/** Bytes whose SHA-256 (hex) whoever gives them has compared already: they are signed with it, and need not be hashed again. */
export interface HashedChunk {
  readonly bytes: Uint8Array;
  readonly sha256: string;
}

export interface StreamedBody {
  readonly sizeBytes: number;
  readonly chunks: () => AsyncIterable<Uint8Array | HashedChunk>;
}

export interface CopiedRange {
  readonly key: string;
  readonly etag: string;
  readonly start: number;
  /** At most 5 GiB; at least 5 MiB unless it is the last part. */
  readonly lengthBytes: number;
}

/** A store that can hand out an address under which one object may be read for a while, by whoever has it: a secret. */
export interface Sharing {
  /** At most seven days (SigV4). It ends with the credentials that signed it, if those end sooner. */
  presign(key: string, seconds: number): Promise<string>;
}

export interface Writing {
  /** Signed with the body's SHA-256 (hex). TARGET_CONDITION when the condition does not hold; nothing is changed then. */
  put(key: string, body: Uint8Array, sha256: string, metadata: ObjectMetadata, condition: WriteCondition, signal?: AbortSignal): Promise<Stored>;
  createUpload(key: string, metadata: ObjectMetadata, signal?: AbortSignal): Promise<string>;
  putPart(key: string, upload: string, part: number, body: Uint8Array, sha256: string, signal?: AbortSignal): Promise<{ etag: string }>;
  /**
   * A part as it comes, each chunk signed (STREAMING-AWS4-HMAC-SHA256-PAYLOAD): one too large for memory, or one whose blocks are hashed already.
   * `chunks` is called anew for each try and must yield `sizeBytes` bytes in all; a yielded chunk may be overwritten once the next is asked for. A
   * wrong SHA-256 is refused by a store that checks: CREDENTIALS_REFUSED, since it makes a wrong signature, or whatever that store says of one. Nothing proves a part but a re-read.
   */
  putPartStream(key: string, upload: string, part: number, body: StreamedBody, signal?: AbortSignal): Promise<{ etag: string }>;
  /** A part taken over inside the store, from bytes [start, start + lengthBytes) of another object of the bucket, only while that has this ETag. */
  copyPart(key: string, upload: string, part: number, from: CopiedRange, signal?: AbortSignal): Promise<{ etag: string }>;
  /** UPLOAD_MISSING when the upload is gone: completed before, or aborted. */
  listParts(key: string, upload: string, signal?: AbortSignal): Promise<readonly StoredPart[]>;
  /** An upload that is gone and an object of that part-wise ETag: success (an answer was lost). */
  completeUpload(key: string, upload: string, parts: readonly StoredPart[], condition: WriteCondition, signal?: AbortSignal): Promise<Stored>;
  /** Gone already is success. */
  abortUpload(key: string, upload: string, signal?: AbortSignal): Promise<void>;
  putTags(key: string, tags: Readonly<Record<string, string>>, versionId?: string, signal?: AbortSignal): Promise<void>;
  /**
   * Deletes the object only while it still has that ETag (by If-Match where the store has it, else by a HEAD just before).
   * `gone` when nothing was there, `changed` when something else is; with `versionId` exactly that version.
   * With neither: the plain delete that makes a delete marker on a versioned bucket; answers that marker's version.
   */
  remove(
    key: string,
    what: { etag?: string; versionId?: string },
    signal?: AbortSignal,
  ): Promise<{ result: 'removed' | 'gone' | 'changed'; versionId?: string }>;
}

export interface BucketAdmin {
  /** BUCKET_MISSING when it is not there, PERMISSION_DENIED when it is not ours. What cannot be read is listed in `unread`. */
  configuration(signal?: AbortSignal): Promise<BucketConfiguration>;
  /** Uploads that nobody completed: key count and the oldest start. */
  openUploads(signal?: AbortSignal): Promise<readonly { key: string; upload: string; initiated: string }[]>;
}

export interface TargetAdmin extends BucketAdmin {
  /** True when this call made it. Tolerates a concurrent creator. Its marker tag says which workload it is for. */
  ensureBucket(marker: string, signal?: AbortSignal): Promise<{ created: boolean }>;
  /** Removes the bucket only if it carries our marker and is empty. */
  removeBucket(marker: string, signal?: AbortSignal): Promise<'removed' | 'gone' | 'not empty' | 'not ours'>;
  /** Applies what the target can hold, lifecycle left out; returns the codes of what it refused (loss codes). */
  applyConfiguration(configuration: BucketConfiguration, signal?: AbortSignal): Promise<readonly string[]>;
  /** Switched on at finalize only: a rule could delete what was just verified. */
  applyLifecycle(configuration: BucketConfiguration, signal?: AbortSignal): Promise<readonly string[]>;
  /** Small reversible writes under `prefix`, removed again: what this store can do (conditional writes, signed-hash check, tags …). */
  probe(prefix: string, signal?: AbortSignal): Promise<TargetCapabilities>;
}

export interface WriteFreezing {
  /** Denies writes to everybody by bucket policy, keeping the statements that stand there. Twice is once: the first receipt counts. */
  freeze(id: string, signal?: AbortSignal): Promise<FreezeReceipt>;
  /** True while the deny statement `id` stands in the policy. */
  isFrozen(id: string, signal?: AbortSignal): Promise<boolean>;
  /** Puts back the policy of the receipt. Lifted already is success; a policy that somebody else changed since keeps their change. */
  lift(receipt: FreezeReceipt, signal?: AbortSignal): Promise<void>;
}

export type ObjectSource = Listing & Reading & BucketAdmin & Partial<{ freezing: WriteFreezing }>;
export type ObjectTarget = Listing & Reading & Writing & Sharing & TargetAdmin & Partial<{ freezing: WriteFreezing }>;
