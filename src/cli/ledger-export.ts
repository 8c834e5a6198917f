import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { BundleName } from '../ledger/bundle/write-bundle.ts';
import { cosignedNote, openPublished } from '../ledger/published.ts';
import type { ExportResult } from '../model/errand.ts';
import type { LedgerRecord } from '../model/ledger-record.ts';
import type { ObjectEntry } from '../model/object-entry.ts';
import type { ObjectRow } from '../model/row.ts';
import type { Depot } from '../ports/depot.ts';
import type { CommandDefinition } from './command.ts';
import { byOption, personOf } from './person.ts';
import { patiently } from './terminal.ts';

/** What an outsider checks the bundle with; each imports nothing of ours. */
export const verifierNames = ['verify.py', 'verify.sh', 'verify.html', 'rehash.py'] as const;
const verifierFolder = path.join(import.meta.dirname, '../../verifiers');

export const ledgerExport: CommandDefinition = {
  name: 'ledger export',
  summary: 'write the evidence bundle: a folder that an outsider checks offline',
  details: [
    'Any day: until "ecluse close" it is an interim one, with what is under way counted as pending. A checkpoint is signed and cosigned first.',
    'Names of objects leave only encrypted to the controller’s key (ledger.recipient in ecluse.yaml); without one they are left out.',
  ].join('\n'),
  options: [{ flags: '--out <folder>', summary: 'where to (default: evidence-PROJECT-SIZE beside ecluse.yaml); it must not exist' }, byOption],
  run: async (context, given) => {
    const { project, ledger } = context.config();
    const client = await context.client();
    const by = personOf(context, given);
    const exported = await patiently(context.terminal, 'ledger export', client.errand('exportEvidence', { project, by }));
    const [{ writeBundle }, { evidencePages }] = await Promise.all([import('../ledger/bundle/write-bundle.ts'), import('../report/evidence/pages.ts')]);
    const depot = await context.depot();
    const folder = path.resolve(context.folder, given.text('out') ?? path.join(path.dirname(context.files.config), `evidence-${project}-${exported.size}`));
    const published = openPublished(depot, project);
    const checkpoints = (await published.checkpoints.all()).filter(({ size }) => size <= exported.size);
    const cosignatures = await published.cosignatures.all();
    const tokens = (await published.tokens.all()).filter(({ size }) => size <= exported.size);
    const summary = await writeBundle({
      records: recordLines(depot, exported),
      size: exported.size,
      checkpoints: checkpoints.map(({ size, note, p256 }) => ({ size, note, p256: Buffer.from(p256, 'base64') })),
      cosigned: checkpoints.flatMap((each) => {
        const note = cosignedNote(each, cosignatures);
        return note === undefined ? [] : [{ size: each.size, note }];
      }),
      timestamps: tokens.map(({ size, authority, query, response }) => ({
        size,
        authority,
        query: Buffer.from(query, 'base64'),
        response: Buffer.from(response, 'base64'),
      })),
      depot,
      policyBytes: await depot.get(exported.policy),
      recipient: ledger.recipient,
      names: namesOf(depot, () => recordLines(depot, exported)),
      verifiers: await Promise.all(verifierNames.map(async (name) => ({ name, bytes: await readFile(path.join(verifierFolder, name)) }))),
      pages: evidencePages,
      folder,
    });
    const { words } = context;
    const text = [
      words.exported(summary.folder, summary.size, summary.kind),
      `  ${summary.root}`,
      '',
      words.next,
      `  python3 ${path.join(path.relative(context.folder, folder), 'verify.py')}`,
    ].join('\n');
    return { exit: 0, text, json: summary };
  },
};

/** The log as it was exported, chunk by chunk. */
async function* recordLines(depot: Pick<Depot, 'get'>, { records }: ExportResult): AsyncGenerator<string> {
  const { chunks } = JSON.parse((await depot.get(records)).toString('utf8')) as { chunks: readonly string[] };
  for (const chunk of chunks) yield* (await depot.get(chunk)).toString('utf8').split('\n').slice(0, -1);
}

/** The names behind the references: entries and rows of each batch stand line by line beside each other. */
async function* namesOf(depot: Pick<Depot, 'get'>, records: () => AsyncIterable<string>): AsyncGenerator<BundleName> {
  for await (const line of records()) {
    const { event, evidence, source } = JSON.parse(line) as LedgerRecord;
    const bound = (name: string): string | undefined => evidence?.find((item) => item.name === name)?.sha256;
    const [rows, entries] = [bound('rows'), bound('entries')];
    if (!event.startsWith('batch.') || !rows || !entries) continue;
    const keys = linesIn(await depot.get(entries));
    for (const text of linesIn(await depot.get(rows)).slice(1)) {
      const { i, ref } = JSON.parse(text) as ObjectRow;
      const { key, versionId } = JSON.parse(keys[i] ?? '{}') as ObjectEntry;
      yield { ref, container: source?.resource_ref ?? '', key, ...(versionId === undefined ? {} : { version: versionId }) };
    }
  }
}

const linesIn = (bytes: Buffer): string[] => bytes.toString('utf8').split('\n').filter(Boolean);
