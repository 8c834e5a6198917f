import { type CanonicalValue, canonicalJson } from '../core/canonical-json.ts';
import type { Digest } from '../model/digest.ts';
import { type FinalRow, type InventoryRow, SetIndex } from '../model/reference-set.ts';
import type { Depot } from '../ports/depot.ts';
import { encodeLines, parseLines } from './json-lines.ts';

export interface SetOptions {
  /** Where temporary files go; by default the system's folder for them. */
  readonly temporaries?: string;
  /** How many rows a bucket may hold, about. Decides the digests: only tests change it. */
  readonly bucketRows?: number;
}

/** Told while a set is made: how many lines were read, and how many references are written. */
export type SetProgress = (seen: { readonly read: number; readonly written: number }) => void;

export const bucketRowsAtMost = 50_000; // about 12 MB as text: what one bucket costs in memory, here and in a verifier
const bitsAtMost = 16;

/** So many bits that buckets of `count` evenly spread references hold `atMost` each, about. */
export function bitsFor(count: number, atMost: number): number {
  let bits = 0;
  while (bits < bitsAtMost && count > atMost * 2 ** bits) bits += 1;
  return bits;
}

/** Puts bucket after bucket: give each its rows, sorted by reference. */
export function openBuckets(depot: Depot): {
  add(rows: readonly (InventoryRow | FinalRow)[]): Promise<void>;
  readonly buckets: SetIndex['buckets'];
  readonly count: () => number;
} {
  const buckets: SetIndex['buckets'] = [];
  return {
    buckets,
    count: () => buckets.reduce((sum, bucket) => sum + bucket.count, 0),
    add: async (rows) => {
      const sha256 = await depot.put(encodeLines(rows.map(canonicalJson)));
      buckets.push({ count: rows.length, sha256 });
    },
  };
}

export const putSetIndex = (depot: Depot, index: SetIndex): Promise<Digest> => depot.put(Buffer.from(canonicalJson(index as CanonicalValue)));

export async function readSetIndex(depot: Depot, digest: Digest): Promise<SetIndex> {
  return SetIndex.parse(JSON.parse((await depot.get(digest)).toString('utf8')));
}

/** The rows of a set in order; memory holds one bucket. */
export async function* readInventory(depot: Depot, digest: Digest): AsyncGenerator<InventoryRow> {
  for (const { sha256 } of (await readSetIndex(depot, digest)).buckets) yield* parseLines<InventoryRow>(await depot.get(sha256));
}

/** The rows of a final set in order; memory holds one bucket. */
export async function* readFinalSet(depot: Depot, digest: Digest): AsyncGenerator<FinalRow> {
  for (const { sha256 } of (await readSetIndex(depot, digest)).buckets) yield* parseLines<FinalRow>(await depot.get(sha256));
}

/** Every file of a set, each once: what a bundle must hold for it. */
export async function* setFiles(depot: Depot, index: Digest): AsyncGenerator<Digest> {
  yield index;
  yield* new Set((await readSetIndex(depot, index)).buckets.map(({ sha256 }) => sha256));
}
