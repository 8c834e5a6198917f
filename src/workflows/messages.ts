import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { SignedApproval } from '../model/approval.ts';
import type { Workload } from '../model/plan.ts';
import type { Gate, Order, ProjectStatus, WorkloadStatus } from '../model/status.ts';

/**
 * The messages of `project/<id>`: updates are refused by their validators before anything is written, so a wrong order costs no event.
 * `by` is an opaque id of the person, never a name: the command's word ("client-asserted"). A signed approval proves it.
 */
export interface Approval {
  readonly workload: string;
  readonly gate: Gate;
  /** The digest that the gate shows in `status`: an approval of anything else is refused. */
  readonly scope: string;
  readonly by: string;
  /** What the approver signed; demanded where the policy has seats for the gate. */
  readonly signed?: SignedApproval;
}
/** The workload's status after an approval, and the seats that nobody took yet. */
export interface Approved extends WorkloadStatus {
  readonly missing: readonly { readonly role: string; readonly org?: string | undefined }[];
}
export interface Rejection extends Approval {
  readonly reason: string;
}
export interface Command {
  /** Absent = every workload. */
  readonly workload?: string;
  readonly by: string;
}
export interface OrderGiven {
  readonly workload: string;
  readonly order: Order;
  readonly by: string;
  /** The operator's word that the source is frozen; demanded at cutover with `freeze: manual`. */
  readonly frozenByHand?: boolean;
}
export interface Resolution {
  readonly workload: string;
  readonly how: 'retry' | 'accept' | 'hand-over';
  readonly reason: string;
  readonly by: string;
}
export interface PlanApplied {
  readonly planDigest: string;
  readonly window: number;
  readonly parallelWorkloads: number;
  readonly workloads: readonly PlannedWorkload[];
  readonly by: string;
}
export interface PlannedWorkload {
  readonly wave: number;
  readonly entry: Workload;
}

export const approve = defineUpdate<Approved, [Approval]>('approve');
export const reject = defineUpdate<WorkloadStatus, [Rejection]>('reject');
export const pause = defineUpdate<ProjectStatus, [Command]>('pause');
export const resume = defineUpdate<ProjectStatus, [Command]>('resume');
export const order = defineUpdate<WorkloadStatus, [OrderGiven]>('order');
export const resolve = defineUpdate<WorkloadStatus, [Resolution]>('resolve');
export const applyPlan = defineUpdate<ProjectStatus, [PlanApplied]>('applyPlan');
export const projectStatus = defineQuery<ProjectStatus>('status');

/** Workload → project: its state, whenever it changes and at each tenth of the way. Late or repeated ones are recognised by `sequence`. */
export const workloadReport = defineSignal<[WorkloadStatus]>('workloadReport');

/** Project → workload. Repeated ones change nothing. */
export type Instruction =
  | { readonly kind: 'approved'; readonly gate: Gate; readonly scope: string; readonly by: string; readonly isSigned?: boolean }
  | { readonly kind: 'rejected'; readonly gate: Gate; readonly scope: string; readonly by: string; readonly reason: string }
  | { readonly kind: 'pause' | 'resume'; readonly by: string }
  | { readonly kind: 'order'; readonly order: Order; readonly by: string; readonly frozenByHand?: boolean }
  | { readonly kind: 'resolve'; readonly how: 'retry' | 'accept' | 'hand-over'; readonly reason: string; readonly by: string }
  | { readonly kind: 'reconfigure'; readonly entry: Workload; readonly window: number };
export const instruct = defineSignal<[Instruction]>('instruct');
export const workloadStatus = defineQuery<WorkloadStatus>('status');
