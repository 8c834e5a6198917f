import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { type CanonicalValue, canonicalJson } from '../../../../src/core/canonical-json.ts';
import type { ApprovalFile } from '../../../../src/model/approval.ts';
import type { PolicyGate } from '../../../../src/model/policy.ts';
import { policyGates } from '../../../../src/model/policy.ts';
import { type ApprovalInput, approvalPage, approvalReadme } from '../../../../src/report/evidence/approval-page.ts';
import { evil, loaded } from './evidence-facts.ts';

const bucketScope = {
  v: 1,
  project: 'demo',
  workload: 'photos',
  source: { at: 'aws-paris', bucket: 'photos-old' },
  target: { at: 'outscale', bucket: 'photos-new' },
  into: 'new',
  versions: 'all',
  freeze: 'manual',
  losses: ['OBJECT_ARCHIVED', 'TAGS_NOT_CARRIED'],
};
const gapScope = { v: 1, project: 'demo', gate: 'gap', from: '2026-01-05T08:00:00.000Z', to: '2026-01-05T13:00:00.000Z', reason: 'OUTAGE' };

function inputOf(gate: PolicyGate, more: { approval?: Partial<ApprovalFile>; scope?: unknown; input?: Partial<ApprovalInput> } = {}): ApprovalInput {
  const scope = more.scope ?? (gate === 'gap' ? gapScope : { ...bucketScope, gate });
  const approval: ApprovalFile = {
    v: 1,
    project: 'demo',
    subject: gate === 'gap' ? 'record 22' : 'photos',
    gate,
    approver: { id: 'p-019', org: 'hospital', role: 'data-owner', on_behalf_of: 'p-017' },
    scope_sha256: createHash('sha256')
      .update(canonicalJson(scope as CanonicalValue))
      .digest('hex'),
    verified_roots: ['d'.repeat(64)],
    checkpoint: { size: 30, root: 'e'.repeat(64) },
    nonce: 'f'.repeat(32),
    not_before: '2026-11-24T23:30:00.000Z',
    expires: '2026-12-01T23:30:00.000Z',
    summary: { objects: 12345, size_bytes: '9006000000', verdict: 'UNKNOWN', losses: bucketScope.losses },
    ...more.approval,
  };
  const request: ApprovalInput['request'] = {
    project: 'demo',
    class: 'production',
    gate,
    subject: approval.subject,
    scope: approval.scope_sha256,
    checkpoint: approval.checkpoint,
    missing: [{ role: 'data-owner', org: 'hospital' }, { role: 'migration-lead' }],
    approvers: [{ id: 'p-017', org: 'hospital', roles: ['data-owner'] }],
    deputies: [],
    controller: 'hospital',
  };
  const file = `${canonicalJson(approval as CanonicalValue)}\n`;
  return { approval, file, fileName: 'cutover-photos-p-019.json', scope, request, language: 'fr', ...more.input };
}

const unescaped = (page: string): string =>
  page.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
const command = (key: string): string => `ssh-keygen -Y sign -f ${key} -n approval-v1@ecluse cutover-photos-p-019.json`;

describe('the page of a request', () => {
  it('shows what is signed, letter by letter, and the line to type', () => {
    const input = inputOf('cutover');
    const page = approvalPage(input);
    expect(unescaped(page)).toContain(input.file.trimEnd());
    expect(page).toContain(createHash('sha256').update(input.file).digest('hex'));
    for (const said of [
      command('VOTRE-CLE'),
      command('YOUR-KEY'),
      'cutover-photos-p-019.json.sig',
      input.approval.scope_sha256,
      'e'.repeat(64),
      'd'.repeat(64),
    ])
      expect(page).toContain(said);
  });

  it('says what moves where, how much, in which state, and what is lost, in both languages', () => {
    const page = unescaped(approvalPage(inputOf('cutover')));
    for (const said of [
      'aws-paris · photos-old',
      'outscale · photos-new',
      'manual · l’exploitant arrête',
      'all · toutes les versions',
      '12,345',
      '(9,006,000,000 B)',
    ])
      expect(page).toContain(said);
    for (const said of ['INCONNU / UNKNOWN', 'UNKNOWN is not success', 'Archivé : doit être restauré avant toute lecture.', 'The target holds no object tags.'])
      expect(page).toContain(said);
    for (const said of [
      '2026-11-24 23:30 UTC · 2026-11-25 00:30 Europe/Paris',
      'en suppléance de / as deputy of p-017',
      'data-owner · hospital',
      'migration-lead · toute organisation',
    ])
      expect(page).toContain(said);
  });

  it.each([
    ['loss', 'The copy goes on'],
    ['cutover', 'is not carried back to the source'],
    ['finalize', 'There is no way back from here'],
    ['discard', 'Removed copies cannot be brought back'],
    ['gap', 'What happened in that time is not proven'],
  ] as const)('of gate %s says what cannot be undone', (gate, said) => {
    for (const shown of [approvalPage(inputOf(gate)), approvalReadme(inputOf(gate))]) expect(unescaped(shown)).toContain(said);
  });

  it('of a gap shows its time and reason, and no objects', () => {
    const page = approvalPage(inputOf('gap'));
    expect(page).toContain('2026-01-05 08:00 UTC · 09:00 Europe/Paris → 2026-01-05 13:00 UTC · 14:00 Europe/Paris');
    expect(page).toContain('OUTAGE');
    expect(page).not.toContain('12,345');
  });

  it('begins with the reader’s language', () => {
    expect(approvalPage(inputOf('cutover'))).toMatch(/<html lang="fr">[\s\S]*<h1>Validation demandée\u00a0: bascule<\/h1>/);
    const en = inputOf('cutover', { input: { language: 'en' } });
    expect(approvalPage(en)).toMatch(/<html lang="en">[\s\S]*<h1>Approval asked: cutover<\/h1>/);
    expect(approvalReadme(en)).toMatch(/^Approval asked: cutover\n/);
    expect(approvalReadme(inputOf('cutover'))).toMatch(/^Validation demandée : bascule\n/);
  });

  it('of a lab says so first', () => {
    const { request } = inputOf('cutover');
    const lab = inputOf('cutover', { input: { request: { ...request, class: 'lab' } } });
    expect(approvalPage(lab)).toMatch(/<main>\n<p class="banner ">LABO, SANS VALEUR DE PREUVE \/ LAB, NOT EVIDENCE</);
    expect(approvalReadme(lab)).toMatch(/^\*\*\* LABO, SANS VALEUR DE PREUVE \*\*\*\n/);
    expect(approvalPage(inputOf('cutover'))).not.toContain('LAB, NOT EVIDENCE');
  });

  it('warns when the file or the scope is not what it shows', () => {
    const good = inputOf('cutover');
    for (const shown of [approvalPage(good), approvalReadme(good)]) expect(shown).not.toContain('Do not sign');
    const other = inputOf('cutover', { approval: { nonce: '0'.repeat(32) } });
    for (const wrong of [{ file: other.file }, { scope: { ...bucketScope, gate: 'discard' } }, { scope: null }, { file: `${good.file}\n` }])
      for (const shown of [approvalPage({ ...good, ...wrong }), approvalReadme({ ...good, ...wrong })]) expect(shown).toContain('Do not sign');
  });

  it.each(policyGates)('of gate %s escapes all that it is told', (gate) => {
    const scope = {
      ...bucketScope,
      gate,
      source: { at: evil, bucket: evil },
      target: evil,
      into: evil,
      versions: evil,
      freeze: evil,
      losses: [evil],
      reason: evil,
      from: evil,
      to: evil,
    };
    const approval = { project: evil, subject: evil, approver: { id: evil, org: evil, role: evil, on_behalf_of: evil }, nonce: evil };
    const { request } = inputOf(gate);
    const hostile = inputOf(gate, {
      scope,
      approval,
      input: { fileName: evil, request: { ...request, missing: [{ role: evil, org: evil }], approvers: [{ id: evil, org: evil, roles: [evil] }] } },
    });
    const page = approvalPage(hostile);
    for (const what of loaded)
      expect(page.replaceAll('&lt;img src=x onerror=&#39;x&#39;&gt;', '').replaceAll(/&lt;img src=x onerror=&#39;(\\&#39;&#39;)?x/g, '')).not.toMatch(what);
    for (const hidden of ['\u202e', '\u0000']) for (const shown of [page, approvalReadme(hostile)]) expect(shown).not.toContain(hidden);
    // What hides in the text that is signed is shown as its number.
    expect(page).toContain('\\u202e');
  });

  it.each([undefined, null, 7, 'text', [], { losses: 'none', source: 7 }])('stands a scope that is %j', (scope) => {
    expect(approvalPage({ ...inputOf('cutover'), scope })).toContain('Do not sign');
    expect(approvalReadme({ ...inputOf('cutover'), scope })).toContain('Do not sign');
  });

  it('quotes a file name that a shell would read', () => {
    const page = unescaped(approvalPage(inputOf('cutover', { input: { fileName: "a b;$(x)'.json" } })));
    expect(page).toContain(`-n approval-v1@ecluse './a b;$(x)'\\''.json'`);
  });
});
