import { deltaOfKey, standing } from '../core/delta.ts';
import type { ManifestRef, RunRef } from '../model/manifest.ts';
import type { Depot } from '../ports/depot.ts';
import { catalogued } from './catalogue.ts';
import { openManifest, type ShardCut } from './manifest-files.ts';
import { mergeManifests } from './merge-manifests.ts';

export interface DeltaPlan {
  /** To be copied: new, changed, or not sound on the target. What it replaces there stands in the entry. */
  readonly changed: ManifestRef;
  /** To be removed on the target, where it is still ours: the listing, which reached its last page, does not have it any more. */
  readonly deleted: ManifestRef;
  readonly unchanged: { readonly count: number; readonly sizeBytes: number };
}

/** Compares a listing of the source with the catalogue, key by key, in one walk over both. Pure reading: the same inputs give the same digests. */
export async function planDelta(
  depot: Depot,
  { listing, catalogue, cut }: { readonly listing: ManifestRef; readonly catalogue: readonly RunRef[]; readonly cut: ShardCut },
  signal?: AbortSignal,
): Promise<DeltaPlan> {
  const changed = openManifest(depot, { cut });
  const deleted = openManifest(depot, { cut });
  const unchanged = { count: 0, sizeBytes: 0 };
  for await (const { items } of mergeManifests(depot, [...catalogue, listing])) {
    signal?.throwIfAborted();
    const listed = items.filter(({ of }) => of === catalogue.length).map(({ entry }) => entry);
    const delta = deltaOfKey(listed, standing(catalogued(items)));
    for (const entry of delta.changed) await changed.add(entry);
    for (const entry of delta.deleted) await deleted.add(entry);
    unchanged.count += delta.unchanged.count;
    unchanged.sizeBytes += delta.unchanged.sizeBytes;
  }
  return { changed: await changed.close(), deleted: await deleted.close(), unchanged };
}
