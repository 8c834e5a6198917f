import type { CommandDefinition } from './command.ts';
import { giveOrder, orderDetails, selectionOptions, workloadsArgument } from './orders.ts';

export const rehearse: CommandDefinition = {
  name: 'rehearse',
  summary: 'boot a test machine on the target, in an isolated subnet, while the source runs on',
  details: [
    orderDetails('rehearse'),
    'It stays for its owner as long as the plan says (rehearsal.keepHours): "ecluse approve rehearsal W" is the owner’s word that it works,',
    '"ecluse reject rehearsal W" that it does not. Then, or when its time is over, it is removed. Virtual machines only.',
  ].join('\n'),
  arguments: [workloadsArgument],
  options: selectionOptions,
  run: (context, given) => giveOrder(context, given, { order: 'rehearse' }),
};
