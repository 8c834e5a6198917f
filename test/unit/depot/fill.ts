import { randomBytes } from 'node:crypto';
import { isMigrationError } from '../../../src/core/migration-error.ts';
import { openFolderDepot } from '../../../src/depot/folder.ts';

/** Run under a limit on file sizes, the one way to a full disk that needs no root: prints the codes of a put and an append. */
const [folder = ''] = process.argv.slice(2);
const depot = openFolderDepot(folder);
const bytes = randomBytes(4_000_000);
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: unknown) => (isMigrationError(error) ? error.code : String(error)),
  );

async function fill(): Promise<void> {
  process.stdout.write(
    JSON.stringify([await codeOf(depot.put(bytes)), await codeOf(depot.journal('a/b').append(0, bytes)), await codeOf(depot.put(Buffer.from('small')))]),
  );
}
fill();
