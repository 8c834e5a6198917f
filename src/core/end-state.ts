import type { Verdict } from '../model/digest.ts';
import type { EndState } from '../model/reference-set.ts';
import type { ObjectRow } from '../model/row.ts';

/** What the rules read of a row, and the seq of the record that binds it. */
export type JudgedRow = Pick<ObjectRow, 'outcome' | 'verdict' | 'sizeBytes' | 'reason'> & { readonly seq: number };

/** What is known of one reference of a workload. */
export interface ReferenceFacts {
  /** The row that decides: see `decides`. */
  readonly row?: JudgedRow;
  /** Its size in the newest inventory; absent: not in there. */
  readonly listedBytes?: number;
}

export interface EndRules {
  /** seq of the record of the newest inventory; absent: there is none. */
  readonly inventoriedAt?: number;
  /** Codes that the owner accepted at gate `loss`. */
  readonly acceptedLosses: ReadonlySet<string>;
  /** The workload was rolled back or discarded. */
  readonly isWithdrawn: boolean;
}

const isCopy = ({ outcome }: Pick<ObjectRow, 'outcome'>): boolean => outcome === 'copied' || outcome === 'adopted';

/**
 * True when `later` takes the place of `earlier` as the row that decides. As in the catalogue, an attempt that failed, or found the object changed
 * or gone, changes nothing on the target: what an earlier row copied still stands there.
 */
export function decides(later: JudgedRow, earlier: JudgedRow | undefined): boolean {
  return earlier === undefined || !isCopy(earlier) || isCopy(later) || later.outcome === 'deleted';
}

/** The end state of one reference, by the table of docs/bundle-format.md, section 6. */
export function endState({ row, listedBytes }: ReferenceFacts, rules: EndRules): EndState {
  const { inventoriedAt, isWithdrawn } = rules;
  // The newest inventory has the last word on rows that are older; it knows nothing of newer ones.
  const isListingNewer = inventoriedAt !== undefined && (row === undefined || row.seq < inventoriedAt);
  if (row && isCopy(row)) {
    if (isWithdrawn) return 'withdrawn';
    if (row.verdict === 'FAIL') return 'failed';
    return row.verdict === 'PASS' && (!isListingNewer || listedBytes === row.sizeBytes) ? 'verified' : 'unknown';
  }
  if (isListingNewer ? listedBytes === undefined : row?.outcome === 'deleted' || row?.outcome === 'vanished') return 'vanished';
  const state = withoutCopy(row, rules);
  return isWithdrawn && state !== 'excluded' ? 'withdrawn' : state;
}

/** Of what is still on the source, as far as anybody knows, and was never copied. */
function withoutCopy(row: JudgedRow | undefined, { acceptedLosses }: EndRules): EndState {
  if (row?.outcome === 'changed') return 'changed';
  if (row?.outcome !== 'failed') return 'unknown';
  return row.reason !== undefined && acceptedLosses.has(row.reason) ? 'excluded' : 'failed';
}

const settled: ReadonlySet<EndState> = new Set<EndState>(['verified', 'vanished', 'excluded', 'withdrawn']);

/** PASS when every reference came to a good end, FAIL when one failed, else UNKNOWN. */
export function setVerdict(states: Iterable<EndState>): Verdict {
  let verdict: Verdict = 'PASS';
  for (const state of states) {
    if (state === 'failed') return 'FAIL';
    if (!settled.has(state)) verdict = 'UNKNOWN';
  }
  return verdict;
}
