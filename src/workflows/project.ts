import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  ApplicationFailure,
  allHandlersFinished,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  isCancellation,
  ParentClosePolicy,
  patched,
  setCurrentDetails,
  setHandler,
  startChild,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { Admission } from '../activities/evidence.ts';
import { taskQueue, workloadWorkflowId } from '../core/ids.ts';
import { isFinal, letsNextWaveStart } from '../core/lifecycle.ts';
import { sealWait } from '../core/next-command.ts';
import { projectTable } from '../core/project-table.ts';
import { workloadPage } from '../core/static-page.ts';
import type { Digest } from '../model/digest.ts';
import type { Patience } from '../model/plan.ts';
import type { ProjectStatus, WorkloadStatus } from '../model/status.ts';
import { codeOf, reasonOf } from './failures.ts';
import * as messages from './messages.ts';
import { handsOf } from './policies.ts';
import { named, refuseNotStuck, refuseUnknown, refuseWrongGate, refuseWrongOrder, refuseWrongPlan } from './refusals.ts';
import { notStarted } from './workload-state.ts';

export interface ProjectInput {
  readonly project: string;
  readonly language: 'en' | 'fr';
  readonly timezone: string;
  readonly planDigest: Digest;
  readonly window: number;
  readonly parallelWorkloads: number;
  readonly shard: { readonly objects: number; readonly sizeBytes: number };
  readonly patience: Patience;
  readonly workloads: readonly messages.PlannedWorkload[];
  readonly by: string;
  /** Continue as new after so many history events; absent = when the server suggests it. Tests set it low. */
  readonly continueAfterEvents?: number;
  /** Carried over by continue-as-new. */
  readonly carried?: Carried;
}

interface Carried {
  readonly started: readonly string[];
  readonly statuses: readonly WorkloadStatus[];
  readonly paused: boolean;
}

/**
 * The long-lived workflow of a project: starts its workloads wave by wave, keeps what they report, and passes on what people order.
 * It copies nothing itself. Workloads are abandoned children: they outlive its runs and report by signal.
 */
export async function project(input: ProjectInput): Promise<ProjectStatus> {
  const room = openProject(input);
  if (!input.carried) await begin(room);
  for (;;) {
    room.show();
    await startWhatMayStart(room);
    // Before waiting: the last workload may have ended just as the run before continued as new, and nothing more would wake this one.
    if (room.statuses().every(({ state, condition: how }) => isFinal(state) && how === 'done')) break;
    if (room.mustContinue()) {
      await condition(allHandlersFinished);
      await continueAsNew<typeof project>({ ...room.input, carried: room.carry() });
    }
    const seen = room.changes;
    await condition(() => room.changes !== seen || room.mustContinue());
  }
  await condition(allHandlersFinished);
  return room.status();
}

/** The instruction is on record before anything starts. What stops that holds the whole project until a person resumes it. */
async function begin(room: Room): Promise<void> {
  const { project, patience, planDigest, workloads, by } = room.input;
  for (;;) {
    try {
      await handsOf(project, patience).ledger.openProject({ project, planDigest, workloads: workloads.length, by });
      return;
    } catch (error) {
      if (codeOf(error) === undefined || isCancellation(error)) throw error;
      room.reason = reasonOf(error);
      room.show();
      await condition(() => room.reason === undefined);
    }
  }
}

type Room = ReturnType<typeof openProject>;

function openProject(given: ProjectInput) {
  const statuses = new Map<string, WorkloadStatus>(given.carried?.statuses.map((status) => [status.workload, status]));
  const room = {
    input: given,
    started: new Set<string>(given.carried?.started),
    paused: given.carried?.paused ?? false,
    changes: 0,
    reason: undefined as ProjectStatus['reason'],
    touch: (): void => void room.changes++,
    planned: (workload: string): messages.PlannedWorkload => {
      const planned = room.input.workloads.find(({ entry }) => entry.name === workload);
      if (!planned) throw ApplicationFailure.nonRetryable(`there is no workload "${workload}" in the plan`, 'CONFIG_INVALID');
      return planned;
    },
    statusOf: (workload: string): WorkloadStatus => {
      const { wave, entry } = room.planned(workload);
      return statuses.get(workload) ?? notStarted(entry, wave, room.paused);
    },
    statuses: (): WorkloadStatus[] => room.input.workloads.map(({ entry }) => room.statusOf(entry.name)),
    status: (): ProjectStatus => ({
      project: given.project,
      condition: room.reason ? 'held' : projectCondition(room.statuses(), room.paused),
      ...(room.reason ? { reason: room.reason } : {}),
      planDigest: room.input.planDigest,
      workloads: room.statuses(),
    }),
    put: (status: WorkloadStatus): void => {
      // Reports come late or twice: only a newer one counts.
      if ((statuses.get(status.workload)?.sequence ?? -1) < status.sequence) statuses.set(status.workload, status);
      room.touch();
    },
    /** What the project knows before the workload tells it: the next report takes its place. */
    amend: (workload: string, change: Partial<WorkloadStatus>): void => {
      const { gate: _, ...status } = room.statusOf(workload);
      statuses.set(workload, { ...status, ...change });
      room.tellPage();
    },
    mustContinue: (): boolean =>
      workflowInfo().continueAsNewSuggested || workflowInfo().historyLength > (given.continueAfterEvents ?? Number.POSITIVE_INFINITY),
    carry: (): Carried => ({ started: [...room.started], statuses: [...statuses.values()], paused: room.paused }),
    tellPage: (): void => setCurrentDetails(projectTable(room.statuses(), given.language, given.timezone, room.reason)),
    show: (): void => {
      room.tellPage();
      upsertSearchAttributes({ EcluseProject: [given.project], EcluseCondition: [room.status().condition] });
    },
  };
  listen(room);
  return room;
}

/** Starts workloads in the order of waves, as many at once as the plan allows. A child that runs already (after a reset) is success. */
async function startWhatMayStart(room: Room): Promise<void> {
  const { project, language, timezone, window, parallelWorkloads, shard, patience, continueAfterEvents } = room.input;
  for (const { wave, entry } of room.input.workloads) {
    if (room.paused || room.started.has(entry.name)) continue;
    const moving = room.statuses().filter(({ workload, state }) => room.started.has(workload) && !letsNextWaveStart(state)).length;
    const earlierWavesReady = room.statuses().every((other) => other.wave >= wave || letsNextWaveStart(other.state));
    if (moving >= parallelWorkloads || !earlierWavesReady) continue;
    room.started.add(entry.name);
    try {
      await startChild(entry.kind, {
        workflowId: workloadWorkflowId(project, entry.kind, entry.name),
        taskQueue: taskQueue(project, 'control'),
        parentClosePolicy: ParentClosePolicy.ABANDON,
        ...workloadPage({ wave, entry }, language),
        searchAttributes: {
          EcluseProject: [project],
          EcluseWave: [wave],
          EcluseWorkload: [entry.name],
          EcluseState: ['not ready'],
          EcluseCondition: ['moving'],
          EcluseVerdict: ['UNKNOWN'],
        },
        args: [{ project, language, timezone, wave, entry, window, shard, patience, ...(continueAfterEvents === undefined ? {} : { continueAfterEvents }) }],
      });
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
  }
}

function listen(room: Room): void {
  const tell: Tell = async (workload, instruction) => {
    const { kind } = room.planned(workload).entry;
    await getExternalWorkflowHandle(workloadWorkflowId(room.input.project, kind, workload)).signal(messages.instruct, instruction);
  };
  const tellAll = async (workload: string | undefined, instruction: messages.Instruction): Promise<ProjectStatus> => {
    const running = room
      .statuses()
      .filter(({ workload: name, condition: how }) => room.started.has(name) && how !== 'done' && (!workload || name === workload));
    for (const status of running) if (workload || !waitsForOwnDecision(status)) await tell(status.workload, instruction);
    return room.status();
  };
  setHandler(messages.projectStatus, () => room.status(), { description: 'Every workload with its state, condition and progress' });
  setHandler(messages.workloadReport, (status) => room.put(status), { description: 'A workload tells its state' });
  setHandler(messages.approve, (approval) => approveGate(room, approval, tell), {
    validator: (approval) => refuseWrongGate(room, named(approval)),
    description: 'Approves the open gate of a workload, by its scope digest',
  });
  setHandler(
    messages.reject,
    async (rejection) => {
      await tell(rejection.workload, { kind: 'rejected', ...rejection });
      return room.statusOf(rejection.workload);
    },
    { validator: (rejection) => refuseWrongGate(room, named(rejection)), description: 'Rejects the open gate of a workload' },
  );
  setHandler(
    messages.pause,
    async ({ workload, by }) => {
      if (!workload) room.paused = true;
      room.touch();
      return tellAll(workload, { kind: 'pause', by });
    },
    { validator: (command) => refuseUnknown(room, named(command).workload), description: 'Starts nothing more; what is in flight ends' },
  );
  setHandler(
    messages.resume,
    async ({ workload, by }) => {
      if (!workload) {
        room.paused = false;
        room.reason = undefined;
      }
      room.touch();
      return tellAll(workload, { kind: 'resume', by });
    },
    { validator: (command) => refuseUnknown(room, named(command).workload), description: 'Goes on after a pause or after a hold was mended' },
  );
  setHandler(
    messages.order,
    async ({ workload, ...order }) => {
      await tell(workload, { kind: 'order', ...order });
      return room.statusOf(workload);
    },
    { validator: (given) => refuseWrongOrder(room, named(given)), description: 'Cutover, rollback, finalize or discard of a workload' },
  );
  setHandler(
    messages.resolve,
    async ({ workload, ...resolution }) => {
      await tell(workload, { kind: 'resolve', ...resolution });
      return room.statusOf(workload);
    },
    { validator: (resolution) => refuseNotStuck(room, named(resolution).workload), description: 'A person’s decision about a stuck undo or a delete guard' },
  );
  setHandler(messages.applyPlan, (plan) => applyPlan(room, plan, tell), {
    validator: (plan) => refuseWrongPlan(room, named(plan)),
    description: 'Takes over an edited plan',
  });
}

type Tell = (workload: string, instruction: messages.Instruction) => Promise<void>;

/**
 * The ledger role looks at the approval first: refused, the update fails with the reason and nothing has changed. The workload hears of it when
 * all seats of its gate are taken.
 */
async function approveGate(room: Room, approval: messages.Approval, tell: Tell): Promise<messages.Approved> {
  const { workload, gate, scope, by, signed } = approval;
  const { project, patience } = room.input;
  let admission: Admission = { complete: true, missing: [], by, scope, isSigned: false };
  // A rehearsal is accepted by its owner's word: the policy has no gate for it.
  if (gate !== 'rehearsal' && patched('admitted-approvals'))
    admission = await handsOf(project, { ...patience, attempts: 3 }).ledger.admitApproval({
      project,
      gate,
      workload,
      scope,
      by,
      ...(signed ? { signed } : {}),
    });
  if (admission.complete) {
    await tell(workload, { kind: 'approved', gate, scope: admission.scope, by: admission.by, isSigned: admission.isSigned });
    if (gate !== 'rehearsal') room.amend(workload, { condition: 'waiting', waitingFor: sealWait });
  }
  return { ...room.statusOf(workload), missing: admission.missing };
}

async function applyPlan(room: Room, plan: messages.PlanApplied, tell: Tell): Promise<ProjectStatus> {
  const { project, patience } = room.input;
  const { planDigest, workloads, by } = plan;
  // The instruction first: from its record on, every other record names the new plan.
  if (patched('recorded-plans')) await handsOf(project, patience).ledger.receiveInstruction({ project, planDigest, workloads: workloads.length, by });
  room.input = { ...room.input, planDigest: plan.planDigest, window: plan.window, parallelWorkloads: plan.parallelWorkloads, workloads: plan.workloads };
  for (const { entry } of plan.workloads) {
    if (room.started.has(entry.name) && room.statusOf(entry.name).condition !== 'done')
      await tell(entry.name, { kind: 'reconfigure', entry, window: plan.window });
  }
  room.touch();
  return room.status();
}

/** A whole project that is resumed starts no workload over again that was taken back: that is a decision about one workload. */
const waitsForOwnDecision = ({ state, condition: how }: WorkloadStatus): boolean => how === 'waiting' && (state === 'rolled back' || state === 'not ready');

function projectCondition(statuses: readonly WorkloadStatus[], paused: boolean): ProjectStatus['condition'] {
  if (paused) return 'paused';
  if (statuses.every(({ condition: how }) => how === 'done')) return 'done';
  return statuses.some(({ condition: how }) => how === 'moving' || how === 'unwinding') ? 'moving' : 'waiting';
}
