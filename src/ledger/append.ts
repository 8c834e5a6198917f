import { MigrationError } from '../core/migration-error.ts';
import type { LedgerDraft, LedgerRecord } from '../model/ledger-record.ts';
import type { LedgerHead } from '../ports/ledger.ts';
import { checkDraft, emptyTail, type LedgerTail, type LedgerWriter, parseLine, saysTheSame, sealRecord, tailAfter } from './record.ts';

/** What a store must give inside one transaction that no other writer can enter. */
export interface LedgerRows {
  lastLine(): string | undefined;
  lineOf(eventId: string): string | undefined;
  add(seq: number, eventId: string, line: string): void;
}

/**
 * Appends inside the store's transaction: all drafts or, by throwing, none. A repeated draft answers the stored record.
 * LEDGER_CONFLICT: the event id is there and says something else. LEDGER_MOVED: the log is not where the caller read it.
 */
export function appendDrafts(
  rows: LedgerRows,
  drafts: readonly LedgerDraft[],
  writer: LedgerWriter,
  now: () => number,
  expectedHead?: LedgerHead,
): readonly LedgerRecord[] {
  let tail = tailOf(rows.lastLine());
  if (expectedHead && (expectedHead.size !== tail.size || expectedHead.head !== tail.head))
    throw new MigrationError('LEDGER_MOVED', { operation: 'append', detail: `expected ${expectedHead.size} records, found ${tail.size}` });
  return drafts.map(checkDraft).map((draft) => {
    const known = rows.lineOf(draft.event_id);
    if (known !== undefined) return repeated(draft, known);
    const { record, line } = sealRecord(draft, tail, writer, now());
    rows.add(record.seq, record.event_id, line);
    tail = tailAfter(line, record);
    return record;
  });
}

/** Where the log ends. LEDGER_CORRUPT when its last line is not a record: nothing is chained to what nobody can read. */
export function tailOf(lastLine: string | undefined): LedgerTail {
  return lastLine === undefined ? emptyTail : tailAfter(lastLine, stored(lastLine));
}

function repeated(draft: LedgerDraft, line: string): LedgerRecord {
  const record = stored(line);
  if (saysTheSame(draft, record)) return record;
  throw new MigrationError('LEDGER_CONFLICT', { operation: 'append', detail: `event ${draft.event_id}` });
}

function stored(line: string): LedgerRecord {
  const parsed = parseLine(line);
  if ('record' in parsed) return parsed.record;
  throw new MigrationError('LEDGER_CORRUPT', { operation: 'append', detail: `a stored record is ${parsed.problem}` });
}
