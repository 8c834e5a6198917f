import { isStanding } from '../core/delta.ts';
import { journalName, type ShardPlace, sealName } from '../core/ids.ts';
import { isMigrationError, MigrationError } from '../core/migration-error.ts';
import type { ObjectEntry } from '../model/object-entry.ts';
import type { ObjectRow } from '../model/row.ts';
import type { Depot } from '../ports/depot.ts';
import type { Clock } from './clock.ts';
import type { FlightBudget } from './flight-budget.ts';
import { encodeLines } from './json-lines.ts';
import { readSeal } from './seal.ts';
import { openJournal, type ShardJournal } from './shard-journal.ts';
import { type Progress, type ShardResult, startTotals, type Tallying, type Totals } from './shard-totals.ts';

export interface ShardDeps {
  readonly depot: Depot;
  readonly clock: Clock;
  readonly flight: FlightBudget;
}

/** One attempt at one shard: what its workers share. */
export interface ShardAttempt extends ShardDeps {
  readonly journal: ShardJournal;
  readonly signal: AbortSignal;
  readonly totals: Totals;
  /** The end of one entry: exactly one row each. */
  settle(row: ObjectRow): void;
  moved(bytes: number): void;
  readonly progress: () => void;
}

/**
 * The life of a shard in every phase: sealed already → its result at once; else claim the journal (which fences the former attempt), do what
 * has no row yet, seal. Whatever stops it, the rows of what was done are flushed first, and nothing of it runs on when this settles.
 */
export async function workShard(
  deps: ShardDeps,
  place: ShardPlace,
  entryCount: number,
  { progress, signal }: { readonly progress: Progress; readonly signal: AbortSignal },
  work: (attempt: ShardAttempt) => Promise<void>,
): Promise<ShardResult> {
  const sealed = await readSeal(deps.depot, place);
  if (sealed) return sealed;
  const own = new AbortController();
  const journal = await openJournal(deps.depot.journal(journalName(place)), deps.clock, (error) => own.abort(error));
  const both = AbortSignal.any([signal, own.signal]);
  const tallying = startTotals();
  for (const line of journal.rows.values()) tallying.count(JSON.parse(line) as ObjectRow);
  try {
    progress(tallying.totals);
    await work(attempt(deps, journal, tallying, both, progress));
    await journal.flush();
  } catch (error) {
    // What is done is done: its rows go first, so that the next attempt does not do it again. A fenced journal refuses them, rightly.
    await journal.flush().catch(() => undefined);
    throw own.signal.aborted ? own.signal.reason : error;
  } finally {
    journal.close();
  }
  // Every row is durable. A crash here, or after the rows file is put, seals the same bytes next time: salt and rows come from the journal.
  return await seal(deps.depot, place, journal, entryCount, tallying.totals);
}

/** An entry that stands on the target by an earlier row: both stores served it. Throws when there is none. */
export function servedBefore(entries: readonly ObjectEntry[], rows: ReadonlyMap<number, string>): ObjectEntry {
  for (const [i, line] of rows) {
    const entry = entries[i];
    if (entry && !entry.isDeleteMarker && isStanding(JSON.parse(line) as ObjectRow)) return entry;
  }
  throw new MigrationError('OBJECT_MISSING', { operation: 'HeadObject', detail: 'no object of this shard was served before' });
}

function attempt(deps: ShardDeps, journal: ShardJournal, tallying: Tallying, signal: AbortSignal, progress: Progress): ShardAttempt {
  return {
    ...deps,
    journal,
    signal,
    totals: tallying.totals,
    settle: (row) => {
      journal.add(row);
      tallying.count(row);
      progress(tallying.totals);
    },
    moved: tallying.moved,
    progress: () => progress(tallying.totals),
  };
}

async function seal(depot: Depot, place: ShardPlace, journal: ShardJournal, entryCount: number, totals: Totals): Promise<ShardResult> {
  const lines = [JSON.stringify({ salt: journal.salt })];
  for (let i = 0; i < entryCount; i += 1) {
    const line = journal.rows.get(i);
    if (line === undefined) throw new MigrationError('UNEXPECTED', { operation: 'seal', detail: `entry ${i} of shard ${place.shard} has no row` });
    lines.push(line);
  }
  const result: ShardResult = { rows: await depot.put(encodeLines(lines)), ...totals };
  try {
    await depot.journal(sealName(place)).append(0, Buffer.from(JSON.stringify({ v: 1, ...result })));
    return result;
  } catch (error) {
    // Another attempt sealed first, from the same journal.
    const theirs = isMigrationError(error, 'FENCED') ? await readSeal(depot, place) : undefined;
    if (!theirs) throw error;
    return theirs;
  }
}
