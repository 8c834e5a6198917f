/**
 * One object (or one version of it) as a listing tells it: a line of a manifest shard.
 * Keys may be personal data: entries stay in the depot and never enter Temporal, a log or the ledger.
 * Entries come from our own adapters and are read back under their digest, so they need no schema.
 */
export interface ObjectEntry {
  /** The exact key, never normalised. */
  readonly key: string;
  /** Below 2^53 by every vendor's object limit, hence a number. */
  readonly sizeBytes: number;
  /** Opaque, without quotes; empty for a delete marker. */
  readonly etag: string;
  /** RFC 3339 UTC at whole seconds: a GET tells no more, and both must compare equal. */
  readonly lastModified: string;
  /** Present when versions are carried; the store's literal `null` version is the string "null". */
  readonly versionId?: string;
  readonly isDeleteMarker?: true;
  /** Absent = the store's standard class. */
  readonly storageClass?: string;
  /** Only in a delta's manifest: the ETag (and version) on the target that we wrote before and that this entry replaces or removes. */
  readonly replaces?: string;
  readonly replacesVersion?: string;
}

/** What travels with an object besides its bytes. Header names in lower case, user metadata without `x-amz-meta-`. */
export interface ObjectMetadata {
  /** content-type, cache-control, content-disposition, content-encoding, content-language, expires, x-amz-website-redirect-location. */
  readonly headers: Readonly<Record<string, string>>;
  readonly user: Readonly<Record<string, string>>;
  /** Absent = not read; `{}` = read, none there. */
  readonly tags?: Readonly<Record<string, string>>;
}

/** What a HEAD or GET answers about an object. */
export interface ObjectHead {
  readonly sizeBytes: number;
  readonly etag: string;
  readonly lastModified: string;
  readonly versionId?: string;
  readonly storageClass?: string;
  readonly metadata: ObjectMetadata;
  /** How many tags the store says there are; undefined = it does not say, so tags must be asked for. */
  readonly tagCount?: number;
  /** Codes of what the object holds and S3 targets cannot (see core/loss.ts), e.g. `METADATA_UNREADABLE`. */
  readonly losses?: readonly string[];
}
