import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ledgerIn, openSqliteLedger, type SqliteLedgerOptions } from '../../../src/ledger/sqlite.ts';
import { openLogFile } from '../../../src/ledger/sqlite-file.ts';
import { ledgerLines, verifyLedger } from '../../../src/ledger/verify.ts';
import type { Ledger } from '../../../src/ports/ledger.ts';
import { draftOf, openedDraft, writer } from './drafts.ts';

const ground = mkdtempSync(join(tmpdir(), 'ecluse journal é-'));
afterAll(() => rmSync(ground, { recursive: true }));

describe('a ledger in a SQLite file', () => {
  let file: string;
  const toClose: { close(): unknown }[] = [];
  const open = (more: Partial<SqliteLedgerOptions> = {}): Ledger => {
    const ledger = openSqliteLedger({ ...writer, file, ...more });
    toClose.push(ledger);
    return ledger;
  };
  /** The log with its first record. */
  const begun = async (more: Partial<SqliteLedgerOptions> = {}): Promise<Ledger> => {
    const ledger = open(more);
    await ledger.append([openedDraft()]);
    return ledger;
  };
  /** As another program opens the file: without any of our settings. */
  const raw = (): DatabaseSync => {
    const db = new DatabaseSync(file);
    toClose.push(db);
    return db;
  };
  const verdict = async () => verifyLedger(ledgerLines(open()));
  beforeEach(() => {
    file = join(mkdtempSync(join(ground, 'place-')), 'made', 'ledger.db');
  });
  afterEach(async () => {
    for (const one of toClose.splice(0)) await one.close();
  });

  it('keeps its records for the next who opens it', async () => {
    await (await begun()).append([draftOf('demo/a')]);
    await open().append([draftOf('demo/b')]);
    expect(await verdict()).toMatchObject({ verdict: 'PASS', size: 3 });
  });

  it('keeps two logs in one file apart', async () => {
    const other = open({ origin: 'ecluse.example/log/other', project: 'other' });
    await begun();
    await other.append([openedDraft(), draftOf('demo/a')]);
    expect(await open().head()).toMatchObject({ size: 1 });
    expect(await verifyLedger(ledgerLines(other), 'ecluse.example/log/other')).toMatchObject({ verdict: 'PASS', size: 2 });
  });

  it('refuses to serve a second host, or another project under the same name', async () => {
    open();
    expect(() => open({ host: { id: 'h2' } })).toThrow(expect.objectContaining({ code: 'LEDGER_NEEDS_POSTGRES' }));
    expect(() => open({ project: 'other' })).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
    await begun();
  });

  it('refuses every statement that does not add at the end, from any program', async () => {
    await (await begun()).append([draftOf('demo/a')]);
    const db = raw();
    for (const statement of [
      "UPDATE record SET line = 'x'",
      'DELETE FROM record',
      "INSERT INTO record VALUES ('ecluse.example/log/demo', 3, 'demo/gap', 'x')",
      "INSERT OR REPLACE INTO record VALUES ('ecluse.example/log/demo', 0, 'demo/new', 'x')",
      "INSERT OR REPLACE INTO record VALUES ('ecluse.example/log/demo', 2, 'demo/log/opened', 'x')",
      "UPDATE log SET host = 'h2'",
      'DELETE FROM log',
    ])
      expect(() => db.exec(statement)).toThrow(/a log/);
    expect(await verdict()).toMatchObject({ verdict: 'PASS', size: 2 });
  });

  it('does not verify once the owner of the file was at it', async () => {
    await (await begun()).append([draftOf('demo/a')]);
    raw().exec("DROP TRIGGER record_kept; UPDATE record SET line = replace(line, 'control-1', 'control-2') WHERE seq = 0");
    expect(await verdict()).toMatchObject({ verdict: 'FAIL', problems: ['record 1: prev is not the hash of the record before'] });
    raw().exec("DROP TRIGGER record_kept; UPDATE record SET line = 'x' WHERE seq = 1");
    await expect(open().append([draftOf('demo/c')])).rejects.toMatchObject({ code: 'LEDGER_CORRUPT' });
  });

  it('waits for another writer while the event loop turns, and gives up at last', async () => {
    const ledger = await begun({ busyMs: 200 });
    const db = raw();
    db.exec('BEGIN IMMEDIATE');
    let turns = 0;
    let settled = false;
    const refused = ledger.append([draftOf('demo/a')]).finally(() => {
      settled = true;
    });
    refused.catch(() => undefined);
    while (!settled) {
      await turn();
      turns += 1;
    }
    await expect(refused).rejects.toMatchObject({ code: 'LEDGER_BUSY' });
    expect(turns).toBeGreaterThan(5);
    const waiting = ledger.append([draftOf('demo/a')]);
    await turn();
    await turn();
    db.exec('COMMIT');
    expect(await waiting).toHaveLength(1);
  });

  it('says what is wrong with a file that it cannot use', () => {
    mkdirSync(join(file, '..'));
    writeFileSync(file, 'this is a diary, not a database. '.repeat(100));
    expect(() => open()).toThrow(expect.objectContaining({ code: 'LEDGER_CORRUPT' }));
    file = join(file, 'below-a-file.db');
    expect(() => open()).toThrow(expect.objectContaining({ code: 'LEDGER_UNAVAILABLE' }));
    file = ground;
    expect(() => open()).toThrow(expect.objectContaining({ code: 'LEDGER_UNAVAILABLE' }));
  });

  it('says LEDGER_UNAVAILABLE when the disk takes no more, and keeps what it acknowledged', async () => {
    const lines = await work(['full', '1000', '20'], { limitBlocks: 300 });
    expect(lines.at(-1)).toBe('LEDGER_UNAVAILABLE');
    expect(lines.length).toBeGreaterThan(5);
    expect(await verdict()).toMatchObject({ verdict: 'PASS', size: lines.length });
    await open().append([draftOf('demo/after')]);
  });

  it('writes a batch that no longer fits not at all, and goes on when there is space', async () => {
    const db = openLogFile(file, writer, 50);
    toClose.push({ close: () => db.isOpen && db.close() });
    const ledger = ledgerIn(db, writer);
    await ledger.append([openedDraft()]);
    db.exec(`PRAGMA max_page_count = ${Number(db.prepare('PRAGMA page_count').get()?.page_count) + 2}`);
    const batch = Array.from({ length: 50 }, (_, n) => draftOf(`demo/${n}`));
    await expect(ledger.append(batch)).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE', message: expect.stringContaining('SQLITE_FULL') });
    expect(await ledger.head()).toMatchObject({ size: 1 });
    db.exec('PRAGMA max_page_count = 10000');
    await ledger.append(batch);
    expect(await verdict()).toMatchObject({ verdict: 'PASS', size: 51 });
  });

  it('says LEDGER_UNAVAILABLE of a file that it may only read', async () => {
    await begun();
    chmodSync(file, 0o444);
    for (const folder of [ground, join(file, '..', '..'), join(file, '..')]) chmodSync(folder, 0o755);
    const seen = asOrdinaryUser(() => {
      try {
        open();
        return 'opened';
      } catch (error) {
        return (error as { readonly code?: string }).code;
      }
    });
    expect(seen).toBe('LEDGER_UNAVAILABLE');
    chmodSync(file, 0o644);
    expect(await verdict()).toMatchObject({ verdict: 'PASS', size: 1 });
  });

  it('refuses a clock that jumped, and writes again when it is right', async () => {
    let nowMs = Date.parse('2026-12-01T08:00:00.000Z');
    const ledger = await begun({ now: () => nowMs, monotonicMs: () => 0 });
    nowMs += 300_001;
    await expect(ledger.append([draftOf('demo/a')])).rejects.toMatchObject({ code: 'LEDGER_CLOCK' });
    nowMs -= 300_001;
    await ledger.append([draftOf('demo/a')]);
    expect(await verdict()).toMatchObject({ verdict: 'PASS', size: 2 });
  });

  it('takes the records of several processes at once, starting with the file', async () => {
    const lines = await Promise.all(['a', 'b', 'c', 'd'].map((label) => work([label, '60'])));
    expect(lines.flat()).toHaveLength(240);
    expect(await verdict()).toMatchObject({ verdict: 'PASS', size: 241 });
  });

  it('keeps what was acknowledged before a SIGKILL, and verifies', async () => {
    const acknowledged = (await Promise.all(['a', 'b'].map((label) => work([label, '100000'], { killAfter: 50 })))).flat();
    const { verdict: seen, size } = await verdict();
    expect(seen).toBe('PASS');
    expect(size).toBeGreaterThanOrEqual(acknowledged.length);
    const stored = new Set<string>();
    for await (const line of ledgerLines(open())) stored.add(JSON.parse(line).event_id);
    expect(acknowledged.filter((eventId) => !stored.has(eventId))).toEqual([]);
  });

  /** Root may write every file: as such a test is nobody for the moment. */
  function asOrdinaryUser<T>(work: () => T): T {
    if (process.geteuid?.() !== 0) return work();
    process.seteuid?.('nobody');
    try {
      return work();
    } finally {
      process.seteuid?.(0);
    }
  }

  /** What a process of its own wrote until it ended or was killed. */
  async function work(args: readonly string[], how: { limitBlocks?: number; killAfter?: number } = {}): Promise<readonly string[]> {
    const script = `${how.limitBlocks ? `ulimit -f ${how.limitBlocks} && ` : ''}exec "$0" "$@"`;
    const child = spawn('bash', ['-c', script, process.execPath, join(__dirname, 'append-records.ts'), file, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines: string[] = [];
    for await (const line of createInterface(child.stdout)) if (lines.push(line) === how.killAfter) child.kill('SIGKILL');
    return lines;
  }
});
