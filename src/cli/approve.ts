import type { CommandDefinition } from './command.ts';
import { gateArguments, openGateOf, readScope, scopeText } from './gate.ts';
import { byOption, personOf } from './person.ts';

export const approve: CommandDefinition = {
  name: 'approve',
  summary: 'let a workload pass its open gate: source, target, freeze and losses exactly as shown',
  details: 'The approval names the digest of what is shown; when anything in it has changed meanwhile, the project refuses it.',
  arguments: gateArguments,
  options: [{ flags: '--scope <digest>', summary: 'approve this digest only, without asking' }, { flags: '--yes', summary: 'do not ask' }, byOption],
  run: async (context, given) => {
    const { words, terminal } = context;
    const { gate, status, scope } = await openGateOf(context, given);
    const { workload } = status;
    const shown = await readScope(context, scope);
    const isAsked = terminal.isInteractive && !given.flag('yes') && given.text('scope') === undefined;
    const head = `${words.approves(words.nouns.gate[gate], workload)}\n${scopeText(context, shown, status)}\n  ${scope}`;
    if (isAsked) {
      terminal.say(head);
      if (!(await terminal.confirm(words.approveQuestion))) return { exit: 1, text: words.notSent, json: { sent: false, gate, workload, scope } };
    }
    const after = await (await context.client()).approve({ workload, gate, scope, by: personOf(context, given) });
    const done = words.approved(words.nouns.gate[gate], workload);
    return { exit: 0, text: isAsked ? done : `${head}\n${done}`, json: { approved: { gate, workload, scope, ...shown }, status: after } };
  },
};
