import type { LedgerDraft, LedgerRecord } from '../model/ledger-record.ts';

export interface LedgerHead {
  readonly size: number;
  /** Entry hash of the last record; 64 zeros when empty. */
  readonly head: string;
}

/** One append-only log per project. The store gives seq, prev, salt and time in one transaction, whoever calls. */
export interface Ledger {
  /**
   * Durable when it returns. A known event_id with the same body (less what the store gives, refs, host, software)
   * answers the stored record; with another body it is LEDGER_CONFLICT and nothing is written.
   * `expectedHead`: LEDGER_MOVED when the log has grown since, for callers that must not race (signers).
   */
  append(drafts: readonly LedgerDraft[], expectedHead?: LedgerHead): Promise<readonly LedgerRecord[]>;
  /** Stored lines in order, from `fromSeq`, at most `limit`: the exact bytes, without LF. */
  read(fromSeq: number, limit: number): Promise<readonly string[]>;
  head(): Promise<LedgerHead>;
  close(): Promise<void>;
}
