import type { Shown } from '../activities/gates.ts';
import type { SagaPosition } from '../core/saga.ts';
import type { RunRef } from '../model/manifest.ts';
import type { Patience, Workload } from '../model/plan.ts';
import type { Gate, LossCount, Order, WorkloadStatus } from '../model/status.ts';

/** What every workload's workflow is started with. */
export interface WorkloadInput {
  readonly project: string;
  readonly language: 'en' | 'fr';
  readonly timezone: string;
  readonly wave: number;
  readonly entry: Workload;
  /** How many shards may be under way at once. */
  readonly window: number;
  readonly patience: Patience;
  readonly continueAfterEvents?: number;
}

/** What no workload's workflow may forget; JSON, small: it is carried by continue-as-new. */
export interface WorkloadMemory {
  status: WorkloadStatus;
  paused: boolean;
  phase?: { name: string; position: SagaPosition };
  /** Counted, never Temporal's run id: a restarted replication has journals and marks of its own. */
  run: number;
  pass: number;
  turn: number;
  /** Counts what is made on a target of machines: next week's second try never finds last week's machine. Absent for buckets. */
  makes?: number;
  /** Verified runs, newest last: what the target holds. */
  catalogue: RunRef[];
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

export const notStarted = ({ name, kind }: Workload, wave: number, paused = false): WorkloadStatus => ({
  workload: name,
  ...(kind === 'vm' ? { kind } : {}),
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

export const newMemory = ({ entry, wave }: WorkloadInput, now: string): Omit<WorkloadMemory, 'phase'> => ({
  status: { ...withoutWait(notStarted(entry, wave)), condition: 'moving', startedAt: now, updatedAt: now },
  paused: false,
  run: 1,
  pass: 0,
  turn: 0,
  catalogue: [],
  acceptedLosses: [],
  approved: {},
  reportedTenth: 0,
});

/** The same scope shown again is another showing: an approval of an earlier one does not open it. */
export const shownAnew = (shown: WorkloadMemory['shown']): NonNullable<WorkloadMemory['shown']> =>
  Object.fromEntries(Object.entries(shown ?? {}).map(([gate, { n }]) => [gate, { n }]));

/** Losses by code, the larger count winning: a pass sees only what it reads. */
export function mergeLosses(known: readonly LossCount[], found: readonly LossCount[]): LossCount[] {
  const counts = new Map(known.map(({ code, count }) => [code, count]));
  for (const { code, count } of found) counts.set(code, Math.max(count, counts.get(code) ?? 0));
  return [...counts].map(([code, count]) => ({ code, count })).sort((a, b) => (a.code < b.code ? -1 : 1));
}

function withoutWait({ waitingFor: _, ...status }: WorkloadStatus): WorkloadStatus {
  return status;
}
