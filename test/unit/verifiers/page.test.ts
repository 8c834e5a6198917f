import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { type Browser, chromium, type Page } from 'playwright-core';
import { findChromium } from '../../support/browser.ts';
import { makeSampleBundle, type Sample, type SampleOptions } from '../../support/evidence/sample.ts';
import { loudSuite } from '../../support/loud-suite.ts';
import { tamperedForBoth, tamperedForPage } from './page-tampered.ts';

jest.setTimeout(120_000);

interface PageReport {
  readonly verdict: string;
  readonly class: string;
  readonly kind: string;
  readonly size: number;
  readonly root: string;
  readonly checks: readonly { readonly id: string; readonly result: string; readonly detail: string; readonly not_checked_here?: true }[];
  readonly requirements: readonly { readonly id: string; readonly result: string }[];
  readonly pending: { readonly workloads: number; readonly acts: number };
  readonly fingerprints: Readonly<Record<string, string | readonly string[]>>;
}

const verifier = path.resolve('verifiers/verify.html');

loudSuite(findChromium)('verify.html, opened from the disk', () => {
  let browser: Browser;
  let room: string;
  let samples = 0;

  beforeAll(async () => {
    const found = findChromium();
    browser = await chromium.launch({ executablePath: 'access' in found ? found.access : '', args: ['--no-sandbox'] });
    room = mkdtempSync(path.join(tmpdir(), 'verify-page-'));
  });
  afterAll(async () => {
    await browser.close();
    rmSync(room, { recursive: true });
  });

  const make = (options: SampleOptions = {}): Promise<Sample> => {
    samples += 1;
    return makeSampleBundle(path.join(room, `sample-${samples}`), options);
  };

  /** What the page answers, and what it asked the network for. */
  async function opened(page: Page, folder: string, file = verifier): Promise<{ readonly report: PageReport; readonly asked: readonly string[] }> {
    const asked: string[] = [];
    page.on('request', ({ url }) => void asked.push(url.toString()));
    page.on('pageerror', (error) => void asked.push(String(error)));
    await page.goto(pathToFileURL(file).href);
    asked.length = 0;
    await page.locator('#bundle').setInputFiles(folder);
    return { report: await answered(page), asked };
  }
  async function answered(page: Page): Promise<PageReport> {
    await page.locator('#verdict').waitFor();
    return JSON.parse((await page.locator('#report').textContent()) ?? '') as PageReport;
  }
  async function verified(folder: string, file?: string): Promise<PageReport> {
    const page = await browser.newPage();
    try {
      return (await opened(page, folder, file)).report;
    } finally {
      await page.close();
    }
  }
  const of = ({ checks }: PageReport, id: string): string => checks.find((check) => check.id === id)?.result ?? 'none';
  const bad = ({ checks }: PageReport): readonly string[] =>
    checks
      .filter(({ result, not_checked_here }) => !not_checked_here && (result === 'FAIL' || result === 'UNKNOWN'))
      .map(({ id, detail }) => `${id} ${detail}`);

  it.each<SampleOptions>([
    { kind: 'final' },
    { kind: 'interim' },
    { kind: 'rolled-back' },
    { hard: true },
    { kind: 'interim', hard: true },
    { kind: 'rolled-back', hard: true },
    { class: 'production' },
    { rotation: true },
    { gap: 'approved' },
  ])('passes an honest bundle: %j', async (options) => {
    const sample = await make(options);
    const report = await verified(sample.folder);
    expect(bad(report)).toEqual([]);
    expect(report).toMatchObject({
      verdict: 'PASS',
      class: options.class ?? 'lab',
      kind: options.kind === 'interim' ? 'interim' : 'final',
      size: sample.lines.length,
      root: sample.checkpoints.at(-1)?.root,
      pending: options.kind === 'interim' ? { workloads: options.hard ? 0 : 1, acts: 1 } : { workloads: 0, acts: 0 },
    });
    expect(report.requirements.map(({ result }) => result)).not.toContain('FAIL');
  });

  it.each([...tamperedForBoth, ...tamperedForPage].filter(({ shellOnly }) => !shellOnly))(
    'says $check of $how',
    async ({ check, options, after, result = 'FAIL', needsOpenssl }) => {
      const sample = await make(options);
      if (needsOpenssl && sample.keys.authority === undefined)
        return void process.stderr.write(`\nSKIPPED ${check}: no openssl, so the sample has no timestamps\n`);
      after?.(sample.folder, sample);
      const report = await verified(sample.folder);
      expect([check, of(report, check)]).toEqual([check, result]);
      expect(report.verdict).not.toBe('PASS');
    },
  );

  it('leaves the chain of a timestamp out of its total, and says so', async () => {
    const { folder, keys } = await make();
    if (keys.authority === undefined) return;
    const { checks } = await verified(folder);
    expect(checks.find(({ id }) => id === 'C13')).toMatchObject({
      result: 'UNKNOWN',
      not_checked_here: true,
      detail: expect.stringContaining('the certificate chain; use verify.py or openssl'),
    });
  });

  it('compares the auditor’s own checkpoints and fingerprints', async () => {
    const sample = await make();
    const fork = await make({ keys: sample.keys });
    const [kept, other] = [sample, fork].map(({ folder, checkpoints }) => path.join(folder, 'log/checkpoints', String(checkpoints.at(-1)?.size)));
    const page = await browser.newPage();
    const { report } = await opened(page, sample.folder);
    expect([of(report, 'C10'), of(report, 'C24')]).toEqual(['YOURS', 'YOURS']);
    const after = async (act: () => Promise<unknown>, check: string, result: string): Promise<void> => {
      await act();
      await page.locator(`#check-${check} .chip.${result}`).waitFor();
      expect(of(await answered(page), check)).toBe(result);
    };
    await after(() => page.locator('#checkpoints').setInputFiles(kept ?? ''), 'C10', 'PASS');
    await after(() => page.locator('#checkpoints').setInputFiles([kept ?? '', other ?? '']), 'C10', 'FAIL');
    await after(() => page.locator('#fingerprints').fill(`policy ${report.fingerprints.policy}\nlog ${report.fingerprints.log}`), 'C24', 'PASS');
    await after(() => page.locator('#fingerprints').fill('a'.repeat(64)), 'C24', 'FAIL');
    expect((await answered(page)).verdict).toBe('FAIL');
    await page.close();
  });

  it('compares in groups of references when there are many rows', async () => {
    const small = path.join(room, 'small.html');
    writeFileSync(small, readFileSync(verifier, 'utf8').replace('ROWS_IN_MEMORY = 300_000', 'ROWS_IN_MEMORY = 7'));
    expect(bad(await verified((await make()).folder, small))).toEqual([]);
    expect(of(await verified((await make({ edit: { final: (rows) => rows.slice(0, -1) } })).folder, small), 'C19')).toBe('FAIL');
  });

  it('shows names out of a bundle as text, and asks the network for nothing', async () => {
    const { folder } = await make({ kind: 'interim' });
    writeFileSync(path.join(folder, '<img src=x onerror=alert(1)>'), '');
    const page = await browser.newPage();
    const { report, asked } = await opened(page, folder);
    expect(of(report, 'C1')).toBe('FAIL');
    expect(await page.locator('img').count()).toBe(0);
    expect(asked).toEqual([]);
    expect(await page.locator('.banner').allInnerTexts()).toEqual([expect.stringContaining('LAB, NOT EVIDENCE'), expect.stringContaining('INTERIM')]);
    await page.close();
  });

  it('does not break on a folder that is no bundle', async () => {
    const folder = mkdtempSync(path.join(room, 'empty-'));
    writeFileSync(path.join(folder, 'a.txt'), 'a');
    const report = await verified(folder);
    expect(report.verdict).toBe('FAIL');
    expect(report.size).toBe(0);
  });
});
