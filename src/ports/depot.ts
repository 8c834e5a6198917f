import type { Digest } from '../model/digest.ts';

/**
 * Immutable files under the digest of their bytes. The place of everything too long or too private for a workflow.
 * Implementations: a folder, an S3 bucket; one contract suite for both.
 */
export interface Depot {
  /** Durable when it returns. The same bytes again are the same file: success. Full: DEPOT_FULL, and nothing half-written is ever readable. */
  put(bytes: Uint8Array): Promise<Digest>;
  /** The bytes, their digest checked; DEPOT_MISSING or DEPOT_CORRUPT otherwise. */
  get(digest: Digest): Promise<Buffer>;
  /** The journal of that name; it exists from its first segment on. Names are ASCII paths made by core/ids.ts. */
  journal(name: string): Journal;
}

/**
 * Numbered segments, each created only if absent: two attempts cannot both extend a journal, so the one that comes
 * second is fenced. A reader sees only whole segments.
 */
export interface Journal {
  /** Every segment in order, checked; [] when there is none. */
  read(): Promise<readonly Buffer[]>;
  /** Durable when it returns. FENCED when segment `n` is there already: stop at once, another attempt owns the journal. */
  append(n: number, bytes: Uint8Array): Promise<void>;
}
