import type { Verdict } from '../../model/digest.ts';
import type { LedgerRecord } from '../../model/ledger-record.ts';
import { addGate, type GateSums } from './gate-sums.ts';
import { addNamed, type RecordNumbers } from './record-numbers.ts';

export type Place = NonNullable<LedgerRecord['source']>;

/** When something was recorded, and where. */
export interface Moment {
  readonly seq: number;
  readonly time: string;
}

/** What the log says of one workload, summed: nothing here grows with the number of its objects. */
export interface WorkloadSums {
  readonly name: string;
  records: number;
  from: string;
  to: string;
  source?: Place;
  target?: Place;
  /** The newest sealed list. */
  inventory?: Moment & { readonly objects: number | undefined; readonly sizeBytes: bigint | undefined };
  /** Rows of `batch.verified`, over all passes: an object that was copied twice counts twice. */
  readonly batches: { count: number; objects: number; sizeBytes: bigint; pass: number; fail: number; unknown: number };
  /** The newest count of end states. */
  final?: Moment & { readonly counts: Readonly<Record<string, number>>; readonly verdict: Verdict };
  /** Batches were recorded after the newest count, or there is none. */
  isPending: boolean;
  readonly gates: GateSums[];
  readonly milestones: Map<Milestone, Moment>;
  /** Of ordered removals of copies. */
  removal?: Moment & { readonly counts: Readonly<Record<string, number>> };
  isRemovalOrdered: boolean;
  readonly exceptions: Map<string, RecordNumbers>;
}

export type Milestone = 'frozen' | 'cut over' | 'finalized' | 'rollback ordered' | 'rolled back' | 'removal ordered' | 'removed';

/** The workload that a record is about. A shard is named by its workload and its place in it. */
export function workloadOf({ unit }: LedgerRecord): string | undefined {
  if (!unit || unit.kind === 'log' || unit.kind === 'plan' || unit.kind === 'project') return undefined;
  return unit.kind === 'shard' ? unit.ref.split('/')[0] : unit.ref;
}

export const workloadSums = (name: string): WorkloadSums => ({
  name,
  records: 0,
  from: '',
  to: '',
  batches: { count: 0, objects: 0, sizeBytes: 0n, pass: 0, fail: 0, unknown: 0 },
  isPending: true,
  gates: [],
  milestones: new Map(),
  isRemovalOrdered: false,
  exceptions: new Map(),
});

export function addToWorkload(sums: WorkloadSums, record: LedgerRecord): void {
  const { time, source, target, event, seq, severity } = record;
  sums.records += 1;
  sums.from ||= time;
  sums.to = time;
  if (source) sums.source = source;
  if (target) sums.target = target;
  if (severity === 'exception' || severity === 'breakglass') addNamed(sums.exceptions, event, seq);
  addCounts(sums, record);
  addMilestone(sums, record);
  addGate(sums.gates, record);
}

function addCounts(sums: WorkloadSums, { event, unit, counts = {}, verdict, seq, time }: LedgerRecord): void {
  const sizeBytes = unit?.size_bytes === undefined ? undefined : BigInt(unit.size_bytes);
  if (event === 'inventory.sealed') sums.inventory = { seq, time, objects: unit?.count, sizeBytes };
  if (event === 'batch.verified' || event === 'batch.restated') sums.isPending = true;
  if (event === 'batch.verified') {
    const { batches } = sums;
    batches.count += 1;
    batches.objects += unit?.count ?? 0;
    batches.sizeBytes += sizeBytes ?? 0n;
    for (const name of ['pass', 'fail', 'unknown'] as const) batches[name] += counts[name] ?? 0;
  }
  if (event === 'reconciliation.closed') {
    sums.final = { seq, time, counts, verdict: verdict ?? 'UNKNOWN' };
    sums.isPending = false;
  }
  if (event === 'deletion.outcome' && sums.isRemovalOrdered) sums.removal = { seq, time, counts };
}

const stepEnds: Readonly<Record<string, Milestone>> = { 'freeze-source': 'frozen', 'cut-over': 'cut over', finalize: 'finalized' };

/** The newest of each: after a rollback a workload may be cut over again. */
function addMilestone(sums: WorkloadSums, { event, act, reasons = [], seq, time }: LedgerRecord): void {
  if (event === 'deletion.intent') sums.isRemovalOrdered = reasons.includes('ORDERED');
  const reached = {
    'step.succeeded': stepEnds[act?.name ?? ''],
    'rollback.ordered': 'rollback ordered',
    'rollback.finished': 'rolled back',
    'deletion.intent': sums.isRemovalOrdered ? 'removal ordered' : undefined,
    'deletion.outcome': sums.isRemovalOrdered ? 'removed' : undefined,
  } as const satisfies Partial<Record<LedgerRecord['event'], Milestone | undefined>>;
  const milestone = event in reached ? reached[event as keyof typeof reached] : undefined;
  if (milestone) sums.milestones.set(milestone, { seq, time });
}

/** What the newest count says; UNKNOWN as long as something is under way. */
export const verdictOf = ({ final, isPending }: WorkloadSums): Verdict => (final && !isPending ? final.verdict : 'UNKNOWN');
