import type { CommandDefinition } from './command.ts';
import { giveOrder, orderDetails, selectionOptions, workloadsArgument } from './orders.ts';

export const discard: CommandDefinition = {
  name: 'discard',
  summary: 'remove from the target exactly what this project wrote there and nobody changed since',
  details: `${orderDetails('discard')} After a rollback its gate must be approved before (ecluse approve discard W); otherwise exit code 3.`,
  arguments: [workloadsArgument],
  options: selectionOptions,
  run: (context, given) => giveOrder(context, given, { order: 'discard' }),
};
