import type { CommandDefinition, Given, Outcome } from './command.ts';
import type { CommandContext } from './context.ts';
import { workloadOf } from './orders.ts';
import { byOption, personOf } from './person.ts';

export const pause: CommandDefinition = {
  name: 'pause',
  summary: 'start nothing more; what is in flight ends first (one workload, or the whole project)',
  arguments: [{ name: 'workload', summary: 'absent = the whole project', kind: 'optional' }],
  options: [byOption],
  run: (context, given) => pauseOrResume(context, given, 'pause'),
};

export async function pauseOrResume(context: CommandContext, given: Given, which: 'pause' | 'resume'): Promise<Outcome> {
  const { words } = context;
  const client = await context.client();
  const workload = given.argument(0) || undefined;
  if (workload !== undefined) workloadOf(await client.status(), workload);
  const status = await client[which]({ by: personOf(context, given), ...(workload === undefined ? {} : { workload }) });
  const what = workload ?? words.wholeProject;
  return { exit: 0, text: which === 'pause' ? words.paused(what) : words.resumed(what), json: status };
}
