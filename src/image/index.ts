/** What a disk looks like: where each block stands in its image, the image's metadata, and one digest over all blocks. Pure; knows no store. */
export type { BlockDevice } from './block-device.ts';
export {
  type ByteRange,
  hasRoom,
  imageBytesOf,
  type LayoutRequest,
  largestPartBytes,
  leastPartBytes,
  type PassParts,
  partsOfPass,
  planLayout,
  slotOffset,
} from './layout.ts';
export { createDiskTree, type DiskTree, digestBytes, zeroBlockDigest } from './merkle-root.ts';
export { headOf, type SegmentFiles } from './qcow2-head.ts';
export { decodeSegment, encodeSegment, type MapSegment, type MergedSegment, mergeSegment, placeOf } from './segment.ts';
