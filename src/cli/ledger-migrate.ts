import { migratePostgresLedger } from '../ledger/postgres-schema.ts';
import { migrateRateBudgets } from '../ledger/rate-budgets-postgres.ts';
import type { CommandDefinition } from './command.ts';
import { usage } from './failure.ts';

export const ledgerMigrate: CommandDefinition = {
  name: 'ledger migrate',
  summary: 'make or renew the tables of a ledger in PostgreSQL, and the role of the workers, which may only append and read',
  details: 'Run it as the database’s owner: its address comes from ECLUSE_LEDGER_ADMIN_URL, never from the command line. Repeated, it changes nothing.',
  options: [{ flags: '--writer <role>', summary: 'login role of the workers (default: the user in ledger.postgres)' }],
  run: async (context, given) => {
    const { postgres } = context.config().ledger;
    const admin = context.env.ECLUSE_LEDGER_ADMIN_URL;
    if (postgres === undefined) throw usage('ecluse.yaml keeps the ledger in SQLite: ledger.postgres names a server');
    if (!admin) throw usage('ECLUSE_LEDGER_ADMIN_URL is not set: postgres://owner@host/database');
    const writerRole = given.text('writer') ?? decodeURIComponent(new URL(postgres).username);
    if (!writerRole) throw usage('ledger.postgres names no user: say --writer ROLE');
    await migratePostgresLedger(admin, { writerRole });
    await migrateRateBudgets(admin, { writerRole });
    return { exit: 0, text: `${writerRole}: SELECT, INSERT`, json: { writerRole } };
  },
};
