import type { LossCode } from '../core/loss.ts';
import type { TargetCapabilities } from '../model/bucket.ts';
import type { ObjectEntry, ObjectHead, ObjectMetadata } from '../model/object-entry.ts';
import type { Reading } from '../ports/object-store.ts';
import { metadataDigest, tagsDigest } from './digests.ts';
import { type Patience, persist } from './persist.ts';

/** What will be sent beside the bytes, its digest, and what of the source's is left behind. */
export interface Carried {
  readonly metadata: ObjectMetadata;
  readonly metadataDigest: string;
  /** Absent when the object has no tags, or the target cannot hold them. */
  readonly tagsDigest?: string;
  readonly losses: readonly string[];
}

/** All user metadata, content headers and tags, less what the target cannot hold, which is counted. Tags are asked for only where there may be some. */
export async function carry(source: Reading, patience: Patience, entry: ObjectEntry, head: ObjectHead, target: TargetCapabilities): Promise<Carried> {
  const losses = new Set<string>(head.losses);
  const lose = (code: LossCode): void => void losses.add(code);
  const { headers } = head.metadata;
  let { user } = head.metadata;
  if (userMetadataBytes(user) > target.userMetadataBytes) {
    user = {}; // a part of them would be taken for the whole
    lose('METADATA_TOO_LARGE');
  }
  const read = head.tagCount === 0 ? {} : (head.metadata.tags ?? (await persist(patience, () => source.tags(entry.key, entry.versionId, patience.signal))));
  const hasTags = Object.keys(read).length > 0;
  if (hasTags && !target.tagging) lose('TAGS_NOT_CARRIED');
  const tags = hasTags && target.tagging ? read : undefined;
  if ((head.storageClass ?? entry.storageClass ?? 'STANDARD') !== 'STANDARD') lose('STORAGE_CLASS_LOST');
  const metadata: ObjectMetadata = { headers, user, ...(tags ? { tags } : {}) };
  return { metadata, metadataDigest: metadataDigest(metadata), ...(tags ? { tagsDigest: tagsDigest(tags) } : {}), losses: [...losses] };
}

/** S3 counts the UTF-8 bytes of names and values. */
function userMetadataBytes(user: Readonly<Record<string, string>>): number {
  let bytes = 0;
  for (const name in user) bytes += Buffer.byteLength(name) + Buffer.byteLength(user[name] ?? '');
  return bytes;
}
