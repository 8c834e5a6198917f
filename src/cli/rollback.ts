import type { CommandDefinition, Given, Outcome } from './command.ts';
import type { CommandContext } from './context.ts';
import { giveOrder, orderDetails, select, selectionOptions, tell, workloadOf, workloadsArgument } from './orders.ts';
import { personOf } from './person.ts';
import { patiently } from './terminal.ts';

/** Between two looks at the status while a rollback is waited for. */
const lookEveryMs = 2_000;

export const rollback: CommandDefinition = {
  name: 'rollback',
  summary: 'go back: the source serves again; what was copied stays until it is discarded',
  details: `${orderDetails('rollback')} With --discard it waits until the workloads are back, then gives the order discard, whose gate must be approved.`,
  arguments: [workloadsArgument],
  options: [...selectionOptions, { flags: '--discard', summary: 'then remove the copy from the target' }, { flags: '--yes', summary: 'do not ask' }],
  run: async (context, given) => {
    const { chosen } = select(await (await context.client()).status(), given, 'rollback');
    const names = chosen.map(({ workload }) => workload);
    if (
      context.terminal.isInteractive &&
      !given.flag('yes') &&
      names.length > 0 &&
      !(await context.terminal.confirm(context.words.rollbackQuestion(names.join(', '))))
    )
      return { exit: 1, text: context.words.notSent, json: { sent: false } };
    const outcome = await giveOrder(context, given, { order: 'rollback' });
    return given.flag('discard') && outcome.exit !== 1 ? discardAfter(context, given, names, outcome) : outcome;
  },
};

/** Waits until each workload is back (or waits for a person on the way), then gives the order. */
async function discardAfter(context: CommandContext, given: Given, names: readonly string[], before: Outcome): Promise<Outcome> {
  const client = await context.client();
  const unsettled = async (): Promise<boolean> => {
    const { workloads } = await client.status();
    return workloads.some(
      ({ workload, state, condition }) => names.includes(workload) && state !== 'rolled back' && !['held', 'stuck', 'done'].includes(condition),
    );
  };
  const settle = async (): Promise<void> => {
    while (await unsettled()) await context.wait(lookEveryMs);
  };
  await patiently(context.terminal, context.words.rollsBackFirst, settle());
  const status = await client.status();
  const after = await tell(context, personOf(context, given), { order: 'discard' }, { chosen: names.map((name) => workloadOf(status, name)), skipped: [] });
  return { exit: after.exit, text: `${before.text}\n${after.text}`, json: { rollback: before.json, discard: after.json } };
}
