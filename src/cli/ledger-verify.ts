import type { CommandDefinition } from './command.ts';
import { patiently } from './terminal.ts';
import { textTable } from './text-table.ts';

export const ledgerVerify: CommandDefinition = {
  name: 'ledger verify',
  summary: 'recompute every entry, its chain and the tree',
  details: 'Exit code 4 when the verdict is not PASS.',
  run: async (context) => {
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
  },
};
