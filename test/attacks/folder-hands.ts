import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { entryHash } from '../../src/ledger/record.ts';

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
