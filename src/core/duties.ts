import type { ApprovalFile } from '../model/approval.ts';
import type { Policy, PolicyGate } from '../model/policy.ts';

/** An approval as its record tells it: who, in which role of which organisation, with which key, when. */
export interface GivenApproval {
  readonly approverId: string;
  readonly role: string;
  readonly org: string;
  /** Whose seat a deputy takes. */
  readonly onBehalfOf?: string | undefined;
  readonly keyFingerprint: string;
  readonly atMs: number;
}

export interface Seats {
  readonly filled: boolean;
  readonly missing: readonly { readonly role: string; readonly org?: string | undefined }[];
  /** Why an approval fills no seat, a sentence each. */
  readonly problems: readonly string[];
}

/** What an approval is held against: the gate as it stands, and the moment. */
export interface ApprovalContext {
  readonly project: string;
  readonly gate: PolicyGate;
  /** The workload, or `record N` of a gap. */
  readonly subject: string;
  /** SHA-256 of the scope that the gate shows now. */
  readonly scope: string;
  /** Of that scope, at finalize and discard: the indexes of the verified runs. */
  readonly scopeCatalogue?: readonly string[] | undefined;
  /** Seq of the newest `gate.reached`, or of the `log.gap`. */
  readonly gateReachedSeq: number;
  /** Root over the first `size` records, hex; undefined where the log is shorter. */
  readonly rootAt: (size: number) => string | undefined;
  readonly nowMs: number;
  /** Seq of the approval's record, or the one that it would get. */
  readonly recordSeq: number;
  readonly usedNonce: boolean;
}

type Approver = Policy['approvers'][number];

/**
 * Do these approvals fill every seat of the gate? Two seats are never filled by one id, one person or one key, and whoever gave the
 * instruction fills none. A person who holds two roles may take either seat, so seats and people are matched, not taken in order.
 */
export function seatsFilled(policy: Policy, gate: PolicyGate, approvals: readonly GivenApproval[], instructedBy: string | undefined): Seats {
  const { seats } = policy.gates[gate];
  const problems: string[] = [];
  const counted = approvals.filter((approval) => {
    const problem = whyNotCounted(policy, approval, instructedBy);
    if (problem) problems.push(problem);
    return !problem;
  });
  const people = groupByPerson(policy, counted);
  const takers = seats.map(({ role, org }) =>
    people.flatMap((person, i) => (person.some((one) => one.role === role && (org === undefined || one.org === org)) ? [i] : [])),
  );
  const seated = matchSeats(takers);
  const missing = seats.filter((_, i) => !seated.has(i));
  if (missing.length > 0)
    for (const person of people.filter((one) => one.length > 1))
      problems.push(`${[...new Set(person.map(({ approverId }) => approverId))].join(' and ')} count once: the same person or the same key.`);
  return { filled: missing.length === 0, missing, problems };
}

/** Every reason why this file is no approval of what the gate shows now, a sentence each, for the person who signed it. Its signature is checked elsewhere. */
export const approvalProblems = (policy: Policy, file: ApprovalFile, context: ApprovalContext): readonly string[] => [
  ...fitProblems(file, context),
  ...approverProblems(policy, file, context.nowMs),
];

/** Whether the file fits the gate, the log and the moment (check C15). */
export function fitProblems(file: ApprovalFile, context: ApprovalContext): readonly string[] {
  const { checkpoint } = file;
  const root = context.rootAt(checkpoint.size);
  const rules: readonly (readonly [boolean, string])[] = [
    [file.project !== context.project, `It is for another project: ${file.project}.`],
    [file.gate !== context.gate, `It is for another gate: ${file.gate}.`],
    [file.subject !== context.subject, `It is for other data: ${file.subject}.`],
    [file.scope_sha256 !== context.scope, 'Its scope is not the one that the gate shows now: it was signed for an older or another state.'],
    [checkpoint.size <= context.gateReachedSeq, 'It is older than the gate: it was signed before this scope was shown.'],
    [checkpoint.size > context.recordSeq || root === undefined, 'It names a state that the log has not reached.'],
    [root !== undefined && checkpoint.root !== root, 'It names another history of the log.'],
    [context.nowMs < Date.parse(file.not_before), `It is not valid yet: it begins at ${file.not_before}.`],
    [context.nowMs > Date.parse(file.expires), `It has expired: it ended at ${file.expires}.`],
    [context.usedNonce, 'It was used before: an approval counts once.'],
    [
      context.scopeCatalogue !== undefined && context.scopeCatalogue.join() !== file.verified_roots.join(),
      'The verified runs that it names are not those of the scope.',
    ],
  ];
  return rules.filter(([broken]) => broken).map(([, sentence]) => sentence);
}

/** Whether the policy knows this approver, with a key that is valid now and a role that is theirs or that they stand in for. */
export function approverProblems(policy: Policy, { approver: said }: Pick<ApprovalFile, 'approver'>, nowMs: number): readonly string[] {
  const approver = policy.approvers.find(({ id }) => id === said.id);
  if (!approver) return [`${said.id} is not an approver of the policy.`];
  const problem = whyNotHeld(policy, { approverId: said.id, role: said.role, org: said.org, onBehalfOf: said.on_behalf_of, atMs: nowMs });
  return [...(isKeyValid(approver, nowMs) ? [] : [`The key of ${said.id} is not valid at this time.`]), ...(problem ? [problem] : [])];
}

export const isKeyValid = ({ valid_after, valid_before }: Approver, atMs: number): boolean =>
  Date.parse(valid_after) <= atMs && atMs <= Date.parse(valid_before);

function whyNotCounted(policy: Policy, approval: GivenApproval, instructedBy: string | undefined): string | undefined {
  const { approverId } = approval;
  if (!policy.approvers.some(({ id }) => id === approverId)) return `${approverId} is not an approver of the policy.`;
  if (instructedBy !== undefined && personOf(policy, approverId) === personOf(policy, instructedBy))
    return `${approverId} gave the instruction, and cannot approve it too.`;
  return whyNotHeld(policy, approval);
}

function whyNotHeld(policy: Policy, { approverId, role, org, onBehalfOf, atMs }: Omit<GivenApproval, 'keyFingerprint'>): string | undefined {
  const holder = policy.approvers.find(({ id }) => id === (onBehalfOf ?? approverId));
  const isDeputy = policy.deputies.some(
    ({ id, of, from, until }) => id === approverId && of === onBehalfOf && Date.parse(from) <= atMs && atMs <= Date.parse(until),
  );
  if (onBehalfOf !== undefined && !isDeputy) return `${approverId} is not a deputy of ${onBehalfOf} at this time.`;
  if (!holder || holder.org !== org || !holder.roles.includes(role)) return `${onBehalfOf ?? approverId} does not hold the role ${role} of ${org}.`;
  return undefined;
}

const personOf = (policy: Policy, approverId: string): string => policy.approvers.find(({ id }) => id === approverId)?.person ?? approverId;

/** Approvals that one human being, or one key, can have given stand together: each group takes one seat at most. */
function groupByPerson(policy: Policy, approvals: readonly GivenApproval[]): readonly (readonly GivenApproval[])[] {
  let groups: { readonly marks: Set<string>; readonly approvals: GivenApproval[] }[] = [];
  for (const approval of approvals) {
    const marks = [`person ${personOf(policy, approval.approverId)}`, `key ${approval.keyFingerprint}`];
    const same = groups.filter((group) => marks.some((mark) => group.marks.has(mark)));
    const joined = {
      marks: new Set([...marks, ...same.flatMap((group) => [...group.marks])]),
      approvals: [...same.flatMap((group) => group.approvals), approval],
    };
    groups = [...groups.filter((group) => !same.includes(group)), joined];
  }
  return groups.map((group) => group.approvals);
}

/** Seat → taker, as many as can be: a seat that finds its takers seated asks one of them to move (augmenting paths). */
function matchSeats(takers: readonly (readonly number[])[]): ReadonlyMap<number, number> {
  const seatOf = new Map<number, number>();
  const place = (seat: number, asked: Set<number>): boolean => {
    for (const taker of takers[seat] ?? []) {
      if (asked.has(taker)) continue;
      asked.add(taker);
      const held = seatOf.get(taker);
      if (held !== undefined && !place(held, asked)) continue;
      seatOf.set(taker, seat);
      return true;
    }
    return false;
  };
  for (const seat of takers.keys()) place(seat, new Set());
  return new Map([...seatOf].map(([taker, seat]) => [seat, taker]));
}
