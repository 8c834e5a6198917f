import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Client, Query } from 'pg';
import { openPostgresLedger } from '../../src/ledger/postgres.ts';
import { migratePostgresLedger } from '../../src/ledger/postgres-schema.ts';
import { ledgerLines, verifyLedger } from '../../src/ledger/verify.ts';
import type { Ledger } from '../../src/ports/ledger.ts';
import { loudSuite } from '../support/loud-suite.ts';
import { findPostgres, type Postgres, startPostgres } from '../support/postgres.ts';
import { runFolder } from '../support/run.ts';
import { noteProcess } from '../support/run-servers.ts';
import { draftOf, openedDraft, writer } from '../unit/ledger/drafts.ts';

const password = 'cellar-door-17';
const role = { user: 'ecluse_writer', password };

loudSuite(findPostgres)('the ledger’s schema in PostgreSQL', () => {
  let postgres: Postgres;
  let logs = 0;
  let origin: string;
  const opened: Ledger[] = [];
  const open = async (): Promise<Ledger> => {
    const ledger = await openPostgresLedger({ ...writer, origin, server: postgres.url(role) });
    opened.push(ledger);
    return ledger;
  };
  const migrate = (writerRole = role.user) => migratePostgresLedger(postgres.url(), { writerRole });
  /** As the writer's role may talk to the server without our software. */
  const raw = async (statement: string): Promise<string | undefined> => {
    const client = new Client(postgres.url(role));
    await client.connect();
    try {
      await client.query(statement);
      return undefined;
    } catch (error) {
      return (error as { readonly code?: string }).code;
    } finally {
      await client.end();
    }
  };

  beforeAll(async () => {
    postgres = await startPostgres({ onStart: (record) => noteProcess(runFolder(), record) });
    await postgres.sql(`CREATE ROLE ${role.user} LOGIN PASSWORD '${password}'`);
    expect(await migrate()).toEqual({ applied: [1] });
  });
  afterAll(async () => postgres?.end());
  beforeEach(() => {
    logs += 1;
    origin = `ecluse.example/log/${logs}`;
  });
  afterEach(async () => {
    for (const ledger of opened.splice(0)) await ledger.close();
  });

  describe('its schema', () => {
    it('is made once, however often and by how many', async () => {
      await postgres.sql('CREATE DATABASE raced');
      const url = postgres.url().replace(/postgres$/, 'raced');
      const results = await Promise.all([1, 2, 3].map(() => migratePostgresLedger(url, { writerRole: role.user })));
      expect(results.flatMap(({ applied }) => applied)).toEqual([1]);
      expect(await migrate()).toEqual({ applied: [] });
    });

    it('can be made by an administrator who is no superuser, and who keeps no right over it', async () => {
      await postgres.sql("CREATE ROLE steward LOGIN CREATEROLE PASSWORD 's'");
      await postgres.sql('CREATE DATABASE managed OWNER steward');
      // Made by another administrator in this cluster: a managed server has one.
      await postgres.sql('GRANT ecluse_ledger_owner TO steward WITH ADMIN OPTION, INHERIT FALSE, SET FALSE');
      const url = postgres.url({ user: 'steward', password: 's' }).replace(/postgres$/, 'managed');
      for (const applied of [[1], []]) expect(await migratePostgresLedger(url, { writerRole: role.user })).toEqual({ applied });
      const client = new Client(url);
      await client.connect();
      await expect(client.query('DROP TABLE ecluse_ledger.record')).rejects.toMatchObject({ code: '42501' });
      await expect(client.query('SET ROLE ecluse_ledger_owner')).rejects.toMatchObject({ code: '42501' });
      await client.end();
    });

    it('takes back rights that somebody gave to the writer', async () => {
      await postgres.sql(`GRANT ALL ON ALL TABLES IN SCHEMA ecluse_ledger TO ${role.user}`);
      await expect(open()).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE' });
      await migrate();
      await open();
    });

    it('refuses a writer that is missing, mighty, or the owner', async () => {
      await postgres.sql('CREATE ROLE kin LOGIN; GRANT ecluse_ledger_owner TO kin');
      for (const name of ['nobody-there', 'admin', 'ecluse_ledger_owner', 'kin']) await expect(migrate(name)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    });

    it('refuses a database that cannot hold every sign', async () => {
      await postgres.sql("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0");
      const url = postgres.url().replace(/postgres$/, 'latin');
      await expect(migratePostgresLedger(url, { writerRole: role.user })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    });
  });

  describe('the writer’s role', () => {
    it('can add the next record and nothing else', async () => {
      const ledger = await open();
      await ledger.append([openedDraft(), draftOf('demo/a')]);
      const values = (seq: number, eventId: string): string =>
        `INTO ecluse_ledger.record (log, seq, event_id, line) VALUES ('${origin}', ${seq}, '${eventId}', 'x')`;
      const refused: readonly (readonly [string, string])[] = [
        ["UPDATE ecluse_ledger.record SET line = 'x'", '42501'],
        ['DELETE FROM ecluse_ledger.record', '42501'],
        ['TRUNCATE ecluse_ledger.record', '42501'],
        [`INSERT ${values(0, 'demo/new')} ON CONFLICT (log, seq) DO UPDATE SET line = 'x'`, '42501'],
        ['SELECT * FROM ecluse_ledger.record FOR UPDATE', '42501'],
        [`INSERT ${values(3, 'demo/gap')}`, 'EC001'],
        [`INSERT ${values(1, 'demo/again')}`, 'EC001'],
        [`INSERT ${values(2, 'demo/a')}`, '23505'],
        ["COPY ecluse_ledger.record FROM PROGRAM 'true'", '42501'],
        ["UPDATE ecluse_ledger.log SET project = 'other'", '42501'],
        ['DELETE FROM ecluse_ledger.log', '42501'],
        ['ALTER TABLE ecluse_ledger.record DISABLE TRIGGER ALL', '42501'],
        ['DROP SCHEMA ecluse_ledger CASCADE', '42501'],
        ['CREATE TABLE ecluse_ledger.mine (a int)', '42501'],
        ['INSERT INTO ecluse_ledger.migration (number) VALUES (2)', '42501'],
        ['SET ROLE ecluse_ledger_owner', '42501'],
        ['SET session_replication_role = replica', '42501'],
      ];
      const codes: string[] = [];
      for (const [statement] of refused) codes.push(`${statement}: ${await raw(statement)}`);
      expect(codes).toEqual(refused.map(([statement, code]) => `${statement}: ${code}`));
      expect(await verifyLedger(ledgerLines(ledger), origin)).toMatchObject({ verdict: 'PASS', size: 2 });
    });

    it('cannot COPY a gap into a log', async () => {
      await open();
      expect(await copyIn(`${origin}\t0\tdemo/a\tx\n${origin}\t1\tdemo/b\tx\n`)).toBe(undefined);
      origin += '-copied';
      const ledger = await open();
      await ledger.append([openedDraft()]);
      expect(await copyIn(`${origin}\t7\tdemo/gap\tx\n`)).toBe('EC001');
      expect(await copyIn(`${origin}\t1\tdemo/a\tx\n${origin}\t3\tdemo/b\tx\n`)).toBe('EC001');
      expect(await ledger.head()).toMatchObject({ size: 1 });
    });

    it('owner and administrator meet the triggers too', async () => {
      await (await open()).append([openedDraft()]);
      for (const statement of [
        "UPDATE ecluse_ledger.record SET line = 'x'",
        'DELETE FROM ecluse_ledger.record',
        'TRUNCATE ecluse_ledger.record',
        'DELETE FROM ecluse_ledger.log',
      ])
        await expect(postgres.sql(statement)).rejects.toMatchObject({ code: 'EC002' });
    });
  });

  async function copyIn(rows: string): Promise<string | undefined> {
    const client = new Client(postgres.url(role));
    await client.connect();
    // The driver has no COPY of its own: rows are sent as the protocol wants them.
    const handleCopyInResponse = (connection: { sendCopyFromChunk(rows: Buffer): void; endCopyFrom(): void }): void => {
      connection.sendCopyFromChunk(Buffer.from(rows));
      connection.endCopyFrom();
    };
    const copy = Object.assign(new Query('COPY ecluse_ledger.record (log, seq, event_id, line) FROM STDIN'), { handleCopyInResponse });
    try {
      await once(client.query(copy), 'end');
      return undefined;
    } catch (error) {
      return (error as { readonly code?: string }).code;
    } finally {
      await client.end();
    }
  }
});
