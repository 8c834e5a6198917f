import { canonicalJson } from '../../../src/core/canonical-json.ts';
import { gate } from './sample-gates.ts';
import { hardFirst, hardRestated, hardSecond, leftAlone, retagged, unwoundPass } from './sample-hard.ts';
import { batch, catalogue, reconcile, sealInventory } from './sample-lists.ts';
import { service, systemClock } from './sample-log.ts';
import { firstPass, listingOf, secondPass } from './sample-objects.ts';
import { policyBytes, samplePlace } from './sample-policy.ts';
import { act, type Story, step, tell } from './sample-tell.ts';

const { project, workload } = samplePlace;

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
  if (story.hard) unwind(story);
  tell(story, 'transfer.started', 'transfer', { act: act(story, 'transfer', 0) });
  if (isInterim) {
    tell(story, 'step.started', 'copy');
    batch(story, firstPass[0] ?? [], 0);
    return;
  }
  step(story, 'copy', () => {
    for (const [shard, rows] of firstPass.entries()) batch(story, rows, shard);
    if (story.hard) batch(story, hardFirst, 2);
  });
  if (!story.hard) return;
  batch(story, hardRestated, 0, 'salvage-copy');
  // Killed before it could say how it ended: taken up again in a later turn.
  tell(story, 'step.started', 'converge');
  story.turn = 1;
  step(story, 'converge');
  story.turn = 0;
}

/** What a first run copied was taken back by itself: nothing of it counts. */
function unwind(story: Story): void {
  tell(story, 'transfer.started', 'transfer');
  tell(story, 'step.started', 'copy');
  batch(story, unwoundPass, 0);
  tell(story, 'step.failed', 'copy', { reasons: ['COPY_INCOMPLETE'] });
  tell(story, 'deletion.intent', 'remove-copies', { reasons: ['UNWIND'] });
  const removed = unwoundPass.length;
  tell(story, 'deletion.outcome', 'remove-copies', { counts: { removed, gone: 0, left: 0 }, verdict: 'PASS', reasons: ['UNWIND'] });
  tell(story, 'deletion.absence', 'remove-copies', { counts: { objects: 0 }, verdict: 'PASS' });
  story.batches.length = 0;
  story.run = 2;
}

/** Freeze, last delta, comparison of both listings, cutover; `isInterim` ends with the cutover under way. */
export function cutOver(story: Story, isInterim: boolean): void {
  gate(story, 'cutover', {});
  step(story, 'freeze-source');
  story.pass = 2;
  step(story, 'copy', () => {
    for (const [shard, rows] of secondPass.entries()) batch(story, rows, shard);
    if (story.hard) batch(story, hardSecond, 1);
    if (story.hard) batch(story, retagged, 0, 'tags');
  });
  sealInventory(story, 1);
  for (const side of ['source', 'target'] as const)
    tell(story, 'listing.compared', `compare/${side}/0`, {
      counts: { differs: 0, extra: 0, missing: 0 },
      verdict: 'PASS',
      evidence: [story.log.file('differences', `{"side":"${side}","samples":[]}`, 'application/json', true)],
    });
  reconcile(story);
  if (isInterim) tell(story, 'step.started', 'cut-over');
  else step(story, 'cut-over');
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
  const left = story.hard ? leftAlone.size : 0;
  const verdict = left === 0 ? 'PASS' : 'FAIL';
  const unit = { kind: 'bucket' as const, ref: workload, count };
  const report = story.log.file('left', canonicalJson({ v: 1, removed: count - left, gone: 0, left, reports: [] }));
  tell(story, 'deletion.intent', 'discard', { unit, reasons: ['ORDERED'] });
  tell(story, 'deletion.outcome', 'discard', { unit, counts: { removed: count - left, gone: 0, left }, verdict, evidence: [report] });
  tell(story, 'deletion.absence', 'discard', { counts: { objects: left }, verdict });
  reconcile(story, 'removed');
}

export function closeStory({ log }: Story): void {
  log.append({ event_id: `${project}/log/log/closed`, event: 'log.closed', actor: service('ledger'), counts: { records: log.raw.lines.length } });
}

/** Steps without a story, until the log has `records` of them. */
export function pad(story: Story, records: number): void {
  for (let n = 0; story.log.raw.lines.length < records; n += 1) step(story, `pause-${n}`);
}
