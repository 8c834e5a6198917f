import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from '@jest/globals';
import { openSqliteRateBudgets } from '../../src/ledger/rate-budgets-sqlite.ts';
import { createMemoryRateBudgets } from '../support/memory-rate-budgets.ts';
import { testRateBudgets } from './rate-budgets.ts';

const ground = mkdtempSync(join(tmpdir(), 'ecluse rates é-'));
const opened: { close(): Promise<void> }[] = [];
afterAll(async () => {
  await Promise.all(opened.map((budgets) => budgets.close()));
  rmSync(ground, { recursive: true });
});

let nowMs = Date.UTC(2026, 0, 1);
const pass = async (ms: number): Promise<void> => {
  nowMs += ms;
};
const now = (): number => nowMs;

testRateBudgets('a SQLite file', async () => {
  const open = () => {
    const budgets = openSqliteRateBudgets({ file: join(ground, 'in a folder', 'rates.db'), now });
    opened.push(budgets);
    return budgets;
  };
  return { budgets: open(), others: open(), pass };
});

testRateBudgets('a table in memory', async () => {
  const budgets = createMemoryRateBudgets({ now });
  return { budgets, others: budgets, pass };
});

it('says so when the file cannot serve', () => {
  expect(() => openSqliteRateBudgets({ file: ground })).toThrow(expect.objectContaining({ code: 'LEDGER_UNAVAILABLE' }));
});
