import { openSqliteRateBudgets } from '../../src/ledger/rate-budgets-sqlite.ts';
import { createPacer } from '../../src/wire/pacer.ts';

/** A worker process that calls as often as its pacer lets it: `rate-hammer.ts FILE NAME LOOPS [URL CAPACITY]…`, a budget for each URL. */
const [file = '', name = '', loops = '', ...places] = process.argv.slice(2);
const budgets = openSqliteRateBudgets({ file, leaseMs: 6_000 });
const pacer = createPacer({ budgets, holder: `${name}/${process.pid}` });

async function hammer(url: string, capacity: number): Promise<never> {
  for (;;) {
    await pacer.enter(url, capacity);
    await (await fetch(`${url}/${name}`)).arrayBuffer();
    // The control process has other things to do in between.
    if (name === 'control') await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

for (let at = 0; at + 1 < places.length; at += 2) for (let loop = 0; loop < Number(loops); loop++) void hammer(places[at] ?? '', Number(places[at + 1]));
