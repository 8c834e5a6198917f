import { createHash } from 'node:crypto';
import { userInfo } from 'node:os';
import type { Given, OptionDefinition } from './command.ts';
import type { CommandContext } from './context.ts';
import { usage } from './failure.ts';

export const byOption: OptionDefinition = {
  flags: '--by <id>',
  summary: 'opaque id of the person who decides (default: ECLUSE_ACTOR, else a hash of the user of this machine)',
};

/**
 * Who gives the order: an opaque id, since names enter neither Temporal nor the ledger. It is
 * "client-asserted": the command says it, nothing proves it. A signed approval does.
 */
export function personOf({ env }: Pick<CommandContext, 'env'>, given: Given): string {
  const said = given.text('by') ?? env.ECLUSE_ACTOR;
  if (said !== undefined && !/^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$/.test(said))
    throw usage('an id of a person is letters, digits and _ . : - (at most 64): no name, no address');
  return said ?? `user:${createHash('sha256').update(`ecluse ${userInfo().username}`).digest('hex').slice(0, 12)}`;
}
