import type { LedgerDraft, LedgerRecord } from '../model/ledger-record.ts';

export interface LedgerHead {
  readonly size: number;
  /** Entry hash of the last record; 64 zeros when empty. */
  readonly head: string;
}

/**
 * One append-only log per project. The store gives seq, prev, salt, time and `instruction_sha256` in one transaction, whoever calls.
 * LEDGER_CLOCK: this machine's clock moved more than five minutes against the time that passed since its process last looked, or stands
 * more than five minutes before the last record. Less than that before it, a record takes the last one's time.
 */
export interface Ledger {
  /**
   * Durable when it returns. A known event_id with the same body (less what the store gives, refs, clock, host, software)
   * answers the stored record; with another body it is LEDGER_CONFLICT and nothing is written. A call whose answer was lost
   * is repeated. The first record is `log.opened` (else LEDGER_NOT_OPENED); none follows `log.closed` (LEDGER_CLOSED).
   * `expectedHead`: LEDGER_MOVED when the log has grown since, for callers that must not race (signers).
   */
  append(drafts: readonly LedgerDraft[], expectedHead?: LedgerHead): Promise<readonly LedgerRecord[]>;
  /** Stored lines in order, from `fromSeq`, at most `limit`: the exact bytes, without LF. */
  read(fromSeq: number, limit: number): Promise<readonly string[]>;
  head(): Promise<LedgerHead>;
  close(): Promise<void>;
}
