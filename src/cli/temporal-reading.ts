import type { Client, WorkflowExecutionInfo, WorkflowHandle } from '@temporalio/client';
import { type Role, taskQueue } from '../core/ids.ts';
import type { WorkloadStatus } from '../model/status.ts';
import type { ErrandKind, PendingWork, RecordedWorkload } from './project-client.ts';

/** Who must be there for an errand to end. */
export const requiredRoles: Readonly<Record<ErrandKind, readonly Role[]>> = {
  inventory: ['control'],
  assess: ['control', 'transfer'],
  preflight: ['control'],
  describeMachine: ['control'],
  doctor: ['control'],
  ledgerShow: ['control', 'ledger'],
  ledgerVerify: ['control', 'ledger'],
  approvalRequest: ['control', 'ledger'],
  approveGap: ['control', 'ledger'],
  closeLog: ['control', 'ledger'],
  exportEvidence: ['control', 'ledger'],
  sweep: ['control'],
};

/** A poll lasts a minute at most; who has not polled for longer is gone, although the server lists it for some minutes more. */
const pollerAgeMs = 75_000;
const workflowQueue = 1;
const activityQueue = 2;

export async function pollersOf(client: Client, project: string): Promise<Record<Role, number>> {
  const count = async (role: Role): Promise<number> => {
    const { pollers } = await client.workflowService.describeTaskQueue({
      namespace: client.options.namespace,
      taskQueue: { name: taskQueue(project, role) },
      taskQueueType: role === 'control' ? workflowQueue : activityQueue,
    });
    return (pollers ?? []).filter(({ lastAccessTime }) => Date.now() - millisecondsOf(lastAccessTime) < pollerAgeMs).length;
  };
  const [control, transfer, ledger] = await Promise.all([count('control'), count('transfer'), count('ledger')]);
  return { control, transfer, ledger };
}

/** Attempts that have not ended. Messages of failures are ours (MigrationError), so they hold no key and no secret. */
export async function pendingWork(handle: WorkflowHandle): Promise<PendingWork[]> {
  const { pendingActivities } = (await handle.describe()).raw;
  return (pendingActivities ?? []).map((activity) => ({
    activity: activity.activityType?.name ?? '',
    attempt: activity.attempt ?? 1,
    isRunning: activity.state === 2,
    ...time('startedAt', activity.lastStartedTime),
    ...time('lastHeartbeatAt', activity.lastHeartbeatTime),
    ...(activity.state === 2 ? {} : time('nextAttemptAt', activity.nextAttemptScheduleTime ?? activity.scheduledTime)),
    ...(activity.lastFailure
      ? { lastFailure: { code: activity.lastFailure.applicationFailureInfo?.type || 'UNAVAILABLE', message: activity.lastFailure.message ?? '' } }
      : {}),
  }));
}

/** From the list of workflows: search attributes of those that run, results of those that ended. Newest run of each workload only. */
export async function recordedWorkloads(client: Client, project: string): Promise<RecordedWorkload[]> {
  const seen = new Map<string, RecordedWorkload>();
  const query = `EcluseProject = "${project}" AND EcluseWorkload IS NOT NULL AND ExecutionStatus != "ContinuedAsNew"`;
  for await (const info of client.workflow.list({ query })) {
    const recorded = fromAttributes(info);
    if (seen.has(recorded.workload)) continue;
    const result = info.status.name === 'COMPLETED' ? await resultOf(client, info) : undefined;
    seen.set(recorded.workload, result ? { ...recorded, result } : recorded);
  }
  return [...seen.values()].sort((a, b) => a.wave - b.wave || (a.workload < b.workload ? -1 : 1));
}

function fromAttributes(info: WorkflowExecutionInfo): RecordedWorkload {
  const attributes = new Map(info.typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]));
  const text = (name: string): string => String(attributes.get(name) ?? '');
  return {
    workload: text('EcluseWorkload'),
    ...(/^project\/[^/]+\/vm\//.test(info.workflowId) ? { kind: 'vm' as const } : {}),
    wave: Number(attributes.get('EcluseWave') ?? 0),
    state: text('EcluseState'),
    condition: info.status.name === 'RUNNING' ? text('EcluseCondition') : info.status.name.toLowerCase(),
    waitingFor: text('EcluseWaitingFor'),
    verdict: text('EcluseVerdict'),
    isClosed: info.status.name !== 'RUNNING',
  };
}

async function resultOf(client: Client, { workflowId, runId }: WorkflowExecutionInfo): Promise<WorkloadStatus | undefined> {
  const result: unknown = await client.workflow.getHandle(workflowId, runId).result();
  return typeof result === 'object' && result !== null && 'workload' in result && 'state' in result ? (result as WorkloadStatus) : undefined;
}

interface Timestamp {
  readonly seconds?: unknown;
  readonly nanos?: number | null;
}

const millisecondsOf = (time: Timestamp | null | undefined): number => (time ? Number(time.seconds ?? 0) * 1000 + Math.floor((time.nanos ?? 0) / 1e6) : 0);

function time<Name extends string>(name: Name, stamp: Timestamp | null | undefined): { [key in Name]?: string } {
  const milliseconds = millisecondsOf(stamp);
  return milliseconds > 0 ? ({ [name]: new Date(milliseconds).toISOString() } as { [key in Name]?: string }) : {};
}
