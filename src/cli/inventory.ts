import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { InventoryFile } from '../model/errand.ts';
import type { Asset } from '../model/estate.ts';
import type { CommandDefinition } from './command.ts';
import type { CommandContext } from './context.ts';
import { patiently } from './terminal.ts';
import { textTable } from './text-table.ts';

/** Where `inventory` leaves what `plan` starts from: beside ecluse.yaml. */
export const inventoryPath = ({ files }: Pick<CommandContext, 'files'>): string => join(dirname(files.config), 'inventory.json');

export const inventory: CommandDefinition = {
  name: 'inventory',
  summary: 'list the buckets of every store and everything of every source cloud of ecluse.yaml, and write inventory.json',
  details: [
    'Runs on a worker of the role control, seen in the Temporal UI as project/<id>/inventory. `ecluse plan` starts from inventory.json.',
    'Each asset of a cloud has a disposition: moved, mapped, by hand, not carried; the reasons stand in the file.',
  ].join('\n'),
  run: async (context) => {
    const client = await context.client();
    const { digest } = await patiently(context.terminal, 'inventory', client.errand('inventory', { project: context.config().project }));
    const file = JSON.parse((await (await context.depot()).get(digest)).toString('utf8')) as InventoryFile;
    const path = inventoryPath(context);
    const assets = await assetsOf(context, file);
    await writeFile(path, `${JSON.stringify({ ...file, assets }, undefined, 2)}\n`);
    const rows = file.stores.flatMap(({ store, buckets }) =>
      buckets.map(({ bucket, createdAt, region }) => [store, bucket, region ?? '', createdAt?.slice(0, 10) ?? '']),
    );
    const counts = file.stores.map(({ store, buckets }) => `${store}: ${buckets.length}`).join(' · ');
    const clouds = file.clouds.flatMap(({ cloud, dispositions }) => Object.entries(dispositions).map(([what, count]) => [cloud, what, String(count)]));
    return {
      exit: 0,
      text: [textTable(rows), '', counts, ...(clouds.length > 0 ? [textTable(clouds)] : []), context.words.wrote(path)]
        .filter((line, i) => line !== '' || i === 1)
        .join('\n'),
      json: { ...file, digest, path },
    };
  },
};

async function assetsOf(context: CommandContext, { clouds }: InventoryFile): Promise<(Asset & { readonly cloud: string })[]> {
  const depot = await context.depot();
  const assets: (Asset & { readonly cloud: string })[] = [];
  for (const { cloud, files } of clouds)
    for (const digest of files)
      for (const line of (await depot.get(digest)).toString('utf8').split('\n')) if (line) assets.push({ cloud, ...(JSON.parse(line) as Asset) });
  return assets;
}
