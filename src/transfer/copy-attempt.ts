import type { KeyObject } from 'node:crypto';
import type { TargetCapabilities } from '../model/bucket.ts';
import type { ObjectEntry } from '../model/object-entry.ts';
import type { ObjectRow } from '../model/row.ts';
import type { Listing, Reading, Writing } from '../ports/object-store.ts';
import { referenceOf } from './digests.ts';
import type { Watch } from './object-fault.ts';
import type { ShardAttempt, ShardDeps } from './work-shard.ts';

/** Where one piece ends and parts begin, and the unit that parts are made of. */
export interface CopySizes {
  readonly smallBytes: number;
  readonly chunkBytes: number;
}

export const defaultSizes: CopySizes = {
  smallBytes: 16 * 1024 * 1024, // in one request each way; above it by parts, which resume
  chunkBytes: 8 * 1024 * 1024, // small parts are the fastest, and the part is the unit of dispatch and of loss by a kill
};

export interface CopyDeps extends ShardDeps {
  readonly source: Reading;
  readonly target: Listing & Reading & Writing;
  /** The project's, see `referenceKeyOf`. */
  readonly referenceKey: KeyObject;
  readonly sizes?: CopySizes;
}

export interface CopyInput {
  /** Digest of the manifest's index. */
  readonly manifest: string;
  readonly shard: number;
  readonly versions: 'latest' | 'all';
  /** False once the catalogue holds a run: then a key may have earlier versions of ours. */
  readonly isFirstPass: boolean;
  /** The source's container, part of every reference. */
  readonly sourceBucket: string;
  readonly capabilities: TargetCapabilities;
}

/** One attempt at copying one shard. */
export interface CopyAttempt extends ShardAttempt {
  readonly source: CopyDeps['source'];
  readonly target: CopyDeps['target'];
  readonly referenceKey: KeyObject;
  readonly sizes: CopySizes;
  readonly versions: 'latest' | 'all';
  readonly isFirstPass: boolean;
  readonly sourceBucket: string;
  readonly capabilities: TargetCapabilities;
  readonly entries: readonly ObjectEntry[];
  /** Uploads that the target says are gone and did not become an object. */
  readonly goneUploads: Set<string>;
}

/** One key of the shard on its way: its neighbours' abort is its own, and it knows whether they are served. */
export interface CopyLane extends CopyAttempt, Watch {}

/** One entry of the shard on its way. */
export interface Job {
  readonly i: number;
  readonly entry: ObjectEntry;
  readonly isFirstOfKey: boolean;
  /** Versions on the target that a killed attempt may have written without a row, oldest first. */
  readonly left?: ObjectEntry[];
}

/** The version of the source that is to be read: the listing's, or a newer one. */
export interface Seen {
  readonly etag: string;
  readonly sizeBytes: number;
  readonly lastModified: string;
}

/** A row as the listing tells it; what was really read replaces it. */
export function rowOf(
  c: Pick<CopyAttempt, 'referenceKey' | 'sourceBucket'>,
  { i, entry }: Job,
): Pick<ObjectRow, 'i' | 'ref' | 'sizeBytes' | 'sourceEtag' | 'sourceLastModified' | 'sourceVersionId'> {
  return {
    i,
    ref: referenceOf(c.referenceKey, c.sourceBucket, entry.key, entry.versionId),
    sizeBytes: entry.sizeBytes,
    sourceEtag: entry.etag,
    sourceLastModified: entry.lastModified,
    ...(entry.versionId === undefined ? {} : { sourceVersionId: entry.versionId }),
  };
}
