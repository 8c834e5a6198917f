import { MigrationError } from '../core/migration-error.ts';
import type { LedgerDraft, LedgerRecord } from '../model/ledger-record.ts';
import type { LedgerHead } from '../ports/ledger.ts';
import type { LedgerClock } from './clock-guard.ts';
import { checkDraft, emptyTail, type LedgerTail, type LedgerWriter, parseLine, saysTheSame, sealRecord, tailAfter } from './record.ts';

/** What a store must give inside one transaction that no other writer can enter. */
export interface LedgerRows {
  lastLine(): string | undefined;
  lineOf(eventId: string): string | undefined;
  add(seq: number, eventId: string, line: string): void;
}

/** A record on its way into a store that takes them all at once. */
export interface AddedRow {
  readonly seq: number;
  readonly eventId: string;
  readonly line: string;
}

/**
 * Appends inside the store's transaction: all drafts or, by throwing, none. A repeated draft answers the stored record, also when nothing
 * new could be written. LEDGER_CONFLICT: the event id is there and says something else. LEDGER_MOVED: the log is not where the
 * caller read it. LEDGER_NOT_OPENED, LEDGER_CLOSED: before its first record, after its last. LEDGER_CLOCK: from `clock`.
 */
export function appendDrafts(
  rows: LedgerRows,
  drafts: readonly LedgerDraft[],
  writer: LedgerWriter,
  clock: LedgerClock,
  expectedHead?: LedgerHead,
): readonly LedgerRecord[] {
  let tail = tailOf(rows.lastLine());
  if (expectedHead && (expectedHead.size !== tail.size || expectedHead.head !== tail.head))
    throw new MigrationError('LEDGER_MOVED', { operation: 'append', detail: `expected ${expectedHead.size} records, found ${tail.size}` });
  return drafts.map(checkDraft).map((draft) => {
    const known = rows.lineOf(draft.event_id);
    if (known !== undefined) return repeated(draft, known);
    demandOpen(draft, tail);
    const { record, line } = sealRecord(draft, tail, writer, clock(tail.timeMs));
    rows.add(record.seq, record.event_id, line);
    tail = tailAfter(line, record);
    return record;
  });
}

/** Where the log ends. LEDGER_CORRUPT when its last line is not a record: nothing is chained to what nobody can read. */
export function tailOf(lastLine: string | undefined): LedgerTail {
  return lastLine === undefined ? emptyTail : tailAfter(lastLine, stored(lastLine));
}

/** Rows over what was read before: `added` fills with what the store must then write, all at once. */
export function gatheringRows(
  lastLine: string | undefined,
  known: (eventId: string) => string | undefined,
): LedgerRows & { readonly added: readonly AddedRow[] } {
  const added = new Map<string, AddedRow>();
  const order: AddedRow[] = [];
  return {
    added: order,
    lastLine: () => lastLine,
    lineOf: (eventId) => known(eventId) ?? added.get(eventId)?.line,
    add: (seq, eventId, line) => {
      const row = { seq, eventId, line };
      added.set(eventId, row);
      order.push(row);
    },
  };
}

function demandOpen({ event, event_id }: LedgerDraft, tail: LedgerTail): void {
  if (tail.isClosed) throw new MigrationError('LEDGER_CLOSED', { operation: 'append', detail: `event ${event_id}` });
  if (tail.size === 0 && event !== 'log.opened') throw new MigrationError('LEDGER_NOT_OPENED', { operation: 'append', detail: `event ${event_id}` });
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
