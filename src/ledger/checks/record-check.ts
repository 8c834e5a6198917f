import { clockToleranceMs } from '../../core/clock-tolerance.ts';
import type { LedgerRecord } from '../../model/ledger-record.ts';
import type { Policy } from '../../model/policy.ts';
import type { Findings } from './findings.ts';
import type { BundleFolder } from './folder.ts';

/** What every check is given. */
export interface Bundle {
  readonly folder: BundleFolder;
  /** Absent where trust/policy.json cannot be read: then what rests on it fails. */
  readonly policy: Policy | undefined;
  readonly findings: Findings;
  /** The verifier's clock. */
  readonly atMs: number;
}

/** A well-formed record at its place in the file. */
export interface Seen {
  /** Number of the line. */
  readonly seq: number;
  readonly record: LedgerRecord;
  readonly timeMs: number;
}

export interface Ended {
  readonly size: number;
  /** Over all lines, hex. */
  readonly root: string;
  /** The last record is `log.closed`. */
  readonly isFinal: boolean;
}

/**
 * A check that is shown the log once, record by record, and keeps only what is open: its memory does not grow with the log.
 * `grown` comes after each line, whatever the line holds, with the tree's size.
 */
export interface RecordCheck {
  readonly sees?: (seen: Seen) => void;
  readonly grown?: (size: number, rootOf: () => string) => void;
  readonly ends?: (ended: Ended) => void;
}

/** Clocks may stand this far apart (docs/bundle-format.md §7). */
export const toleranceMs = clockToleranceMs;

type Evidence = NonNullable<LedgerRecord['evidence']>[number];

/** The record's evidence of that name. */
export const evidenceNamed = ({ evidence }: Pick<LedgerRecord, 'evidence'>, name: string): Evidence | undefined => evidence?.find((item) => item.name === name);

/** What a record is about, as one text: the same in an intent and its outcome. */
export const unitKey = ({ unit }: Pick<LedgerRecord, 'unit'>): string => (unit ? `${unit.kind} ${unit.ref}` : '');
