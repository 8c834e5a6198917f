import { z } from 'zod';
import { Digest } from './digest.ts';

/**
 * A manifest is a list of objects cut into shards of at most 10,000 entries or 64 GiB. Each shard is a depot file of
 * JSON lines (ObjectEntry), sorted by the UTF-8 bytes of the key, then oldest version first; one key never spans two shards.
 * Its index is a depot file of this shape; only `ManifestRef` enters a workflow.
 */
export const ManifestIndex = z.strictObject({
  v: z.literal(1),
  shards: z.array(
    z.strictObject({ entries: Digest, rows: Digest.optional(), count: z.number().int(), sizeBytes: z.number().int(), first: z.string(), last: z.string() }),
  ),
});
export type ManifestIndex = z.infer<typeof ManifestIndex>;

/** A reference to a manifest index in the depot. */
export const ManifestRef = z.strictObject({ digest: Digest, shards: z.number().int(), count: z.number().int(), sizeBytes: z.number().int() });
export type ManifestRef = z.infer<typeof ManifestRef>;

/**
 * One pass's outcome: the same index with `rows` filled in. Line n+1 of a rows file tells what became of line n of the
 * entries file (line 0 is the salt), so evidence needs no names. The catalogue of a workload is its runs, newest last.
 */
export type RunRef = ManifestRef;
