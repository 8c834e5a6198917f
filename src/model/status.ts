import type { Verdict } from './digest.ts';

/** Where a workload stands (AWS MGN's words). Legal moves: core/lifecycle.ts. */
export type WorkloadState =
  | 'not ready'
  | 'replicating'
  | 'ready for test'
  | 'tested'
  | 'ready for cutover'
  | 'cutting over'
  | 'cut over'
  | 'finalized'
  | 'decommissioned'
  | 'rolled back'
  | 'discarded'
  | 'excluded';

/** How it stands there. */
export type Condition = 'moving' | 'waiting' | 'held' | 'paused' | 'unwinding' | 'stuck' | 'done';

/** `rehearsal` is the owner's acceptance of a test machine: a word on record, no gate of the policy. */
export type Gate = 'loss' | 'rehearsal' | 'cutover' | 'finalize' | 'discard';
export type Order = 'rehearse' | 'cutover' | 'rollback' | 'finalize' | 'discard';

export interface Progress {
  /** Of the pass under way. */
  readonly totalObjects: number;
  readonly totalBytes: number;
  readonly copiedObjects: number;
  readonly copiedBytes: number;
  readonly verifiedObjects: number;
  readonly verifiedBytes: number;
  readonly failedObjects: number;
}

/** What one workload tells its project, the command and the report. No key, no credential. */
export interface WorkloadStatus {
  readonly workload: string;
  /** Absent: a bucket. */
  readonly kind?: 'vm';
  readonly wave: number;
  readonly state: WorkloadState;
  readonly condition: Condition;
  /** The row of the step table under way, in words: `copy`. */
  readonly step?: string;
  /** In words for a person: `approval of gate cutover`. */
  readonly waitingFor?: string;
  /** The open gate and the digest that an approval must name. */
  readonly gate?: { readonly gate: Gate; readonly scope: string };
  /** Why it is held, stuck or rolled back; the code is one of core/error-codes.ts. */
  readonly reason?: { readonly code: string; readonly detail: string };
  readonly verdict: Verdict;
  readonly pass: number;
  readonly progress: Progress;
  /** Whole catalogue after the last finished pass. */
  readonly objects: number;
  readonly sizeBytes: number;
  readonly losses: readonly LossCount[];
  readonly startedAt: string;
  readonly updatedAt: string;
  /** Predicted end of the pass under way, RFC 3339; absent when nothing can be predicted. */
  readonly predictedEnd?: string;
  /** Digest of the freeze receipt, catalogue and reports in the depot, by name: what `report` reads. */
  readonly evidence: Readonly<Record<string, string>>;
  /** Rises with each report, so that a late one is recognised. */
  readonly sequence: number;
}

export interface LossCount {
  /** A code of core/loss.ts. */
  readonly code: string;
  readonly count: number;
}

export interface ProjectStatus {
  readonly project: string;
  readonly condition: 'moving' | 'paused' | 'waiting' | 'held' | 'done';
  /** Why the project itself is held: nothing starts until it is mended and resumed. */
  readonly reason?: { readonly code: string; readonly detail: string };
  /** The depot file with the plan that runs: `plan diff` compares with it. */
  readonly planDigest?: string;
  readonly workloads: readonly WorkloadStatus[];
}
