import { compareKeys } from '../core/compare-keys.ts';
import type { Digest } from '../model/digest.ts';
import type { BucketAdmin, Writing } from '../ports/object-store.ts';
import { readEntries, readIndex } from './manifest-files.ts';
import { persist } from './persist.ts';
import type { ShardDeps } from './work-shard.ts';

/**
 * Aborts the uploads still open on the target for keys of this manifest, and says how many. For a target bucket that only we write to: an upload
 * whose creator died before it could write its row is known by its key alone.
 */
export async function abortStrayUploads(deps: ShardDeps & { readonly target: BucketAdmin & Writing }, manifest: Digest, signal: AbortSignal): Promise<number> {
  const patience = { ...deps, signal };
  const open = await persist(patience, () => deps.target.openUploads(signal));
  if (open.length === 0) return 0;
  let aborted = 0;
  for (const shard of (await readIndex(deps.depot, manifest)).shards) {
    const within = open.filter(({ key }) => compareKeys(key, shard.first) >= 0 && compareKeys(key, shard.last) <= 0);
    if (within.length === 0) continue;
    const keys = new Set((await readEntries(deps.depot, shard)).map(({ key }) => key));
    for (const { key, upload } of within) {
      if (!keys.has(key)) continue;
      await persist(patience, () => deps.target.abortUpload(key, upload, signal));
      aborted += 1;
    }
  }
  return aborted;
}
