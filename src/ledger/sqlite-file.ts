import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { ErrorCode } from '../core/error-codes.ts';
import { isMigrationError, MigrationError } from '../core/migration-error.ts';
import type { LedgerWriter } from './record.ts';

/**
 * The triggers stop mistakes, not the owner of the file: against him stand the chain and the signatures. INSERT OR REPLACE
 * deletes without firing a delete trigger unless recursive_triggers is on, and other programs leave that off;
 * so the insert trigger refuses a known event id itself.
 */
const schema = `
CREATE TABLE IF NOT EXISTS log (origin TEXT NOT NULL PRIMARY KEY, project TEXT NOT NULL, host TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS record (
  log TEXT NOT NULL REFERENCES log (origin), seq INTEGER NOT NULL, event_id TEXT NOT NULL, line TEXT NOT NULL,
  PRIMARY KEY (log, seq), UNIQUE (log, event_id)
) STRICT;
CREATE TRIGGER IF NOT EXISTS record_next BEFORE INSERT ON record
WHEN NEW.seq <> (SELECT coalesce(max(seq), -1) + 1 FROM record WHERE log = NEW.log)
  OR EXISTS (SELECT 1 FROM record WHERE log = NEW.log AND event_id = NEW.event_id)
BEGIN SELECT RAISE(ABORT, 'a log only grows at its end'); END;
CREATE TRIGGER IF NOT EXISTS record_kept BEFORE UPDATE ON record BEGIN SELECT RAISE(ABORT, 'a log only grows at its end'); END;
CREATE TRIGGER IF NOT EXISTS record_stays BEFORE DELETE ON record BEGIN SELECT RAISE(ABORT, 'a log only grows at its end'); END;
CREATE TRIGGER IF NOT EXISTS log_kept BEFORE UPDATE ON log BEGIN SELECT RAISE(ABORT, 'a log keeps its host'); END;
CREATE TRIGGER IF NOT EXISTS log_stays BEFORE DELETE ON log BEGIN SELECT RAISE(ABORT, 'a log keeps its host'); END;
`;

/** Many workers may start at once, and each makes or checks the schema: at start, waiting blocks nobody. */
const openingMs = 10_000;

/**
 * Opens the file, made with its folder where it is missing, and binds the log to this host: SQLite's locks and its shared
 * memory hold on one machine only. LEDGER_NEEDS_POSTGRES on any other. `tryMs`: how long a later statement may block on a lock.
 */
export function openLogFile(file: string, { origin, project, host }: LedgerWriter, tryMs: number): DatabaseSync {
  let db: DatabaseSync | undefined;
  try {
    mkdirSync(dirname(file), { recursive: true });
    db = new DatabaseSync(file, { timeout: openingMs });
    // FULL: a record that was signed must survive the power cut after it, or the log is dead.
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA recursive_triggers = ON; PRAGMA foreign_keys = ON; BEGIN IMMEDIATE');
    db.exec(schema);
    db.prepare('INSERT INTO log (origin, project, host) VALUES (?, ?, ?) ON CONFLICT DO NOTHING').run(origin, project, host.id);
    const bound = db.prepare('SELECT project, host FROM log WHERE origin = ?').get(origin);
    if (bound?.project !== project)
      throw new MigrationError('CONFIG_INVALID', { operation: 'open ledger', detail: `log ${origin} belongs to another project` });
    if (bound.host !== host.id) throw new MigrationError('LEDGER_NEEDS_POSTGRES', { operation: 'open ledger' });
    db.exec(`COMMIT; PRAGMA busy_timeout = ${tryMs}`);
    return db;
  } catch (error) {
    db?.close();
    throw ledgerFailure('open ledger', error);
  }
}

/** SQLite's primary result codes that have a name of ours; all others mean that the file could not be used. */
const codeOf: Readonly<Record<number, readonly [ErrorCode, string]>> = {
  5: ['LEDGER_BUSY', 'SQLITE_BUSY'],
  6: ['LEDGER_BUSY', 'SQLITE_LOCKED'],
  11: ['LEDGER_CORRUPT', 'SQLITE_CORRUPT'],
  13: ['LEDGER_UNAVAILABLE', 'SQLITE_FULL, no space left'],
  26: ['LEDGER_CORRUPT', 'SQLITE_NOTADB'],
};

/** Any error on the way to the file as a MigrationError. */
export function ledgerFailure(operation: string, error: unknown): MigrationError {
  if (isMigrationError(error)) return error;
  const { errcode, code } = error as { readonly errcode?: number; readonly code?: string };
  const [ours, detail] = codeOf[(errcode ?? 0) % 256] ?? ['LEDGER_UNAVAILABLE', errcode ? `SQLite error ${errcode}` : code];
  return new MigrationError(ours, { operation, detail, cause: error });
}
