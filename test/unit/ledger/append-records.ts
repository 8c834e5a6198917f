import { isMigrationError } from '../../../src/core/migration-error.ts';
import { openPostgresLedger } from '../../../src/ledger/postgres.ts';
import { openSqliteLedger } from '../../../src/ledger/sqlite.ts';
import { draftOf, openedDraft, writer } from './drafts.ts';

/**
 * A worker of the tests: opens the log in a SQLite file or at a PostgreSQL URL, appends `count` records one by one and says which were
 * acknowledged, or with what code it stopped.
 */
const [place = '', label = '', count = '0', reasons = '0'] = process.argv.slice(2);

async function appendRecords(): Promise<void> {
  const ledger = place.startsWith('postgres:') ? await openPostgresLedger({ ...writer, server: place }) : openSqliteLedger({ ...writer, file: place });
  try {
    await ledger.append([openedDraft()]);
    for (let n = 0; n < Number(count); n += 1) {
      const draft = draftOf(`demo/${label}/${n}`, { reasons: Array.from({ length: Number(reasons) }, () => 'R'.repeat(100)) });
      process.stdout.write(`${(await ledger.append([draft]))[0]?.event_id}\n`);
    }
  } catch (error) {
    process.stdout.write(`${isMigrationError(error) ? error.code : String(error)}\n`);
  }
  await ledger.close();
}
appendRecords();
