import type { Digest } from '../model/digest.ts';
import type { ManifestRef } from '../model/manifest.ts';
import type { ObjectEntry } from '../model/object-entry.ts';
import type { SetRef } from '../model/reference-set.ts';
import type { Depot } from '../ports/depot.ts';
import { type referenceKeyOf, referenceOf } from './digests.ts';
import { parseLines } from './json-lines.ts';
import { readIndex } from './manifest-files.ts';
import { type Partition, withPartition } from './partition.ts';
import { bitsFor, bucketRowsAtMost, openBuckets, putSetIndex, type SetOptions, type SetProgress } from './reference-set.ts';

export interface InventorySetDeps extends SetOptions {
  readonly depot: Depot;
  readonly referenceKey: ReturnType<typeof referenceKeyOf>;
}

export interface InventorySetInput {
  readonly workload: string;
  /** The source bucket: part of every reference. */
  readonly container: string;
  /** A listing of the source. Entries carry a version where versions are carried, and so do their references, exactly as in rows. */
  readonly manifest: ManifestRef;
}

/**
 * Seals a listing without its names: each object, or version, by its reference and size. The same listing gives the same digest. Memory holds
 * one bucket; the rest waits in temporary files, which are gone when this settles. A crash leaves buckets in the depot that no index names.
 */
export async function sealInventorySet(deps: InventorySetDeps, input: InventorySetInput, heartbeat: SetProgress, signal: AbortSignal): Promise<SetRef> {
  const { depot, temporaries, bucketRows = bucketRowsAtMost } = deps;
  const bits = bitsFor(input.manifest.count, bucketRows);
  return await withPartition({ bits, folder: temporaries }, async (partition) => {
    const read = await partitionEntries(deps, input, partition, heartbeat, signal);
    const writing = openBuckets(depot);
    let sizeBytes = 0n;
    for await (const lines of partition.buckets()) {
      signal.throwIfAborted();
      const sizes = new Map<string, string>();
      for (const line of lines) sizes.set(line.slice(0, 64), line.slice(65)); // what a store lists twice is one object
      for (const size of sizes.values()) sizeBytes += BigInt(size);
      await writing.add([...sizes].sort(([a], [b]) => (a < b ? -1 : 1)).map(([ref, size_bytes]) => ({ ref, size_bytes })));
      heartbeat({ read, written: writing.count() });
    }
    const { buckets } = writing;
    const count = writing.count();
    const digest: Digest = await putSetIndex(depot, { v: 1, kind: 'inventory', workload: input.workload, bits, buckets, count });
    return { digest, count, sizeBytes: String(sizeBytes) };
  });
}

async function partitionEntries(
  { depot, referenceKey }: InventorySetDeps,
  { manifest, container }: InventorySetInput,
  partition: Partition,
  heartbeat: SetProgress,
  signal: AbortSignal,
): Promise<number> {
  let read = 0;
  for (const { entries } of (await readIndex(depot, manifest.digest)).shards) {
    signal.throwIfAborted();
    for (const { key, versionId, sizeBytes } of parseLines<ObjectEntry>(await depot.get(entries))) {
      const ref = referenceOf(referenceKey, container, key, versionId);
      const isFull = partition.add(ref, `${ref} ${sizeBytes}`);
      if (isFull) await isFull;
      read += 1;
    }
    heartbeat({ read, written: 0 });
  }
  return read;
}
