import type { ManifestRef } from '../model/manifest.ts';
import type { Depot } from '../ports/depot.ts';
import type { Listing, ListPage } from '../ports/object-store.ts';
import type { Clock } from './clock.ts';
import type { FlightBudget } from './flight-budget.ts';
import { openManifest, type ShardCut } from './manifest-files.ts';
import { persist } from './persist.ts';
import { type ListingTally, startListingTally } from './tally.ts';

export interface ListDeps {
  readonly source: Listing;
  readonly depot: Depot;
  readonly clock: Clock;
  readonly flight: FlightBudget;
}

export interface ListOptions {
  readonly versions: 'latest' | 'all';
  readonly cut: ShardCut;
}

export interface ListResult {
  readonly manifest: ManifestRef;
  readonly tally: ListingTally;
}

/**
 * Lists a bucket to its last page into manifest shards. Each shard is put as soon as it is full and the index last, so a listing that ended early
 * leaves no manifest. Memory holds a shard and two pages. `progress` is told the objects and bytes seen so far.
 */
export async function listBucket(
  { source, depot, clock, flight }: ListDeps,
  { versions, cut }: ListOptions,
  progress: (seen: { readonly objects: number; readonly sizeBytes: number }) => void,
  signal: AbortSignal,
): Promise<ListResult> {
  const tally = startListingTally();
  const writer = openManifest(depot, { cut, sort: true, onShard: tally.add });
  const seen = { objects: 0, sizeBytes: 0 };
  const fetch = (cursor?: string): Promise<ListPage> => {
    const page = persist({ clock, flight, signal }, () => source.list({ versions, cursor }, signal));
    page.catch(() => undefined); // it is fetched ahead: when a shard cannot be put first, that error is the one to tell
    return page;
  };
  for (let ahead: Promise<ListPage> | undefined = fetch(); ahead; ) {
    const { entries, next }: ListPage = await ahead;
    ahead = next === undefined ? undefined : fetch(next);
    for (const entry of entries) {
      const isFull = writer.add(entry);
      if (isFull) await isFull;
      seen.sizeBytes += entry.sizeBytes;
    }
    seen.objects += entries.length;
    progress(seen);
  }
  return { manifest: await writer.close(), tally: await tally.close(depot) };
}
