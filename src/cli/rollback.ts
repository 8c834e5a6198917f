import type { CommandDefinition, Given, Outcome } from './command.ts';
import type { CommandContext } from './context.ts';
import { usage } from './failure.ts';
import { giveOrder, orderDetails, select, selectionOptions, tell, workloadOf, workloadsArgument } from './orders.ts';
import { personOf } from './person.ts';
import { type RollbackStatement, rollbackStatements } from './rollback-statement.ts';
import { patiently } from './terminal.ts';

/** Between two looks at the status while a rollback is waited for. */
const lookEveryMs = 2_000;

export const rollback: CommandDefinition = {
  name: 'rollback',
  summary: 'go back: the source serves again; what was copied stays until it is discarded',
  details: [
    `${orderDetails('rollback')} With --discard it waits until the workloads are back, then gives the order discard, whose gate must be approved.`,
    'Of a virtual machine it first says what going back takes and costs. One that is cut over needs --yes where no terminal can ask.',
  ].join('\n'),
  arguments: [workloadsArgument],
  options: [...selectionOptions, { flags: '--discard', summary: 'then remove the copy from the target' }, { flags: '--yes', summary: 'do not ask' }],
  run: async (context, given) => {
    const { words, terminal } = context;
    const status = await (await context.client()).status();
    const { chosen } = select(status, given, 'rollback');
    const names = chosen.map(({ workload }) => workload);
    const statements = await rollbackStatements(context, status, chosen);
    const isAsked = terminal.isInteractive && !given.flag('yes') && names.length > 0;
    if (!isAsked && !given.flag('yes')) refuseUnaccepted(context, statements);
    if (isAsked) {
      if (statements.length > 0) terminal.say(textOf(statements));
      if (!(await terminal.confirm(words.rollbackQuestion(names.join(', ')))))
        return { exit: 1, text: words.notSent, json: { sent: false, ...(statements.length > 0 ? { statements } : {}) } };
    }
    const ordered = await giveOrder(context, given, { order: 'rollback' });
    const outcome = given.flag('discard') && ordered.exit !== 1 ? await discardAfter(context, given, names, ordered) : ordered;
    if (statements.length === 0) return outcome;
    return {
      ...outcome,
      text: isAsked ? outcome.text : `${textOf(statements)}\n${outcome.text}`,
      json: { statements, ...(outcome.json as object) },
    };
  },
};

const textOf = (statements: readonly RollbackStatement[]): string => statements.map(({ text }) => text).join('\n');

/** Nobody can be asked, and something would be lost: it must have been said beforehand. */
function refuseUnaccepted({ words }: CommandContext, statements: readonly RollbackStatement[]): void {
  const costly = statements.filter(({ loss }) => loss !== 'none');
  if (costly.length === 0) return;
  const names = costly.map(({ workload }) => workload);
  throw usage(words.machines.rollback.needsYes(names.join(', ')), [...costly.map(({ text }) => text), `ecluse rollback ${names.join(' ')} --yes`]);
}

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
