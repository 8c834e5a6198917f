import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { evidencePages } from '../../../../src/report/evidence/pages.ts';
import { makeSampleBundle, type SampleOptions } from '../../../support/evidence/sample.ts';
import { evil, factsOf, loaded, textOf } from './evidence-facts.ts';

const root = mkdtempSync(join(tmpdir(), 'pages-'));
const made = (name: string, options: SampleOptions) => makeSampleBundle(join(root, name), { ...options, pages: evidencePages });
const read = (name: string, path: string): string => readFileSync(join(root, name, path), 'utf8');

beforeAll(async () => {
  await made('final', {});
  await made('interim', { kind: 'interim' });
  await made('back', { kind: 'rolled-back', gap: 'approved' });
  await made('unapproved', { kind: 'interim', gap: 'unapproved' });
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('the pages of a bundle', () => {
  it('are all there, listed with their digests', () => {
    const sums = read('final', 'SHA256SUMS');
    const pages = ['README.md', 'LISEZMOI.md', 'reports/proces-verbal.html', 'reports/transfer-record.html', 'reports/requirements.html'];
    for (const path of [...pages, 'exports/workloads.csv', 'exports/workloads/records-archive.csv', 'exports/ocsf.jsonl'])
      expect(sums).toMatch(new RegExp(`^[0-9a-f]{64}  ${path.replaceAll('.', '\\.')}$`, 'm'));
  });

  it.each(['README.md', 'LISEZMOI.md'])('%s: six commands, each a block of its own', (page) => {
    const blocks = [...read('final', page).matchAll(/```\n(.*)\n```/g)].map(([, command]) => command);
    expect(blocks).toEqual([
      expect.stringMatching(/^sha256sum .*verify\.py/),
      'python3 verify.py',
      expect.stringContaining('verify.html'),
      'bash verify.sh',
      expect.stringMatching(/^python3 verify\.py --checkpoint \S+ --fingerprint \S+$/),
      expect.stringMatching(/^python3 rehash\.py \S+\.json --endpoint \S+ --region \S+$/),
    ]);
  });

  it('of a lab say so before anything else, in each page', () => {
    for (const [page, words] of [
      ['README.md', '**LAB, NOT EVIDENCE**'],
      ['LISEZMOI.md', '**LABO, SANS VALEUR DE PREUVE**'],
    ] as const)
      expect(read('final', page).startsWith(words)).toBe(true);
    for (const page of readdirSync(join(root, 'final', 'reports'))) {
      const [, title, first] = /<title>([^<]*)<[\s\S]*?<main>\n<p class="banner ">([^<]*)</.exec(read('final', `reports/${page}`)) ?? [];
      expect(title).toMatch(/^LAB/);
      expect(first).toMatch(/^LAB/);
    }
  });

  it('say INTERIM in the title of what is not closed, and only there', () => {
    expect(read('interim', 'README.md')).toMatch(/^# Evidence bundle · INTERIM$/m);
    expect(read('interim', 'LISEZMOI.md')).toMatch(/^# Dossier de preuves · PROVISOIRE$/m);
    expect(read('interim', 'reports/proces-verbal.html')).toMatch(/<h1>Procès-verbal de transfert · PROVISOIRE<\/h1>/);
    expect(read('interim', 'reports/transfer-record.html')).toMatch(/<h1>Transfer record · INTERIM<\/h1>/);
    for (const page of ['README.md', 'reports/transfer-record.html', 'reports/requirements.html'])
      expect(read('final', page)).not.toMatch(/INTERIM|PROVISOIRE/);
  });

  it('load nothing and run nothing', () => {
    for (const name of ['final', 'interim', 'back'])
      for (const page of readdirSync(join(root, name, 'reports'))) {
        const html = read(name, `reports/${page}`);
        expect(html).toContain("default-src 'none'");
        for (const what of [...loaded, /https?:/]) expect(html).not.toMatch(what);
      }
  });

  it('tell what was transferred, by whom, and on whose signature', () => {
    const page = read('final', 'reports/proces-verbal.html');
    for (const told of [
      'hospital',
      'integrator',
      'aws · eu-west-3 · FR',
      'outscale · eu-west-2 · FR',
      'CONFORME',
      'p-019, hospital, data-owner, en suppléance de p-017',
    ])
      expect(page).toContain(told);
    expect(page).toContain('sshsig\u00a0: signé avec sa propre clé');
    expect(page).toContain('client-asserted\u00a0: seulement affirmé par la commande, non signé');
    expect(page).toContain('Vérifiés 26');
    expect(page).toMatch(/2026-01-05 08:00 UTC · 09:00 Europe\/Paris/);
    expect(page).toContain('Fait à');
    expect(page).toContain('aucune n’a été fournie comme preuve');
  });

  it('tell what was taken back, and what went wrong', () => {
    const page = read('back', 'reports/transfer-record.html');
    for (const told of ['Withdrawn 26', 'Rolled back', '26 removed, 0 gone already, 0 left', 'OUTAGE', 'approved by p-017, hospital, data-owner'])
      expect(page).toContain(told);
    expect(read('unapproved', 'reports/transfer-record.html')).toContain('(OUTAGE): not approved');
  });

  it('say what is pending, never as a success', () => {
    const page = read('interim', 'reports/transfer-record.html');
    expect(page).toContain('not counted yet');
    expect(page).toMatch(/UNKNOWN<\/span> <span class="soft">\(pending\)/);
    expect(read('interim', 'exports/workloads.csv')).toMatch(/records-archive,exports\/workloads\/records-archive\.csv,UNKNOWN,yes,/);
  });

  it('say what is withheld, and what is not proven', () => {
    const page = read('final', 'README.md');
    expect(page).toMatch(/\d+ files hold names of objects and are not in this bundle/);
    expect(page).toContain('That objects outside the listing did not exist.');
  });
});

it('the README takes no markup from a policy', async () => {
  const log = '<script>alert(1)</script>`[x](y)';
  const [page] = await all(evidencePages(factsOf([], { policy: { log, controller: evil } })));
  const text = await textOf(page?.text ?? '');
  expect(text).not.toMatch(/<script|<img/);
  expect(text).not.toContain('`[x](y)');
});

it('nothing but the folder itself is written', () => expect(existsSync(join(root, 'final.part'))).toBe(false));

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}
