import { MigrationError } from '../../core/migration-error.ts';
import type { Asset } from '../../model/estate.ts';
import type { Estate, EstateScope } from '../../ports/estate.ts';
import type { FoundBucket } from '../s3/inventory.ts';
import type { Control } from './control.ts';
import { ec2Kinds, type ScopedAsset } from './estate-kinds.ts';

export interface EstateParts {
  readonly regions: readonly string[];
  readonly accounts: (signal?: AbortSignal) => Promise<readonly string[]>;
  readonly controlOf: (scope: EstateScope) => Control;
  readonly bucketsOf: (scope: EstateScope, signal?: AbortSignal) => Promise<readonly FoundBucket[]>;
}

/** All accounts and regions of a cloud, scope by scope and kind by kind: a list that broke off is asked for again from its start. */
export function createEstate({ regions, accounts, controlOf, bucketsOf }: EstateParts): Estate {
  async function* bucketPages(scope: EstateScope, signal: AbortSignal | undefined): AsyncGenerator<readonly ScopedAsset[]> {
    const all = await bucketsOf(scope, signal);
    // One list tells of every region; a bucket that names none is told once, in the first.
    yield all.filter(({ region = regions[0] }) => region === scope.region).map(bucketAsset);
  }

  return {
    kinds: [...Object.keys(ec2Kinds), 'bucket'],
    scopes: async (signal) => (await accounts(signal)).flatMap((account) => regions.map((region) => ({ account, region }))),
    async *assets(scope, kind, signal) {
      const list = Object.hasOwn(ec2Kinds, kind) ? ec2Kinds[kind] : undefined;
      if (!list && kind !== 'bucket') throw new MigrationError('UNSUPPORTED', { operation: 'inventory', detail: `no kind ${kind}` });
      const pages = list ? list(controlOf(scope), signal) : bucketPages(scope, signal);
      const { account, region } = scope;
      for await (const page of pages) yield page.map(({ id, ...rest }): Asset => ({ kind, account, region, id, ...rest }));
    },
  };
}

const bucketAsset = ({ bucket, createdAt }: FoundBucket): ScopedAsset => ({
  id: bucket,
  name: bucket,
  facts: createdAt ? { createdAt } : {},
  disposition: 'moved',
  reason: 'By a workload of the plan.',
});
