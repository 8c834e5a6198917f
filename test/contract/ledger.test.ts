import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';
import { openMemoryLedger } from '../../src/ledger/memory.ts';
import { openSqliteLedger } from '../../src/ledger/sqlite.ts';
import type { Ledger } from '../../src/ports/ledger.ts';
import { writer } from '../unit/ledger/drafts.ts';
import { testLedger } from './ledger.ts';

const ground = mkdtempSync(join(tmpdir(), 'ecluse journal é-'));
const opened: Ledger[] = [];
afterAll(async () => {
  await Promise.all(opened.map((ledger) => ledger.close()));
  rmSync(ground, { recursive: true });
});

testLedger('the ledger in a SQLite file', async () => {
  const file = join(mkdtempSync(join(ground, 'place-')), 'ledger.db');
  return {
    open: (clock) => {
      const ledger = openSqliteLedger({ ...writer, file, now: () => clock.nowMs });
      opened.push(ledger);
      return ledger;
    },
  };
});

testLedger('the ledger in memory', async () => {
  let ledger: Ledger | undefined;
  return {
    open: (clock) => {
      ledger ??= openMemoryLedger({ ...writer, now: () => clock.nowMs });
      return ledger;
    },
  };
});
