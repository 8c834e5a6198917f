import type { Digest } from './digest.ts';

/** Of an EBS snapshot, and of every image that we make: bytes of a block, and of a qcow2 cluster (facts: data-path §5). */
export const blockBytes = 524_288;
/** Blocks of one map segment: what one L2 table of a qcow2 with clusters of 512 KiB covers, 32 GiB. */
export const segmentBlocks = 65_536;

/**
 * Which blocks a disk holds, and where each stands in its image: a depot file of this shape (JSON), one binary file a segment beside it.
 * A block that no segment names reads as zeros. Slot n is the n-th cluster behind the image's metadata; slots are never used twice, so that a
 * delta appends. Segment file: entries of 12 bytes, ascending by block: block within the segment (uint32 LE), slot (uint48 LE), 2 bytes of zero.
 */
export interface BlockMap {
  readonly v: 1;
  /** Virtual size; a whole number of blocks. */
  readonly sizeBytes: number;
  /** Blocks that stand in the image. */
  readonly blocks: number;
  /** Slots given out so far, by all passes since the last full image. */
  readonly slots: number;
  /** Only segments that hold a block. */
  readonly segments: readonly { readonly segment: number; readonly entries: Digest; readonly blocks: number }[];
}

/**
 * What one pass must do to one disk: a depot file (JSON). `full`: every block of the map is read; `delta`: those of `changed`, and the slots
 * below `firstSlot` are taken over from the image before. Everything about the image's bytes but its data follows from `map` and `layout`.
 */
export interface DiskPlan {
  readonly v: 1;
  readonly kind: 'full' | 'delta';
  readonly map: BlockMap;
  /** First slot that this pass writes; 0 for `full`. Slot order is block order within a pass. */
  readonly firstSlot: number;
  /** Block numbers that this pass reads, ascending: depot files of uint32 LE; the n-th of all is slot firstSlot + n. */
  readonly changed: readonly { readonly blocks: Digest; readonly count: number }[];
  /** Blocks that were present and are gone: they read as zeros from now on. */
  readonly cleared: number;
  readonly image: ImageLayout;
  /** Parts of new slots that one shard takes. */
  readonly shardParts: number;
  /** Of the image before; absent for `full`. */
  readonly before?: ImageRef;
}

/** Where what stands in a qcow2 of this map; a pure function of virtual size, reserve and part limits, so any worker finds the same. */
export interface ImageLayout {
  readonly sizeBytes: number;
  /** Slots that the refcounts have room for. */
  readonly reservedSlots: number;
  /** First byte of slot 0; a whole number of clusters, and at least the least size of a part. */
  readonly dataOffset: number;
  /** Bytes of a part of the data region; a whole number of clusters. The last is shorter. */
  readonly partBytes: number;
}

/** An image that stands in the target's object store. Its digest names the depot file (DiskImage) that says how to read it back. */
export interface ImageRef {
  readonly digest: Digest;
  readonly key: string;
  readonly etag: string;
  /** Of the image file. */
  readonly imageBytes: number;
  /** Of the disk. */
  readonly sizeBytes: number;
  readonly blocks: number;
  /** In how many shards it is read back (`verifyImageShard`). */
  readonly shards: number;
}

/** The depot file of an ImageRef: layout, map, and the SHA-256 of every block, so that a re-read can be compared and a delta appended. */
export interface DiskImage {
  readonly v: 1;
  readonly key: string;
  /** A re-read demands it. */
  readonly etag: string;
  readonly layout: ImageLayout;
  readonly map: BlockMap;
  /** Per segment of the map, in its order: 32 bytes a block, in the order of its entries. */
  readonly digests: readonly { readonly segment: number; readonly file: Digest }[];
  /** RFC 6962 root over the SHA-256 of each block of the disk, zeros included: what the source gave. */
  readonly sourceRoot: Digest;
  readonly imageBytes: number;
}

/** What a planned pass costs and how it is cut: what a workflow may hold. */
export interface DiskPlanRef {
  readonly digest: Digest;
  readonly kind: 'full' | 'delta';
  readonly shards: number;
  /** Blocks to be read from the source, and their bytes. */
  readonly blocks: number;
  readonly readBytes: number;
  readonly cleared: number;
  readonly sizeBytes: number;
  readonly imageBytes: number;
  /** Bytes sent to the target for this image: metadata and what was read. The rest is taken over inside the target. */
  readonly sentBytes: number;
}
