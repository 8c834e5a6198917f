import { randomBytes } from 'node:crypto';
import { compareEntries } from '../core/delta.ts';
import { MigrationError } from '../core/migration-error.ts';
import type { Digest } from '../model/digest.ts';
import { ManifestIndex, type ManifestRef } from '../model/manifest.ts';
import type { ObjectEntry } from '../model/object-entry.ts';
import type { ObjectRow } from '../model/row.ts';
import type { Depot } from '../ports/depot.ts';
import { encodeLines, linesOf, parseLines } from './json-lines.ts';

export type IndexShard = ManifestIndex['shards'][number];

/** Where a shard is cut: whichever is reached first. A key with more versions than fit is never cut. */
export interface ShardCut {
  readonly objects: number;
  readonly sizeBytes: number;
}

export async function readIndex(depot: Depot, digest: Digest): Promise<ManifestIndex> {
  return ManifestIndex.parse(JSON.parse((await depot.get(digest)).toString('utf8')));
}

export async function writeIndex(depot: Depot, shards: ManifestIndex['shards']): Promise<ManifestRef> {
  const digest = await depot.put(Buffer.from(JSON.stringify({ v: 1, shards } satisfies ManifestIndex)));
  let count = 0;
  let sizeBytes = 0;
  for (const shard of shards) {
    count += shard.count;
    sizeBytes += shard.sizeBytes;
  }
  return { digest, shards: shards.length, count, sizeBytes };
}

export async function shardOf(depot: Depot, manifest: Digest, shard: number): Promise<IndexShard> {
  const found = (await readIndex(depot, manifest)).shards[shard];
  if (!found) throw new MigrationError('UNEXPECTED', { operation: 'readManifest', detail: `there is no shard ${shard}` });
  return found;
}

export async function readEntries(depot: Depot, { entries }: IndexShard): Promise<readonly ObjectEntry[]> {
  return [...parseLines<ObjectEntry>(await depot.get(entries))];
}

/** Row n tells what became of entry n; undefined where the shard has no rows file yet. */
export async function readRows(depot: Depot, { rows, count }: IndexShard): Promise<readonly ObjectRow[] | undefined> {
  if (rows === undefined) return undefined;
  const lines = [...linesOf(await depot.get(rows))].slice(1); // the first is the salt
  const parsed = lines.map((line) => JSON.parse(line) as ObjectRow);
  if (parsed.length !== count || parsed.some((row, i) => row.i !== i)) throw corrupt('a rows file does not match its entries');
  return parsed;
}

export const corrupt = (detail: string): MigrationError => new MigrationError('DEPOT_CORRUPT', { operation: 'readManifest', detail });

/** Cuts a stream of entries into shards; memory holds one shard. */
export interface ManifestWriter {
  /** A promise only when a shard was full and is being put: wait for it before the next entry. With a row, the manifest is a run. */
  add(entry: ObjectEntry, row?: ObjectRow): Promise<void> | undefined;
  /** Puts the last shard, then the index: until then nobody can see this manifest. */
  close(): Promise<ManifestRef>;
}

export interface ManifestWriterOptions {
  readonly cut: ShardCut;
  /** Sees each shard's entries in their final order. */
  readonly onShard?: (entries: readonly ObjectEntry[]) => void;
  /** Entries come in no order, versions of a key newest first: each shard is sorted. Else they come in the order of a manifest. */
  readonly sort?: boolean;
}

export function openManifest(depot: Depot, { cut, onShard, sort }: ManifestWriterOptions): ManifestWriter {
  const shards: IndexShard[] = [];
  let entries: ObjectEntry[] = [];
  let rows: ObjectRow[] = [];
  let sizeBytes = 0;
  let lastKey: string | undefined;

  async function put(): Promise<void> {
    // Reversed first, because the sort is stable and stores tell versions of one second newest first.
    if (sort) entries.reverse().sort(compareEntries);
    onShard?.(entries);
    shards.push(await putShard(depot, entries, rows));
    entries = [];
    rows = [];
    sizeBytes = 0;
  }

  function take(entry: ObjectEntry, row: ObjectRow | undefined): void {
    if (row) rows.push(row);
    entries.push(entry);
    sizeBytes += entry.sizeBytes;
    lastKey = entry.key;
  }

  return {
    add: (entry, row) => {
      const isFull = entries.length >= cut.objects || sizeBytes >= cut.sizeBytes;
      if (isFull && entry.key !== lastKey) return put().then(() => take(entry, row));
      take(entry, row);
      return undefined;
    },
    close: async () => {
      if (entries.length > 0) await put();
      return await writeIndex(depot, shards);
    },
  };
}

/** One shard's files, entries in order; with rows (numbered anew) when there are any. */
export async function putShard(depot: Depot, entries: readonly ObjectEntry[], rows: readonly ObjectRow[]): Promise<IndexShard> {
  const files = {
    entries: await depot.put(encodeLines(entries.map((entry) => JSON.stringify(entry)))),
    ...(rows.length > 0 ? { rows: await putRows(depot, rows) } : {}),
  };
  const sizeBytes = entries.reduce((sum, entry) => sum + entry.sizeBytes, 0);
  return { ...files, count: entries.length, sizeBytes, first: entries[0]?.key ?? '', last: entries.at(-1)?.key ?? '' };
}

async function putRows(depot: Depot, rows: readonly ObjectRow[]): Promise<Digest> {
  const salt = JSON.stringify({ salt: randomBytes(16).toString('base64url') });
  return await depot.put(encodeLines([salt, ...rows.map((row, i) => JSON.stringify({ ...row, i }))]));
}
