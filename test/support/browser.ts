import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { type Browser, chromium, type FrameLocator, type Locator, type Page } from 'playwright-core';
import { findChromium as chromiumHere } from '../../lab/chromium.ts';
import type { Shared } from './run.ts';

/** The system's Chromium, or why nobody looked. */
export function findChromium(): Shared<string> {
  const access = chromiumHere();
  return access ? { access } : { missing: 'no Chromium on PATH, so nobody looked at the Web UI. Type: sudo apt-get install -y chromium' };
}

/** A person in front of the Web UI, in a fresh profile. Set ECLUSE_SHOTS to a folder to keep a picture of each page that was read. */
export interface Reader {
  /** Opens the address, then the tab of the workflow's page when one is named, and answers when each text is to be seen. */
  reads(name: string, url: string, texts: readonly (string | RegExp)[], tab?: string): Promise<void>;
  close(): Promise<void>;
}

/** A page asks the server several times, and a query waits for a worker's next turn. */
const patienceMs = 15_000;

export async function openReader(): Promise<Reader> {
  const found = findChromium();
  if ('missing' in found) throw new Error(found.missing);
  // Its own sandbox needs rights that root in a container has not; it reads one server on loopback.
  const browser = await chromium.launch({ executablePath: found.access, args: ['--no-sandbox'] });
  const page = await browser.newPage({ viewport: { width: 1600, height: 1400 } });
  page.setDefaultTimeout(patienceMs);
  return {
    reads: async (name, url, texts, tab) => {
      await page.goto(url, { waitUntil: 'domcontentloaded' });
      try {
        if (tab !== undefined) await visible(page, tab).click();
        for (const text of texts) await seen(page, text);
      } catch (error) {
        throw new Error(`${name} does not show what it should.\n${String(error)}\nIt shows:\n${await shown(page)}`);
      } finally {
        await picture(page, name);
      }
    },
    close: () => closed(browser),
  };
}

/** The page keeps texts that nobody sees, such as those for small screens. */
const visible = (place: Page | FrameLocator, text: string | RegExp): Locator => place.getByText(text).filter({ visible: true }).first();

/** Details of a workflow are shown in frames of their own: summary, details, current details. */
const frames = 3;

async function seen(page: Page, text: string | RegExp): Promise<void> {
  const places = [page, ...Array.from({ length: frames }, (_, n) => page.frameLocator(`iframe >> nth=${n}`))];
  await Promise.any(places.map((place) => visible(place, text).waitFor())).catch(() => {
    throw new Error(`nowhere: ${text}`);
  });
}

async function shown(page: Page): Promise<string> {
  const texts = await Promise.all(page.frames().map((frame) => frame.locator('body').allInnerTexts()));
  return texts.flat().join('\n----\n').slice(0, 6000);
}

async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env.ECLUSE_SHOTS;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: path.join(folder, `${name.replaceAll(/[^a-z0-9]+/gi, '-')}.png`) });
}

async function closed(browser: Browser): Promise<void> {
  await browser.close();
}
