import type { CommandDefinition } from './command.ts';
import { giveOrder, orderDetails, selectionOptions, workloadsArgument } from './orders.ts';

export const cutover: CommandDefinition = {
  name: 'cutover',
  summary: 'freeze the source, copy the last changes, verify, and hand over to the target',
  details: `${orderDetails('cutover')} Its gate must be approved before (ecluse approve cutover W); otherwise exit code 3.`,
  arguments: [workloadsArgument],
  options: [...selectionOptions, { flags: '--frozen', summary: 'your word that the writers of the source are stopped (demanded with `freeze: manual`)' }],
  run: (context, given) => giveOrder(context, given, { order: 'cutover', frozenByHand: given.flag('frozen') }),
};
