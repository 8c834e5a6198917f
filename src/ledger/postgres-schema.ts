import { Client, type ClientBase, type ClientConfig, escapeIdentifier } from 'pg';
import { MigrationError } from '../core/migration-error.ts';
import { connectionOf, postgresFailure } from './postgres-failure.ts';

/** Owns the tables; nobody can log in as it, so nobody's usual account can switch a trigger off. */
export const ownerRole = 'ecluse_ledger_owner';

/** SQLSTATE of our triggers: a row that is not the next one, and any change of a stored row. */
export const notNext = 'EC001';
export const notAppended = 'EC002';

/** One at a time in the whole database: migrations of two administrators. */
const migrationLock = 4_823_001;

/**
 * Steps of the schema, numbered from 1 in this order; a released one never changes. COLLATE "C": a new libc on the server changes what
 * other collations mean, and with that which rows a unique index finds. Triggers stop mistakes and COPY, which grants let leave a gap.
 */
const migrations: readonly string[] = [
  `CREATE TABLE ecluse_ledger.log (origin text COLLATE "C" PRIMARY KEY, project text NOT NULL);
   CREATE TABLE ecluse_ledger.record (
     log text COLLATE "C" NOT NULL REFERENCES ecluse_ledger.log (origin), seq bigint NOT NULL, event_id text COLLATE "C" NOT NULL,
     line text COLLATE "C" NOT NULL CHECK (octet_length(line) <= 65535),
     CONSTRAINT record_place PRIMARY KEY (log, seq), CONSTRAINT record_event UNIQUE (log, event_id)
   );
   CREATE FUNCTION ecluse_ledger.only_next() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
     BEGIN
       IF NEW.seq <> (SELECT coalesce(max(seq), -1) + 1 FROM ecluse_ledger.record WHERE log = NEW.log)
       THEN RAISE EXCEPTION 'a log only grows at its end' USING ERRCODE = '${notNext}'; END IF;
       RETURN NEW;
     END $$;
   CREATE FUNCTION ecluse_ledger.never() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
     BEGIN RAISE EXCEPTION 'a log only grows at its end' USING ERRCODE = '${notAppended}'; END $$;
   CREATE TRIGGER record_next BEFORE INSERT ON ecluse_ledger.record FOR EACH ROW EXECUTE FUNCTION ecluse_ledger.only_next();
   CREATE TRIGGER record_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON ecluse_ledger.record EXECUTE FUNCTION ecluse_ledger.never();
   CREATE TRIGGER log_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON ecluse_ledger.log EXECUTE FUNCTION ecluse_ledger.never();`,
];

export interface MigrateOptions {
  /** An existing role with LOGIN: the workers'. It gets SELECT and INSERT, and loses anything else that it had on the tables. */
  readonly writerRole: string;
}

/**
 * Brings the schema `ecluse_ledger` of that database to its newest form and grants the writer its two rights; repeated, it changes
 * nothing. One transaction: a crash leaves the database as it was. The administrator needs CREATE on the database and CREATEROLE.
 * CONFIG_INVALID: the writer's role is missing or could do more than append, or the database is not UTF8. LEDGER_UNAVAILABLE
 * otherwise. Answers the numbers of the steps that it took.
 */
export async function migratePostgresLedger(admin: string | ClientConfig, { writerRole }: MigrateOptions): Promise<{ readonly applied: readonly number[] }> {
  let client: Client | undefined;
  try {
    client = new Client(connectionOf(admin));
    // Without a listener the loss of the server would end the process; the statement under way tells it anyway.
    client.on('error', () => undefined);
    await client.connect();
    await client.query(`BEGIN; SELECT pg_advisory_xact_lock(${migrationLock})`);
    await checkGround(client, writerRole);
    await makeOwner(client);
    const applied = await takeSteps(client);
    await grantWriter(client, writerRole);
    await client.query(`RESET ROLE; REVOKE ${ownerRole} FROM CURRENT_USER; COMMIT`);
    return { applied };
  } catch (error) {
    throw postgresFailure('migrate ledger', error);
  } finally {
    await client?.end().catch(() => undefined);
  }
}

async function checkGround(client: ClientBase, writerRole: string): Promise<void> {
  const { rows } = await client.query<{ encoding: string; writer: boolean; mighty: boolean }>(
    `SELECT current_setting('server_encoding') AS encoding, rolname IS NOT NULL AS writer,
       coalesce(rolsuper OR rolname = current_user OR rolname = $2 OR EXISTS (
         SELECT 1 FROM pg_auth_members m JOIN pg_roles o ON o.oid = m.roleid WHERE m.member = r.oid AND o.rolname = $2), false) AS mighty
     FROM (SELECT 1) AS one LEFT JOIN pg_roles r ON rolname = $1`,
    [writerRole, ownerRole],
  );
  const [found] = rows;
  if (found?.encoding !== 'UTF8') throw invalid('the database must have the encoding UTF8');
  if (!found.writer) throw invalid('the writer’s role does not exist: CREATE ROLE … LOGIN with a password of its own');
  if (found.mighty) throw invalid('the writer’s role must be neither a superuser, nor the administrator, nor the owner of the tables');
}

/** The administrator becomes a member for this transaction only: afterwards its everyday account cannot touch the tables by ownership. */
async function makeOwner(client: ClientBase): Promise<void> {
  const { rows } = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [ownerRole]);
  if (rows.length === 0) await client.query(`CREATE ROLE ${ownerRole} NOLOGIN`);
  await client.query(`GRANT ${ownerRole} TO CURRENT_USER; CREATE SCHEMA IF NOT EXISTS ecluse_ledger AUTHORIZATION ${ownerRole}; SET ROLE ${ownerRole}`);
}

async function takeSteps(client: ClientBase): Promise<readonly number[]> {
  await client.query('CREATE TABLE IF NOT EXISTS ecluse_ledger.migration (number int PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())');
  const { rows } = await client.query<{ number: number }>('SELECT number FROM ecluse_ledger.migration');
  const taken = new Set(rows.map(({ number }) => number));
  const missing = migrations.map((sql, n) => ({ number: n + 1, sql })).filter(({ number }) => !taken.has(number));
  for (const { number, sql } of missing) {
    await client.query(sql);
    await client.query('INSERT INTO ecluse_ledger.migration (number) VALUES ($1)', [number]);
  }
  return missing.map(({ number }) => number);
}

async function grantWriter(client: ClientBase, writerRole: string): Promise<void> {
  const writer = escapeIdentifier(writerRole);
  await client.query(
    `REVOKE ALL ON ALL TABLES IN SCHEMA ecluse_ledger FROM PUBLIC, ${writer}; REVOKE ALL ON SCHEMA ecluse_ledger FROM PUBLIC, ${writer};
     GRANT USAGE ON SCHEMA ecluse_ledger TO ${writer}; GRANT SELECT, INSERT ON ecluse_ledger.log, ecluse_ledger.record TO ${writer}`,
  );
}

const invalid = (detail: string): MigrationError => new MigrationError('CONFIG_INVALID', { operation: 'migrate ledger', detail });
