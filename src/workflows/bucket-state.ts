import type { SagaPosition } from '../core/saga.ts';
import type { WindowPosition } from '../core/window.ts';
import type { TargetCapabilities } from '../model/bucket.ts';
import type { Digest } from '../model/digest.ts';
import type { ManifestRef, RunRef } from '../model/manifest.ts';
import type { BucketWorkload } from '../model/plan.ts';
import type { WorkloadRun } from './workload-run.ts';
import { newMemory, type WorkloadInput, type WorkloadMemory } from './workload-state.ts';

export interface BucketInput extends WorkloadInput {
  readonly entry: BucketWorkload;
  readonly shard: { readonly objects: number; readonly sizeBytes: number };
  readonly carried?: BucketState;
}

export type BucketRun = WorkloadRun<BucketInput, BucketState>;

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

/** Everything that a bucket's workflow must not forget. */
export interface BucketState extends WorkloadMemory {
  /** `hadCopies`: an earlier phase verified copies already, so an unwind of this one leaves all copies alone. */
  phase?: { name: PhaseName; position: SagaPosition; hadCopies: boolean };
  work?: PassWork;
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
}

export const newBucketState = (input: BucketInput, now: string): BucketState => ({
  ...newMemory(input, now),
  passes: [],
  lastPassObjects: 0,
  openBefore: 0,
  wasCutOver: false,
});

export const startPass = (): PassWork => ({ stage: 'list', window: { next: 0, owed: [] } });
