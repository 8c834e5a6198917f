import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from '@jest/globals';
import { cosignLine } from '../../../src/ledger/cosignature.ts';
import { entryHash } from '../../../src/ledger/record.ts';
import { checkpointBody, noteOf, signNote } from '../../../src/ledger/signed-note.ts';
import { tlogProof } from '../../../src/ledger/tlog-proof.ts';
import { consistencyProof, inclusionPath, leafHash, merkleRoot } from '../../../src/ledger/tree.ts';
import { loudSuite } from '../../support/loud-suite.ts';
import type { Shared } from '../../support/run.ts';
import { vector } from './keys-of-vectors.ts';
import { setB } from './vectors.ts';

const ground = mkdtempSync(join(tmpdir(), 'ecluse-go-'));
const program = join(ground, 'verify');
afterAll(() => rmSync(ground, { recursive: true }));

/** The module is fetched the first time, and go.sum says what it must be. */
function built(): Shared<string> {
  const source = join(__dirname, '../../go');
  const env = { ...process.env, GOTOOLCHAIN: 'local', GOFLAGS: '-mod=readonly -buildvcs=false' };
  const { error, status, stderr } = spawnSync('go', ['build', '-o', program, '.'], { cwd: source, env, timeout: 120_000, encoding: 'utf8' });
  if (error) return { missing: 'go is not installed' };
  return status === 0 ? { access: program } : { missing: `the Go program cannot be built: ${stderr.split('\n')[0]}` };
}

type Files = Readonly<Record<string, string>>;

/** A log of `size` records, whose first `oldSize` had a checkpoint before, and the proof of record `index`: all by our own code. */
function logOf(size: number, oldSize: number, index: number): Files {
  const lines = size === 7 ? setB() : Array.from({ length: size }, (_, n) => JSON.stringify({ seq: n }));
  const leaves = lines.map((line) => leafHash(Buffer.from(entryHash(line), 'hex')));
  const { logName, logKey, logVkey, witnessName, witnessKey, witnessVkey, cosignedAtSeconds } = vector;
  const noteAt = (count: number): string => {
    const body = checkpointBody({ origin: logName, size: count, root: merkleRoot(leaves.slice(0, count)) });
    return noteOf(body, [signNote(body, logName, logKey), cosignLine(body, witnessName, witnessKey, cosignedAtSeconds)]);
  };
  return {
    'records.jsonl': lines.map((line) => `${line}\n`).join(''),
    'log.vkey': logVkey,
    'witness.vkey': witnessVkey,
    'old.note': noteAt(oldSize),
    'new.note': noteAt(size),
    'inclusion.tlog-proof': tlogProof({ index, path: inclusionPath(index, leaves), note: noteAt(size) }),
    'consistency.txt': consistencyProof(oldSize, leaves)
      .map((hash) => `${hash.toString('base64')}\n`)
      .join(''),
  };
}

let runs = 0;
function goVerify(files: Files): { readonly code: number | null; readonly out: string } {
  runs += 1;
  const folder = join(ground, String(runs));
  mkdirSync(folder);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const { status, stdout, stderr } = spawnSync(program, [folder], { encoding: 'utf8' });
  return { code: status, out: stdout + stderr };
}

loudSuite(built)('the Go checksum database’s own code', () => {
  it('accepts the vectors', () => {
    const files = logOf(7, 3, 4);
    expect(files['new.note']).toBe(vector.note);
    expect(goVerify(files)).toEqual({ code: 0, out: 'signatures 3\nsignatures 7\nroot 3\nroot 7\ninclusion 4 in 7\nconsistency 3 to 7\n' });
  });

  it.each([
    [1, 1, 0],
    [2, 1, 1],
    [8, 4, 7],
    [13, 8, 12],
    [100, 37, 64],
    [130, 129, 0],
    [300, 300, 299],
  ])('accepts %p records after %p, and record %p', (size, oldSize, index) => {
    expect(goVerify(logOf(size, oldSize, index))).toMatchObject({ code: 0 });
  });

  const files = logOf(7, 3, 4);
  const changed = (name: string, from: string | RegExp, to: string): Files => ({ ...files, [name]: (files[name] ?? '').replace(from, to) });
  it.each([
    ['an edited record', changed('records.jsonl', 'demo/vec/2', 'demo/vec/9'), 'root of 3 records'],
    ['a record less', changed('records.jsonl', /[^\n]*\n$/, ''), 'fewer records'],
    ['another size in the note', changed('new.note', '\n7\n', '\n8\n'), 'new.note'],
    ['another time of the witness', changed('new.note', 'ABrDn6P', 'ABrDn6Q'), 'new.note'],
    ['no cosignature', changed('old.note', /— witness[^\n]*\n/, ''), '1 known signatures'],
    ['another id in the vkey', changed('log.vkey', 'f51b17fe', 'f51b17ff'), 'log.vkey'],
    ['the proof of another record', changed('inclusion.tlog-proof', 'index 4', 'index 5'), 'inclusion'],
    ['the proof of an older tree', { ...files, 'consistency.txt': logOf(7, 2, 4)['consistency.txt'] ?? '' }, 'consistency'],
  ])('refuses %s', (_, broken, reason) => {
    const { code, out } = goVerify(broken);
    expect(code).toBe(1);
    expect(out).toContain(reason);
  });
});
