import { createHash } from 'node:crypto';
import { Client, type ClientConfig, escapeIdentifier, Pool, type PoolClient, type PoolConfig } from 'pg';
import type { LeaseRequest, RateBudgets, RateLease } from '../ports/rate-budget.ts';
import { connectionOf, postgresFailure } from './postgres-failure.ts';
import { shareOf, leaseMs as usualLeaseMs } from './rate-share.ts';

export interface PostgresRateBudgetsOptions {
  /** URL, or the driver's settings, of the ledger's writer role. Never printed. */
  readonly server: string | PoolConfig;
  readonly leaseMs?: number;
}

/** A rate that is not had within seconds is not worth waiting for: the process goes on slowly, and asks again. */
const connectMs = 3_000;
const statementMs = 5_000;
const migrationLock = 4_823_002;

/**
 * Makes the table of leases in a schema of its own, beside the ledger's, and lets the workers' role change its rows: unlike a record, a lease is not
 * kept. Repeated, it changes nothing. Run as the administrator that migrates the ledger, after it: the role must exist.
 */
export async function migrateRateBudgets(admin: string | ClientConfig, { writerRole }: { readonly writerRole: string }): Promise<void> {
  let client: Client | undefined;
  try {
    client = new Client(connectionOf(admin));
    client.on('error', () => undefined);
    await client.connect();
    const writer = escapeIdentifier(writerRole);
    await client.query(
      `BEGIN; SELECT pg_advisory_xact_lock(${migrationLock});
       CREATE SCHEMA IF NOT EXISTS ecluse_rates;
       CREATE TABLE IF NOT EXISTS ecluse_rates.lease (
         budget text COLLATE "C" NOT NULL, holder text COLLATE "C" NOT NULL, wanted double precision NOT NULL, granted double precision NOT NULL,
         until timestamptz NOT NULL, PRIMARY KEY (budget, holder)
       );
       REVOKE ALL ON SCHEMA ecluse_rates FROM PUBLIC;
       GRANT USAGE ON SCHEMA ecluse_rates TO ${writer}; GRANT SELECT, INSERT, DELETE ON ecluse_rates.lease TO ${writer}; COMMIT`,
    );
  } catch (error) {
    throw postgresFailure('migrate rate budgets', error);
  } finally {
    await client?.end().catch(() => undefined);
  }
}

/**
 * The rate budgets of worker processes on any host, by the server's clock. Opening makes no call; LEDGER_UNAVAILABLE or LEDGER_BUSY while the server
 * cannot serve. A crash before COMMIT leaves nothing; one after it leaves a lease that nobody renews.
 */
export function openPostgresRateBudgets({ server, leaseMs = usualLeaseMs }: PostgresRateBudgetsOptions): RateBudgets & { close(): Promise<void> } {
  const pool = openPool(server);
  const exclusively = <T>(operation: string, budget: string, work: (client: PoolClient) => Promise<T>): Promise<T> => transacted(pool, operation, budget, work);
  return {
    async lease(request) {
      // By this host's clock, and before the server's: the holder stops no later than the server gives its share away.
      const untilMs = Date.now() + leaseMs;
      const perSecond = await exclusively('lease a rate', request.budget, (client) => grant(client, request, leaseMs));
      return { perSecond, untilMs } satisfies RateLease;
    },
    release: ({ budget, holder }) => exclusively('release a rate', budget, (client) => forget(client, budget, holder)),
    async close() {
      if (!pool.ending) await pool.end();
    },
  };
}

function openPool(server: string | PoolConfig): Pool {
  try {
    const times = { connectionTimeoutMillis: connectMs, statement_timeout: statementMs, lock_timeout: statementMs, query_timeout: 2 * statementMs };
    const pool = new Pool({ max: 2, ...times, keepAlive: true, application_name: 'ecluse rates', ...connectionOf(server) });
    pool.on('error', () => undefined);
    pool.on('connect', (client) => client.on('error', () => undefined));
    return pool;
  } catch (error) {
    throw postgresFailure('open rate budgets', error);
  }
}

async function grant(client: PoolClient, { budget, holder, wanted, capacity }: LeaseRequest, leaseMs: number): Promise<number> {
  await forget(client, budget, holder);
  if (wanted <= 0) return 0;
  const { rows } = await client.query<{ wanted: number; granted: number }>('SELECT wanted, granted FROM ecluse_rates.lease WHERE budget = $1', [budget]);
  const perSecond = shareOf({ wanted, capacity }, rows);
  // A holder that got nothing is noted all the same: the others make room for it when they renew.
  await client.query(
    `INSERT INTO ecluse_rates.lease (budget, holder, wanted, granted, until)
     VALUES ($1, $2, $3, $4, clock_timestamp() + $5 * interval '1 millisecond')`,
    [budget, holder, wanted, perSecond, leaseMs],
  );
  return perSecond;
}

async function forget(client: PoolClient, budget: string, holder: string): Promise<void> {
  await client.query('DELETE FROM ecluse_rates.lease WHERE budget = $1 AND (holder = $2 OR until <= clock_timestamp())', [budget, holder]);
}

/** One at a time for each budget. READ COMMITTED: what is read after the lock came is what its last holder left. */
async function transacted<T>(pool: Pool, operation: string, budget: string, work: (client: PoolClient) => Promise<T>): Promise<T> {
  let client: PoolClient | undefined;
  let isSound = false;
  try {
    client = await pool.connect();
    await client.query(`BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock(${lockOf(budget)})`);
    const result = await work(client);
    await client.query('COMMIT');
    isSound = true;
    return result;
  } catch (error) {
    throw postgresFailure(operation, error);
  } finally {
    // A connection that failed is not used again: its transaction ends with it.
    client?.release(!isSound);
  }
}

/** Half of a hash as PostgreSQL's bigint: locks are shared by the whole database. */
const lockOf = (budget: string): bigint => createHash('sha256').update(`ecluse rate ${budget}`).digest().readBigInt64BE();
