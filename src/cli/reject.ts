import type { CommandDefinition } from './command.ts';
import { usage } from './failure.ts';
import { gateArguments, openGateOf, readScope, scopeText } from './gate.ts';
import { byOption, personOf } from './person.ts';

export const reject: CommandDefinition = {
  name: 'reject',
  summary: 'refuse what an open gate would do; the phase that asked is undone',
  details: 'Of a rehearsal: the test machine is removed, and another rehearsal may follow.',
  arguments: gateArguments,
  options: [{ flags: '--reason <text>', summary: 'why (demanded)' }, { flags: '--scope <digest>', summary: 'reject this digest only' }, byOption],
  run: async (context, given) => {
    const reason = given.text('reason')?.trim();
    if (!reason) throw usage('a rejection needs its reason', [`ecluse reject ${given.argument(0)} ${given.argument(1)} --reason "…"`]);
    const { gate, status, scope } = await openGateOf(context, given);
    // Its owner reads on the same page what is refused; of the other gates the command's word has always been enough.
    const shown = gate === 'rehearsal' ? [scopeText(context, await readScope(context, scope), status)] : [];
    const after = await (await context.client()).reject({ workload: status.workload, gate, scope, reason, by: personOf(context, given) });
    const done = context.words.rejected(context.words.nouns.gate[gate], status.workload);
    return { exit: 0, text: [...shown, done].join('\n'), json: { rejected: { gate, workload: status.workload, scope }, status: after } };
  },
};
