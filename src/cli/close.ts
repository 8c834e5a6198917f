import type { CommandDefinition } from './command.ts';
import { patiently } from './terminal.ts';

export const close: CommandDefinition = {
  name: 'close',
  summary: 'end the record of a project whose workloads are all finalized or discarded',
  details: 'Nothing can be recorded afterwards: the bundle that is exported then is final. Refused while a workload has no end; nothing is changed then.',
  options: [{ flags: '--yes', summary: 'do not ask' }],
  run: async (context, given) => {
    const { words, terminal } = context;
    const { project } = context.config();
    const isAsked = terminal.isInteractive && !given.flag('yes');
    if (isAsked && !(await terminal.confirm(words.closeQuestion(project)))) return { exit: 1, text: words.notSent, json: { closed: false } };
    const { size, root } = await patiently(terminal, 'close', (await context.client()).errand('closeLog', { project }));
    return { exit: 0, text: `${words.closed(project, size)}\n  ${root}\n\n${words.next}\n  ecluse ledger export`, json: { closed: true, size, root } };
  },
};
