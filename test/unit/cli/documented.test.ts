import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { CommandDefinition } from '../../../src/cli/command.ts';
import { commands } from '../../../src/cli/commands.ts';

const root = join(__dirname, '../../..');
/** One is made from the commands themselves; the other names rows of a table after the program. */
const left = ['docs/commands.md', 'docs/benchmarks.md'];
const pages = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`)].filter(
  (page) => page.endsWith('.md') && !left.includes(page),
);

interface Line {
  readonly page: string;
  readonly text: string;
  readonly words: readonly string[];
}

/** `ecluse …` as a page shows it: in a block or between backticks, one of several joined by && or |, with a remark behind it. */
function linesOf(page: string): Line[] {
  const text = readFileSync(join(root, page), 'utf8');
  const blocks = [...text.matchAll(/^```\w*\n([\s\S]*?)^```$/gm)].flatMap(([, block = '']) => block.split('\n'));
  const inline = [...text.replaceAll(/^```[\s\S]*?^```$/gm, '').matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);
  return [...blocks, ...inline]
    .flatMap((line) =>
      line
        .replaceAll('\\|', '|')
        .replace(/\s+#.*$/, '')
        .split(/&&| \| | &$|;/),
    )
    .map((line) => line.trim().replace(/^[A-Z_]+=\S+ /, ''))
    .flatMap((line) => {
      const said = /^(?:npx |docker compose run (?:--rm |--no-deps )*(?:ledger |(?=ecluse )))?(?:ecluse )?(.*)$/.exec(line)?.[1] ?? '';
      const isOurs = /^(npx )?ecluse [a-z]/.test(line) || /^docker compose run .*\b(ecluse|ledger) [a-z]/.test(line);
      return isOurs ? [{ page, text: line, words: (said.match(/"[^"]*"|'[^']*'|\S+/g) ?? []).filter((word) => word !== '…') }] : [];
    });
}

/** The command with the longest name that the words begin with. */
const commandOf = (words: readonly string[]): CommandDefinition | undefined =>
  [...commands].sort((a, b) => b.name.length - a.name.length).find(({ name }) => name.split(' ').every((part, i) => words[i] === part));

function problemOf({ words }: Line): string | undefined {
  const command = commandOf(words);
  if (!command) return words[0] && commands.some(({ name }) => name.startsWith(`${words[0]} `)) ? undefined : 'no such command';
  // Everything behind it goes to another program.
  if (command.name === 'witness') return undefined;
  const rest = words.slice(command.name.split(' ').length);
  const known = new Map([
    ['--json', false],
    ['--help', false],
    ...(command.options ?? []).map(({ flags }): [string, boolean] => [flags.split(' ')[0] ?? '', flags.includes(' ')]),
  ]);
  const values: string[] = [];
  for (let at = 0; at < rest.length; at += 1) {
    const word = rest[at] ?? '';
    // `--source|--target STORE` names two options in one breath.
    const options = word.startsWith('--') ? word.split('|') : [];
    const unknown = options.find((option) => !known.has(option));
    if (unknown) return `no option ${unknown}`;
    if (options.length === 0) values.push(word);
    else if (known.get(options[0] ?? '')) at += 1;
  }
  const [first] = command.arguments ?? [];
  const choice = values[0];
  if (first?.choices && choice && /^[a-z]/.test(choice) && !choice.split('|').every((one) => first.choices?.includes(one))) return `no ${first.name} ${choice}`;
  const most = (command.arguments ?? []).some(({ kind }) => kind === 'many') ? Number.POSITIVE_INFINITY : (command.arguments ?? []).length;
  return values.length > most ? `takes no ${values.slice(most).join(' ')}` : undefined;
}

describe('the pages', () => {
  it('show commands as they are typed: names, options, choices', () => {
    const lines = pages.flatMap(linesOf);
    expect(lines.length).toBeGreaterThan(100);
    expect(lines.flatMap((line) => (problemOf(line) ? [`${line.page}: ${line.text}: ${problemOf(line)}`] : []))).toEqual([]);
  });

  it('would show it when one is not', () => {
    const typed = (text: string) => problemOf({ page: '', text, words: text.split(' ') });
    expect(typed('approve cutover W --request DIR')).toBeUndefined();
    expect([typed('aprove cutover W'), typed('approve cutover W --requests DIR'), typed('approve exit W'), typed('close now')]).toEqual([
      'no such command',
      'no option --requests',
      'no gate exit',
      'takes no now',
    ]);
  });
});
