import type { Digest, Verdict } from '../model/digest.ts';
import type { ObjectRow, RowOutcome } from '../model/row.ts';

/** What became of the entries of a shard, or of a whole run, in numbers: small, without names, fit for a workflow and the ledger. */
export interface Totals {
  readonly outcomes: Readonly<Record<RowOutcome, number>>;
  readonly verdicts: Readonly<Record<Verdict, number>>;
  /** How many rows bear which error code as their reason. */
  readonly reasons: Readonly<Record<string, number>>;
  /** How many rows bear which code of core/loss.ts. */
  readonly losses: Readonly<Record<string, number>>;
  readonly objects: number;
  /** Of objects that stand on the target (copied or adopted). */
  readonly sizeBytes: number;
  /** Of rows with verdict PASS. */
  readonly passBytes: number;
  /** Body bytes that the sealing attempt read: what an earlier, killed attempt moved is not in it. */
  readonly movedBytes: number;
}

/** The end of one shard: its rows file in the depot and its totals. A call on a sealed shard gives the same again. */
export interface ShardResult extends Totals {
  readonly rows: Digest;
}

/** Told after every row and part: cheap to call, for heartbeats and people. */
export type Progress = (totals: Totals) => void;

export interface Tallying {
  count(row: ObjectRow): void;
  moved(bytes: number): void;
  add(other: Totals): void;
  readonly totals: Totals;
}

export function startTotals(): Tallying {
  const outcomes = { copied: 0, adopted: 0, deleted: 0, vanished: 0, changed: 0, failed: 0 };
  const verdicts = { PASS: 0, FAIL: 0, UNKNOWN: 0 };
  const reasons: Record<string, number> = {};
  const losses: Record<string, number> = {};
  const totals = { outcomes, verdicts, reasons, losses, objects: 0, sizeBytes: 0, passBytes: 0, movedBytes: 0 };
  return {
    totals,
    count: (row) => {
      outcomes[row.outcome] += 1;
      verdicts[row.verdict] += 1;
      if (row.reason !== undefined) reasons[row.reason] = (reasons[row.reason] ?? 0) + 1;
      for (const code of row.losses ?? []) losses[code] = (losses[code] ?? 0) + 1;
      totals.objects += 1;
      if (row.outcome === 'copied' || row.outcome === 'adopted') totals.sizeBytes += row.sizeBytes;
      if (row.verdict === 'PASS') totals.passBytes += row.sizeBytes;
    },
    moved: (bytes) => {
      totals.movedBytes += bytes;
    },
    add: (other) => {
      addInto(outcomes, other.outcomes);
      addInto(verdicts, other.verdicts);
      addInto(reasons, other.reasons);
      addInto(losses, other.losses);
      totals.objects += other.objects;
      totals.sizeBytes += other.sizeBytes;
      totals.passBytes += other.passBytes;
      totals.movedBytes += other.movedBytes;
    },
  };
}

function addInto(sum: Record<string, number>, more: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(more)) sum[name] = (sum[name] ?? 0) + count;
}
