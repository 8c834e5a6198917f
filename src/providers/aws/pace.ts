import type { AwsCloud } from '../../model/config.ts';
import type { Pacer } from '../../ports/rate-budget.ts';
import type { AwsOperation } from './operations.ts';

/** The budgets of one account and region, by operation: `aws/<account>/<region>/<operation>`. */
export interface Pace {
  enter(operation: AwsOperation, signal?: AbortSignal): Promise<void>;
  throttled(operation: AwsOperation): void;
  /** A block of one snapshot: the account's budget, and AWS's limit of 1,000 a second to a snapshot, which no quota raises. */
  enterBlock(snapshot: string, signal?: AbortSignal): Promise<void>;
}

const blocksPerSnapshot = 1_000;

export function createPace(pacer: Pacer, place: string, rates: AwsCloud['rates']): Pace {
  const blocks = `${place}/GetSnapshotBlock`;
  // Within an account's budget of 1,000 no single snapshot can have more.
  const bindsSnapshot = rates.blocks > blocksPerSnapshot;

  const capacityOf = (operation: AwsOperation): number => {
    if (operation === 'GetSnapshotBlock') return rates.blocks;
    return operation === 'ListSnapshotBlocks' || operation === 'ListChangedBlocks' ? rates.lists : rates.calls;
  };

  return {
    enter: (operation, signal) => pacer.enter(`${place}/${operation}`, capacityOf(operation), signal),
    throttled: (operation) => pacer.throttled(`${place}/${operation}`),
    async enterBlock(snapshot, signal) {
      await pacer.enter(blocks, rates.blocks, signal);
      if (bindsSnapshot) await pacer.enter(`${blocks}/${snapshot}`, blocksPerSnapshot, signal);
    },
  };
}
