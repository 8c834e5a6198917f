import { createHash, randomBytes } from 'node:crypto';
import { type CanonicalValue, canonicalJson } from '../../../src/core/canonical-json.ts';
import { type ApprovalFile, approvalNamespace } from '../../../src/model/approval.ts';
import type { LedgerDraft } from '../../../src/model/ledger-record.ts';
import type { Policy, PolicyGate } from '../../../src/model/policy.ts';
import type { SampleEdits } from './sample-edits.ts';
import { type SampleLog, service, systemClock } from './sample-log.ts';
import { finalRows, firstPass, listingOf, type SampleBatch, sealBatch, sealSet, secondPass, statesOf } from './sample-objects.ts';
import { policyBytes, type SampleKeys, type SampleSigner, samplePlace, sampleSigners } from './sample-policy.ts';

export type SampleKind = 'final' | 'interim' | 'rolled-back';

/** The story of one workload, told into a log. */
export interface Story {
  readonly log: SampleLog;
  readonly policy: Policy;
  readonly keys: SampleKeys;
  readonly edits: SampleEdits;
  readonly batches: SampleBatch[];
  pass: number;
  turn: number;
}

type Said = Partial<LedgerDraft>;

const { project, workload } = samplePlace;
const source = { provider: 'aws', region: 'eu-west-3', country: 'FR', endpoint: 's3.eu-west-3.example', resource_ref: 'records' };
const target = { provider: 'outscale', region: 'eu-west-2', country: 'FR', endpoint: 'oos.eu-west-2.example', resource_ref: 'records' };
const refs = { workflow_id: 'project/demo/bucket/records-archive', run_id: '0b5e', activity_id: '1', attempt: 1 };
export const acceptedLosses = ['OBJECT_ARCHIVED', 'TAGS_NOT_CARRIED'];

/** `log.opened`, the keys, the instruction, the first checkpoint. */
export function openStory({ log, policy, keys }: Story): void {
  const bytes = policyBytes(policy);
  const opened = log.file('policy', bytes);
  const clock = systemClock(log.raw.timeMs());
  log.append({
    event_id: `${project}/log/log/opened`,
    event: 'log.opened',
    actor: service('ledger'),
    clock,
    policy: { class: policy.class, sha256: opened.sha256 },
    evidence: [opened],
  });
  const ceremony = log.file('ceremony', keys.log[0]?.ceremony ?? '');
  log.append({ event_id: `${project}/log/keys/ceremony/1`, event: 'key.ceremony', actor: service('ledger'), evidence: [ceremony] });
  const plan = log.file('plan', '{"waves":[{"buckets":["records-archive"]}]}');
  log.append({
    event_id: `${project}/plan/${plan.sha256.slice(0, 16)}/received`,
    event: 'instruction.received',
    actor: { id: 'p-040', type: 'person', auth: 'client-asserted', org: policy.controller },
    unit: { kind: 'plan', ref: plan.sha256, count: 1 },
    evidence: [plan],
  });
  log.publish();
}

/** Until the copy of the first pass; `interim` ends with the copy under way. */
export function replicate(story: Story, isInterim: boolean): void {
  step(story, 'assess', () => sealInventory(story, 0));
  gate(story, 'loss', {});
  step(story, 'prepare-target');
  story.pass = 1;
  tell(story, 'transfer.started', 'transfer', { act: act(story, 'transfer', 0) });
  if (isInterim) {
    tell(story, 'step.started', 'copy');
    batch(story, firstPass[0] ?? [], 0);
    return;
  }
  step(story, 'copy', () => firstPass.forEach((rows, shard) => void batch(story, rows, shard)));
}

/** Freeze, last delta, comparison of both listings, cutover. */
export function cutOver(story: Story): void {
  gate(story, 'cutover', {});
  step(story, 'freeze-source');
  story.pass = 2;
  step(story, 'copy', () => secondPass.forEach((rows, shard) => void batch(story, rows, shard)));
  sealInventory(story, 1);
  for (const side of ['source', 'target'] as const)
    tell(story, 'listing.compared', `compare/${side}`, {
      counts: { differs: 0, extra: 0, missing: 0 },
      verdict: 'PASS',
      evidence: [story.log.file('differences', `{"side":"${side}","samples":[]}`, 'application/json', true)],
    });
  reconcile(story);
  step(story, 'cut-over');
}

export function finalize(story: Story): void {
  gate(story, 'finalize', { catalogue: catalogue(story) });
  step(story, 'finalize');
}

/** A person orders the way back, and then the removal of the copy. */
export function rollBack(story: Story): void {
  story.turn = 1;
  tell(story, 'rollback.ordered', 'rollback', { actor: { id: 'p-040', type: 'person', auth: 'client-asserted' } });
  step(story, 'lift-freeze');
  tell(story, 'rollback.finished', 'rollback');
  reconcile(story, 'left');
  tell(story, 'deletion.requested', 'discard', { actor: { id: 'p-040', type: 'person', auth: 'client-asserted' } });
  gate(story, 'discard', { catalogue: catalogue(story) });
  const count = listingOf(story.batches).length - 1;
  const unit = { kind: 'bucket' as const, ref: workload, count };
  tell(story, 'deletion.intent', 'discard', { unit, reasons: ['ORDERED'] });
  tell(story, 'deletion.outcome', 'discard', { unit, counts: { removed: count, gone: 0, left: 0 }, verdict: 'PASS' });
  tell(story, 'deletion.absence', 'discard', { counts: { found: 0 }, verdict: 'PASS' });
  reconcile(story, 'removed');
}

export function closeStory({ log }: Story): void {
  log.append({ event_id: `${project}/log/log/closed`, event: 'log.closed', actor: service('ledger'), counts: { records: log.raw.lines.length } });
}

/** Steps without a story, until the log has `records` of them. */
export function pad(story: Story, records: number): void {
  for (let n = 0; story.log.raw.lines.length < records; n += 1) step(story, `pause-${n}`);
}

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
function gate(story: Story, name: Exclude<PolicyGate, 'gap'>, more: Readonly<Record<string, CanonicalValue>>): void {
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

function step(story: Story, name: string, work: () => void = () => undefined): void {
  tell(story, 'step.started', name);
  work();
  tell(story, 'step.succeeded', name);
}

function batch(story: Story, objects: Parameters<typeof sealBatch>[1], shard: number): void {
  const { log, edits, batches } = story;
  const one = sealBatch(log.put, edits.rows?.(objects, batches.length) ?? objects);
  batches.push(one);
  const counted = { fail: 0, pass: 0, unknown: 0 };
  for (const { verdict } of one.objects) counted[verdict.toLowerCase() as keyof typeof counted] += 1;
  const size = one.objects.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  tell(story, 'batch.verified', `verify/${shard}`, {
    unit: { kind: 'bucket', ref: workload, count: one.objects.length, size_bytes: String(size) },
    counts: counted,
    verdict: counted.fail > 0 ? 'FAIL' : counted.unknown > 0 ? 'UNKNOWN' : 'PASS',
    reasons: [...new Set(one.objects.flatMap(({ reason }) => reason ?? []))].sort(),
    evidence: [
      log.file('rows', log.files.get(one.rows) ?? '', 'application/x-ndjson'),
      log.file('entries', one.objects.map(({ ref }) => `{"key":"behind ${ref}"}\n`).join(''), 'application/x-ndjson', true),
    ],
  });
}

function sealInventory(story: Story, which: number): void {
  const { log, edits, batches } = story;
  const passes = which === 0 ? firstPass : undefined;
  const listed = listingOf(
    passes
      ? passes.map((objects) => ({ rows: '', objects: objects.map((row) => (row.outcome === 'vanished' ? { ...row, outcome: 'copied' as const } : row)) }))
      : batches,
  );
  const rows = edits.inventory?.(listed, which) ?? listed;
  const index = sealSet(log.put, 'inventory', rows);
  const size = rows.reduce((sum, { size_bytes }) => sum + BigInt(size_bytes), 0n);
  const manifest = log.file('manifest', `{"v":1,"shards":[],"made":${which}}`, 'application/json', true);
  tell(story, 'inventory.sealed', which === 0 ? 'inventory' : 'inventory-closing', {
    unit: { kind: 'inventory', ref: workload, count: rows.length, size_bytes: String(size) },
    evidence: [log.file('inventory-set', log.files.get(index) ?? ''), manifest],
  });
}

function reconcile(story: Story, withdrawn?: 'left' | 'removed'): void {
  const { log, edits, batches } = story;
  const followed = finalRows(batches, acceptedLosses, withdrawn);
  const rows = edits.final?.(followed) ?? followed;
  const index = sealSet(log.put, 'final', rows);
  const states = new Set(rows.map(({ state }) => state));
  const counts = Object.fromEntries(Object.entries(statesOf(rows)).map(([state, { count }]) => [state, count]));
  tell(story, 'reconciliation.closed', withdrawn ? `reconcile-${withdrawn}` : 'reconcile', {
    ...(withdrawn ? { reasons: ['WITHDRAWN'] } : {}),
    counts: { ...counts, inventoried: listingOf(batches).length },
    verdict: states.has('failed') ? 'FAIL' : states.has('unknown') || states.has('changed') ? 'UNKNOWN' : 'PASS',
    evidence: [log.file('final-set', log.files.get(index) ?? '')],
  });
}

/** A record about the workload: its id is made of place and step. */
function tell(story: Story, event: LedgerDraft['event'], name: string, said: Said = {}, more = ''): void {
  const [, phase = event] = event.split('.');
  const { run, pass, turn } = act(story, name);
  story.log.append({
    event_id: `${project}/${workload}/${name}${more}/${phase}/${run}/${pass}/${turn}`,
    event,
    actor: service('control'),
    refs,
    unit: { kind: 'bucket', ref: workload },
    source,
    target,
    act: act(story, name),
    ...said,
  });
}

const act = ({ pass, turn }: Story, name: string, only = turn): NonNullable<LedgerDraft['act']> => ({ name, run: 1, pass, turn: only });
const catalogue = ({ batches }: Story): string[] => batches.map(({ rows }) => rows);
const edited = <T>(edit: ((value: T) => T) | undefined, value: T): T => edit?.(value) ?? value;

const fingerprint = (publicKey: string): string =>
  `SHA256:${createHash('sha256')
    .update(Buffer.from(publicKey.split(' ')[1] ?? '', 'base64'))
    .digest('base64')
    .replace(/=+$/, '')}`;
