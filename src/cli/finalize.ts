import type { CommandDefinition } from './command.ts';
import { giveOrder, orderDetails, selectionOptions, workloadsArgument } from './orders.ts';

export const finalize: CommandDefinition = {
  name: 'finalize',
  summary: 'accept the result: after this there is no way back',
  details: `${orderDetails('finalize')} Its gate must be approved before (ecluse approve finalize W); otherwise exit code 3.`,
  arguments: [workloadsArgument],
  options: selectionOptions,
  run: (context, given) => giveOrder(context, given, { order: 'finalize' }),
};
