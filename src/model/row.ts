import type { Verdict } from './digest.ts';

/** First line of every rows file: 16 random bytes, base64url, so that a digest of few rows cannot be guessed. */
export interface SaltRow {
  readonly salt: string;
}

/** `copied` by us · `adopted`: found there, read back, equal · `deleted` with its source · `vanished`, `changed` before it could be read · `failed`. */
export type RowOutcome = 'copied' | 'adopted' | 'deleted' | 'vanished' | 'changed' | 'failed';

/**
 * What became of one object, without its name: a line of a journal segment, then of a sealed rows file.
 * The source fields are those actually read, which may be newer than the listing's.
 */
export interface ObjectRow {
  /** Line of the entry in its manifest shard, from 0. */
  readonly i: number;
  /** HMAC-SHA-256 under the project's key of bucket, key and version (facts: ledger §15), hex. */
  readonly ref: string;
  readonly outcome: RowOutcome;
  readonly sizeBytes: number;
  readonly sourceEtag: string;
  readonly sourceLastModified: string;
  readonly sourceVersionId?: string;
  /** What both digests are. Absent = plain SHA-256 of the body; `sha256-tree` = RFC 6962 root whose entries are the SHA-256 of chunks of `chunkBytes`. */
  readonly form?: 'sha256-tree';
  readonly chunkBytes?: number;
  /** Of the bytes as read from the source. */
  readonly sha256?: string;
  /** SHA-256 of the bytes as re-read from the target; absent = nobody compared. */
  readonly targetSha256?: string;
  readonly targetEtag?: string;
  readonly targetVersionId?: string;
  /** SHA-256 of the canonical metadata (headers, user, tags) sent, and as re-read. */
  readonly metadata?: string;
  readonly targetMetadata?: string;
  /** SHA-256 of the canonical tags alone: the last pass compares it, since tagging changes no ETag. */
  readonly tags?: string;
  readonly losses?: readonly string[];
  readonly verdict: Verdict;
  /** An error code when the outcome is failed or the verdict is not PASS. */
  readonly reason?: string;
}

/** A stored part of an upload under way: written after the store's answer, so that a successor need not send it again. */
export interface PartRow {
  readonly i: number;
  readonly upload: string;
  readonly sourceEtag: string;
  readonly partSizeBytes: number;
  readonly part: number;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly etag: string;
}

/** An upload was created for entry i; it stands before its first part, so that no upload is orphaned unseen. */
export interface UploadRow {
  readonly i: number;
  readonly opened: string;
  readonly sourceEtag: string;
  /** Digest of the metadata it was created with: with other metadata it is given up. */
  readonly metadata: string;
  readonly partSizeBytes: number;
}

/** A successor's claim on the journal: fences the attempt before it. */
export interface ClaimRow {
  readonly claim: string;
}

export type JournalRow = SaltRow | ClaimRow | ObjectRow | PartRow | UploadRow;
