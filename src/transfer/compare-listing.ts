import { type Catalogued, deltaOfKey, isSameAsRead, isSound, standing } from '../core/delta.ts';
import { looseForm } from '../core/key-rules.ts';
import { isArchiveClass } from '../core/storage-class.ts';
import type { Digest } from '../model/digest.ts';
import type { ManifestRef, RunRef } from '../model/manifest.ts';
import type { ObjectEntry } from '../model/object-entry.ts';
import type { Depot } from '../ports/depot.ts';
import { catalogued } from './catalogue.ts';
import { encodeLines } from './json-lines.ts';
import { mergeManifests } from './merge-manifests.ts';

/** A closing listing beside the catalogue, in numbers; the samples file names some keys of each kind and stays in the depot. */
export interface Comparison {
  readonly equal: number;
  /** In the catalogue, not in the listing. */
  readonly missing: number;
  /** In the listing, not in the catalogue. */
  readonly extra: number;
  readonly differs: number;
  /** Foreign keys that the plan allows to stand there. */
  readonly foreign: number;
  /** Archived objects whose absence the owner accepted. */
  readonly excused: number;
  /** Of the missing: those that the store seems to keep under another key. */
  readonly merged: number;
  readonly samples: Digest;
}

type Difference = 'missing' | 'extra' | 'differs' | 'merged';
const samplesAtMost = 20; // of each kind: enough to see the pattern
const missingToExplain = 10_000;

/**
 * The source's closing listing must show exactly what was last read there and verified: anything else was written after the freeze, or was
 * never proven. `acceptArchived` excuses archived objects that could not be read.
 */
export async function compareSource(
  depot: Depot,
  listing: ManifestRef,
  catalogue: readonly RunRef[],
  { acceptArchived = false, signal }: { readonly acceptArchived?: boolean; readonly signal?: AbortSignal } = {},
): Promise<Comparison> {
  const comparing = startComparison();
  for await (const { key, items } of mergeManifests(depot, [...catalogue, listing])) {
    signal?.throwIfAborted();
    const listed = items.filter(({ of }) => of === catalogue.length).map(({ entry }) => entry);
    const there = standing(catalogued(items));
    const { deleted } = deltaOfKey(listed, there);
    const known = new Map(there.map((item) => [item.entry.versionId ?? '', item]));
    for (const entry of listed) {
      const item = known.get(entry.versionId ?? '');
      if (!item) comparing.note(acceptArchived && isArchiveClass(entry.storageClass) ? 'excused' : 'extra', key);
      else comparing.note(isSameAsRead(entry, item) && isSound(item.row) ? 'equal' : 'differs', key);
    }
    for (const _ of deleted) comparing.note('missing', key);
  }
  return await comparing.close(depot);
}

/**
 * The target's closing listing must show exactly what the rows say we wrote: key, size, ETag and, with versions, version. `foreign` lists what
 * stood there before us (`into: existing`) and may still stand there unchanged.
 */
export async function compareTarget(
  depot: Depot,
  listing: ManifestRef,
  catalogue: readonly RunRef[],
  { foreign, signal }: { readonly foreign?: ManifestRef; readonly signal?: AbortSignal } = {},
): Promise<Comparison> {
  const comparing = startComparison();
  const lists = [...catalogue, listing, ...(foreign ? [foreign] : [])];
  const missing = new Map<string, string>();
  for await (const { key, items } of mergeManifests(depot, lists)) {
    signal?.throwIfAborted();
    const listed = items.filter(({ of }) => of === catalogue.length).map(({ entry }) => entry);
    const allowed = items.filter(({ of }) => of > catalogue.length).map(({ entry }) => entry);
    for (const difference of targetDifferences(listed, standing(catalogued(items)), allowed)) {
      comparing.note(difference, key);
      if (difference === 'missing' && missing.size < missingToExplain) missing.set(looseForm(key), key);
    }
  }
  if (missing.size > 0) await explainMissing(depot, listing, missing, comparing);
  return await comparing.close(depot);
}

/** How many objects of a target's listing no run of ours wrote. */
export async function foreignCount(depot: Depot, listing: ManifestRef, catalogue: readonly RunRef[], signal?: AbortSignal): Promise<number> {
  return (await compareTarget(depot, listing, catalogue, signal ? { signal } : {})).extra;
}

function targetDifferences(
  listed: readonly ObjectEntry[],
  there: readonly Catalogued[],
  allowed: readonly ObjectEntry[],
): readonly (Difference | 'equal' | 'foreign')[] {
  const left = [...listed];
  const take = (isIt: (entry: ObjectEntry) => boolean): ObjectEntry | undefined => {
    const at = left.findIndex(isIt);
    return at < 0 ? undefined : left.splice(at, 1)[0];
  };
  const found = there.map((item): Difference | 'equal' => {
    const { row } = item;
    const hasVersions = item.entry.versionId !== undefined && row.targetVersionId !== undefined;
    const entry = take(({ versionId }) => !hasVersions || versionId === row.targetVersionId);
    if (!entry) return 'missing';
    return item.entry.isDeleteMarker
      ? entry.isDeleteMarker
        ? 'equal'
        : 'differs'
      : entry.etag === row.targetEtag && entry.sizeBytes === row.sizeBytes
        ? 'equal'
        : 'differs';
  });
  const rest = left.map((entry) =>
    allowed.some(({ etag, versionId, sizeBytes }) => etag === entry.etag && versionId === entry.versionId && sizeBytes === entry.sizeBytes)
      ? 'foreign'
      : 'extra',
  );
  return [...found, ...rest, ...(rest.length === 0 && isAnotherOnTop(listed, there) ? (['differs'] as const) : [])];
}

/** With versions, what a reader gets is the newest one: the last that we wrote. All may stand there, and a deleted object be back all the same. */
function isAnotherOnTop(listed: readonly ObjectEntry[], there: readonly Catalogued[]): boolean {
  const [newest, written] = [listed.at(-1)?.versionId, there.at(-1)];
  const expected = written?.entry.versionId === undefined ? undefined : written.row.targetVersionId;
  return newest !== undefined && expected !== undefined && newest !== expected;
}

/** A store that keeps two keys as one lists neither as missing without a neighbour: a listed key of the same loose form tells it apart from a loss. */
async function explainMissing(depot: Depot, listing: ManifestRef, missing: ReadonlyMap<string, string>, comparing: Comparing): Promise<void> {
  for await (const { key } of mergeManifests(depot, [listing])) {
    const lost = missing.get(looseForm(key));
    if (lost !== undefined && lost !== key) comparing.note('merged', lost);
  }
}

interface Comparing {
  note(kind: Difference | 'equal' | 'foreign' | 'excused', key: string): void;
  close(depot: Depot): Promise<Comparison>;
}

function startComparison(): Comparing {
  const counts = { equal: 0, missing: 0, extra: 0, differs: 0, foreign: 0, excused: 0, merged: 0 };
  const samples: string[] = [];
  return {
    note: (kind, key) => {
      counts[kind] += 1;
      if (kind !== 'equal' && kind !== 'foreign' && counts[kind] <= samplesAtMost) samples.push(JSON.stringify({ is: kind, key }));
    },
    close: async (depot) => ({ ...counts, samples: await depot.put(encodeLines(samples)) }),
  };
}
