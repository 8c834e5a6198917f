import { openSqliteRateBudgets } from '../../src/ledger/rate-budgets-sqlite.ts';

/** A worker process that starts: `open-rates.ts FILE AT`, all of them at the same moment (epoch). */
const [file = '', atMs = '0'] = process.argv.slice(2);
while (Date.now() < Number(atMs));
await openSqliteRateBudgets({ file }).close();
