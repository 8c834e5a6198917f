/** Disks into images: plan, copy, seal, re-read. The same duties as the rest of the data plane. */
export { copyDiskShard, type DiskShardInput } from './copy-disk-shard.ts';
export { openDiskDevice } from './disk-device.ts';
export type { DiskDeps, DiskProgress, DiskTotals } from './disk-files.ts';
export { imageShards } from './image-shards.ts';
export { openImage } from './open-image.ts';
export { type PlanInput, planDisk } from './plan-disk.ts';
export { type SealImageInput, sealImage } from './seal-image.ts';
export { type ImageVerdict, sealVerification, verifyImageShard } from './verify-image.ts';
