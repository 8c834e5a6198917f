import type { Language } from '../core/project-words.ts';
import type { Verdict } from '../model/digest.ts';
import type { LedgerRecord } from '../model/ledger-record.ts';
import type { Gate, ProjectStatus, WorkloadStatus } from '../model/status.ts';

/** Everything that the report shows. The command gathers it: the status from the project, the rest from the ledger. */
export interface ReportData {
  readonly project: string;
  readonly language: Language;
  readonly timezone: string;
  /** RFC 3339. */
  readonly takenAt: string;
  /** `live`: a worker answered. `recorded`: from the list and the results of workflows, as last told. */
  readonly told: 'live' | 'recorded';
  readonly condition: ProjectStatus['condition'] | 'unknown';
  readonly workloads: readonly WorkloadStatus[];
  readonly decisions: readonly Decision[];
  readonly batches: readonly Batch[];
  /** Absent when no worker of the ledger role answered: then nothing above is confirmed by the record. */
  readonly ledger?: { readonly verdict: Verdict; readonly size: number; readonly root: string };
}

/** What a person decided, as recorded. */
export interface Decision {
  readonly at: string;
  readonly workload: string;
  readonly what: Gate | 'rollback' | 'stuck';
  readonly isApproval: boolean;
  readonly by: string;
  /** How sure the record is of `by`: `client-asserted` until approvals are signed. */
  readonly auth: string;
  readonly scope?: string;
}

/** Bytes that were re-read on the target and compared, between two moments. */
export interface Batch {
  readonly workload: string;
  readonly from: string;
  readonly to: string;
  readonly objects: number;
  readonly sizeBytes: number;
  readonly verdict: Verdict;
}

const gateOf: Readonly<Record<string, Gate>> = {
  'loss.accepted': 'loss',
  'cutover.approved': 'cutover',
  'acceptance.signed': 'finalize',
  'deletion.approved': 'discard',
};

export function decisionsIn(records: readonly LedgerRecord[]): Decision[] {
  return records.flatMap((record): Decision[] => {
    const { event, time, actor, unit, approval, event_id } = record;
    const rejected = event === 'gate.rejected' ? gates.find((gate) => event_id.includes(`/gate/${gate}/`)) : undefined;
    const what = gateOf[event] ?? rejected ?? (event === 'rollback.ordered' ? 'rollback' : event === 'stuck.resolved' ? 'stuck' : undefined);
    if (what === undefined) return [];
    const scope = approval?.scope_sha256;
    return [
      {
        at: time,
        workload: unit?.ref ?? '',
        what,
        isApproval: !rejected,
        by: approval?.approver.id ?? actor.id,
        auth: actor.auth,
        ...(scope ? { scope } : {}),
      },
    ];
  });
}

const gates: readonly Gate[] = ['loss', 'cutover', 'finalize', 'discard'];

/**
 * One batch per verified shard. A record tells only when a shard was done, so its bytes are spread over the time since the shard before
 * it (or since the pass began): the sum is exact, the shape between two records an average.
 */
export function batchesIn(records: readonly LedgerRecord[]): Batch[] {
  const last = new Map<string, string>();
  return records.flatMap(({ event, time, unit, verdict }): Batch[] => {
    const workload = unit?.kind === 'shard' ? (unit.ref.split('/')[0] ?? '') : (unit?.ref ?? '');
    if (event === 'transfer.started') last.set(workload, time);
    if (event !== 'batch.verified') return [];
    const from = last.get(workload) ?? time;
    last.set(workload, time);
    return [{ workload, from, to: time, objects: unit?.count ?? 0, sizeBytes: Number(unit?.size_bytes ?? 0), verdict: verdict ?? 'UNKNOWN' }];
  });
}
