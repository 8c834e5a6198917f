import { createHash } from 'node:crypto';
import { cpSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { entryHash } from '../../src/ledger/record.ts';
import { noteOf, signNote } from '../../src/ledger/signed-note.ts';
import { samplePlace } from '../support/evidence/sample-policy.ts';
import { makeSampleLogKeys } from '../support/evidence/test-keys.ts';

/** Hands on an exported folder: what somebody without a key can do. An edit that changes nothing is an error, for it would prove nothing. */
type Line = {
  readonly event: string;
  readonly evidence?: readonly { readonly name: string; readonly sha256: string }[];
  readonly approval?: { nonce?: string };
};

const log = (folder: string): string => join(folder, 'log', 'records.jsonl');

export const linesOf = (folder: string): readonly string[] => readFileSync(log(folder), 'utf8').split('\n').slice(0, -1);

export function editText(file: string, edit: (text: string) => string): void {
  const before = readFileSync(file, 'utf8');
  const after = edit(before);
  if (after === before) throw new Error(`the attack changed nothing in ${file}`);
  writeFileSync(file, after);
}

export function editLines(folder: string, edit: (lines: readonly string[]) => readonly string[]): void {
  editText(log(folder), () =>
    edit(linesOf(folder))
      .map((line) => `${line}\n`)
      .join(''),
  );
}

/** The seq-th line is changed. */
export const editLine = (folder: string, seq: number, edit: (line: string) => string): void =>
  editLines(folder, (lines) => lines.map((line, at) => (at === seq ? edit(line) : line)));

/** Chains all lines again: needs no key. */
export function chained(lines: readonly string[]): readonly string[] {
  let prev = '0'.repeat(64);
  return lines.map((line) => {
    const again = line.replace(/"prev":"[0-9a-f]{64}"/, `"prev":"${prev}"`);
    prev = entryHash(again);
    return again;
  });
}

/** Seq of the nth record of an event, and the record. */
export function find(folder: string, event: string, nth = 0): { readonly seq: number; readonly record: Line } {
  const found = linesOf(folder)
    .map((line, seq) => ({ seq, record: JSON.parse(line) as Line }))
    .filter(({ record }) => record.event === event)[nth];
  if (!found) throw new Error(`there is no record ${event}`);
  return found;
}

/** Digest of the file that the nth record of an event binds. */
export const bound = (folder: string, event: string, name: string, nth = 0): string =>
  find(folder, event, nth).record.evidence?.find((item) => item.name === name)?.sha256 ?? '';

/** Path of the file that the person signed at the nth record of an event. */
export const approvalPath = (folder: string, event: string, nth = 0): string =>
  join(folder, 'approvals', `${find(folder, event, nth).record.approval?.nonce}.json`);

export const manifestPath = (folder: string, digest: string): string => join(folder, 'manifests', `${digest}.gz`);

/** The file keeps its name, which is the digest of what it held. */
export function editManifest(folder: string, digest: string, edit: (text: string) => string): void {
  const file = manifestPath(folder, digest);
  const before = gunzipSync(readFileSync(file)).toString();
  if (edit(before) === before) throw new Error('the attack changed nothing in a manifest');
  writeFileSync(file, gzipSync(edit(before)));
}

/** Sizes of all checkpoints, ascending. */
export const sizesOf = (folder: string): readonly number[] =>
  readdirSync(join(folder, 'log', 'checkpoints'))
    .filter((name) => /^[0-9]+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);

export function dropCheckpoint(folder: string, size: number): void {
  for (const file of [`checkpoints/${size}`, `checkpoints/${size}.p256.sig`, `cosigned/${size}`]) rmSync(join(folder, 'log', file), { force: true });
}

export function cutAtCheckpoint(folder: string, size: number): void {
  for (const n of sizesOf(folder).filter((other) => other > size)) {
    dropCheckpoint(folder, n);
    for (const end of ['tsq', 'tsr']) rmSync(join(folder, 'timestamps', `${n}.sample-tsa.${end}`), { force: true });
  }
  editLines(folder, (lines) => lines.slice(0, size));
}

export function otherId(payload: string): string {
  const bytes = Buffer.from(payload, 'base64');
  bytes.writeUInt8(bytes.readUInt8(0) ^ 1, 0);
  return bytes.toString('base64');
}

export function signAnew(folder: string, size: number): void {
  const keys = makeSampleLogKeys(samplePlace.log, '2026-01-05T08:00:00.000Z');
  const file = join(folder, 'log/checkpoints', String(size));
  const body = `${readFileSync(file, 'utf8').split('\n\n')[0]}\n`;
  const note = noteOf(body, [signNote(body, samplePlace.log, keys.private.log)]);
  writeFileSync(file, note);
  writeFileSync(`${file}.p256.sig`, keys.signP256(Buffer.from(note)));
}

export function weakenPolicy({ folder }: { readonly folder: string }): void {
  const file = join(folder, 'trust/policy.json');
  const digest = (): string => createHash('sha256').update(readFileSync(file)).digest('hex');
  const before = digest();
  editText(file, (text) => text.replace('"cooling_off_days":21', '"cooling_off_days":1'));
  editText(join(folder, 'trust/fingerprints.txt'), (text) => text.replace(before, digest()));
}

export function swapTokens({ folder }: { readonly folder: string }): void {
  const [first, second] = sizesOf(folder)
    .map((n) => join(folder, 'timestamps', `${n}.sample-tsa.tsr`))
    .filter(isThere);
  if (!first || !second) throw new Error('there are no two tokens to swap');
  cpSync(first, second);
}

function isThere(file: string): boolean {
  try {
    return readFileSync(file).length > 0;
  } catch {
    return false;
  }
}

export function replaceByLink(folder: string, elsewhere: string, file: string): void {
  rmSync(join(folder, file));
  symlinkSync(join(elsewhere, file), join(folder, file));
}
