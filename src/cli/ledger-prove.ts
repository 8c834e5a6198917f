import { createReadStream, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { entryHash } from '../ledger/record.ts';
import { parseCheckpoint, parseNote } from '../ledger/signed-note.ts';
import { tlogProof } from '../ledger/tlog-proof.ts';
import { type Hash, inclusionPath, leafHash, merkleRoot } from '../ledger/tree.ts';
import type { CommandDefinition } from './command.ts';
import { Failure, usage } from './failure.ts';

export const ledgerProve: CommandDefinition = {
  name: 'ledger prove',
  summary: 'one record of a bundle with the proof of its place, to hand out without the rest of the log',
  details:
    'Writes record-SEQ.json (the exact line) and record-SEQ.tlog-proof (C2SP tlog-proof: path and signed checkpoint, cosigned where it is). Works on the folder alone.',
  arguments: [
    { name: 'dir', summary: 'folder of a bundle', kind: 'required' },
    { name: 'seq', summary: 'number of the record', kind: 'required' },
  ],
  options: [{ flags: '--out <folder>', summary: 'where to (default: here)' }],
  run: async (context, given) => {
    const bundle = path.resolve(context.folder, given.argument(0));
    const file = path.join(bundle, 'log/records.jsonl');
    if (!statSync(file, { throwIfNoEntry: false })?.isFile()) throw usage('DIR is not the folder of a bundle');
    const seq = Number(given.argument(1));
    const { leaves, line } = await readLog(file, seq);
    if (!/^\d{1,9}$/.test(given.argument(1)) || line === undefined) throw usage(`the bundle holds the records 0 to ${leaves.length - 1}`);
    const out = path.resolve(context.folder, given.text('out') ?? '.');
    const files = { record: path.join(out, `record-${seq}.json`), proof: path.join(out, `record-${seq}.tlog-proof`) };
    await mkdir(out, { recursive: true });
    await writeFile(files.record, `${line}\n`);
    await writeFile(files.proof, tlogProof({ index: seq, path: inclusionPath(seq, leaves), note: noteOver(bundle, leaves) }));
    return { exit: 0, text: `${context.words.wrote(files.record)}\n${context.words.wrote(files.proof)}`, json: { seq, size: leaves.length, ...files } };
  },
};

/** Leaf hashes of all records, 32 bytes each, and the line that is asked for. */
async function readLog(file: string, seq: number): Promise<{ readonly leaves: readonly Hash[]; readonly line: string | undefined }> {
  const leaves: Hash[] = [];
  let line: string | undefined;
  for await (const each of createInterface({ input: createReadStream(file, 'utf8'), crlfDelay: Number.POSITIVE_INFINITY })) {
    if (leaves.length === seq) line = each;
    leaves.push(leafHash(Buffer.from(entryHash(each), 'hex')));
  }
  return { leaves, line };
}

/** The newest checkpoint, with its cosignatures where there are some. Refused when it is not over these records: a proof must lead somewhere. */
function noteOver(bundle: string, leaves: readonly Hash[]): string {
  const size = String(leaves.length);
  const [cosigned, signed] = ['log/cosigned', 'log/checkpoints'].map((folder) => path.join(bundle, folder, size));
  const file = [cosigned, signed].find((each) => each !== undefined && existsSync(each));
  const note = file ? readFileSync(file, 'utf8') : '';
  if (!file || parseCheckpoint(parseNote(note).body).root !== merkleRoot(leaves).toString('hex'))
    throw new Failure({
      code: 'REFUSED',
      doing: 'prove a record',
      from: bundle,
      answer: file ? 'the newest checkpoint is not that of these records' : `no checkpoint covers all ${size} records (there are: ${checkpointsIn(bundle)})`,
      next: [`ecluse ledger verify ${bundle}`],
    });
  return note;
}

const checkpointsIn = (bundle: string): string =>
  readdirSync(path.join(bundle, 'log/checkpoints'))
    .filter((name) => /^\d+$/.test(name))
    .join(', ');
