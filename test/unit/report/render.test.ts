import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { numberText, sizeText } from '../../../src/core/sizes.ts';
import { html } from '../../../src/report/html.ts';
import { throughput } from '../../../src/report/plot.ts';
import { renderReport } from '../../../src/report/render.ts';
import { batchesIn, decisionsIn, type ReportData } from '../../../src/report/report-data.ts';
import { statusOf } from '../../support/status-of.ts';
import { ledgerRecord } from './ledger-line.ts';

const data = (fields: Partial<ReportData> = {}): ReportData => ({
  project: 'demo',
  language: 'en',
  timezone: 'Europe/Paris',
  takenAt: '2026-01-01T12:00:00.000Z',
  told: 'live',
  condition: 'moving',
  workloads: [],
  decisions: [],
  batches: [],
  ...fields,
});

describe('the page', () => {
  it('stands alone: nothing is loaded, nothing runs', () => {
    const page = renderReport(data({ workloads: [statusOf({ verdict: 'PASS' })] }));
    expect(page).toMatch(/^<!doctype html>\n<html lang="en">/);
    expect(page).toContain("default-src 'none'");
    for (const loaded of [/<script/i, /\bsrc=/, /\bhref=/, /url\(/, /@import/, /https?:/, /\bon\w+=/]) expect(page).not.toMatch(loaded);
  });

  it('escapes all that it is told', () => {
    const evil = `"><script>alert(1)</script><img src=x onerror='x'>\u202e&\u0000`;
    const page = renderReport(
      data({
        project: evil,
        timezone: 'UTC',
        workloads: [
          statusOf({
            workload: evil,
            condition: 'waiting',
            state: 'cut over',
            waitingFor: evil,
            reason: { code: evil, detail: evil },
            losses: [{ code: evil, count: 1 }],
          }),
        ],
        decisions: [{ at: '2026-01-01T00:00:00Z', workload: evil, what: 'loss', isApproval: true, by: evil, auth: evil, scope: evil }],
        ledger: { verdict: 'PASS', size: 1, root: evil },
      }),
    );
    for (const raw of ['<script', '<img', '\u202e', '\u0000']) expect(page).not.toContain(raw);
    expect(page).toContain('&lt;script&gt;');
    expect(
      page
        .match(/<(?!\/|!)(\w+)/g)
        ?.every((tag) => /^<(html|head|meta|title|style|body|main|h1|h2|p|br|span|div|b|table|thead|tbody|tr|th|td|ul|li)$/.test(tag)),
    ).toBe(true);
  });

  it('never prints a value as markup', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(html`<p title="${text}">${text}</p>`.text.match(/[<>"']/g)?.join('')).toBe('<""><>');
      }),
    );
  });

  it('tells losses in words, decisions with their strength, and what is not proven', () => {
    const page = renderReport(
      data({
        workloads: [statusOf({ workload: 'photos', verdict: 'UNKNOWN', losses: [{ code: 'STORAGE_CLASS_LOST', count: 1234 }] })],
        decisions: [
          { at: '2026-01-01T00:00:00Z', workload: 'photos', what: 'cutover', isApproval: true, by: 'p-17', auth: 'client-asserted', scope: 'ab'.repeat(32) },
        ],
        ledger: { verdict: 'PASS', size: 9, root: 'cd'.repeat(32) },
      }),
    );
    for (const part of [
      '1,234 objects',
      'Becomes the standard class on the target.',
      'gate “cutover” approved',
      'p-17',
      'client-asserted',
      'One workload has the verdict UNKNOWN',
      'not signed yet',
      '2026-01-01 13:00 (Europe/Paris), 2026-01-01 12:00 UTC',
    ])
      expect(page).toContain(part);
  });

  it('speaks French', () => {
    const page = renderReport(
      data({ language: 'fr', workloads: [statusOf({ condition: 'held', reason: { code: 'DEPOT_FULL', detail: '' }, verdict: 'FAIL' })] }),
    );
    for (const part of ['<html lang="fr">', 'Rapport de migration', 'Le dépôt n’a plus d’espace.', 'l’exploitant', 'NON CONFORME', 'Ce qui n’est pas prouvé'])
      expect(page).toContain(part);
  });
});

describe('what the ledger tells', () => {
  const at = (seconds: number): string => new Date(Date.UTC(2026, 0, 1) + seconds * 1000).toISOString();
  const shard = (seconds: number, sizeBytes: number, workload = 'photos') =>
    ledgerRecord({
      event: 'batch.verified',
      time: at(seconds),
      verdict: 'PASS',
      unit: { kind: 'shard', ref: `${workload}/1/1/0`, count: 10, size_bytes: String(sizeBytes) },
    });
  const begun = (seconds: number, workload = 'photos') =>
    ledgerRecord({ event: 'transfer.started', time: at(seconds), unit: { kind: 'bucket', ref: workload } });

  it('spreads each shard since the one before it, and loses no byte', () => {
    const batches = batchesIn([begun(0), begun(5, 'logs'), shard(10, 1000), shard(20, 500), shard(20, 300, 'logs')]);
    expect(batches.map(({ from, to }) => [Date.parse(to) - Date.parse(from)])).toEqual([[10_000], [10_000], [15_000]]);
    const measured = throughput(batches);
    expect(measured?.sliceMs).toBe(1000);
    expect(measured?.totalsBytes.at(-1)).toBeCloseTo(1800);
    expect(measured?.ratesBytesPerSecond[0]).toBeCloseTo(100);
    expect(measured?.ratesBytesPerSecond[12]).toBeCloseTo(70);
  });

  it('keeps the sum whatever the times', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(100_000), fc.nat(5_000), fc.nat(1e9)), { minLength: 1, maxLength: 30 }), (spans) => {
        const batches = spans.map(([from, length, sizeBytes]) => ({
          workload: 'w',
          from: at(from),
          to: at(from + length),
          objects: 1,
          sizeBytes,
          verdict: 'PASS' as const,
        }));
        const measured = throughput(batches);
        const sum = spans.reduce((total, [, , sizeBytes]) => total + sizeBytes, 0);
        expect(Math.abs((measured?.totalsBytes.at(-1) ?? 0) - sum)).toBeLessThanOrEqual(1 + sum * 1e-9);
        expect(measured?.ratesBytesPerSecond.length).toBeLessThanOrEqual(80);
      }),
    );
    expect(throughput([])).toBeUndefined();
  });

  it('names who decided what', () => {
    const approval = { approver: { id: 'p-17' }, scope_sha256: 'a'.repeat(64) };
    const unit = { kind: 'bucket' as const, ref: 'photos' };
    const person = { id: 'p-17', type: 'person' as const, auth: 'client-asserted' as const };
    const made = decisionsIn([
      ledgerRecord({ event: 'loss.accepted', unit, approval, actor: person }),
      ledgerRecord({ event: 'gate.rejected', unit, approval, actor: person, event_id: 'demo/photos/gate/finalize/aaaaaaaaaaaaaaaa/rejected/1/2/3' }),
      ledgerRecord({ event: 'rollback.ordered', unit, actor: person }),
      ledgerRecord({ event: 'step.started', unit }),
    ]);
    expect(made.map(({ what, isApproval, by }) => [what, isApproval, by])).toEqual([
      ['loss', true, 'p-17'],
      ['finalize', false, 'p-17'],
      ['rollback', true, 'p-17'],
    ]);
  });
});

describe('sizes', () => {
  it('are grouped as the language does', () => {
    expect(sizeText(0, 'en')).toBe('0 B');
    expect(sizeText(1536, 'en')).toBe('1.5 KiB');
    expect(sizeText(1536, 'fr')).toBe('1,5 Kio');
    expect(sizeText(1024 ** 4, 'en')).toBe('1.0 TiB');
    expect(sizeText(1023, 'en')).toBe('1,023 B');
    expect(numberText(1_234_567, 'en')).toBe('1,234,567');
    expect(numberText(1_234_567, 'fr')).toMatch(/^1\s234\s567$/);
  });
});
