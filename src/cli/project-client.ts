import type { Role } from '../core/ids.ts';
import type {
  ApprovalRequest,
  ApprovalRequestErrand,
  AssessErrand,
  Assessment,
  CloseErrand,
  CloseResult,
  DescribeErrand,
  DescribeResult,
  DoctorErrand,
  DoctorResult,
  ExportErrand,
  ExportResult,
  GapErrand,
  InventoryErrand,
  InventoryResult,
  LedgerShowErrand,
  LedgerShowResult,
  LedgerVerifyErrand,
  LedgerVerifyResult,
  PreflightErrand,
  PreflightResult,
  SweepErrand,
  SweepResult,
} from '../model/errand.ts';
import type { ProjectStatus, WorkloadStatus } from '../model/status.ts';
import type { Approval, Approved, Command, OrderGiven, PlanApplied, Rejection, Resolution } from '../workflows/messages.ts';
import type { ProjectInput } from '../workflows/project.ts';

/** Workflow type of each errand, with what it takes and what it gives. */
export interface Errands {
  readonly inventory: readonly [InventoryErrand, InventoryResult];
  readonly assess: readonly [AssessErrand, Assessment];
  readonly preflight: readonly [PreflightErrand, PreflightResult];
  readonly describeMachine: readonly [DescribeErrand, DescribeResult];
  readonly doctor: readonly [DoctorErrand, DoctorResult];
  readonly ledgerShow: readonly [LedgerShowErrand, LedgerShowResult];
  readonly ledgerVerify: readonly [LedgerVerifyErrand, LedgerVerifyResult];
  readonly approvalRequest: readonly [ApprovalRequestErrand, ApprovalRequest];
  readonly approveGap: readonly [GapErrand, { readonly complete: boolean; readonly missing: ApprovalRequest['missing'] }];
  readonly closeLog: readonly [CloseErrand, CloseResult];
  readonly exportEvidence: readonly [ExportErrand, ExportResult];
  readonly sweep: readonly [SweepErrand, SweepResult];
}
export type ErrandKind = keyof Errands;

/** An activity that has not ended, as the server knows it. */
export interface PendingWork {
  readonly activity: string;
  readonly attempt: number;
  readonly isRunning: boolean;
  readonly startedAt?: string;
  readonly lastHeartbeatAt?: string;
  readonly nextAttemptAt?: string;
  /** Type and message of the last attempt's failure. */
  readonly lastFailure?: { readonly code: string; readonly message: string };
}

/** What the list of workflows knows of a workload while no worker answers: as last recorded. */
export interface RecordedWorkload {
  readonly workload: string;
  /** Absent: a bucket. */
  readonly kind?: 'vm';
  readonly wave: number;
  readonly state: string;
  readonly condition: string;
  readonly waitingFor: string;
  readonly verdict: string;
  readonly isClosed: boolean;
  /** The result of a workflow that ended. */
  readonly result?: WorkloadStatus;
}

/**
 * The running project as the command sees it: Temporal and nothing else. Every method answers or fails within seconds with a Failure
 * (TEMPORAL_UNREACHABLE, NOT_STARTED, FINISHED, NO_WORKER, REFUSED, or the code of an errand's own failure), except `errand`, which waits.
 */
export interface ProjectClient {
  /** FINISHED when the project has ended: it is not begun again over what it left. */
  start(input: ProjectInput): Promise<'started' | 'runs already'>;
  status(): Promise<ProjectStatus>;
  /** REFUSED, with the validator's sentence, before anything is written. So are those below. */
  approve(approval: Approval): Promise<Approved>;
  reject(rejection: Rejection): Promise<WorkloadStatus>;
  order(order: OrderGiven): Promise<WorkloadStatus>;
  resolve(resolution: Resolution): Promise<WorkloadStatus>;
  pause(command: Command): Promise<ProjectStatus>;
  resume(command: Command): Promise<ProjectStatus>;
  applyPlan(plan: PlanApplied): Promise<ProjectStatus>;
  /** Starts the errand, or joins the one of the same name that runs already. NO_WORKER when nobody serves its queue. `name` tells it from others of its kind. */
  errand<Kind extends ErrandKind>(kind: Kind, input: Errands[Kind][0], name?: string): Promise<Errands[Kind][1]>;
  pendingWork(status: Pick<WorkloadStatus, 'workload' | 'kind'>): Promise<readonly PendingWork[]>;
  recorded(): Promise<readonly RecordedWorkload[]>;
  /** How many processes poll each role's queue. */
  pollers(): Promise<Readonly<Record<Role, number>>>;
  /** Search attributes that the namespace lacks: a workflow that sets one would block. */
  missingSearchAttributes(): Promise<readonly string[]>;
  close(): Promise<void>;
}
