import { hostname } from 'node:os';
import path from 'node:path';
import { projectFiles } from '../config/environment.ts';
import { loadConfig } from '../config/load.ts';
import { openBucketDepot } from '../depot/bucket.ts';
import { openFolderDepot } from '../depot/folder.ts';
import { openPostgresLedger } from '../ledger/postgres.ts';
import type { LedgerWriter } from '../ledger/record.ts';
import { openSqliteLedger } from '../ledger/sqlite.ts';
import type { Config } from '../model/config.ts';
import type { Depot } from '../ports/depot.ts';
import type { Ledger } from '../ports/ledger.ts';
import type { Stores } from '../ports/stores.ts';
import { createSocketTransport } from '../wire/socket-transport.ts';
import { software } from './software.ts';
import { openStores } from './stores.ts';

/** What every role stands on; made once at start from `ecluse.yaml` and the environment. */
export interface Environment {
  readonly config: Config;
  readonly depot: Depot;
  readonly ledger: Ledger;
  readonly stores: Stores;
  close(): Promise<void>;
}

export async function openEnvironment(env: NodeJS.ProcessEnv): Promise<Environment> {
  const config = loadConfig(projectFiles(env, process.cwd()).config);
  const transport = createSocketTransport({});
  const stores = openStores(config, transport);
  const ledger = await openLedger(config, {
    project: config.project,
    origin: `ecluse/${config.project}`,
    host: { id: env.ECLUSE_HOST || hostname(), ...(env.ECLUSE_COUNTRY ? { country: env.ECLUSE_COUNTRY } : {}) },
    software: software(env),
  });
  return {
    config,
    stores,
    ledger,
    depot: openDepot(config, stores),
    close: async () => {
      await ledger.close();
      await transport.close();
    },
  };
}

async function openLedger({ ledger: { sqlite, postgres } }: Config, writer: LedgerWriter): Promise<Ledger> {
  if (postgres !== undefined) return openPostgresLedger({ server: postgres, ...writer });
  return openSqliteLedger({ file: sqlite ?? '', ...writer });
}

const openDepot = ({ depot }: Config, stores: Stores): Depot =>
  'folder' in depot ? openFolderDepot(path.resolve(depot.folder)) : openBucketDepot(stores.open(depot.at, depot.bucket), depot.prefix);
