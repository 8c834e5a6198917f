import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { type Browser, chromium } from 'playwright-core';
import type { FinalRow } from '../../../src/model/reference-set.ts';
import { findChromium } from '../../support/browser.ts';
import { makeSampleBundle } from '../../support/evidence/sample.ts';
import { loudSuite } from '../../support/loud-suite.ts';
import { type SealedWorld, sealWorld, tellWorld, world } from './worlds.ts';

jest.setTimeout(120_000);

/** With a seed of its own, so that a failure is met again. */
const seed = 20261124;

loudSuite(findChromium)('verify.html and the copy engine', () => {
  let browser: Browser;
  const room = mkdtempSync(path.join(tmpdir(), 'verify-worlds-'));
  let made = 0;
  beforeAll(async () => {
    const found = findChromium();
    browser = await chromium.launch({ executablePath: 'access' in found ? found.access : '', args: ['--no-sandbox'] });
  });
  afterAll(async () => {
    await browser.close();
    rmSync(room, { recursive: true });
  });

  /** C18 to C20 of an interim bundle: objects that failed take nothing away from it. Nobody need sign for losses. */
  async function complaints(worlds: readonly SealedWorld[]): Promise<readonly string[]> {
    made += 1;
    const folder = path.join(room, String(made));
    await makeSampleBundle(folder, {
      kind: 'interim',
      edit: {
        policy: (policy) => ({ ...policy, gates: { ...policy.gates, loss: { ...policy.gates.loss, seats: [] } } }),
        draft: (draft, log) => {
          if (draft.event === 'transfer.started') for (const each of worlds) tellWorld(log, each);
          return draft;
        },
      },
    });
    const page = await browser.newPage();
    await page.goto(pathToFileURL(path.resolve('verifiers/verify.html')).href);
    await page.locator('#bundle').setInputFiles(folder);
    await page.locator('#verdict').waitFor();
    const { checks } = JSON.parse((await page.locator('#report').textContent()) ?? '') as {
      checks: readonly { readonly id: string; readonly result: string; readonly detail: string }[];
    };
    await page.close();
    return checks.filter(({ id, result }) => /^C(18|19|20)$/.test(id) && result !== 'PASS').map(({ id, result, detail }) => `${id} ${result} ${detail}`);
  }

  it('give every object the same end', async () => {
    const worlds = fc.sample(world, { numRuns: 60, seed });
    const sealed = await Promise.all(worlds.map((one, at) => sealWorld(one, `w-${at}`, 1 + (at % 5))));
    expect(await complaints(sealed)).toEqual([]);
  });

  it.each<readonly [string, (row: FinalRow) => readonly FinalRow[]]>([
    ['a missing end', () => []],
    ['another state', (row) => [{ ...row, state: row.state === 'unknown' ? 'verified' : 'unknown' }]],
    ['another size', (row) => [{ ...row, size_bytes: `${row.size_bytes}1` }]],
    ['another reason', (row) => [{ ...row, reason: `${row.reason ?? ''}X` }]],
    ['another row', (row) => [{ ...row, rows: row.rows ?? '0'.repeat(64), i: (row.i ?? 0) + 1 }]],
    [
      'an end of nobody',
      (row) => [row, { ref: `${row.ref.slice(0, -4)}zzzz`.replaceAll('z', row.ref.endsWith('f') ? '0' : 'f'), state: 'unknown', size_bytes: '0' }],
    ],
    ['a reference left on the target', (row) => [{ ...row, left: true }]],
  ])('refuses a final set with %s', async (_, change) => {
    const honest = await sealWorld({ log: fc.sample(world, { numRuns: 1, seed })[0]?.log ?? [], accepted: [] }, 'w', 3);
    expect(honest.final.length).toBeGreaterThan(0);
    const middle = honest.final[honest.final.length >> 1];
    const final = honest.final.flatMap((row) => (row === middle ? change(row) : row)).sort((a, b) => (a.ref < b.ref ? -1 : 1));
    expect(await complaints([{ ...honest, final }])).toEqual([expect.stringMatching(/^C19 FAIL /)]);
  });
});
