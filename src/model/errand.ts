import type { SignedApproval } from './approval.ts';
import type { Digest, Verdict } from './digest.ts';
import type { Workload } from './plan.ts';
import type { Policy, PolicyGate } from './policy.ts';
import type { LossCount, WorkloadState } from './status.ts';

/**
 * Errands are short workflows that the command starts because it holds no cloud credential: `project/<id>/<errand>`, on the control
 * queue. Workflow types: inventory, assess, preflight, doctor, ledgerShow, ledgerVerify, approvalRequest, approveGap, closeLog,
 * exportEvidence, sweep. Inputs and results hold no key and stay small.
 */
export interface InventoryErrand {
  readonly project: string;
}
/** The depot file named by `digest`: InventoryFile as JSON. */
export interface InventoryResult {
  readonly digest: Digest;
  readonly stores: readonly { readonly store: string; readonly buckets: number }[];
  readonly clouds: readonly Omit<InventoriedCloud, 'files'>[];
}

export interface InventoriedCloud {
  readonly cloud: string;
  readonly assets: number;
  /** How many become what: model/estate.ts. */
  readonly dispositions: Readonly<Record<string, number>>;
  /** Depot files of JSON lines: Asset. */
  readonly files: readonly Digest[];
}
export interface InventoryFile {
  readonly v: 1;
  readonly takenAt: string;
  readonly stores: readonly {
    readonly store: string;
    readonly buckets: readonly { readonly bucket: string; readonly createdAt?: string; readonly region?: string }[];
  }[];
  readonly clouds: readonly InventoriedCloud[];
}

/** A blocker stops before a byte moves; a warning wants acceptance in the loss report; advice only informs. */
export interface Finding {
  /** Code, with a section in docs/findings.md. */
  readonly id: string;
  readonly level: 'blocker' | 'warning' | 'advice';
  readonly detail: string;
  readonly count?: number;
}

export interface AssessErrand {
  readonly project: string;
  readonly entry: Workload;
  /** Of a machine: take a snapshot, read what its disks say, and remove it again. */
  readonly inspect?: boolean;
}
export interface Assessment {
  readonly workload: string;
  readonly objects: number;
  readonly sizeBytes: number;
  readonly findings: readonly Finding[];
  readonly losses: readonly LossCount[];
  /** Depot file with samples of names per finding (JSON): stays in the depot. Of a machine: the machine as its cloud describes it. */
  readonly samples: Digest;
  /** Of a machine. */
  readonly machine?: MachineAssessment;
}

export interface MachineAssessment {
  readonly disks: readonly { readonly disk: string; readonly device: string; readonly sizeBytes: number; readonly usedBytes?: number }[];
  /** Depot file: GuestReport; absent when the disks were not read. */
  readonly guest?: Digest;
}

export interface DescribeErrand {
  readonly project: string;
  readonly at: string;
  readonly account?: string;
  readonly region?: string;
  readonly machine: string;
}
/** Depot file: Machine as JSON. */
export interface DescribeResult {
  readonly digest: Digest;
}

export interface PreflightErrand {
  readonly project: string;
  readonly entry: Workload;
}
export interface Check {
  readonly id: string;
  readonly verdict: Verdict;
  readonly detail: string;
}
export interface PreflightResult {
  readonly workload: string;
  readonly checks: readonly Check[];
}

export interface DoctorErrand {
  readonly project: string;
  /** Name of a store in ecluse.yaml, and a bucket there that may be written to for a moment (as target) or only read (as source). */
  readonly store: string;
  readonly bucket: string;
  readonly side: 'source' | 'target';
}
export interface DoctorResult {
  readonly store: string;
  readonly checks: readonly Check[];
}

export interface LedgerShowErrand {
  readonly project: string;
  readonly fromSeq: number;
  /** At most 500 lines an errand. */
  readonly limit: number;
}
export interface LedgerShowResult {
  readonly lines: readonly string[];
  readonly size: number;
}
export interface LedgerVerifyErrand {
  readonly project: string;
}
export interface LedgerVerifyResult {
  readonly verdict: Verdict;
  readonly size: number;
  readonly root: Digest;
  readonly head: Digest;
  readonly problems: readonly string[];
}

/** What an approver is to be shown; `subject`: the workload, or `record N` of a gap. */
export interface ApprovalRequestErrand {
  readonly project: string;
  readonly gate: PolicyGate;
  readonly subject: string;
}
export interface ApprovalRequest {
  readonly project: string;
  readonly class: Policy['class'];
  readonly gate: PolicyGate;
  readonly subject: string;
  /** Depot file that says exactly what would happen. */
  readonly scope: Digest;
  /** Of the log, after the gate was reached; root in hex. */
  readonly checkpoint: { readonly size: number; readonly root: Digest };
  /** Seats that are not taken yet. */
  readonly missing: readonly { readonly role: string; readonly org?: string | undefined }[];
  readonly approvers: readonly { readonly id: string; readonly org: string; readonly roles: readonly string[] }[];
  readonly deputies: Policy['deputies'];
  readonly controller: string;
  /** Who gave the instruction in force: takes no seat. */
  readonly instructedBy?: string | undefined;
}

export interface GapErrand extends SignedApproval {
  readonly project: string;
  /** Of the `log.gap` record. */
  readonly seq: number;
}

export interface CloseErrand {
  readonly project: string;
}
export interface CloseResult {
  readonly size: number;
  readonly root: Digest;
}

export interface ExportErrand {
  readonly project: string;
  readonly by: string;
}
/** `records`: depot file `{v,size,chunks[]}`; each chunk a depot file of whole lines of the log, in order. */
export interface ExportResult {
  readonly size: number;
  readonly root: Digest;
  readonly records: Digest;
  /** Depot file: policy.json. */
  readonly policy: Digest;
}

export interface SweepErrand {
  readonly project: string;
  /** Absent: it only lists. */
  readonly remove?: {
    /** What the person was shown (SweepResult.digest): nothing else is removed. */
    readonly listed: Digest;
    /** Every machine that the running project knows, by name: what belongs to one that is under way stays. */
    readonly states: Readonly<Record<string, WorkloadState>>;
  };
}
/** Depot file: SweepFile as JSON, as it stands after what was removed. */
export interface SweepResult {
  readonly digest: Digest;
  readonly found: number;
  readonly removed: number;
}

/** A thing on a cloud that carries this project's mark. */
export interface MarkedThing {
  readonly cloud: string;
  /** Of a source. */
  readonly account?: string;
  readonly region?: string;
  readonly kind: 'machine' | 'volume' | 'image' | 'snapshot' | 'network';
  readonly id: string;
  readonly mark: string;
  /** In its vendor's words. */
  readonly state: string;
}
export interface SweepFile {
  readonly v: 1;
  readonly takenAt: string;
  readonly things: readonly MarkedThing[];
}
