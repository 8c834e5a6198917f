import { type GivenApproval, type Seats, seatsFilled } from '../../core/duties.ts';
import { parseSshPublicKey } from '../sshsig.ts';
import { BundleFault } from './folder.ts';
import { approvalGate, type GateBook, type OpenGate } from './gate-book.ts';
import type { ApprovedGap } from './interval.ts';
import type { Bundle, RecordCheck, Seen } from './record-check.ts';

export interface DutiesCheck extends RecordCheck {
  /** Gaps whose approvals fill the seats, known at the end of the log. */
  approvedGaps(): readonly ApprovedGap[];
}

/** C16: whoever opened a gate had an approval for each of its seats. */
export function dutiesCheck({ findings, policy }: Bundle, book: GateBook): DutiesCheck {
  const seats = ({ gate, approvals, instructedBy }: OpenGate): Seats | undefined =>
    policy &&
    seatsFilled(
      policy,
      gate,
      approvals.map((seen) => given(policy, seen)),
      // A gap stands as it was approved; a gate is judged when it opens.
      gate === 'gap' ? instructedBy : book.instructedBy(),
    );
  const approvedGaps = (): readonly ApprovedGap[] => book.gaps.flatMap((open) => (open.gap && seats(open)?.filled ? [open.gap] : []));
  const opened = ({ seq, record }: Seen): void => {
    findings.looked('C16', seq);
    const open = book.gateOf(record);
    if (!open || !policy) throw new BundleFault(open ? 'no policy says who must approve' : 'the gate was never reached');
    if (open.scope !== record.approval?.scope_sha256) findings.fail('C16', 'opens for another scope than it showed', seq);
    const answer = seats(open);
    if (answer && !answer.filled) findings.fail('C16', lack(open, answer), seq);
  };
  return {
    approvedGaps,
    sees: (seen) => {
      const { seq, record } = seen;
      if (record.event === 'gate.opened') opened(seen);
      const gate = approvalGate(record);
      if (!gate || record.actor.auth === 'sshsig') return;
      findings.looked('C16', seq);
      if (!policy || policy.gates[gate].seats.length > 0) findings.fail('C16', `gate ${gate} wants a signature, this has none`, seq);
    },
    ends: ({ isFinal }) => {
      for (const open of book.gaps.filter(({ approvals }) => approvals.length > 0)) {
        findings.looked('C16', open.reachedSeq);
        const answer = seats(open);
        if (answer && !answer.filled && (isFinal || answer.problems.length > 0)) findings.fail('C16', lack(open, answer), open.reachedSeq);
      }
    },
  };
}

const lack = ({ gate }: OpenGate, { missing, problems }: Seats): string =>
  [
    `gate ${gate} lacks ${missing.map(({ role, org }) => (org ? `${role} of ${org}` : role)).join(', ')}`,
    ...problems.map((text) => text.replace(/\.$/, '')),
  ].join(', ');

/** The key is the policy's: what the record says of it is judged by C14. */
function given(policy: NonNullable<Bundle['policy']>, { record, timeMs }: Seen): GivenApproval {
  const { id, org = '', role = '', key_fpr = '' } = record.approval?.approver ?? { id: '' };
  const approver = policy.approvers.find((one) => one.id === id);
  const keyFingerprint = approver ? parseSshPublicKey(approver.key).fingerprint : key_fpr;
  return { approverId: id, role, org, onBehalfOf: record.actor.on_behalf_of, keyFingerprint, atMs: timeMs };
}
