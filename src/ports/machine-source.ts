import type { Machine, MachineState } from '../model/machine.ts';

/** The source cloud of virtual machines, one account and region. Every failure is a MigrationError; every call is safe to repeat. */
export interface MachineSource {
  /** MACHINE_MISSING when there is none (or it is terminated). */
  describe(machine: string, signal?: AbortSignal): Promise<Machine>;
  state(machine: string, signal?: AbortSignal): Promise<{ readonly state: MachineState; readonly launchedAt: string }>;
  /**
   * Snapshots of these disks of the machine at one instant, marked `mark` (a tag). Found by the mark first: a repeated call answers what the first
   * made. Snapshots that stand under the mark in error count as not there: SNAPSHOT_FAILED, and a new mark is needed.
   */
  snapshot(machine: string, disks: readonly string[], mark: string, signal?: AbortSignal): Promise<readonly DiskSnapshot[]>;
  /** As they stand now; SNAPSHOT_MISSING when one is gone. */
  snapshots(ids: readonly string[], signal?: AbortSignal): Promise<readonly DiskSnapshot[]>;
  /** Only one that carries a mark of ours; gone already is success. Answers false where a recycle bin keeps it. */
  deleteSnapshot(id: string, signal?: AbortSignal): Promise<{ readonly isGone: boolean }>;
  /** Every snapshot whose mark begins so: what a sweep must look at. */
  marked(prefix: string, signal?: AbortSignal): Promise<readonly DiskSnapshot[]>;
  /** Orders the stop and returns; stopped or stopping already is success. Never forced. */
  stop(machine: string, signal?: AbortSignal): Promise<void>;
  /** Orders the start; running or pending already is success. CAPACITY when the vendor has no room. */
  start(machine: string, signal?: AbortSignal): Promise<void>;
  /** Each right that the operation needs, asked without doing it. */
  mayDo(
    operations: readonly SourceAct[],
    machine: string,
    signal?: AbortSignal,
  ): Promise<readonly { readonly act: SourceAct; readonly allowed: boolean | 'unknown' }[]>;
}

export type SourceAct = 'snapshot' | 'stop' | 'start' | 'delete snapshot';

export interface DiskSnapshot {
  readonly id: string;
  /** The disk it is of. */
  readonly disk: string;
  readonly state: 'pending' | 'completed' | 'error';
  readonly startedAt: string;
  /** Percent. */
  readonly progress?: number;
  /** All written blocks, where the source says so: an exact estimate without a listing. */
  readonly fullBytes?: number;
  readonly sizeBytes: number;
  readonly mark?: string;
}
