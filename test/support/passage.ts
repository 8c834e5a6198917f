import { createCipheriv, hash } from 'node:crypto';
import type { Phase, ShardPlace } from '../../src/core/ids.ts';
import type { ManifestRef, RunRef } from '../../src/model/manifest.ts';
import type { ObjectEntry } from '../../src/model/object-entry.ts';
import type { ObjectRow } from '../../src/model/row.ts';
import type { Depot } from '../../src/ports/depot.ts';
import type { ObjectSource, ObjectTarget } from '../../src/ports/object-store.ts';
import type { Clock } from '../../src/transfer/clock.ts';
import {
  copyShard,
  createFlightBudget,
  type FlightBudget,
  listBucket,
  planDelta,
  referenceKeyOf,
  type SealedRun,
  type ShardResult,
  sealRun,
  verifyShard,
} from '../../src/transfer/index.ts';
import { readEntries, readIndex, readRows } from '../../src/transfer/manifest-files.ts';
import { createMemoryDepot, type MemoryDepot } from './memory-depot.ts';
import { createMemoryStore, type MemoryStore, type MemoryStoreOptions } from './memory-store.ts';

export const cut = { objects: 10, sizeBytes: 64 * 1024 ** 3 };
export const sourceBucket = 'source-bucket';

/** Two memory stores, a depot and everything that the data plane needs between them. */
export interface Passage {
  readonly source: MemoryStore;
  readonly target: MemoryStore;
  readonly depot: MemoryDepot;
  readonly clock: Clock;
  readonly flight: FlightBudget;
}

/** What one process holds: connections of its own to the shared stores. */
export interface Process {
  readonly source: ObjectSource;
  readonly target: ObjectTarget;
  readonly depot: Depot;
  readonly clock: Clock;
  readonly flight: FlightBudget;
}

export function createPassage(options: { readonly source?: MemoryStoreOptions; readonly target?: MemoryStoreOptions; readonly clock?: Clock } = {}): Passage {
  return {
    source: createMemoryStore(options.source),
    target: createMemoryStore(options.target),
    depot: createMemoryDepot(),
    clock: options.clock ?? fastClock(),
    flight: createFlightBudget(),
  };
}

/** Time that passes at once. `flushMs` apart sleeps of the journal never end when `timed` is false: then only counts and ends flush. */
export function fastClock({ timed = true }: { readonly timed?: boolean } = {}): Clock {
  let now = Date.UTC(2026, 5, 1);
  return {
    now: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
        if (ms === 1000 && !timed) return undefined;
        now += ms;
        return setImmediate(resolve);
      }),
  };
}

export const placeOf = (pass: number, phase: Phase, shard = 0): ShardPlace => ({ project: 'p', workload: 'w', run: 1, pass, phase, shard });
export const noProgress = (): void => undefined;
export const never = (): AbortSignal => new AbortController().signal;
/** Small enough that large objects of tests are small. */
export const sizes = { smallBytes: 128 * 1024, chunkBytes: 64 * 1024 };
const referenceKey = referenceKeyOf(Buffer.alloc(32, 0x0b));

export async function list(process: Process, versions: 'latest' | 'all' = 'latest', shardCut = cut): Promise<ManifestRef> {
  return (await listBucket(process, { versions, cut: shardCut }, noProgress, never())).manifest;
}

export interface CopyOptions {
  readonly versions?: 'latest' | 'all';
  readonly pass?: number;
  readonly signal?: AbortSignal;
}

export function copyOne(
  process: Process,
  passage: Passage,
  manifest: ManifestRef,
  shard: number,
  { versions = 'latest', pass = 1, signal = never() }: CopyOptions = {},
): Promise<ShardResult> {
  const input = { manifest: manifest.digest, shard, versions, isFirstPass: pass === 1, sourceBucket, capabilities: passage.target.capabilities };
  return copyShard({ ...process, referenceKey, sizes }, placeOf(pass, 'copy', shard), input, noProgress, signal);
}

export async function copyAll(process: Process, passage: Passage, manifest: ManifestRef, options: CopyOptions = {}): Promise<SealedRun> {
  for (let shard = 0; shard < manifest.shards; shard += 1) await copyOne(process, passage, manifest, shard, options);
  return await sealRun(process.depot, manifest, placeOf(options.pass ?? 1, 'copy'));
}

export async function verifyAll(process: Process, run: RunRef, pass = 1): Promise<SealedRun> {
  for (let shard = 0; shard < run.shards; shard += 1)
    await verifyShard(process, placeOf(pass, 'verify', shard), { run: run.digest, shard }, noProgress, never());
  return await sealRun(process.depot, run, placeOf(pass, 'verify'));
}

/** One whole pass: list, plan against the catalogue, copy, verify. */
export async function pass(
  passage: Passage,
  catalogue: readonly RunRef[],
  number: number,
  versions: 'latest' | 'all' = 'latest',
): Promise<{ readonly verified: SealedRun; readonly changed: ManifestRef; readonly deleted: ManifestRef }> {
  const listing = await list(passage, versions);
  const { changed, deleted } = await planDelta(passage.depot, { listing, catalogue, cut });
  const copied = await copyAll(passage, passage, changed, { versions, pass: number });
  return { verified: await verifyAll(passage, copied.run, number), changed, deleted };
}

export const deps = (process: Process): Process & { readonly referenceKey: typeof referenceKey } => ({ ...process, referenceKey });

/** Every entry of a run beside its row, by key. */
export async function rowsByKey(depot: Depot, run: ManifestRef): Promise<ReadonlyMap<string, ObjectRow>> {
  return new Map((await linesOfRun(depot, run)).map(({ entry, row }) => [entry.key, row]));
}

export async function linesOfRun(depot: Depot, run: ManifestRef): Promise<readonly { readonly entry: ObjectEntry; readonly row: ObjectRow }[]> {
  const all: { entry: ObjectEntry; row: ObjectRow }[] = [];
  for (const shard of (await readIndex(depot, run.digest)).shards) {
    const rows = await readRows(depot, shard);
    for (const [i, entry] of (await readEntries(depot, shard)).entries()) {
      const row = rows?.[i];
      if (row) all.push({ entry, row });
    }
  }
  return all;
}

/** Deterministic bytes that differ by seed. */
export const bytesOf = (sizeBytes: number, seed = 1): Buffer =>
  createCipheriv('aes-128-ctr', Buffer.alloc(16, seed), Buffer.alloc(16)).update(Buffer.alloc(sizeBytes));

/** The content of a store as an outsider sees it: versions of each key oldest first, metadata and tags beside the bytes. */
export function contentOf(store: MemoryStore): Record<string, readonly string[]> {
  return Object.fromEntries(
    [...store.bucket.keys].map(([key, versions]) => [
      key,
      versions.map(({ body, metadata, isDeleteMarker }) =>
        isDeleteMarker ? 'marker' : `${hash('sha256', body, 'hex')} ${JSON.stringify({ ...metadata, tags: metadata.tags ?? {} })}`,
      ),
    ]),
  );
}
