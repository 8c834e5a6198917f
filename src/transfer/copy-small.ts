import type { ObjectRow } from '../model/row.ts';
import { carry } from './carry.ts';
import { type CopyAttempt, type Job, rowOf, type Seen } from './copy-attempt.ts';
import { headWritten, land } from './land.ts';
import { persist } from './persist.ts';
import { readInto } from './read-object.ts';

/** One GET into a pooled buffer, hashed as it arrives, one PUT signed with that digest. A retry of the PUT reads nothing again. */
export async function copySmall(c: CopyAttempt, job: Job, seen: Seen): Promise<ObjectRow> {
  const { key, versionId } = job.entry;
  const lease = await c.flight.take(seen.sizeBytes, c.signal);
  try {
    const request = { key, versionId, etag: seen.etag || undefined, sizeBytes: seen.sizeBytes };
    const { head, sha256 } = await persist(c, () => readInto(c.source, request, lease.buffer, c.signal));
    c.moved(seen.sizeBytes);
    const carried = await carry(c.source, c, job.entry, head, c.capabilities);
    const content = { sizeBytes: seen.sizeBytes, sha256, carried };
    const landed = await land(c, job, content, (condition) => c.target.put(key, lease.buffer, sha256, carried.metadata, condition, c.signal));
    const targetEtag = landed.etag || (await headWritten(c, key, landed)).etag; // some answers name no ETag
    return {
      ...rowOf(c, job),
      outcome: landed.outcome,
      sizeBytes: seen.sizeBytes,
      sourceEtag: head.etag,
      sourceLastModified: head.lastModified,
      sha256,
      targetEtag,
      ...(landed.versionId === undefined ? {} : { targetVersionId: landed.versionId }),
      metadata: carried.metadataDigest,
      ...(carried.tagsDigest === undefined ? {} : { tags: carried.tagsDigest }),
      ...(carried.losses.length > 0 ? { losses: carried.losses } : {}),
      verdict: 'UNKNOWN',
    };
  } finally {
    lease.release();
  }
}
