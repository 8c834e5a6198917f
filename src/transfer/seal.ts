import { journalName, type Phase, type ShardPlace, sealName } from '../core/ids.ts';
import { MigrationError } from '../core/migration-error.ts';
import type { ManifestRef, RunRef } from '../model/manifest.ts';
import type { ObjectEntry } from '../model/object-entry.ts';
import type { ObjectRow } from '../model/row.ts';
import type { Depot } from '../ports/depot.ts';
import { type IndexShard, putShard, readEntries, readIndex, writeIndex } from './manifest-files.ts';
import { readJournal } from './shard-journal.ts';
import { type ShardResult, startTotals, type Totals } from './shard-totals.ts';

/** A pass's place, without its shards. */
export type RunPlace = Omit<ShardPlace, 'shard'>;

export interface SealedRun {
  readonly run: RunRef;
  readonly totals: Totals;
}

const readsAtOnce = 16;

/** What the shard's seal says; undefined while it is not sealed. */
export async function readSeal(depot: Depot, place: ShardPlace): Promise<ShardResult | undefined> {
  const [bytes] = await depot.journal(sealName(place)).read();
  if (!bytes) return undefined;
  const { v: _, ...result } = JSON.parse(bytes.toString('utf8')) as { v: 1 } & ShardResult;
  return result;
}

/**
 * One pass's outcome: its manifest's index with the rows of every sealed shard. COPY_INCOMPLETE when a shard is not sealed yet.
 * The same seals give the same digest, however often it is asked.
 */
export async function sealRun(depot: Depot, manifest: ManifestRef, place: RunPlace): Promise<SealedRun> {
  const { shards } = await readIndex(depot, manifest.digest);
  const tallying = startTotals();
  const sealed: IndexShard[] = [];
  for (let start = 0; start < shards.length; start += readsAtOnce) {
    const slice = shards.slice(start, start + readsAtOnce);
    const results = await Promise.all(slice.map((_, at) => readSeal(depot, { ...place, shard: start + at })));
    for (const [at, shard] of slice.entries()) {
      const result = results[at];
      if (!result) throw new MigrationError('COPY_INCOMPLETE', { operation: `seal ${place.phase}`, detail: `shard ${start + at} is not sealed` });
      tallying.add(result);
      sealed.push({ ...shard, rows: result.rows });
    }
  }
  return { run: await writeIndex(depot, sealed), totals: tallying.totals };
}

/**
 * What an unfinished pass got done: a run of exactly those entries that have a row, from seals and journals. Put into the catalogue when a delta
 * is given up, it lets the next pass know what already stands on the target.
 */
export async function salvageRun(depot: Depot, manifest: ManifestRef, place: RunPlace, phase: Phase = place.phase): Promise<SealedRun> {
  const { shards } = await readIndex(depot, manifest.digest);
  const tallying = startTotals();
  const salvaged: IndexShard[] = [];
  for (const [shard, files] of shards.entries()) {
    const { rows } = await readJournal(depot.journal(journalName({ ...place, phase, shard })));
    if (rows.size === 0) continue;
    const entries = await readEntries(depot, files);
    const known = [...rows.keys()].sort((a, b) => a - b).flatMap((i) => rowAndEntry(entries[i], rows.get(i)));
    for (const { row } of known) tallying.count(row);
    salvaged.push(
      await putShard(
        depot,
        known.map(({ entry }) => entry),
        known.map(({ row }) => row),
      ),
    );
  }
  return { run: await writeIndex(depot, salvaged), totals: tallying.totals };
}

const rowAndEntry = (entry: ObjectEntry | undefined, line: string | undefined): { entry: ObjectEntry; row: ObjectRow }[] =>
  entry && line !== undefined ? [{ entry, row: JSON.parse(line) as ObjectRow }] : [];
