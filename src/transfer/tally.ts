import { keyFindings } from '../core/key-rules.ts';
import type { LossCode } from '../core/loss.ts';
import { isArchiveClass } from '../core/storage-class.ts';
import type { Digest } from '../model/digest.ts';
import type { ObjectEntry } from '../model/object-entry.ts';
import type { LossCount } from '../model/status.ts';
import type { Depot } from '../ports/depot.ts';

/** What a listing says about a bucket, in numbers. The samples file names a few keys per finding and stays in the depot. */
export interface ListingTally {
  /** Current objects and, where versions were listed, earlier versions; without delete markers. */
  readonly objects: number;
  readonly sizeBytes: number;
  readonly noncurrentBytes: number;
  readonly largestBytes: number;
  readonly emptyObjects: number;
  /** Objects per storage class; the store's standard class is STANDARD. */
  readonly classes: Readonly<Record<string, number>>;
  readonly findings: readonly LossCount[];
  /** JSON: `{ [code]: key[] }`. */
  readonly samples: Digest;
}

const samplesAtMost = 5;
const decomposedAtMost = 200_000; // keys kept to find Unicode twins: about 30 MiB
const largestObjectBytes = 5 * 1024 ** 4;
const printableAscii = /^[ -~]*$/;

export interface ListingCounter {
  /** Entries of one shard in manifest order; shards in the order they were cut. */
  add(entries: readonly ObjectEntry[]): void;
  close(depot: Depot): Promise<ListingTally>;
}

/** Counts what a target may lose or alter. Twins are looked for in what is still in mind: whole where the store lists in order. */
export function startListingTally(): ListingCounter {
  const counts = new Map<LossCode, number>();
  const samples: Partial<Record<LossCode, string[]>> = {};
  const classes: Record<string, number> = {};
  const totals = { objects: 0, sizeBytes: 0, noncurrentBytes: 0, largestBytes: 0, emptyObjects: 0 };
  const isUnderAnother = slashTwins();
  const isUnicodeTwin = unicodeTwins();

  const find = (code: LossCode, key: string): void => {
    counts.set(code, (counts.get(code) ?? 0) + 1);
    const kept = samples[code];
    if (!kept) samples[code] = [key];
    else if (kept.length < samplesAtMost) kept.push(key);
  };

  function countEntry(entry: ObjectEntry, isCurrent: boolean): void {
    const { key, sizeBytes, storageClass = 'STANDARD' } = entry;
    if (!isCurrent) find('NONCURRENT_VERSION', key);
    if (entry.isDeleteMarker) {
      find('DELETE_MARKER', key);
      return;
    }
    totals.objects += 1;
    totals.sizeBytes += sizeBytes;
    if (!isCurrent) totals.noncurrentBytes += sizeBytes;
    if (sizeBytes === 0) totals.emptyObjects += 1;
    if (sizeBytes > totals.largestBytes) totals.largestBytes = sizeBytes;
    if (sizeBytes > largestObjectBytes) find('OBJECT_TOO_LARGE', key);
    classes[storageClass] = (classes[storageClass] ?? 0) + 1;
    if (isArchiveClass(storageClass)) find('OBJECT_ARCHIVED', key);
    if (storageClass !== 'STANDARD') find('STORAGE_CLASS_LOST', key);
    if (sizeBytes === 0 && key.endsWith('/')) find('DIRECTORY_MARKER', key);
  }

  function countKey(key: string): void {
    for (const code of keyFindings(key)) find(code, key);
    if (isUnderAnother(key)) find('KEY_SLASH_TWIN', key);
    if (printableAscii.test(key)) return;
    const twin = isUnicodeTwin(key);
    if (twin === 'twin') find('KEY_UNICODE_TWIN', key);
    if (twin === 'unchecked') find('KEY_TWINS_UNCHECKED', key);
  }

  return {
    add: (entries) => {
      for (const [at, entry] of entries.entries()) {
        countEntry(entry, entries[at + 1]?.key !== entry.key);
        if (entries[at - 1]?.key !== entry.key) countKey(entry.key);
      }
    },
    close: async (depot) => ({
      ...totals,
      classes,
      findings: [...counts].map(([code, count]) => ({ code, count })),
      samples: await depot.put(Buffer.from(JSON.stringify(samples))),
    }),
  };
}

/** True for `a/…` where `a` is a key too. In key order the keys that are prefixes of the current one form a stack. */
function slashTwins(): (key: string) => boolean {
  const prefixes: string[] = [];
  return (key) => {
    for (let top = prefixes.at(-1); top !== undefined && !key.startsWith(top); top = prefixes.at(-1)) prefixes.pop();
    const isTwin = prefixes.some((prefix) => key !== prefix && !prefix.endsWith('/') && key[prefix.length] === '/');
    if (prefixes.at(-1) !== key) prefixes.push(key);
    return isTwin;
  };
}

/** Decomposed keys sort before their composed twins (a base letter is below every composed one), so only they are remembered. */
function unicodeTwins(): (key: string) => 'twin' | 'unchecked' | undefined {
  const decomposed = new Set<string>();
  return (key) => {
    const composed = key.normalize('NFC');
    if (decomposed.has(composed)) return 'twin';
    if (composed === key) return undefined;
    if (decomposed.size >= decomposedAtMost) return 'unchecked';
    decomposed.add(composed);
    return undefined;
  };
}
