import type { CommandDefinition } from './command.ts';
import { usage } from './failure.ts';
import { workloadOf } from './orders.ts';
import { byOption, personOf } from './person.ts';

const ways = ['retry', 'accept', 'hand-over'] as const;

export const resolve: CommandDefinition = {
  name: 'resolve',
  summary: 'decide about a workload that is stuck, or that holds because too much vanished from its source',
  details: 'retry: try once more. accept: leave it as it is, and go on. hand-over: somebody mends it by hand. The reason is recorded.',
  arguments: [
    { name: 'workload', summary: 'name of a workload', kind: 'required' },
    { name: 'how', summary: 'what is decided', kind: 'required', choices: ways },
  ],
  options: [{ flags: '--reason <text>', summary: 'why (demanded)' }, byOption],
  run: async (context, given) => {
    const client = await context.client();
    const how = ways.find((way) => way === given.argument(1)) ?? 'retry';
    const reason = given.text('reason')?.trim();
    if (!reason) throw usage('a decision needs its reason', [`ecluse resolve ${given.argument(0)} ${how} --reason "…"`]);
    const { workload } = workloadOf(await client.status(), given.argument(0));
    const status = await client.resolve({ workload, how, reason, by: personOf(context, given) });
    return { exit: 0, text: context.words.resolved(workload, how), json: status };
  },
};
