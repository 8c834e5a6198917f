import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { stalePages } from '../../lab/docs.ts';
import { type Language, projectWords } from '../../src/core/project-words.ts';
import * as messages from '../../src/workflows/messages.ts';

const root = path.join(import.meta.dirname, '../..');
const read = (page: string): string => readFileSync(path.join(root, page), 'utf8');
const pages = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  ...readdirSync(path.join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => path.join('docs', file)),
];

describe('the generated pages', () => {
  it('are what the code makes now; else type: npm run docs', () => {
    const stale = stalePages().map(({ page }) => `${page} is stale. Type: npm run docs`);
    expect(stale).toEqual([]);
  });

  it('would be noticed when they are not', () => expect(stalePages(path.join(root, 'src')).length).toBeGreaterThanOrEqual(5));

  it('name every message that a workflow takes', () => {
    const page = read('docs/messages.md');
    const names = Object.values(messages).map(({ name }) => name);
    expect(names.length).toBeGreaterThanOrEqual(11);
    for (const name of names) expect(page).toContain(`| \`${name}\` |`);
  });
});

describe('every page', () => {
  it('has no link that leads nowhere', () => {
    const links = pages.flatMap((page) =>
      [...read(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => ({ page, target })).filter(({ target }) => !/^([a-z]+:|#)/.test(target)),
    );
    expect(links.length).toBeGreaterThan(20);
    const broken = links.filter(({ page, target }) => !existsSync(path.join(root, path.dirname(page), target.split('#')[0] ?? '')));
    expect(broken.map(({ page, target }) => `${page} → ${target}`)).toEqual([]);
  });

  it('leads to a heading that exists where it names one', () => {
    const slug = (heading: string): string =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replaceAll(/\s/g, '-');
    const broken = pages.flatMap((page) =>
      [...read(page).matchAll(/\]\(([\w./-]*\.md)?#([^)\s]+)\)/g)]
        .filter(([, file, anchor = '']) => {
          const text = readFileSync(path.join(root, file ? path.join(path.dirname(page), file) : page), 'utf8');
          return ![...text.matchAll(/^#+ (.*)$/gm)].some(([, heading = '']) => slug(heading) === anchor);
        })
        .map(([link]) => `${page} → ${link}`),
    );
    expect(broken).toEqual([]);
  });

  it('names no file of the code that is not there', () => {
    const named = pages.flatMap((page) => [...read(page).matchAll(/`((?:src|test|lab|bench|docs)\/[\w./-]*\w)`/g)].map(([, file = '']) => ({ page, file })));
    expect(named.length).toBeGreaterThan(20);
    const missing = named.filter(({ file }) => !existsSync(path.join(root, file)));
    expect(missing.map(({ page, file }) => `${page} → ${file}`)).toEqual([]);
  });

  it('is as long as one sitting: README 120 lines, ARCHITECTURE 250', () => {
    expect(read('README.md').split('\n').length).toBeLessThanOrEqual(121);
    expect(read('ARCHITECTURE.md').split('\n').length).toBeLessThanOrEqual(251);
  });
});

describe('the French words', () => {
  /** Word list of ARCHITECTURE.md: English words to French ones, pair by pair. */
  const listed = new Map(
    [...read('ARCHITECTURE.md').matchAll(/^\| ([\w, ]+) \| ([\p{L}’, ]+) \| .* \|$/gmu)].flatMap(([, english = '', french = '']) =>
      english.split(', ').map((word, i): [string, string] => [word, french.split(', ')[i] ?? '']),
    ),
  );
  const both = (pick: (words: ReturnType<typeof projectWords>) => string): [string, string] =>
    (['en', 'fr'] as Language[]).map((language) => pick(projectWords(language)).toLowerCase()) as [string, string];

  it.each([
    both(({ workload }) => workload),
    both(({ wave }) => wave),
    both(({ stateHead }) => stateHead),
    both(({ conditionHead }) => conditionHead),
    both(({ verdictHead }) => verdictHead),
    both(({ condition }) => condition.held),
    both(({ condition }) => condition.stuck),
    both(({ gate }) => gate.loss),
    both(({ order }) => order.rollback),
    both(({ order }) => order.discard),
    both(({ order }) => order.cutover),
    both(({ order }) => order.finalize),
  ])('of the command and the UI are those of ARCHITECTURE.md: %s = %s', (english, french) => expect(listed.get(english)).toBe(french));
});
