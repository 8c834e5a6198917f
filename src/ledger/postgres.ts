import { createHash } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { Pool, type PoolClient, type PoolConfig } from 'pg';
import { isMigrationError, MigrationError } from '../core/migration-error.ts';
import type { LedgerDraft, LedgerRecord } from '../model/ledger-record.ts';
import type { Ledger, LedgerHead } from '../ports/ledger.ts';
import { appendDrafts, gatheringRows, tailOf } from './append.ts';
import { type ClockSources, guardedClock, type LedgerClock } from './clock-guard.ts';
import { connectionOf, isLost, postgresFailure } from './postgres-failure.ts';
import type { LedgerWriter } from './record.ts';

export interface PostgresLedgerOptions extends LedgerWriter, ClockSources {
  /** URL, or the driver's settings, of the writer's role (`migratePostgresLedger` made its tables). Never printed. */
  readonly server: string | PoolConfig;
  /** LEDGER_BUSY, or LEDGER_UNAVAILABLE while the server is away, after so long. */
  readonly busyMs?: number;
}

/** One for appends, the others for readers. */
const connections = 4;
/** A server that accepts nobody is asked again, not waited for. */
const connectMs = 5_000;
/** A page is read in milliseconds and an append waits for the lock only: longer is a server that hangs. */
const statementMs = 30_000;
const retryMs = 200;

/**
 * One project's log in PostgreSQL, for workers on any host. LEDGER_UNAVAILABLE where the server cannot be reached, is not migrated, may
 * lose what it acknowledged (synchronous_commit, fsync), or where the role may do more than append; CONFIG_INVALID: another project's log.
 */
export async function openPostgresLedger({ server, now, monotonicMs, busyMs = 15_000, ...writer }: PostgresLedgerOptions): Promise<Ledger> {
  const clock = guardedClock({ now, monotonicMs });
  const pool = openPool(server, busyMs);
  const patient = <T>(operation: string, work: (client: PoolClient) => Promise<T>, startedMs = performance.now()): Promise<T> =>
    whileLost(operation, startedMs + busyMs, () => connected(pool, work));
  // One at a time in this process, as the log's lock has it anyway: else waiting appends would take every connection from the readers.
  let last: Promise<unknown> = Promise.resolve();
  try {
    await patient('open ledger', (client) => bind(client, writer));
  } catch (error) {
    await pool.end();
    throw error;
  }
  return {
    append: (drafts, expectedHead) => {
      const askedMs = performance.now();
      const appended = last.then(() => patient('append', (client) => append(client, { drafts, writer, clock, busyMs, expectedHead }), askedMs));
      last = appended.catch(() => undefined);
      return appended;
    },
    read: (fromSeq, limit) =>
      patient('read', async (client) => {
        const select = 'SELECT line FROM ecluse_ledger.record WHERE log = $1 AND seq >= $2 ORDER BY seq LIMIT $3';
        return (await client.query<{ line: string }>(select, [writer.origin, fromSeq, limit])).rows.map(({ line }) => line);
      }),
    head: () =>
      patient('head', async (client) => {
        const { size, head } = tailOf((await linesOf(client, writer.origin, [])).last);
        return { size, head };
      }),
    close: async () => {
      await last;
      if (!pool.ending) await pool.end();
    },
  };
}

function openPool(server: string | PoolConfig, busyMs: number): Pool {
  try {
    const pool = new Pool({
      max: connections,
      connectionTimeoutMillis: connectMs,
      statement_timeout: busyMs + statementMs,
      // The server's own limit cannot reach us over a dead line.
      query_timeout: busyMs + 2 * statementMs,
      keepAlive: true,
      application_name: 'ecluse ledger',
      ...connectionOf(server),
    });
    // Both emit 'error' for a connection that ends with no statement under way, and without a listener that ends the process.
    pool.on('error', () => undefined);
    pool.on('connect', (client) => client.on('error', () => undefined));
    return pool;
  } catch (error) {
    throw postgresFailure('open ledger', error);
  }
}

/** Makes the log where it is missing, and refuses a server that would not keep its word or a role that could break it. */
async function bind(client: PoolClient, { origin, project }: LedgerWriter): Promise<void> {
  const { rows } = await client.query<{ durable: boolean; mighty: boolean }>(
    `SELECT current_setting('synchronous_commit') IN ('on', 'remote_apply') AND current_setting('fsync') = 'on' AS durable,
       has_table_privilege('ecluse_ledger.record', 'UPDATE') OR has_table_privilege('ecluse_ledger.record', 'DELETE')
         OR has_table_privilege('ecluse_ledger.record', 'TRUNCATE') AS mighty`,
  );
  if (!rows[0]?.durable) throw refused('a power cut could lose acknowledged records: set synchronous_commit = on (also for this role) and fsync = on');
  if (rows[0].mighty) throw refused('this role may change records: connect as the one that "ecluse ledger migrate" granted to');
  await client.query('INSERT INTO ecluse_ledger.log (origin, project) VALUES ($1, $2) ON CONFLICT DO NOTHING', [origin, project]);
  const bound = await client.query<{ project: string }>('SELECT project FROM ecluse_ledger.log WHERE origin = $1', [origin]);
  if (bound.rows[0]?.project !== project)
    throw new MigrationError('CONFIG_INVALID', { operation: 'open ledger', detail: `log ${origin} belongs to another project` });
}

interface Append {
  readonly drafts: readonly LedgerDraft[];
  readonly writer: LedgerWriter;
  readonly clock: LedgerClock;
  readonly busyMs: number;
  readonly expectedHead: LedgerHead | undefined;
}

/**
 * One transaction behind the log's lock, which the writer's role may take although it may lock no row. READ COMMITTED: what is read after
 * the lock came is what its last holder left. A crash before COMMIT leaves nothing; one during or after it may leave the records,
 * which the repeated call finds by their event ids.
 */
async function append(client: PoolClient, { drafts, writer, clock, busyMs, expectedHead }: Append): Promise<readonly LedgerRecord[]> {
  await client.query(
    `BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL synchronous_commit = on; SET LOCAL lock_timeout = ${busyMs};
     SELECT pg_advisory_xact_lock(${lockOf(writer.origin)})`,
  );
  const { last, byEventId } = await linesOf(
    client,
    writer.origin,
    drafts.map((draft) => draft.event_id),
  );
  const rows = gatheringRows(last, (eventId) => byEventId.get(eventId));
  const records = appendDrafts(rows, drafts, writer, clock, expectedHead);
  if (rows.added.length > 0)
    await client.query(
      `INSERT INTO ecluse_ledger.record (log, seq, event_id, line)
       SELECT $1, seq, event_id, line FROM unnest($2::bigint[], $3::text[], $4::text[]) AS added (seq, event_id, line) ORDER BY seq`,
      [writer.origin, rows.added.map(({ seq }) => seq), rows.added.map(({ eventId }) => eventId), rows.added.map(({ line }) => line)],
    );
  await client.query('COMMIT');
  return records;
}

/** The last line, and those of the event ids that the log knows already: one question. */
async function linesOf(client: PoolClient, origin: string, eventIds: readonly string[]) {
  const { rows } = await client.query<{ event_id: string | null; line: string }>(
    `(SELECT NULL AS event_id, line FROM ecluse_ledger.record WHERE log = $1 ORDER BY seq DESC LIMIT 1)
     UNION ALL SELECT event_id, line FROM ecluse_ledger.record WHERE log = $1 AND event_id = ANY ($2)`,
    [origin, eventIds],
  );
  const known = rows.flatMap(({ event_id, line }) => (event_id === null ? [] : [[event_id, line] as const]));
  return { last: rows.find(({ event_id }) => event_id === null)?.line, byEventId: new Map(known) };
}

/** Half of a hash as PostgreSQL's bigint: locks are shared by the whole database, and two logs must not meet. */
const lockOf = (origin: string): bigint => createHash('sha256').update(`ecluse ledger ${origin}`).digest().readBigInt64BE();

/** A connection whose transaction failed is given back clean, or not at all. */
async function connected<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let isSound = true;
  try {
    return await work(client);
  } catch (error) {
    isSound =
      isMigrationError(error) &&
      (await client.query('ROLLBACK').then(
        () => true,
        () => false,
      ));
    throw error;
  } finally {
    client.release(!isSound);
  }
}

/** Repeats while the server is away: a restart or a failover takes seconds, and repeating is what makes a lost answer known. */
async function whileLost<T>(operation: string, untilMs: number, work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isLost(error) || performance.now() > untilMs) throw postgresFailure(operation, error);
      await wait(retryMs);
    }
  }
}

const refused = (detail: string): MigrationError => new MigrationError('LEDGER_UNAVAILABLE', { operation: 'open ledger', detail });
