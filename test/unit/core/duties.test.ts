import { describe, expect, it } from '@jest/globals';
import { type ApprovalContext, approvalProblems, type GivenApproval, seatsFilled } from '../../../src/core/duties.ts';
import type { ApprovalFile } from '../../../src/model/approval.ts';
import type { Policy } from '../../../src/model/policy.ts';

const owner = { role: 'owner', org: 'hospital' };
const lead = { role: 'lead', org: 'integrator' };
const valid = { valid_after: '2026-01-01T00:00:00Z', valid_before: '2027-01-01T00:00:00Z', presence: 'none' } as const;
const at = (text: string): number => Date.parse(text);
const now = at('2026-06-01T12:00:00Z');

const person = (id: string, org: string, roles: string[], more: { person?: string } = {}) => ({ id, org, roles, key: `ssh-ed25519 ${id}`, ...valid, ...more });
const rule = (...seats: { role: string; org?: string }[]) => ({ seats, witnessed: false, timestamp: 'none' as const });
const policy = {
  approvers: [
    person('olga', 'hospital', ['owner']),
    person('both', 'hospital', ['owner', 'lead']),
    person('leo', 'integrator', ['lead']),
    person('leo-2', 'integrator', ['lead', 'owner'], { person: 'leo' }),
    person('dora', 'hospital', ['other']),
    person('two', 'hospital', ['owner', 'lead']),
  ],
  deputies: [{ id: 'dora', of: 'olga', from: '2026-05-01T00:00:00Z', until: '2026-07-01T00:00:00Z' }],
  gates: { loss: rule(), cutover: rule(owner), finalize: rule(owner, lead), discard: rule({ role: 'owner' }, { role: 'lead' }), gap: rule(owner) },
} as unknown as Policy;

const gave = (approverId: string, { role, org }: { role: string; org: string }, more: Partial<GivenApproval> = {}): GivenApproval => ({
  approverId,
  role,
  org,
  keyFingerprint: `key of ${approverId}`,
  atMs: now,
  ...more,
});
const inHospital = (role: string) => ({ role, org: 'hospital' });

describe('seatsFilled', () => {
  it('fills seats by role and organisation', () => {
    expect(seatsFilled(policy, 'finalize', [gave('olga', owner), gave('leo', lead)], undefined)).toEqual({ filled: true, missing: [], problems: [] });
    expect(seatsFilled(policy, 'finalize', [gave('olga', owner)], undefined)).toMatchObject({ filled: false, missing: [lead] });
    expect(seatsFilled(policy, 'loss', [], undefined).filled).toBe(true);
  });

  it.each<[string, GivenApproval[], string | undefined, RegExp]>([
    ['an unknown approver', [gave('eve', owner)], undefined, /eve is not an approver/],
    ['a role that is not held', [gave('leo', owner)], undefined, /leo does not hold the role owner of hospital/],
    ['another organisation', [gave('leo-2', { role: 'owner', org: 'integrator' })], undefined, /^$/],
    ['who gave the instruction', [gave('olga', owner)], 'olga', /olga gave the instruction/],
    ['a deputy of nobody', [gave('leo', owner, { onBehalfOf: 'olga' })], undefined, /leo is not a deputy of olga/],
    [
      'a deputy before their time',
      [gave('dora', owner, { onBehalfOf: 'olga', atMs: at('2026-04-01T00:00:00Z') })],
      undefined,
      /dora is not a deputy of olga at this time/,
    ],
  ])('does not count %s', (_, approvals, instructedBy, problem) => {
    const seats = seatsFilled(policy, 'cutover', approvals, instructedBy);
    expect(seats.filled).toBe(false);
    expect(seats.problems.join(' ')).toMatch(problem);
  });

  it('lets a deputy sit in their time', () => {
    expect(seatsFilled(policy, 'cutover', [gave('dora', owner, { onBehalfOf: 'olga' })], undefined).filled).toBe(true);
  });

  it('excludes the other account of whoever gave the instruction', () => {
    expect(seatsFilled(policy, 'finalize', [gave('olga', owner), gave('leo-2', lead)], 'leo').problems).toEqual([
      'leo-2 gave the instruction, and cannot approve it too.',
    ]);
  });

  it.each([
    ['one id twice', [gave('both', inHospital('owner')), gave('both', inHospital('lead'))]],
    ['two ids of one person', [gave('leo', lead), gave('leo-2', { role: 'owner', org: 'integrator' })]],
    ['two ids with one key', [gave('both', inHospital('owner'), { keyFingerprint: 'k' }), gave('leo', lead, { keyFingerprint: 'k' })]],
  ])('gives %s one seat', (_, approvals) => {
    const { filled, problems } = seatsFilled(policy, 'discard', approvals, undefined);
    expect([filled, problems.join()]).toEqual([false, expect.stringContaining('count once')]);
  });

  it('moves a person who could take either seat out of the way', () => {
    const both = [gave('both', inHospital('owner')), gave('both', inHospital('lead'))];
    expect(seatsFilled(policy, 'discard', [...both, gave('olga', owner)], undefined).filled).toBe(true);
    expect(seatsFilled(policy, 'discard', [...both, gave('leo', lead)], undefined).filled).toBe(true);
    expect(seatsFilled(policy, 'discard', [gave('two', inHospital('lead')), ...both], undefined).filled).toBe(true);
  });
});

const file: ApprovalFile = {
  v: 1,
  project: 'demo',
  subject: 'photos',
  gate: 'cutover',
  approver: { id: 'olga', ...owner },
  scope_sha256: 'aa'.repeat(32),
  verified_roots: ['bb'.repeat(32)],
  checkpoint: { size: 12, root: 'cc'.repeat(32) },
  nonce: '0'.repeat(32),
  not_before: '2026-06-01T00:00:00.000Z',
  expires: '2026-06-02T00:00:00.000Z',
  summary: { objects: 1, size_bytes: '1', verdict: 'PASS', losses: [] },
};
const context: ApprovalContext = {
  project: 'demo',
  gate: 'cutover',
  subject: 'photos',
  scope: 'aa'.repeat(32),
  gateReachedSeq: 11,
  rootAt: (size) => (size <= 20 ? 'cc'.repeat(32) : undefined),
  nowMs: now,
  recordSeq: 20,
  usedNonce: false,
};

describe('approvalProblems', () => {
  it('finds none in what fits', () => {
    expect(approvalProblems(policy, file, context)).toEqual([]);
    expect(approvalProblems(policy, file, { ...context, scopeCatalogue: ['bb'.repeat(32)] })).toEqual([]);
  });

  it.each<[string, Partial<ApprovalFile>, Partial<ApprovalContext>, RegExp]>([
    ['another project', { project: 'other' }, {}, /another project: other/],
    ['another gate', { gate: 'discard' }, {}, /another gate/],
    ['other data', { subject: 'logs' }, {}, /other data: logs/],
    ['an older state', { scope_sha256: 'ab'.repeat(32) }, {}, /older or another state/],
    ['before the gate', { checkpoint: { ...file.checkpoint, size: 11 } }, {}, /older than the gate/],
    ['a state to come', { checkpoint: { ...file.checkpoint, size: 21 } }, {}, /has not reached/],
    ['another history', { checkpoint: { ...file.checkpoint, root: 'dd'.repeat(32) } }, {}, /another history/],
    ['not yet', {}, { nowMs: at('2026-05-31T23:59:59Z') }, /not valid yet/],
    ['no more', {}, { nowMs: at('2026-06-02T00:00:01Z') }, /has expired/],
    ['used', {}, { usedNonce: true }, /used before/],
    ['other runs', {}, { scopeCatalogue: [] }, /verified runs/],
    ['unknown', { approver: { id: 'eve', ...owner } }, {}, /eve is not an approver/],
    ['another role', { approver: { id: 'olga', ...lead } }, {}, /olga does not hold the role lead of integrator/],
    ['an old key', { expires: '2028-01-01T00:00:00.000Z' }, { nowMs: at('2027-02-01T00:00:00Z') }, /key of olga is not valid/],
  ])('says why: %s', (_, edit, now, problem) => {
    expect(approvalProblems(policy, { ...file, ...edit }, { ...context, ...now })).toEqual([expect.stringMatching(problem)]);
  });
});
