import { openFolderDepot } from '../../../src/depot/folder.ts';

/** A worker that the test kills: appends rows to one journal and puts files, and says what was acknowledged. */
const [folder = '', journalName = ''] = process.argv.slice(2);
const depot = openFolderDepot(folder);
const journal = depot.journal(journalName);

async function appendForever(): Promise<void> {
  for (let n = (await journal.read()).length; ; n += 1) {
    await journal.append(n, Buffer.from(`{"n":${n},"filler":"${'x'.repeat(5000)}"}\n`));
    const digest = await depot.put(Buffer.from(`${n}`.repeat(20_000)));
    process.stdout.write(`${n} ${digest}\n`);
  }
}
appendForever();
