import { approvedEvent } from '../../core/gate-events.ts';
import type { LedgerRecord } from '../../model/ledger-record.ts';

/** Of one showing of a gate so many approvals are named; the others are counted. */
const namedApprovals = 20;
/** A gate is shown anew when its scope changes: beyond so many the oldest are left out. */
const namedGates = 40;

/** One showing of a gate: what it showed, and who answered. */
export interface GateSums {
  readonly gate: string;
  readonly scope: string | undefined;
  readonly reached?: { readonly seq: number; readonly time: string };
  readonly approvals: ApprovalSums[];
  approvalsBeyond: number;
  rejected?: ApprovalSums;
  opened?: { readonly seq: number; readonly time: string; readonly checkpoint: number | undefined };
}

export interface ApprovalSums {
  readonly seq: number;
  readonly time: string;
  readonly id: string;
  readonly org: string | undefined;
  readonly role: string | undefined;
  readonly onBehalfOf: string | undefined;
  /** `sshsig`, or `client-asserted`: then only the command said so. */
  readonly auth: string;
  readonly keyFingerprint: string | undefined;
}

const gateOfEvent: ReadonlyMap<string, string> = new Map(Object.entries(approvedEvent).map(([gate, event]) => [event, gate]));

/** Takes a record into the gates of one workload, or of the log, if it is about one. */
export function addGate(gates: GateSums[], record: LedgerRecord): void {
  const { event, approval, seq, time, counts } = record;
  const gate = approval?.gate ?? gateOfEvent.get(event);
  if (!gate || !approval) return;
  if (event === 'gate.reached') return void push(gates, { gate, scope: approval.scope_sha256, reached: { seq, time }, approvals: [], approvalsBeyond: 0 });
  if (event === 'gate.opened') newest(gates, gate, approval.scope_sha256).opened = { seq, time, checkpoint: counts?.size };
  if (event === 'gate.rejected') newest(gates, gate, approval.scope_sha256).rejected = approvalOf(record);
  if (!gateOfEvent.has(event)) return;
  const shown = newest(gates, gate, approval.scope_sha256);
  if (shown.approvals.length < namedApprovals) shown.approvals.push(approvalOf(record));
  else shown.approvalsBeyond += 1;
}

function newest(gates: GateSums[], gate: string, scope: string): GateSums {
  const shown = gates.findLast((each) => each.gate === gate && each.scope === scope);
  return shown ?? push(gates, { gate, scope, approvals: [], approvalsBeyond: 0 });
}

function push(gates: GateSums[], shown: GateSums): GateSums {
  gates.push(shown);
  if (gates.length > namedGates) gates.shift();
  return shown;
}

function approvalOf({ seq, time, actor, approval }: LedgerRecord): ApprovalSums {
  const { id, org, role, key_fpr } = approval?.approver ?? { id: actor.id };
  return { seq, time, id, org: org ?? actor.org, role: role ?? actor.role, onBehalfOf: actor.on_behalf_of, auth: actor.auth, keyFingerprint: key_fpr };
}
