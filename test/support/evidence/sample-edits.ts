import type { ApprovalFile } from '../../../src/model/approval.ts';
import type { LedgerDraft } from '../../../src/model/ledger-record.ts';
import type { Policy, PolicyGate } from '../../../src/model/policy.ts';
import type { FinalRow, InventoryRow } from '../../../src/model/reference-set.ts';
import type { ObjectRow } from '../../../src/model/row.ts';
import type { RawRecord } from './raw-log.ts';
import type { SampleKeys, SampleSigner } from './sample-policy.ts';

/** What an edit may do with the log while it is made. */
export interface LogHand {
  /** Records so far. */
  size(): number;
  timeMs(): number;
  /** Lets time pass without a record. */
  advance(seconds: number): void;
  /** A checkpoint now, with its records. */
  publish(): void;
  /** Writes without asking the edits again. */
  append(draft: LedgerDraft): number;
  put(bytes: Uint8Array): string;
  readonly keys: SampleKeys;
}

/**
 * What an attacker who owns the log's keys changes BEFORE anything is hashed and signed. Everything that follows from the change follows:
 * digests, chain, roots, signatures, counts. To change a bundle afterwards, edit the folder and call `sumAgain`.
 */
export interface SampleEdits {
  policy?(policy: Policy): Policy;
  /** Batches 0 and 1 are the first pass, 2 the second. */
  rows?(rows: readonly ObjectRow[], batch: number): readonly ObjectRow[];
  /** 0: the assessment's, 1: of the closing listing. */
  inventory?(rows: readonly InventoryRow[], which: number): readonly InventoryRow[];
  final?(rows: readonly FinalRow[]): readonly FinalRow[];
  scope?(scope: Readonly<Record<string, unknown>>, gate: PolicyGate): Readonly<Record<string, unknown>>;
  /** Who signs at a gate. */
  signers?(signers: readonly SampleSigner[], gate: PolicyGate): readonly SampleSigner[];
  approval?(file: ApprovalFile): ApprovalFile;
  /** After signing: the file's bytes and the armoured signature that enter depot and record. */
  signed?(
    signed: { readonly file: string; readonly signature: string },
    approval: ApprovalFile,
    keys: SampleKeys,
  ): { readonly file: string; readonly signature: string };
  /** One draft becomes none, another, or several. */
  draft?(draft: LedgerDraft, log: LogHand): LedgerDraft | readonly LedgerDraft[];
  /** The whole record before it is chained. */
  record?(record: RawRecord): RawRecord;
  /** False: this checkpoint is not made, and what would bind it binds the one before. The first and the last are always made. */
  checkpoint?(size: number): boolean;
  /** Times that outsiders put on it, in Unix seconds; undefined: they give nothing. */
  cosignedAt?(timeSeconds: number, size: number): number | undefined;
  stampedAt?(timeSeconds: number, size: number): number | undefined;
}
