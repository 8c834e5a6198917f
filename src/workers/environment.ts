import { hostname } from 'node:os';
import path from 'node:path';
import { projectFiles } from '../config/environment.ts';
import { loadConfig } from '../config/load.ts';
import { openBucketDepot } from '../depot/bucket.ts';
import { openFolderDepot } from '../depot/folder.ts';
import { openPostgresLedger } from '../ledger/postgres.ts';
import { openPostgresRateBudgets } from '../ledger/rate-budgets-postgres.ts';
import { openSqliteRateBudgets } from '../ledger/rate-budgets-sqlite.ts';
import type { LedgerWriter } from '../ledger/record.ts';
import { openSqliteLedger } from '../ledger/sqlite.ts';
import type { Config } from '../model/config.ts';
import type { Clouds } from '../ports/clouds.ts';
import type { Depot } from '../ports/depot.ts';
import type { Ledger } from '../ports/ledger.ts';
import type { Stores } from '../ports/stores.ts';
import { type Clock, systemClock } from '../transfer/index.ts';
import { createPacer } from '../wire/pacer.ts';
import { createSocketTransport } from '../wire/socket-transport.ts';
import { openClouds } from './clouds.ts';
import { software } from './software.ts';
import { openStores } from './stores.ts';

/** What every role stands on; made once at start from `ecluse.yaml` and the environment. */
export interface Environment {
  readonly config: Config;
  readonly depot: Depot;
  readonly ledger: Ledger;
  readonly stores: Stores;
  readonly clouds: Clouds;
  readonly clock: Clock;
  close(): Promise<void>;
}

export async function openEnvironment(env: NodeJS.ProcessEnv): Promise<Environment> {
  const config = loadConfig(projectFiles(env, process.cwd()).config);
  const transport = createSocketTransport({});
  const stores = openStores(config, transport);
  const budgets = openBudgets(config);
  const pacer = createPacer({ budgets, holder: `${env.ECLUSE_HOST || hostname()}/${process.pid}/${Date.now()}` });
  const ledger = await openLedger(config, {
    project: config.project,
    origin: `ecluse/${config.project}`,
    host: { id: env.ECLUSE_HOST || hostname(), ...(env.ECLUSE_COUNTRY ? { country: env.ECLUSE_COUNTRY } : {}) },
    software: software(env),
  });
  return {
    config,
    stores,
    clouds: openClouds(config, { transport, pacer, env }),
    clock: systemClock,
    ledger,
    depot: openDepot(config, stores),
    close: async () => {
      // Its shares of the vendors' rates are others' at once; those of a process that dies, after half a minute.
      await pacer.close();
      await budgets.close();
      await ledger.close();
      await transport.close();
    },
  };
}

async function openLedger({ ledger: { sqlite, postgres } }: Config, writer: LedgerWriter): Promise<Ledger> {
  if (postgres !== undefined) return openPostgresLedger({ server: postgres, ...writer });
  return openSqliteLedger({ file: sqlite ?? '', ...writer });
}

/** Beside the ledger, and never in its way: a table of its own in the same database, or a file beside the log. */
const openBudgets = ({ ledger: { sqlite, postgres } }: Config) =>
  postgres === undefined ? openSqliteRateBudgets({ file: `${sqlite}.rates` }) : openPostgresRateBudgets({ server: postgres });

const openDepot = ({ depot }: Config, stores: Stores): Depot =>
  'folder' in depot ? openFolderDepot(path.resolve(depot.folder)) : openBucketDepot(stores.open(depot.at, depot.bucket), depot.prefix);
