import { approvalNamespace } from '../../src/model/approval.ts';
import type { LedgerDraft } from '../../src/model/ledger-record.ts';
import type { Policy } from '../../src/model/policy.ts';
import type { SampleOptions } from '../support/evidence/sample.ts';
import type { SampleEdits } from '../support/evidence/sample-edits.ts';
import type { SampleSigner } from '../support/evidence/sample-policy.ts';
import { type Attack, fails, isUnknown } from './attack.ts';
import { at } from './history-attacks.ts';

const edited = (edit: SampleEdits) => (): SampleOptions => ({ edit });
/** What the person signed says something else; the signature is good. */
const signs = (change: NonNullable<SampleEdits['approval']>, gate = 'cutover') => edited({ approval: (file) => (file.gate === gate ? change(file) : file) });
const signers = (change: (signer: SampleSigner) => readonly SampleSigner[], gate = 'finalize') => ({
  signers: (all: readonly SampleSigner[], at: string) => (at === gate ? all.flatMap(change) : all),
});
const approver = (policy: Policy, id: string, change: Partial<Policy['approvers'][number]>): Policy => ({
  ...policy,
  approvers: policy.approvers.map((one) => (one.id === id ? { ...one, ...change } : one)),
});

const signatureAttacks: readonly Omit<Attack, 'who'>[] = [
  {
    id: 'approval-by-another-key',
    title: 'An approval by another key',
    how: 'Somebody else’s key signs in the approver’s name.',
    sample: edited({
      signed: (signed, { gate }, keys) =>
        gate === 'cutover' ? { ...signed, signature: keys.people.get('p-032')?.sign(Buffer.from(signed.file), approvalNamespace) ?? '' } : signed,
    }),
    expected: fails('C14'),
  },
  {
    id: 'approval-in-another-namespace',
    title: 'An approval in another namespace',
    how: 'A signature that the person gave for something else (namespace `file`) is passed off as an approval.',
    sample: edited({
      signed: (signed, { gate, approver: { id } }, keys) =>
        gate === 'cutover' ? { ...signed, signature: keys.people.get(id)?.sign(Buffer.from(signed.file), 'file') ?? '' } : signed,
    }),
    expected: fails('C14'),
  },
  {
    id: 'touchless',
    title: 'A hardware key without touch',
    how: 'Software signs with a key whose policy asks for a touch: the flags say that nobody touched it.',
    sample: edited(signers((signer) => [signer.flags === undefined ? signer : { ...signer, flags: 0 }])),
    expected: fails('C14'),
  },
  {
    id: 'key-no-longer-valid',
    title: 'A key whose validity had ended',
    how: 'The approver’s key was valid until four days before.',
    sample: edited({ policy: (policy) => approver(policy, 'p-017', { valid_before: '2026-01-01T00:00:00Z' }) }),
    expected: fails('C14'),
  },
  {
    id: 'approval-of-another-project',
    title: 'An approval of another project',
    how: 'The signed file names another project.',
    sample: signs((file) => ({ ...file, project: 'other' })),
    expected: fails('C15'),
  },
  {
    id: 'approval-of-other-data',
    title: 'An approval of other data',
    how: 'The signed file names another workload.',
    sample: signs((file) => ({ ...file, subject: 'photos' })),
    expected: fails('C15'),
  },
  {
    id: 'approval-of-another-scope',
    title: 'An approval of another scope',
    how: 'The signed file names the digest of another scope.',
    sample: signs((file) => ({ ...file, scope_sha256: 'ab'.repeat(32) })),
    expected: fails('C15'),
  },
  {
    id: 'replayed-approval',
    title: 'An approval is replayed',
    how: 'One nonce serves at every gate.',
    sample: edited({ approval: (file) => ({ ...file, nonce: '0'.repeat(32) }) }),
    expected: fails('C15'),
  },
  {
    id: 'expired-approval',
    title: 'An approval that had expired',
    how: 'It is recorded after its `expires`.',
    sample: signs((file) => ({ ...file, expires: file.not_before })),
    expected: fails('C15'),
  },
  {
    id: 'approval-inserted-late',
    title: 'An approval is inserted late',
    how: 'It was signed when the log was longer, and is put before the act: the checkpoint that it binds was not there yet.',
    sample: signs((file) => ({ ...file, checkpoint: { size: 60, root: 'ab'.repeat(32) } })),
    expected: fails('C15'),
  },
  {
    id: 'approval-of-older-state',
    title: 'An approval of an older state',
    how: 'It binds a checkpoint from before the gate was reached.',
    sample: signs((file) => ({ ...file, checkpoint: { ...file.checkpoint, size: 3 } })),
    expected: fails('C15'),
  },
  {
    id: 'approval-of-other-runs',
    title: 'An acceptance of other results',
    how: 'At finalize, the signed file names other verified runs than the scope.',
    sample: signs((file) => ({ ...file, verified_roots: ['ab'.repeat(32)] }), 'finalize'),
    expected: fails('C15'),
  },
];

const dutyAttacks: readonly Omit<Attack, 'who'>[] = [
  {
    id: 'one-of-two',
    title: 'One approval where two are asked',
    how: 'Gate finalize opens with the controller’s signature alone.',
    sample: edited(signers((signer) => (signer.id === 'p-031' ? [] : [signer]))),
    expected: fails('C16'),
  },
  {
    id: 'two-accounts',
    title: 'Self-approval through two accounts',
    how: 'Both seats are taken by one person under two ids.',
    sample: edited({
      policy: (policy) => approver(policy, 'p-032', { org: 'hospital' }),
      ...signers((signer) => [signer.id === 'p-017' ? { ...signer, id: 'p-032' } : signer]),
    }),
    expected: fails('C16'),
  },
  {
    id: 'requester-approves',
    title: 'The requester approves',
    how: 'Who gave the instruction also signs at the gates.',
    sample: edited(at('instruction.received', (draft) => ({ ...draft, actor: { ...draft.actor, id: 'p-017' } }))),
    expected: fails('C16'),
  },
  {
    id: 'asserted',
    title: 'A decision without a signature',
    how: 'The client’s word stands where the policy has a seat.',
    sample: edited(at('cutover.approved', asserted)),
    expected: fails('C16'),
  },
  {
    id: 'deputy-out-of-time',
    title: 'A deputy whose time had ended',
    how: 'The deputy signs four days after the deputyship ended.',
    sample: edited({ policy: (policy) => ({ ...policy, deputies: policy.deputies.map((one) => ({ ...one, until: '2026-01-01T00:00:00Z' })) }) }),
    expected: fails('C16'),
  },
];

const orderAttacks: readonly Omit<Attack, 'who'>[] = [
  {
    id: 'freeze-without-gate',
    title: 'The source is frozen before its gate',
    how: 'Gate cutover never opened.',
    sample: edited(at('gate.opened', () => [], 'gate-cutover')),
    expected: fails('C17'),
  },
  {
    id: 'cutover-unseen',
    title: 'A cutover without a last comparison',
    how: 'The target was not listed again before the cutover.',
    sample: edited(at('listing.compared', () => [], 'compare/target/0')),
    expected: fails('C17'),
  },
  {
    id: 'finalize-without-gate',
    title: 'Finalized before acceptance',
    how: 'Gate finalize never opened.',
    sample: edited(at('gate.opened', () => [], 'gate-finalize')),
    expected: fails('C17'),
  },
  {
    id: 'break-glass',
    title: 'Break-glass without review',
    how: 'Emergency rights were taken and given back; nobody reviewed them.',
    sample: edited(at('transfer.started', (draft) => [draft, glass(draft, 'opened'), glass(draft, 'closed')])),
    expected: fails('C17'),
  },
  {
    id: 'discard-without-gate',
    title: 'Copies are removed before their gate',
    how: 'A removal by order begins though gate discard never opened.',
    sample: () => ({ kind: 'rolled-back', edit: at('gate.opened', () => [], 'gate-discard') }),
    expected: fails('C17'),
  },
];

const lifeAttacks: readonly Attack[] = [
  {
    id: 'terminate',
    title: 'A workflow is terminated between intent and outcome',
    who: 'project manager',
    how: 'A step has its intent and no outcome.',
    sample: edited(at('step.succeeded', () => [], 'prepare-target')),
    expected: isUnknown('C21'),
  },
  {
    id: 'reset',
    title: 'A reset runs a removal again',
    who: 'project manager',
    how: 'The same intent stands a second time behind its outcome, and has none of its own.',
    sample: () => ({ kind: 'rolled-back', edit: at('deletion.outcome', (draft) => [draft, intentOf(draft)]) }),
    expected: [...fails('C5'), ...isUnknown('C21')],
  },
];

export const gateAttacks: readonly Attack[] = [
  ...[...signatureAttacks, ...dutyAttacks, ...orderAttacks].map((attack) => ({ ...attack, who: 'consultant' as const })),
  ...lifeAttacks,
];

function asserted({ evidence, approval, actor, ...draft }: LedgerDraft): LedgerDraft {
  const { id, type } = actor;
  return {
    ...draft,
    actor: { id, type, auth: 'client-asserted' },
    approval: { approver: { id }, scope_sha256: approval?.scope_sha256 ?? '', gate: 'cutover' },
  };
}

const glass = ({ actor }: LedgerDraft, what: 'opened' | 'closed'): LedgerDraft => ({
  event: `breakglass.${what}`,
  event_id: `demo/glass/${what}`,
  actor,
  reasons: ['NIGHT'],
});

/** The id is that of the intent: ids are made of the act, and the act is the same. */
function intentOf({ counts, verdict, ...outcome }: LedgerDraft): LedgerDraft {
  return { ...outcome, event: 'deletion.intent', event_id: outcome.event_id.replace('/outcome/', '/intent/'), reasons: ['ORDERED'] };
}
