import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { openPostgresLedger, type PostgresLedgerOptions } from '../../src/ledger/postgres.ts';
import { migratePostgresLedger } from '../../src/ledger/postgres-schema.ts';
import { ledgerLines, verifyLedger } from '../../src/ledger/verify.ts';
import type { Ledger } from '../../src/ports/ledger.ts';
import { loudSuite } from '../support/loud-suite.ts';
import { findPostgres, type Postgres, startPostgres } from '../support/postgres.ts';
import { runFolder } from '../support/run.ts';
import { noteProcess } from '../support/run-servers.ts';
import { draftOf, openedDraft, writer } from '../unit/ledger/drafts.ts';
import { testLedger } from './ledger.ts';

const password = 'cellar-door-17';
const role = { user: 'ecluse_writer', password };

loudSuite(findPostgres)('the ledger in PostgreSQL', () => {
  let postgres: Postgres;
  let logs = 0;
  let origin: string;
  const opened: Ledger[] = [];
  const open = async (more: Partial<PostgresLedgerOptions> = {}): Promise<Ledger> => {
    const ledger = await openPostgresLedger({ ...writer, origin, server: postgres.url(role), ...more });
    opened.push(ledger);
    return ledger;
  };
  const verdict = async (ledger: Ledger) => verifyLedger(ledgerLines(ledger), origin);
  /** The log named in `writer` begins anew. */
  const forget = (): Promise<void> =>
    postgres.sql(
      'BEGIN; ALTER TABLE ecluse_ledger.record DISABLE TRIGGER ALL; TRUNCATE ecluse_ledger.record; ALTER TABLE ecluse_ledger.record ENABLE TRIGGER ALL; COMMIT',
    );

  beforeAll(async () => {
    postgres = await startPostgres({ onStart: (record) => noteProcess(runFolder(), record) });
    await postgres.sql(`CREATE ROLE ${role.user} LOGIN PASSWORD '${password}'`);
    await migratePostgresLedger(postgres.url(), { writerRole: role.user });
  });
  afterAll(async () => postgres?.end());
  beforeEach(() => {
    logs += 1;
    origin = `ecluse.example/log/${logs}`;
  });
  afterEach(async () => {
    for (const ledger of opened.splice(0)) await ledger.close();
  });

  describe('by contract', () => {
    testLedger('the ledger in PostgreSQL', async () => {
      await forget();
      return { open: (clock) => open({ origin: writer.origin, now: () => clock.nowMs }) };
    });
  });

  describe('opened', () => {
    it('keeps a log with its project, whatever the host', async () => {
      await (await open()).append([openedDraft()]);
      await (await open({ host: { id: 'h2' } })).append([draftOf('demo/a')]);
      await expect(open({ project: 'other' })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    });

    it('keeps two logs apart', async () => {
      const [one, other] = [await open(), await open({ origin: `${origin}b` })];
      for (const ledger of [one, other]) await ledger.append([openedDraft()]);
      await other.append([draftOf('demo/a')]);
      expect([(await one.head()).size, (await other.head()).size]).toEqual([1, 2]);
    });

    it('refuses a server that may lose what it acknowledged', async () => {
      for (const setting of ['off', 'local', 'remote_write']) {
        await postgres.sql(`ALTER ROLE ${role.user} SET synchronous_commit = ${setting}`);
        await expect(open()).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE', message: expect.stringContaining('synchronous_commit = on') });
      }
      await postgres.sql(`ALTER ROLE ${role.user} RESET synchronous_commit`);
      await open();
    });

    it('refuses a role that may change records', async () => {
      await expect(open({ server: postgres.url() })).rejects.toMatchObject({
        code: 'LEDGER_UNAVAILABLE',
        message: expect.stringContaining('may change records'),
      });
    });

    it('says that the tables are not there', async () => {
      await expect(open({ server: postgres.url(role).replace(/postgres$/, 'template1') })).rejects.toMatchObject({
        code: 'LEDGER_UNAVAILABLE',
        message: expect.stringContaining('ecluse ledger migrate'),
      });
    });

    it('names no password and no address, whatever fails', async () => {
      const canary = 'open-sesame-9';
      const servers = [
        `postgres://${role.user}:${canary}@127.0.0.1:1/postgres`,
        `postgres://${role.user}:${canary}@[::bad/postgres`,
        `postgres://${role.user}:${canary}@127.0.0.1:99999/postgres`,
        postgres.url({ ...role, password: canary }),
        postgres.url({ user: 'stranger', password: canary }),
        postgres.url(role).replace(/postgres$/, canary),
      ];
      for (const server of servers) {
        for (const failing of [() => open({ server, busyMs: 0 }), () => migratePostgresLedger(server, { writerRole: 'x' })]) {
          const error = await failing().catch((caught: unknown) => caught);
          expect(error).toMatchObject({ code: 'LEDGER_UNAVAILABLE' });
          expect(inspect(error, { depth: 9, showHidden: true }).replaceAll(__dirname, '')).not.toMatch(
            new RegExp(`${canary}|127\\.0\\.0\\.1|${password}|stranger`),
          );
        }
      }
    });
  });

  describe('under stress', () => {
    it('takes the records of several processes at once, starting with the log', async () => {
      await forget();
      const lines = await Promise.all(['a', 'b', 'c', 'd'].map((label) => work([label, '60'])));
      expect(lines.flat()).toHaveLength(240);
      const ledger = await open({ origin: writer.origin });
      const { problems, size } = await verifyLedger(ledgerLines(ledger), writer.origin);
      expect(problems).toEqual([]);
      const stored: string[] = [];
      for await (const line of ledgerLines(ledger)) stored.push(JSON.parse(line).event_id);
      expect(size).toBe(stored.length);
      expect(new Set(stored).size).toBe(size);
      expect(lines.flat().filter((eventId) => !stored.includes(eventId))).toEqual([]);
    });

    it('writes each record once while every connection is cut again and again', async () => {
      const ledger = await open();
      await ledger.append([openedDraft()]);
      let isDone = false;
      const cut = async (): Promise<void> => {
        const client = new Client(postgres.url());
        await client.connect();
        while (!isDone) await client.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${role.user}'; SELECT pg_sleep(0.05)`);
        await client.end();
      };
      const cutting = cut();
      const eventIds = Array.from({ length: 60 }, (_, n) => `demo/${n}`);
      for (const eventId of eventIds) expect((await ledger.append([draftOf(eventId)]))[0]).toMatchObject({ event_id: eventId });
      isDone = true;
      await cutting;
      expect(await verdict(ledger)).toMatchObject({ verdict: 'PASS', size: 61, problems: [] });
    });

    it('gives up on a lock that does not come, with LEDGER_BUSY', async () => {
      const ledger = await open({ busyMs: 200 });
      await ledger.append([openedDraft()]);
      const client = new Client(postgres.url());
      await client.connect();
      await client.query('BEGIN; LOCK ecluse_ledger.record IN ACCESS EXCLUSIVE MODE');
      await expect(ledger.append([draftOf('demo/a')])).rejects.toMatchObject({ code: 'LEDGER_BUSY' });
      await client.query('ROLLBACK');
      await client.end();
      await ledger.append([draftOf('demo/a')]);
      expect(await verdict(ledger)).toMatchObject({ verdict: 'PASS', size: 2 });
    });

    it('says LEDGER_CORRUPT when the last record is not one', async () => {
      const ledger = await open();
      await ledger.append([openedDraft()]);
      await postgres.sql(`INSERT INTO ecluse_ledger.record (log, seq, event_id, line) VALUES ('${origin}', 1, 'demo/x', 'x')`);
      await expect(ledger.append([draftOf('demo/a')])).rejects.toMatchObject({ code: 'LEDGER_CORRUPT' });
    });

    it('says LEDGER_UNAVAILABLE while the server is away, waits for one that comes back, and goes on', async () => {
      const [hasty, patient] = [await open({ busyMs: 100 }), await open()];
      await patient.append([openedDraft()]);
      await postgres.stop();
      await expect(hasty.append([draftOf('demo/a')])).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE' });
      await expect(hasty.head()).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE' });
      await expect(open({ busyMs: 0 })).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE' });
      const waiting = patient.append([draftOf('demo/b')]);
      await postgres.start();
      expect(await waiting).toHaveLength(1);
      await hasty.append([draftOf('demo/a')]);
      expect(await verdict(hasty)).toMatchObject({ verdict: 'PASS', size: 3 });
    });

    it('keeps what it acknowledged before the server was killed', async () => {
      const ledger = await open();
      await ledger.append([openedDraft()]);
      const acknowledged: string[] = [];
      const writing = (async () => {
        for (let n = 0; ; n += 1) {
          await ledger.append([draftOf(`demo/${n}`)]);
          if (acknowledged.push(`demo/${n}`) === 40) return;
        }
      })();
      while (acknowledged.length < 20) await new Promise(setImmediate);
      await postgres.kill();
      await postgres.start();
      await writing;
      expect(await verdict(ledger)).toMatchObject({ verdict: 'PASS', size: 41, problems: [] });
    });
  });

  /** What a process of its own wrote until it ended. */
  async function work(args: readonly string[]): Promise<readonly string[]> {
    const script = join(__dirname, '..', 'unit', 'ledger', 'append-records.ts');
    const child = spawn(process.execPath, [script, postgres.url(role), ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    const lines: string[] = [];
    for await (const line of createInterface(child.stdout)) lines.push(line);
    return lines;
  }
});
