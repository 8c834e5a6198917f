import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, expect, it, jest } from '@jest/globals';

jest.setTimeout(120_000);

interface Call {
  readonly by: string;
  readonly atMs: number;
}

const folder = mkdtempSync(join(tmpdir(), 'ecluse rates é-'));
const children: ChildProcess[] = [];
const servers: Server[] = [];
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  for (const server of servers) server.close();
  rmSync(folder, { recursive: true });
});

/** An API of that capacity, which notes each call. */
async function startCounter(capacity: number): Promise<{ capacity: number; url: string; calls: Call[] }> {
  const calls: Call[] = [];
  const server = createServer((request, response) => {
    calls.push({ by: request.url?.slice(1) ?? '', atMs: performance.now() });
    response.writeHead(204).end();
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return { capacity, url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`, calls };
}

/** The most calls in any 10 s. */
function busiest(calls: readonly Call[]): number {
  let most = 0;
  for (let first = 0, last = 0; last < calls.length; last++) {
    while ((calls[last]?.atMs ?? 0) - (calls[first]?.atMs ?? 0) >= 10_000) first++;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

it('workers that start at the same moment all open the table', async () => {
  for (let round = 0; round < 3; round += 1) {
    const args = ['--no-warnings', join(import.meta.dirname, '../support/open-rates.ts'), join(folder, `fresh-${round}.db`), String(Date.now() + 1500)];
    const codes = await Promise.all(
      Array.from({ length: 6 }, () => {
        const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, NODE_OPTIONS: '' } });
        children.push(child);
        return new Promise((resolve) => child.once('close', resolve));
      }),
    );
    expect(codes).toEqual([0, 0, 0, 0, 0, 0]);
  }
});

it('one control and two transfer processes keep within the budgets of all, and take over what a killed one had', async () => {
  const counters = await Promise.all([50, 5].map(startCounter));
  const places = counters.flatMap(({ url, capacity }) => [url, String(capacity)]);
  const start = (name: string, loops: number): ChildProcess => {
    const script = join(import.meta.dirname, '../support/rate-hammer.ts');
    const child = spawn(process.execPath, ['--no-warnings', script, join(folder, 'rates.db'), name, String(loops), ...places], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    children.push(child);
    return child;
  };
  /** Calls in the 5 s from that moment. */
  const countOf = (calls: readonly Call[], fromMs: number, by?: string): number =>
    calls.filter((call) => (by === undefined || call.by === by) && call.atMs >= fromMs && call.atMs < fromMs + 5_000).length;

  start('control', 1);
  start('first', 16);
  const second = start('second', 16);
  await wait(12_000);
  // Leases are of 6 s here and renewed every 2 s: by now the shares have settled.
  const settledMs = performance.now();
  await wait(5_000);
  second.kill('SIGKILL');
  await wait(9_000);
  const takenMs = performance.now();
  await wait(5_000);
  for (const child of children) child.kill('SIGKILL');

  for (const { capacity, calls } of counters) {
    const [first, other, control, all] = ['first', 'second', 'control', undefined].map((by) => countOf(calls, settledMs, by));
    const [taken, allAfter] = ['first', undefined].map((by) => countOf(calls, takenMs, by));
    process.stderr.write(
      `\n${capacity}/s: ${busiest(calls)} calls in the busiest 10 s; in 5 s ${first}, ${other} and ${control}, and ${taken} of ${allAfter} after one died\n`,
    );
    expect(busiest(calls)).toBeLessThanOrEqual(capacity * 10);
    expect(all).toBeGreaterThan(0.65 * 5 * capacity);
    expect(allAfter).toBeGreaterThan(0.65 * 5 * capacity);
    expect(Math.abs((first ?? 0) - (other ?? 0))).toBeLessThanOrEqual(2 + 0.2 * (first ?? 0));
    expect(taken).toBeGreaterThan(1.3 * (first ?? 0));
    expect(control).toBeGreaterThan(3);
  }
});
