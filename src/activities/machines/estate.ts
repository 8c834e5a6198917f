import type { Digest } from '../../model/digest.ts';
import type { InventoriedCloud } from '../../model/errand.ts';
import type { Asset } from '../../model/estate.ts';
import type { EstateScope } from '../../ports/estate.ts';
import type { Attempt } from '../boundary.ts';
import { once, type RecordDeps, refs } from '../recording.ts';

/** Assets of one file of an inventory at most. */
const assetsPerFile = 5000;

/**
 * Everything that a source cloud holds, as files of JSON lines in the depot. What one scope holds of one kind is read once in an errand: an attempt
 * that dies is followed by one that goes on behind it.
 */
export async function takeEstate(deps: RecordDeps, project: string, cloud: string, run: Attempt): Promise<InventoriedCloud> {
  const { estate } = deps.clouds.source(cloud);
  const files: Digest[] = [];
  const dispositions: Record<string, number> = {};
  let assets = 0;
  for (const scope of await estate.scopes(run.signal)) {
    for (const kind of estate.kinds) {
      const name = `${project}/inventory/${refs().run_id}/${cloud}/${scope.account}/${scope.region}/${kind.replaceAll(' ', '-')}`;
      const found = await once(deps.depot, name, () => listed(deps, cloud, scope, kind, run));
      files.push(...found.files);
      assets += found.assets;
      for (const [disposition, count] of Object.entries(found.dispositions)) dispositions[disposition] = (dispositions[disposition] ?? 0) + count;
      run.heartbeat({ cloud, assets });
    }
  }
  return { cloud, assets, dispositions, files };
}

interface Listed {
  readonly files: Digest[];
  readonly assets: number;
  readonly dispositions: Record<string, number>;
}

async function listed(deps: RecordDeps, cloud: string, scope: EstateScope, kind: string, { signal }: Attempt): Promise<Listed> {
  const files: Digest[] = [];
  const dispositions: Record<string, number> = {};
  let lines: string[] = [];
  let assets = 0;
  const put = async (): Promise<void> => {
    if (lines.length > 0) files.push(await deps.depot.put(Buffer.from(`${lines.join('\n')}\n`)));
    lines = [];
  };
  for await (const page of deps.clouds.source(cloud).estate.assets(scope, kind, signal)) {
    for (const asset of page) {
      lines.push(JSON.stringify(asset satisfies Asset));
      dispositions[asset.disposition] = (dispositions[asset.disposition] ?? 0) + 1;
      assets += 1;
      if (lines.length === assetsPerFile) await put();
    }
  }
  await put();
  return { files, assets, dispositions };
}
