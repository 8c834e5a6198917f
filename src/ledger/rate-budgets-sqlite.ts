import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as wait } from 'node:timers/promises';
import { isMigrationError } from '../core/migration-error.ts';
import type { LeaseRequest, RateBudgets } from '../ports/rate-budget.ts';
import { shareOf, leaseMs as usualLeaseMs } from './rate-share.ts';
import { ledgerFailure } from './sqlite-file.ts';

export interface SqliteRateBudgetsOptions {
  /** A file of its own beside the ledger's, so that no append ever waits for a lease. Made where it is missing. */
  readonly file: string;
  readonly now?: () => number;
  readonly leaseMs?: number;
  /** LEDGER_BUSY after so long. */
  readonly busyMs?: number;
}

const schema = `
CREATE TABLE IF NOT EXISTS lease (
  budget TEXT NOT NULL, holder TEXT NOT NULL, wanted REAL NOT NULL, granted REAL NOT NULL, until_ms INTEGER NOT NULL, PRIMARY KEY (budget, holder)
) STRICT, WITHOUT ROWID;
`;
const openingMs = 10_000; // many workers may start at once, and each makes or checks the table
const tryMs = 50; // node:sqlite blocks the event loop while it waits for a lock

/**
 * The rate budgets of the worker processes of one host, by that host's clock. A crash within a transaction leaves nothing; one after it leaves a
 * lease that nobody renews. LEDGER_UNAVAILABLE or LEDGER_CORRUPT where the file cannot serve.
 */
export function openSqliteRateBudgets(options: SqliteRateBudgetsOptions): RateBudgets & { close(): Promise<void> } {
  const { file, now = Date.now, leaseMs = usualLeaseMs, busyMs = 5_000 } = options;
  const db = openFile(file);
  const forget = db.prepare('DELETE FROM lease WHERE budget = ? AND (holder = ? OR until_ms <= ?)');
  const others = db.prepare('SELECT wanted, granted FROM lease WHERE budget = ?');
  const insert = db.prepare('INSERT INTO lease (budget, holder, wanted, granted, until_ms) VALUES (?, ?, ?, ?, ?)');

  function grant({ budget, holder, wanted, capacity }: LeaseRequest): { perSecond: number; untilMs: number } {
    const nowMs = now();
    forget.run(budget, holder, nowMs);
    const untilMs = nowMs + leaseMs;
    if (wanted <= 0) return { perSecond: 0, untilMs };
    const claims = others.all(budget).map((row) => ({ wanted: Number(row.wanted), granted: Number(row.granted) }));
    const perSecond = shareOf({ wanted, capacity }, claims);
    // A holder that got nothing is noted all the same: the others make room for it when they renew.
    insert.run(budget, holder, wanted, perSecond, untilMs);
    return { perSecond, untilMs };
  }

  return {
    lease: (request) => exclusively(db, busyMs, 'lease a rate', () => grant(request)),
    release: ({ budget, holder }) => exclusively(db, busyMs, 'release a rate', () => void forget.run(budget, holder, now())),
    async close() {
      if (db.isOpen) db.close();
    },
  };
}

function openFile(file: string): DatabaseSync {
  const deadlineMs = performance.now() + openingMs;
  for (;;) {
    let db: DatabaseSync | undefined;
    try {
      mkdirSync(dirname(file), { recursive: true });
      db = new DatabaseSync(file, { timeout: openingMs });
      // A power cut ends every holder with the lease it may lose.
      db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; ${schema} PRAGMA busy_timeout = ${tryMs}`);
      return db;
    } catch (error) {
      db?.close();
      const failure = ledgerFailure('open rate budgets', error);
      // Of several that turn a new file to WAL at once, SQLite refuses all but one without waiting.
      if (!isMigrationError(failure, 'LEDGER_BUSY') || performance.now() > deadlineMs) throw failure;
      Atomics.wait(pausing, 0, 0, 5 + Math.random() * 20);
    }
  }
}

const pausing = new Int32Array(new SharedArrayBuffer(4));

/** `work` is synchronous, so nothing of this process comes between; the file's lock keeps out the others. */
async function exclusively<T>(db: DatabaseSync, busyMs: number, operation: string, work: () => T): Promise<T> {
  const startedMs = performance.now();
  for (;;) {
    try {
      return transacted(db, work);
    } catch (error) {
      const failure = ledgerFailure(operation, error);
      if (!isMigrationError(failure, 'LEDGER_BUSY') || performance.now() - startedMs > busyMs) throw failure;
      await wait(1 + Math.random() * 20);
    }
  }
}

function transacted<T>(db: DatabaseSync, work: () => T): T {
  db.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    db.exec('COMMIT');
    return result;
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}
