import type { PlannedDisk } from '../activities/machines/disks.ts';
import type { Imported, MadeNetwork } from '../activities/machines/making.ts';
import type { TakenSnapshot } from '../activities/machines/snapshots.ts';
import type { MovedDisk } from '../activities/machines/task.ts';
import type { SagaPosition } from '../core/saga.ts';
import type { WindowPosition } from '../core/window.ts';
import type { TargetCapabilities } from '../model/bucket.ts';
import type { ImageRef } from '../model/disk.ts';
import type { VmWorkload } from '../model/plan.ts';
import type { WorkloadRun } from './workload-run.ts';
import { newMemory, type WorkloadInput, type WorkloadMemory } from './workload-state.ts';

export interface VmInput extends WorkloadInput {
  readonly entry: VmWorkload;
  readonly carried?: VmState;
  /** Bytes of a shard of a disk; absent: the engine's own choice. Tests set it low. */
  readonly shardBytes?: number;
}

export type VmRun = WorkloadRun<VmInput, VmState>;

export type VmPhase = 'replicate' | 'delta' | 'rehearse' | 'end rehearsal' | 'make ready' | 'cutover' | 'finalize' | 'rollback' | 'discard';

/** Where a pass over the disks stands, so that a run that continues as new goes on in the middle of it. */
export interface DiskPass {
  stage: 'snapshot' | 'plan' | 'copy' | 'seal' | 'verify' | 'prove' | 'retire';
  readonly of: 'running' | 'stopped';
  taken?: readonly TakenSnapshot[];
  /** By label, in the order of the disks. */
  planned?: Readonly<Record<string, PlannedDisk>>;
  images?: Readonly<Record<string, ImageRef>>;
  /** What the pass before left, once this one is verified. */
  retired?: { readonly snapshots: readonly string[]; readonly keys: readonly string[] };
  window: WindowPosition;
}

/** What stands on the target's store for a disk: verified, and the snapshot that the next delta is read against. */
export interface StandingDisk {
  readonly snapshot: string;
  readonly takenAt: string;
  readonly image: ImageRef;
}

/** What was made on the target for one purpose. */
export interface MadeMachine {
  readonly makes: number;
  imported?: Imported;
  network?: MadeNetwork;
  machine?: string;
  console?: string;
}

/** Everything that a machine's workflow must not forget. */
export interface VmState extends WorkloadMemory {
  phase?: { name: VmPhase; position: SagaPosition; hadCopies: boolean };
  makes: number;
  work?: DiskPass;
  disks: readonly MovedDisk[];
  /** By label; of the newest verified pass. */
  standing: Readonly<Record<string, StandingDisk>>;
  capabilities?: TargetCapabilities;
  /** Bytes that the newest pass read: small = converged. */
  lastPassBytes: number;
  wasRunning: boolean;
  /** The source is stopped by us, and was last started then. */
  stoppedAt?: string;
  rehearsal?: MadeMachine & { until?: string; accepted?: boolean };
  target?: MadeMachine;
  wasCutOver: boolean;
}

export const newVmState = (input: VmInput, now: string): VmState => ({
  ...newMemory(input, now),
  makes: 0,
  disks: [],
  standing: {},
  lastPassBytes: 0,
  wasRunning: true,
  wasCutOver: false,
});
