import { ActivityCancellationType, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { ControlActivities } from '../activities/control.ts';
import type { EvidenceActivities } from '../activities/evidence.ts';
import type { GateActivities } from '../activities/gates.ts';
import type { LedgerActivities } from '../activities/ledger.ts';
import type { MachineActivities } from '../activities/machines/index.ts';
import type { PassActivities } from '../activities/passes.ts';
import type { TransferActivities } from '../activities/transfer.ts';
import { nonRetryableCodes } from '../core/error-codes.ts';
import { taskQueue } from '../core/ids.ts';
import type { Patience } from '../model/plan.ts';

type LocalActivities = GateActivities & Pick<PassActivities, 'sealRun'> & Pick<ControlActivities, 'markCutOver'>;

/** Histories without this mark began before gates were sealed; one mark for all that came with it, since each costs two events. */
export const evidencePatch = 'evidence';

export interface Hands {
  /** Work of milliseconds: one file and one record, or the seals of few shards. They run where the workflow runs and leave one event. */
  readonly local: ReturnType<typeof proxyLocalActivities<LocalActivities>>;
  readonly control: ReturnType<typeof proxyActivities<ControlActivities>>;
  readonly transfer: ReturnType<typeof proxyActivities<TransferActivities>>;
  /** Snapshots, imports and machines take their vendor's time: hours, seen by heartbeats. */
  readonly machine: ReturnType<typeof proxyActivities<MachineActivities>>;
  readonly ledger: ReturnType<typeof proxyActivities<LedgerActivities & EvidenceActivities>>;
  /** A gate waits as long as a witness or an authority is away: for hours, without a person. */
  readonly gate: ReturnType<typeof proxyActivities<Pick<EvidenceActivities, 'sealGate'>>>;
}

/**
 * The activities of a project, each on the queue of its role. The cancellation type is set although the typings call it the default:
 * unset, SDK 1.24 goes on at once while the copy still runs, and a rollback would delete under it (facts: temporal §6).
 */
export function handsOf(project: string, patience: Patience): Hands {
  const common = {
    heartbeatTimeout: patience.heartbeatSeconds * 1000,
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    // Exhausted attempts hold the workload (nothing is lost); a person resumes it. 20 attempts are about a quarter of an hour.
    retry: {
      initialInterval: 1000,
      backoffCoefficient: 2,
      maximumInterval: 60_000,
      maximumAttempts: patience.attempts,
      nonRetryableErrorTypes: [...nonRetryableCodes],
    },
  };
  return {
    local: proxyLocalActivities<LocalActivities>({ startToCloseTimeout: '10 seconds', retry: { ...common.retry, maximumInterval: 5000, maximumAttempts: 5 } }),
    control: proxyActivities<ControlActivities>({ ...common, taskQueue: taskQueue(project, 'control'), startToCloseTimeout: '1 hour' }),
    // One shard is at most 64 GiB: six hours are 3 MiB/s, below which a link needs smaller shards.
    transfer: proxyActivities<TransferActivities>({ ...common, taskQueue: taskQueue(project, 'transfer'), startToCloseTimeout: '6 hours' }),
    machine: proxyActivities<MachineActivities>({ ...common, taskQueue: taskQueue(project, 'control'), startToCloseTimeout: '8 days' }),
    ledger: proxyActivities<LedgerActivities & EvidenceActivities>({ ...common, taskQueue: taskQueue(project, 'ledger'), startToCloseTimeout: '1 hour' }),
    gate: proxyActivities<Pick<EvidenceActivities, 'sealGate'>>({
      ...common,
      taskQueue: taskQueue(project, 'ledger'),
      startToCloseTimeout: '1 hour',
      retry: { ...common.retry, maximumAttempts: Number.POSITIVE_INFINITY },
    }),
  };
}
