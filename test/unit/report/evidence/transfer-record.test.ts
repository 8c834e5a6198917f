import { describe, expect, it } from '@jest/globals';
import { sumLog } from '../../../../src/report/evidence/log-sums.ts';
import { transferRecord } from '../../../../src/report/evidence/transfer-record.ts';
import { bucket, evil, factsOf, loaded, type Said, source, target } from './evidence-facts.ts';

const scope = 'c'.repeat(64);
const workload = { unit: bucket('photos'), source, target };
const act = (name: string) => ({ name, run: 1, pass: 1, turn: 0 });
const place = { unit: bucket('photos', { count: 3, size_bytes: '9007199254740993' }), source, target };
const batch: Said = { ...place, event: 'batch.verified', act: act('verify'), counts: { pass: 2, fail: 0, unknown: 1 }, verdict: 'UNKNOWN' };
const closed: Said = { ...workload, event: 'reconciliation.closed', counts: { verified: 2, excluded: 1, inventoried: 3 }, verdict: 'PASS' };

async function pageOf(said: readonly Said[], more: Parameters<typeof factsOf>[1] = {}, language: 'en' | 'fr' = 'en'): Promise<string> {
  const facts = factsOf(said, more);
  return transferRecord(facts, await sumLog(facts), language);
}

describe('the procès-verbal', () => {
  it('adds sizes exactly, beyond what a number can hold', async () => {
    const page = await pageOf([{ ...place, event: 'inventory.sealed' }, batch, batch]);
    expect(page).toContain('(9,007,199,254,740,993 B)');
    expect(page).toContain('(18,014,398,509,481,986 B), in 2 batches');
  });

  it('takes the newest count, and none that a later batch has overtaken', async () => {
    expect(await pageOf([batch, closed])).toMatch(/class="verdict PASS">PASS<\/span><\/dd>/);
    const overtaken = await pageOf([batch, closed, batch]);
    expect(overtaken).toMatch(/class="verdict UNKNOWN">UNKNOWN<\/span> <span class="soft">\(pending\)/);
    expect(overtaken).not.toContain('verdict PASS');
  });

  it('tells a signed decision from one that the command only asserts', async () => {
    const approval = { approver: { id: 'p-1', org: 'hospital', role: 'data-owner' }, gate: 'cutover', scope_sha256: scope };
    const by = (auth: 'sshsig' | 'client-asserted'): Said => ({ ...workload, event: 'cutover.approved', approval, actor: { id: 'p-1', type: 'person', auth } });
    const signed = await pageOf([{ ...workload, event: 'gate.reached', approval }, by('sshsig')]);
    expect(signed).toContain('p-1, hospital, data-owner <span class="soft">(sshsig: signed with a key of their own)</span> · #1');
    const asserted = await pageOf([by('client-asserted')]);
    expect(asserted).toContain('(client-asserted: only asserted by the command, not signed)');
    expect(asserted).not.toContain('signed with a key');
  });

  it('keeps an answer with the scope that was shown', async () => {
    const approval = (digest: string) => ({ approver: { id: 'svc:control' }, gate: 'cutover', scope_sha256: digest });
    const reached = (digest: string): Said => ({ ...workload, event: 'gate.reached', approval: approval(digest) });
    const rejected: Said = {
      ...workload,
      event: 'gate.rejected',
      approval: { ...approval(scope), approver: { id: 'p-2' } },
      actor: { id: 'p-2', type: 'person', auth: 'client-asserted' },
    };
    const facts = factsOf([
      reached(scope),
      reached('d'.repeat(64)),
      rejected,
      { ...workload, event: 'gate.opened', approval: approval('d'.repeat(64)), counts: { size: 9 } },
    ]);
    const [first, second] = (await sumLog(facts)).workloads.get('photos')?.gates ?? [];
    expect(first).toMatchObject({ scope, rejected: { id: 'p-2' } });
    expect(first?.opened).toBeUndefined();
    expect(second).toMatchObject({ opened: { seq: 3, checkpoint: 9 } });
  });

  it('counts exceptions with their reasons and the numbers of their records', async () => {
    const failed = (code: string): Said => ({ ...workload, event: 'step.failed', severity: 'exception', act: act('copy'), reasons: [code] });
    const page = await pageOf([
      failed('PERMISSION_DENIED'),
      failed('PERMISSION_DENIED'),
      { event: 'log.alarm', severity: 'exception', reasons: ['WITNESS_UNAVAILABLE'] },
    ]);
    expect(page).toMatch(/step\.failed PERMISSION_DENIED<\/td><td>2<\/td><td>#0 #1</);
    expect(page).toMatch(/log\.alarm WITNESS_UNAVAILABLE<\/td><td>1<\/td><td>#2</);
    expect(page).toContain('step.failed × 2 (#0 #1)');
    expect(await pageOf([])).toContain('The log holds no failed step');
  });

  it('shows a qualification only as declared, and says when there is none', async () => {
    const qualification = { scheme: 'SecNumCloud', number: 'N-1', scope: 'IaaS', valid_to: '2027-01-01T00:00:00.000Z' };
    const page = await pageOf([{ ...workload, event: 'transfer.started', target: { ...target, qualification } }]);
    expect(page).toMatch(/SecNumCloud · N-1 · IaaS · 2027-01-01T00:00:00\.000Z <b>\(as declared\)<\/b>/);
    expect(page).not.toContain('none was given as evidence');
    expect(await pageOf([batch])).toContain('none was given as evidence');
  });

  it('repeats that an authority is called qualified, and that nobody checked it', async () => {
    const token = (ref: string): Said => ({ event: 'tsa.token', unit: { kind: 'log', ref }, counts: { size: 3 } });
    const page = await pageOf([token('tsa'), token('other')]);
    expect(page).toContain('tsa × 1 (called qualified by the controller; not checked here)');
    expect(page).toContain('other × 1 (not called qualified)');
  });

  it('names the day twice where Paris is a day ahead', async () => {
    const said: Said[] = Array.from({ length: 75 }, () => ({ ...workload, event: 'step.started', act: act('copy') }));
    expect(await pageOf(said, {}, 'fr')).toContain('2026-03-28 23:14 UTC · 2026-03-29 00:14 Europe/Paris');
  });

  it('escapes all that it is told', async () => {
    const told: Said = {
      event: 'step.failed',
      severity: 'exception',
      unit: bucket(evil),
      source: { provider: evil, region: evil, resource_ref: evil },
      target: { provider: evil, qualification: { scheme: evil, number: evil, scope: evil, valid_to: evil } },
      act: act('copy'),
      reasons: [evil],
      actor: { id: evil, type: 'person', auth: 'client-asserted', org: evil, role: evil },
      approval: { approver: { id: evil, org: evil, role: evil }, gate: evil, scope_sha256: evil },
      host: { id: evil },
      software: { name: evil, version: evil, build: evil },
    };
    const gate: Said = { ...told, event: 'loss.accepted', severity: 'notice' };
    const page = await pageOf([{ ...gate, event: 'gate.reached' }, gate, told, { ...told, event: 'instruction.received' }], {
      policy: { controller: evil, operator: evil, log: evil },
    });
    for (const what of loaded) expect(page.replaceAll('&lt;img src=x onerror=&#39;x&#39;&gt;', '')).not.toMatch(what);
    expect(page).toContain('&lt;script&gt;');
    for (const hidden of ['\u202e', '\u0000']) expect(page).not.toContain(hidden);
  });
});
