import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { InventoryFile } from '../model/errand.ts';
import type { CommandDefinition } from './command.ts';
import type { CommandContext } from './context.ts';
import { patiently } from './terminal.ts';
import { textTable } from './text-table.ts';

/** Where `inventory` leaves what `plan` starts from: beside ecluse.yaml. */
export const inventoryPath = ({ files }: Pick<CommandContext, 'files'>): string => join(dirname(files.config), 'inventory.json');

export const inventory: CommandDefinition = {
  name: 'inventory',
  summary: 'list the buckets of every store of ecluse.yaml, and write inventory.json for `ecluse plan`',
  details: 'Runs on a worker of the role control, seen in the Temporal UI as project/<id>/inventory.',
  run: async (context) => {
    const client = await context.client();
    const { digest } = await patiently(context.terminal, 'inventory', client.errand('inventory', { project: context.config().project }));
    const file = JSON.parse((await (await context.depot()).get(digest)).toString('utf8')) as InventoryFile;
    const path = inventoryPath(context);
    await writeFile(path, `${JSON.stringify(file, undefined, 2)}\n`);
    const rows = file.stores.flatMap(({ store, buckets }) =>
      buckets.map(({ bucket, createdAt, region }) => [store, bucket, region ?? '', createdAt?.slice(0, 10) ?? '']),
    );
    const counts = file.stores.map(({ store, buckets }) => `${store}: ${buckets.length}`).join(' · ');
    return {
      exit: 0,
      text: [textTable(rows), '', counts, context.words.wrote(path)].filter((line, i) => line !== '' || i === 1).join('\n'),
      json: { ...file, digest, path },
    };
  },
};
