import type { Shown } from '../activities/gates.ts';
import type { SagaPosition } from '../core/saga.ts';
import type { WindowPosition } from '../core/window.ts';
import type { TargetCapabilities } from '../model/bucket.ts';
import type { Digest } from '../model/digest.ts';
import type { ManifestRef, RunRef } from '../model/manifest.ts';
import type { BucketWorkload, Patience } from '../model/plan.ts';
import type { Gate, LossCount, Order, WorkloadStatus } from '../model/status.ts';

export interface BucketInput {
  readonly project: string;
  readonly language: 'en' | 'fr';
  readonly timezone: string;
  readonly wave: number;
  readonly entry: BucketWorkload;
  readonly window: number;
  readonly shard: { readonly objects: number; readonly sizeBytes: number };
  readonly patience: Patience;
  readonly continueAfterEvents?: number;
  readonly carried?: BucketState;
}

export type PhaseName = 'replicate' | 'delta' | 'cutover' | 'finalize' | 'rollback' | 'discard';

/** Where a pass stands, so that a run that continues as new goes on in the middle of it. */
export interface PassWork {
  stage: 'list' | 'copy' | 'verify' | 'delete' | 'tags' | 'done';
  changed?: ManifestRef;
  deleted?: ManifestRef;
  unchanged?: { count: number; sizeBytes: number };
  copied?: RunRef;
  /** What the verification left: `open` objects are not PASS and not excused; the next pass tries them again. */
  verified?: { objects: number; sizeBytes: number; open: number; failed: number };
  window: WindowPosition;
}

/** Everything that a bucket's workflow must not forget; JSON, small: it is carried by continue-as-new. */
export interface BucketState {
  status: WorkloadStatus;
  paused: boolean;
  /** `hadCopies`: an earlier phase verified copies already, so an unwind of this one leaves all copies alone. */
  phase?: { name: PhaseName; position: SagaPosition; hadCopies: boolean };
  /** Counted, never Temporal's run id: a restarted replication has journals and marks of its own. */
  run: number;
  pass: number;
  turn: number;
  work?: PassWork;
  /** Runs of this workload, newest last: what the target holds. */
  catalogue: RunRef[];
  /** Passes whose copies stand in journals, by run: what an undo must look at besides the catalogue. */
  passes: { run: number; pass: number; copies: ManifestRef; deletions?: ManifestRef }[];
  /** What stood on the target before us, with `into: existing`: never overwritten, never removed. */
  foreign?: ManifestRef;
  /** The newest listing of the source: at the freeze it must equal the closing one. */
  listing?: ManifestRef;
  /** Objects that the newest pass changed or removed: small = converged. */
  lastPassObjects: number;
  openBefore: number;
  configuration?: Digest;
  capabilities?: TargetCapabilities;
  wasCutOver: boolean;
  receipt?: Digest;
  targetReceipt?: Digest;
  acceptedLosses: string[];
  approved: Partial<Record<Gate, { scope: string; by: string; isSigned?: boolean }>>;
  /** Which showing of each gate this is; absent in workflows that began before gates were counted. */
  shown?: Partial<Record<Gate, Shown>>;
  rejected?: { scope: string; by: string };
  order?: { order: Order; by: string; frozenByHand?: boolean };
  /** A person's answer to a hold or a stuck undo; taken once. */
  answer?: 'again' | 'accept';
  deletionAccepted?: number;
  reportedTenth: number;
}

const nothing = { totalObjects: 0, totalBytes: 0, copiedObjects: 0, copiedBytes: 0, verifiedObjects: 0, verifiedBytes: 0, failedObjects: 0 };

export const notStarted = (workload: string, wave: number, paused = false): WorkloadStatus => ({
  workload,
  wave,
  state: 'not ready',
  condition: paused ? 'paused' : 'waiting',
  waitingFor: 'its wave',
  verdict: 'UNKNOWN',
  pass: 0,
  progress: nothing,
  objects: 0,
  sizeBytes: 0,
  losses: [],
  startedAt: '',
  updatedAt: '',
  evidence: {},
  sequence: 0,
});

export const newBucketState = ({ entry, wave }: BucketInput, now: string): BucketState => ({
  status: { ...withoutWait(notStarted(entry.name, wave)), condition: 'moving', startedAt: now, updatedAt: now },
  paused: false,
  run: 1,
  pass: 0,
  turn: 0,
  catalogue: [],
  passes: [],
  lastPassObjects: 0,
  openBefore: 0,
  wasCutOver: false,
  acceptedLosses: [],
  approved: {},
  reportedTenth: 0,
});

export const startPass = (): PassWork => ({ stage: 'list', window: { next: 0, owed: [] } });

/** Losses by code, the larger count winning: a pass sees only what it reads. */
export function mergeLosses(known: readonly LossCount[], found: readonly LossCount[]): LossCount[] {
  const counts = new Map(known.map(({ code, count }) => [code, count]));
  for (const { code, count } of found) counts.set(code, Math.max(count, counts.get(code) ?? 0));
  return [...counts].map(([code, count]) => ({ code, count })).sort((a, b) => (a.code < b.code ? -1 : 1));
}

function withoutWait({ waitingFor: _, ...status }: WorkloadStatus): WorkloadStatus {
  return status;
}
