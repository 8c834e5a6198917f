import { describe, expect, it } from '@jest/globals';
import { sumLog } from '../../../../src/report/evidence/log-sums.ts';
import { requirements } from '../../../../src/report/evidence/requirement-list.ts';
import { requirementsPage } from '../../../../src/report/evidence/requirements-page.ts';
import { bucket, factsOf, type Said, source, target } from './evidence-facts.ts';

async function pageOf(said: readonly Said[]): Promise<string> {
  const facts = factsOf(said);
  return requirementsPage(facts, await sumLog(facts));
}
const row = (page: string, id: string): string => page.split(`<tr id="${id}">`)[1]?.split('</tr>')[0] ?? '';

describe('the table of requirements', () => {
  it('holds the texts that the facts name, in both languages', async () => {
    const page = await pageOf([]);
    for (const text of [
      'SecNumCloud 3.2, 9.2',
      '11.8',
      '12.6',
      '12.7',
      '12.8',
      '19.2',
      '19.4',
      '19.6',
      'EXI 15 et 16',
      'EXI 27',
      'EXI 28 à 31',
      'PGSSI-S, 6.6.2.5',
    ])
      expect(page).toContain(text);
    for (const text of [
      'RGPD, 5(2)',
      '28(3)(a)',
      '28(3)(g)',
      '28(3)(h)',
      '30(2)',
      'RGPD, 32',
      'Data Act, 25',
      'NIST SP 800-88 r2',
      'ISO 27002, 8.10',
      '8.15',
      'CCAG 2021',
    ])
      expect(page).toContain(text);
    for (const { id, asks } of requirements) for (const said of Object.values(asks)) expect(row(page, id)).toContain(said);
  });

  it('names no record where there is none, in both languages', async () => {
    const page = await pageOf([]);
    for (const { id } of requirements) expect(row(page, id)).toMatch(/aucun enregistrement.*no record/);
  });

  it('names at most twenty numbers, and counts the others', async () => {
    const started: Said = { event: 'transfer.started', unit: bucket('photos'), source, target };
    const numbers = row(await pageOf(Array.from({ length: 23 }, () => started)), 'rgpd-30-2');
    expect(numbers).toContain('#0 #1 #2');
    expect(numbers).toContain('#19 … and 3 more');
    expect(numbers).not.toContain('#20');
  });

  it('takes a field for an answer only where it stands', async () => {
    const said: Said[] = [
      { event: 'transfer.started', unit: bucket('photos'), source, target: { provider: 'outscale' } },
      { event: 'transfer.started', unit: bucket('photos'), source, target },
      { event: 'transfer.started', unit: bucket('photos'), source, target: { ...target, jurisdiction: ['FR'] } },
      { event: 'transfer.started', unit: bucket('photos'), source, target, switching: { notice_at: '2026-01-01T00:00:00.000Z' } },
    ];
    const page = await pageOf(said);
    expect(row(page, 'snc-19.2')).toContain('>#1 #2 #3<');
    expect(row(page, 'snc-19.6')).toContain('>#2<');
    expect(row(page, 'data-act-25')).toContain('>#3<');
  });

  it('never says that something suffices', async () => {
    const page = await pageOf([{ event: 'log.opened' }, { event: 'tsa.token' }]);
    expect(page).not.toMatch(/complian|conforme|certifié|certified|satisf/i);
  });
});
