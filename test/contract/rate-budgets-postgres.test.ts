import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { openPostgresLedger } from '../../src/ledger/postgres.ts';
import { migratePostgresLedger } from '../../src/ledger/postgres-schema.ts';
import { migrateRateBudgets, openPostgresRateBudgets } from '../../src/ledger/rate-budgets-postgres.ts';
import { loudSuite } from '../support/loud-suite.ts';
import { findPostgres, type Postgres, startPostgres } from '../support/postgres.ts';
import { runFolder } from '../support/run.ts';
import { noteProcess } from '../support/run-servers.ts';
import { draftOf, openedDraft, writer } from '../unit/ledger/drafts.ts';
import { testRateBudgets } from './rate-budgets.ts';

const role = { user: 'ecluse_writer', password: 'cellar-door-17' };
const ask = { budget: 'b', holder: 'h', wanted: 5, capacity: 50 };

loudSuite(findPostgres)('rate budgets in PostgreSQL', () => {
  let postgres: Postgres;
  const opened: { close(): Promise<void> }[] = [];
  const open = () => {
    const budgets = openPostgresRateBudgets({ server: postgres.url(role) });
    opened.push(budgets);
    return budgets;
  };

  beforeAll(async () => {
    postgres = await startPostgres({ onStart: (record) => noteProcess(runFolder(), record) });
    await postgres.sql(`CREATE ROLE ${role.user} LOGIN PASSWORD '${role.password}'`);
    await migratePostgresLedger(postgres.url(), { writerRole: role.user });
  });
  afterAll(async () => {
    await Promise.all(opened.map((budgets) => budgets.close()));
    await postgres?.end();
  });

  it('say so where nobody made the table, and are made once, however often', async () => {
    await expect(open().lease(ask)).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE' });
    await Promise.all([1, 2, 3].map(() => migrateRateBudgets(postgres.url(), { writerRole: role.user })));
    expect((await open().lease(ask)).perSecond).toBe(5);
    await expect(migrateRateBudgets(postgres.url(), { writerRole: 'nobody' })).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE' });
  });

  let pair: readonly ReturnType<typeof open>[] | undefined;
  testRateBudgets('PostgreSQL', async () => {
    pair ??= [open(), open()];
    const [budgets = open(), others = open()] = pair;
    return { budgets, others, pass: (ms) => postgres.sql(`UPDATE ecluse_rates.lease SET until = until - ${ms} * interval '1 millisecond'`) };
  });

  it('never keep an append waiting', async () => {
    const ledger = await openPostgresLedger({ ...writer, server: postgres.url(role), busyMs: 500 });
    const client = new Client(postgres.url());
    await client.connect();
    await client.query('BEGIN; LOCK TABLE ecluse_rates.lease');
    const waits = open().lease(ask);
    await ledger.append([openedDraft(), draftOf('demo/a')]);
    await client.query('COMMIT');
    await client.end();
    expect((await waits).perSecond).toBe(5);
    await ledger.close();
  });

  it('are away and back with their server', async () => {
    const budgets = open();
    await budgets.lease(ask);
    await postgres.kill();
    const error = await budgets.lease(ask).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'LEDGER_UNAVAILABLE' });
    expect(String(error)).not.toContain(role.password);
    await postgres.start();
    expect((await budgets.lease(ask)).perSecond).toBe(5);
  });
});
