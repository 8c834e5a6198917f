import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ReportLanguage } from '../ledger/checks/report-text.ts';
import type { CommandDefinition, Given, Outcome } from './command.ts';
import type { CommandContext } from './context.ts';
import { usage } from './failure.ts';
import { patiently } from './terminal.ts';
import { textTable } from './text-table.ts';

export const ledgerVerify: CommandDefinition = {
  name: 'ledger verify',
  summary: 'check an exported bundle offline, or the live log',
  details: [
    'With DIR: every check of docs/bundle-format.md on that folder, without network, project or Temporal.',
    'Without: entries, chain and tree of the live log, recomputed by a worker.',
    'Exit code 4 when the verdict is not PASS.',
  ].join('\n'),
  arguments: [{ name: 'dir', summary: 'folder of a bundle', kind: 'optional' }],
  options: [
    { flags: '--checkpoint <file>', summary: 'a checkpoint that you kept: the bundle must continue it (check C10)', repeats: true },
    { flags: '--fingerprint <hex>', summary: 'a value of the paper that the controller kept (check C24)', repeats: true },
    { flags: '--lang <language>', summary: 'language of the text (default: the project’s, else English)', choices: ['en', 'fr', 'both'] },
  ],
  run: async (context, given) => (given.argument(0) ? verifyFolder(context, given) : verifyLive(context, given)),
};

async function verifyFolder(context: CommandContext, given: Given): Promise<Outcome> {
  const folder = resolve(context.folder, given.argument(0));
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) throw usage('DIR is not a folder: name that of a bundle, such as evidence-demo-1234');
  const checkpoints = given.list('checkpoint').map((file) => resolve(context.folder, file));
  if (!checkpoints.every((file) => existsSync(file))) throw usage('--checkpoint names a file that is not there');
  const fingerprints = given.list('fingerprint');
  if (!fingerprints.every((hex) => /^[0-9a-f]{64}$/i.test(hex))) throw usage('--fingerprint takes 64 hex digits');
  const [{ verifyBundle }, { reportText }] = await Promise.all([import('../ledger/checks/verify-bundle.ts'), import('../ledger/checks/report-text.ts')]);
  const report = await verifyBundle(folder, {
    checkpoints,
    fingerprints,
    atMs: context.now().getTime(),
    progress: ({ stage, done }) => context.terminal.progress(`ledger verify: ${stage} ${done}`),
  });
  context.terminal.progress('');
  const language = (given.text('lang') as ReportLanguage | undefined) ?? context.words.language;
  return { exit: report.verdict === 'PASS' ? 0 : 4, text: reportText(report, language, textTable), json: report };
}

async function verifyLive(context: CommandContext, given: Given): Promise<Outcome> {
  if (given.list('checkpoint').length + given.list('fingerprint').length > 0) throw usage('--checkpoint and --fingerprint need the folder of a bundle');
  const client = await context.client();
  const result = await patiently(context.terminal, 'ledger verify', client.errand('ledgerVerify', { project: context.config().project }));
  const { nouns } = context.words;
  const rows = [
    [nouns.verdictHead, nouns.verdict[result.verdict]],
    ['size', String(result.size)],
    ['root', result.root],
    ['head', result.head],
    ...result.problems.map((problem, i) => [i === 0 ? 'problems' : '', problem]),
  ];
  return { exit: result.verdict === 'PASS' ? 0 : 4, text: textTable(rows), json: result };
}
