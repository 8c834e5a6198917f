import { isMigrationError } from '../../../src/core/migration-error.ts';
import { openSqliteLedger } from '../../../src/ledger/sqlite.ts';
import { draftOf, writer } from './drafts.ts';

/** A worker of the tests: appends `count` records one by one and says which were acknowledged, or with what code it stopped. */
const [file = '', label = '', count = '0', reasons = '0'] = process.argv.slice(2);

async function appendRecords(): Promise<void> {
  const ledger = openSqliteLedger({ ...writer, file });
  try {
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
