import type { PreflightResult } from '../model/errand.ts';
import { checksText, verdictExit } from './checks.ts';
import type { CommandDefinition } from './command.ts';
import { plannedArgument, plannedEntries, plannedOptions } from './planned.ts';
import { patiently } from './terminal.ts';

export const preflight: CommandDefinition = {
  name: 'preflight',
  summary: 'ask the stores whether this workload could move now: rights, reach, target, freeze',
  details: 'Writes to the target are small, and removed again. Exit code 4 when a verdict is not PASS.',
  arguments: [plannedArgument],
  options: plannedOptions,
  run: async (context, given) => {
    const client = await context.client();
    const { project } = context.config();
    const results: PreflightResult[] = [];
    for (const entry of plannedEntries(context, given))
      results.push(await patiently(context.terminal, `preflight ${entry.name}`, client.errand('preflight', { project, entry }, `preflight/${entry.name}`)));
    return {
      exit: verdictExit(results.flatMap(({ checks }) => checks)),
      text: results.map(({ workload, checks }) => `${workload}\n${checksText(checks, context.words)}`).join('\n\n'),
      json: { results },
    };
  },
};
