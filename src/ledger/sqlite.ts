import type { DatabaseSync } from 'node:sqlite';
import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises';
import { isMigrationError } from '../core/migration-error.ts';
import type { LedgerRecord } from '../model/ledger-record.ts';
import type { Ledger } from '../ports/ledger.ts';
import { appendDrafts, type LedgerRows, tailOf } from './append.ts';
import { type ClockSources, guardedClock } from './clock-guard.ts';
import type { LedgerWriter } from './record.ts';
import { ledgerFailure, openLogFile } from './sqlite-file.ts';

export interface SqliteLedgerOptions extends LedgerWriter, ClockSources {
  /** Made, with its folder, where it is missing. Several processes of one host may have it open. */
  readonly file: string;
  /** LEDGER_BUSY after so long. A transaction takes milliseconds: who waits longer is not in a queue but behind something stuck. */
  readonly busyMs?: number;
}

/** node:sqlite blocks the event loop while it waits for a lock, so one try is short; between tries heartbeats go out. */
const tryMs = 50;

/**
 * One project's log in a SQLite file. Throws at once where the file cannot serve: LEDGER_NEEDS_POSTGRES on another host than
 * the one that made the log, LEDGER_UNAVAILABLE (no right, no space), LEDGER_CORRUPT, CONFIG_INVALID (another project's log).
 */
export function openSqliteLedger({ file, ...options }: SqliteLedgerOptions): Ledger {
  return ledgerIn(openLogFile(file, options, tryMs), options);
}

/** The ledger in an open log file, which it closes. */
export function ledgerIn(db: DatabaseSync, { now, monotonicMs, busyMs = 15_000, ...writer }: Omit<SqliteLedgerOptions, 'file'>): Ledger {
  const clock = guardedClock({ now, monotonicMs });
  const { rows, page } = statementsOf(db, writer.origin);
  // One try at a time in this process: a hundred waiting appends would block the loop a hundred times as long.
  let last: Promise<unknown> = Promise.resolve();

  return {
    append(drafts, expectedHead) {
      const appended = last.then(() => inTransaction(db, busyMs, () => appendDrafts(rows, drafts, writer, clock, expectedHead)));
      last = appended.catch(() => undefined);
      return appended;
    },
    read: async (fromSeq, limit) => guarded('read', () => page(fromSeq, limit)),
    head: async () =>
      guarded('head', () => {
        const { size, head } = tailOf(rows.lastLine());
        return { size, head };
      }),
    async close() {
      await last;
      if (db.isOpen) db.close();
    },
  };
}

function statementsOf(db: DatabaseSync, origin: string): { readonly rows: LedgerRows; readonly page: (fromSeq: number, limit: number) => readonly string[] } {
  const lastLine = db.prepare('SELECT line FROM record WHERE log = ? ORDER BY seq DESC LIMIT 1');
  const lineOf = db.prepare('SELECT line FROM record WHERE log = ? AND event_id = ?');
  const insert = db.prepare('INSERT INTO record (log, seq, event_id, line) VALUES (?, ?, ?, ?)');
  const select = db.prepare('SELECT line FROM record WHERE log = ? AND seq >= ? ORDER BY seq LIMIT ?');
  const text = (row: Record<string, unknown> | undefined): string | undefined => (row ? String(row.line) : undefined);
  return {
    rows: {
      lastLine: () => text(lastLine.get(origin)),
      lineOf: (eventId) => text(lineOf.get(origin, eventId)),
      add: (seq, eventId, line) => void insert.run(origin, seq, eventId, line),
    },
    page: (fromSeq, limit) => select.all(origin, fromSeq, limit).map((row) => String(row.line)),
  };
}

/**
 * Runs `work` while no other writer, in this process or another, can be inside. A crash before COMMIT leaves nothing;
 * one after it leaves the records, which the repeated call finds by their event ids.
 */
async function inTransaction(db: DatabaseSync, busyMs: number, work: () => readonly LedgerRecord[]): Promise<readonly LedgerRecord[]> {
  // Nothing below waits on anything: without this turn a loop of appends would starve heartbeats, and the other processes.
  await turn();
  const startedMs = performance.now();
  while (!begun(db, performance.now() - startedMs > busyMs)) await wait(1 + Math.random() * 20);
  return guarded('append', () => {
    try {
      const result = work();
      db.exec('COMMIT');
      return result;
    } catch (error) {
      // A full disk may have ended the transaction already.
      if (db.isTransaction) db.exec('ROLLBACK');
      throw error;
    }
  });
}

function begun(db: DatabaseSync, isLastTry: boolean): boolean {
  try {
    guarded('append', () => db.exec('BEGIN IMMEDIATE'));
    return true;
  } catch (error) {
    if (isLastTry || !isMigrationError(error, 'LEDGER_BUSY')) throw error;
    return false;
  }
}

function guarded<T>(operation: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw ledgerFailure(operation, error);
  }
}
