import { type Catalogued, standing } from '../core/delta.ts';
import type { RunRef } from '../model/manifest.ts';
import type { Depot } from '../ports/depot.ts';
import { openManifest, type ShardCut } from './manifest-files.ts';
import { type MergedItem, mergeManifests } from './merge-manifests.ts';

const runsAtMost = 8; // each open run costs a shard in memory and a seek a key

/**
 * The catalogue of a workload is its runs, newest last: rows of a newer run win, `deleted` rows take away. Gives what stands on the target by our
 * hand, in key order, versions oldest first. Memory holds one shard a run while the lists are in order.
 */
export async function* readCatalogue(depot: Depot, runs: readonly RunRef[]): AsyncGenerator<Catalogued> {
  for await (const { items } of mergeManifests(depot, runs)) yield* standing(catalogued(items));
}

/** The items that have a row, as the catalogue's rules take them. */
export const catalogued = (items: readonly MergedItem[]): readonly Catalogued[] =>
  items.filter((item): item is MergedItem & Catalogued => item.row !== undefined);

/** The same catalogue as one run: tombstones and overwritten rows are gone. Its rows file has a new salt. */
export async function mergeCatalogue(depot: Depot, runs: readonly RunRef[], cut: ShardCut): Promise<RunRef> {
  const writer = openManifest(depot, { cut });
  for await (const { entry, row } of readCatalogue(depot, runs)) {
    const { replaces: _replaces, replacesVersion: _version, ...listed } = entry;
    await writer.add(listed, row);
  }
  return await writer.close();
}

/** Merges only when there are more runs than are cheap to read at once. */
export async function compactCatalogue(depot: Depot, runs: readonly RunRef[], cut: ShardCut): Promise<readonly RunRef[]> {
  return runs.length > runsAtMost ? [await mergeCatalogue(depot, runs, cut)] : runs;
}
