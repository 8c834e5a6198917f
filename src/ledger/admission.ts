import { createHash } from 'node:crypto';
import { canonicalJson } from '../core/canonical-json.ts';
import { approvalProblems, type GivenApproval, seatsFilled } from '../core/duties.ts';
import { approvedEvent, gapSubject } from '../core/gate-events.ts';
import { eventId } from '../core/ids.ts';
import { MigrationError } from '../core/migration-error.ts';
import { ApprovalFile, approvalNamespace, type SignedApproval } from '../model/approval.ts';
import type { Digest } from '../model/digest.ts';
import type { LedgerDraft, LedgerRecord } from '../model/ledger-record.ts';
import type { Policy, PolicyGate } from '../model/policy.ts';
import type { Depot } from '../ports/depot.ts';
import type { LogView } from './log-view.ts';
import { parseSshPublicKey } from './ssh-public-key.ts';
import { verifySshsig } from './sshsig.ts';

/** A gate that waits: what it showed, where in the log, and what was approved since. */
export interface WaitingGate {
  readonly gate: PolicyGate;
  readonly subject: string;
  readonly scope: Digest;
  /** The `gate.reached`, or the `log.gap`. */
  readonly reachedSeq: number;
  readonly approvals: readonly LedgerRecord[];
}

export interface Standing {
  readonly complete: boolean;
  /** Seats that nobody took yet. */
  readonly missing: readonly { readonly role: string; readonly org?: string | undefined }[];
}

/** The newest showing of a gate in the log, with the approvals of exactly its scope that came after it. APPROVAL_REFUSED when it was never shown. */
export function waitingGate({ decisions }: Pick<LogView, 'decisions'>, gate: PolicyGate, subject: string): WaitingGate {
  const reached = decisions.findLast((record) => (gate === 'gap' ? isGap(record, subject) : isShowing(record, gate, subject)));
  const scope = gate === 'gap' ? reached?.evidence?.find(({ name }) => name === 'scope')?.sha256 : reached?.approval?.scope_sha256;
  if (!reached || !scope) throw refused(`no gate ${gate} of ${subject} stands in the log`);
  const approvals = decisions.filter(
    ({ seq, event, unit, approval }) => seq > reached.seq && event === approvedEvent[gate] && unit?.ref === subject && approval?.scope_sha256 === scope,
  );
  return { gate, subject, scope, reachedSeq: reached.seq, approvals };
}

const isGap = ({ event, seq }: LedgerRecord, subject: string): boolean => event === 'log.gap' && gapSubject(seq) === subject;
const isShowing = ({ event, approval, unit }: LedgerRecord, gate: PolicyGate, subject: string): boolean =>
  event === 'gate.reached' && approval?.gate === gate && unit?.ref === subject;

/** Do the approvals fill the seats of the gate? */
export function standingOf(policy: Policy, view: Pick<LogView, 'decisions'>, { gate, approvals }: WaitingGate): Standing {
  const { filled, missing } = seatsFilled(policy, gate, approvals.flatMap(givenIn), instructedBy(view));
  return { complete: filled, missing };
}

/** What an approval record tells; a word that the command only asserted fills no seat. */
function givenIn({ approval, actor, time }: LedgerRecord): GivenApproval[] {
  if (approval?.nonce === undefined) return [];
  const { id: approverId, role = '', org = '', on_behalf_of: onBehalfOf } = actor;
  return [{ approverId, role, org, onBehalfOf, keyFingerprint: approval.approver.key_fpr ?? '', atMs: Date.parse(time) }];
}

export const instructedBy = ({ decisions }: Pick<LogView, 'decisions'>): string | undefined =>
  decisions.findLast(({ event }) => event === 'instruction.received')?.actor.id;

export interface Admitting {
  readonly policy: Policy;
  readonly depot: Pick<Depot, 'get' | 'put'>;
  readonly view: LogView;
  readonly nowMs: number;
}

/**
 * A signed approval as a record, checked against the policy, the gate that waits, and the log. APPROVAL_REFUSED says why it does not count;
 * nothing is changed then. The same file handed in twice is the same record.
 */
export async function admitted(deps: Admitting, waiting: WaitingGate, { file, signature }: SignedApproval): Promise<LedgerDraft> {
  const { policy, view, nowMs, depot } = deps;
  const said = parsed(file);
  const approver = policy.approvers.find(({ id }) => id === said.approver.id);
  if (!approver) throw refused(`the policy has no approver ${said.approver.id}`);
  const key = parseSshPublicKey(approver.key);
  const { flags } = verifySshsig({ armoured: signature, message: Buffer.from(file), namespace: approvalNamespace, key });
  if (approver.presence !== 'none' && !(approver.presence === 'pin' ? flags?.pin : flags?.touch))
    throw refused(`the policy demands ${approver.presence === 'pin' ? 'the PIN' : 'a touch'} of the hardware key: sign again with it`);
  // An event id holds no space, the subject of a gap does.
  const id = eventId(policy.project, said.subject.replaceAll(' ', '-'), 'approval', said.nonce);
  const earlier = view.decisions.find(({ approval }) => approval?.nonce === said.nonce);
  const file_sha256 = createHash('sha256').update(file).digest('hex');
  const problems = approvalProblems(policy, said, {
    project: policy.project,
    gate: waiting.gate,
    subject: waiting.subject,
    scope: waiting.scope,
    ...(await catalogueOf(depot, waiting)),
    gateReachedSeq: waiting.reachedSeq,
    rootAt: view.rootAt,
    nowMs,
    recordSeq: view.leaves.length,
    usedNonce: earlier !== undefined && earlier.approval?.file_sha256 !== file_sha256,
  });
  if (problems.length > 0) throw refused(problems.join(' '));
  const { id: by, org, role, on_behalf_of } = said.approver;
  if (!earlier) refuseSeatless(deps, waiting, { approverId: by, role, org, onBehalfOf: on_behalf_of, keyFingerprint: key.fingerprint, atMs: nowMs });
  return {
    event_id: id,
    event: approvedEvent[waiting.gate],
    actor: { id: by, type: 'person', auth: 'sshsig', org, role, ...(on_behalf_of === undefined ? {} : { on_behalf_of }) },
    unit: { kind: waiting.gate === 'gap' ? 'log' : 'bucket', ref: waiting.subject },
    approval: {
      approver: { id: by, org, role, key_fpr: key.fingerprint },
      gate: waiting.gate,
      scope_sha256: said.scope_sha256,
      nonce: said.nonce,
      file_sha256,
    },
    // Handed in again with another signature (not every key signs the same way twice) it is still the same approval.
    evidence: earlier?.evidence ?? [
      { name: 'approval', media_type: 'application/json', sha256: await depot.put(Buffer.from(file)), size_bytes: String(Buffer.byteLength(file)) },
      { name: 'signature', media_type: 'text/plain', sha256: await depot.put(Buffer.from(signature)), size_bytes: String(Buffer.byteLength(signature)) },
    ],
  };
}

/** An approval that takes no seat which is still free would be on record and count for nothing: its giver is told now. */
function refuseSeatless({ policy, view }: Admitting, { gate, approvals }: WaitingGate, given: GivenApproval): void {
  const instructor = instructedBy(view);
  const before = approvals.flatMap(givenIn);
  const free = seatsFilled(policy, gate, before, instructor);
  const after = seatsFilled(policy, gate, [...before, given], instructor);
  if (policy.gates[gate].seats.length === 0 || after.missing.length < free.missing.length) return;
  const why = before.some(({ approverId }) => approverId === given.approverId)
    ? [`${given.approverId} has a seat of this gate already.`]
    : after.problems.filter((problem) => !free.problems.includes(problem));
  const missing = free.missing.map(({ role, org }) => (org ? `${role} of ${org}` : role)).join(', ');
  throw refused([...why, missing ? `It takes no seat: missing is ${missing}.` : 'All seats of this gate are taken.'].join(' '));
}

/** At finalize and discard the approval names what was verified, as the scope does. */
async function catalogueOf(depot: Pick<Depot, 'get'>, { scope }: WaitingGate): Promise<{ scopeCatalogue?: readonly string[] }> {
  const { catalogue } = JSON.parse((await depot.get(scope)).toString('utf8')) as { catalogue?: readonly string[] };
  return catalogue ? { scopeCatalogue: catalogue } : {};
}

/** The file as it was signed: canonical JSON and one LF, so that no two readers see different approvals in it. */
function parsed(file: string): ApprovalFile {
  let value: unknown;
  try {
    value = JSON.parse(file);
  } catch {
    throw refused('the file is not JSON: send back the very file that was signed');
  }
  const result = ApprovalFile.safeParse(value);
  if (!result.success) throw refused(`the file is not an approval: ${result.error.issues.map(({ path }) => path.join('.') || 'file').join(', ')}`);
  if (`${canonicalJson(result.data)}\n` !== file) throw refused('the file was changed after it was made: send back the very file that was signed');
  return result.data;
}

const refused = (detail: string): MigrationError => new MigrationError('APPROVAL_REFUSED', { operation: 'admit approval', detail });
