import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { findChromium } from '../chromium.ts';

/** Opens the bundle's own `verify.html` from the disk, as an auditor does, and answers its verdict; undefined where the system has no Chromium. */
export async function verdictOfPage(bundle: string): Promise<string | undefined> {
  const executablePath = findChromium();
  if (!executablePath) return undefined;
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage();
    await page.goto(pathToFileURL(path.join(bundle, 'verify.html')).href);
    await page.locator('#bundle').setInputFiles(bundle);
    await page.locator('#verdict').waitFor({ timeout: 60_000 });
    const { verdict } = JSON.parse((await page.locator('#report').textContent()) ?? '{}') as { verdict?: string };
    return verdict ?? 'no verdict';
  } finally {
    await browser.close();
  }
}
