import { createHash, randomBytes } from 'node:crypto';
import { type CanonicalValue, canonicalJson } from '../../../src/core/canonical-json.ts';
import { type ApprovalFile, approvalNamespace } from '../../../src/model/approval.ts';
import type { PolicyGate } from '../../../src/model/policy.ts';
import { service } from './sample-log.ts';
import { type SampleSigner, samplePlace, sampleSigners } from './sample-policy.ts';
import { acceptedLosses, type Said, type Story, source, target, tell } from './sample-tell.ts';

const { project, workload } = samplePlace;

/** Hours without a checkpoint, told by `log.gap`; the owner approves the reason or not. */
export function gap(story: Story, hours: number, isApproved: boolean): void {
  const { log } = story;
  const from = new Date(log.publishedAtMs()).toISOString();
  log.raw.advance(hours * 3600);
  const to = new Date(log.raw.timeMs()).toISOString();
  const bytes = canonicalJson({ v: 1, project, gate: 'gap', from, to, reason: 'The data centre had no power.' });
  const scope = log.file('scope', bytes);
  const unit = { kind: 'log' as const, ref: samplePlace.log };
  const draft = { event_id: `${project}/log/gap/${from}`, event: 'log.gap' as const, actor: service('ledger'), unit, gap: { from, to } };
  const seq = log.appendFirst({ ...draft, reasons: ['OUTAGE'], evidence: [scope] });
  log.publish();
  if (isApproved)
    for (const signer of story.edits.signers?.(sampleSigners.gap, 'gap') ?? sampleSigners.gap) approve(story, 'gap', signer, scope.sha256, `record ${seq}`);
}

/** A gate as section 4 of docs/bundle-format.md has it. */
export function gate(story: Story, name: Exclude<PolicyGate, 'gap'>, more: Readonly<Record<string, CanonicalValue>>): void {
  const { log, edits, policy } = story;
  const scope = { v: 1, project, workload, gate: name, source, target, losses: acceptedLosses, ...more };
  const file = log.file('scope', canonicalJson((edits.scope?.(scope, name) ?? scope) as CanonicalValue));
  const approval = (id: string) => ({ approver: { id }, gate: name, scope_sha256: file.sha256 });
  tell(story, 'gate.reached', `gate-${name}`, { approval: approval('svc:control'), evidence: [file] });
  log.publish();
  for (const signer of edits.signers?.(sampleSigners[name], name) ?? sampleSigners[name]) {
    log.raw.advance(60);
    approve(story, name, signer, file.sha256, workload);
  }
  const { size, evidence } = log.publish(policy.gates[name].timestamp !== 'none');
  tell(story, 'gate.opened', `gate-${name}`, { actor: service('ledger'), approval: approval('svc:ledger'), counts: { size }, evidence: [...evidence] });
}

const approvedEvent = {
  loss: 'loss.accepted',
  cutover: 'cutover.approved',
  finalize: 'acceptance.signed',
  discard: 'deletion.approved',
  gap: 'gap.approved',
} as const;

function approve(story: Story, name: PolicyGate, signer: SampleSigner, scope: string, subject: string): void {
  const { log, keys, edits } = story;
  const approval = edited(edits.approval, approvalOf(story, name, signer, scope, subject));
  const message = `${canonicalJson(approval as CanonicalValue)}\n`;
  const key = keys.people.get(signer.id);
  if (!key) throw new Error(`the sample has no key of ${signer.id}`);
  const first = { file: message, signature: key.sign(Buffer.from(message), approvalNamespace, signer.flags) };
  const signed = edits.signed?.(first, approval, keys) ?? first;
  const [file, signature] = [log.file('approval', signed.file), log.file('signature', signed.signature, 'text/plain')];
  const { id, org, role } = approval.approver;
  const said: Said = {
    actor: { id, type: 'person', auth: 'sshsig', org, role, ...(signer.onBehalfOf ? { on_behalf_of: signer.onBehalfOf } : {}) },
    approval: {
      approver: { id, org, role, key_fpr: fingerprint(key.publicKey) },
      gate: name,
      scope_sha256: scope,
      nonce: approval.nonce,
      file_sha256: file.sha256,
    },
    evidence: [file, signature],
  };
  const event = approvedEvent[name];
  if (name !== 'gap') return void tell(story, event, `gate-${name}`, said, `/${id}`);
  log.append({ event_id: `${project}/log/gap/approved/${approval.nonce}`, event, actor: service('ledger'), ...said });
}

function approvalOf({ log }: Story, name: PolicyGate, signer: SampleSigner, scope: string, subject: string): ApprovalFile {
  const { id, org, role, onBehalfOf } = signer;
  const newest = log.checkpoints.at(-1);
  const now = log.raw.timeMs();
  const roots = (JSON.parse(log.files.get(scope)?.toString() ?? '{}') as { readonly catalogue?: string[] }).catalogue;
  return {
    v: 1,
    project,
    subject,
    gate: name,
    approver: { id, org, role, ...(onBehalfOf ? { on_behalf_of: onBehalfOf } : {}) },
    scope_sha256: scope,
    verified_roots: roots ?? [],
    checkpoint: { size: newest?.size ?? 0, root: newest?.root ?? '' },
    nonce: randomBytes(16).toString('hex'),
    not_before: new Date(now - 60_000).toISOString(),
    expires: new Date(now + 86_400_000).toISOString(),
    summary: { objects: 30, size_bytes: '9006000', verdict: 'PASS', losses: acceptedLosses },
  };
}

const edited = <T>(edit: ((value: T) => T) | undefined, value: T): T => edit?.(value) ?? value;

const fingerprint = (publicKey: string): string =>
  `SHA256:${createHash('sha256')
    .update(Buffer.from(publicKey.split(' ')[1] ?? '', 'base64'))
    .digest('base64')
    .replace(/=+$/, '')}`;
