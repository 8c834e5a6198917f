import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CheckId, CheckReport } from '../../../../src/ledger/checks/findings.ts';
import { verifyBundle } from '../../../../src/ledger/checks/verify-bundle.ts';
import { cosignLine } from '../../../../src/ledger/cosignature.ts';
import { parseNote } from '../../../../src/ledger/signed-note.ts';
import { datedAuthority } from '../../../support/evidence/dated-authority.ts';
import { makeSampleBundle, sumAgain } from '../../../support/evidence/sample.ts';
import type { SampleEdits } from '../../../support/evidence/sample-edits.ts';
import { makeSampleWitness } from '../../../support/evidence/test-keys.ts';
import { loudSuite } from '../../../support/loud-suite.ts';

const top = mkdtempSync(join(tmpdir(), 'ecluse-outsiders-'));
afterAll(() => rmSync(top, { recursive: true, force: true }));

const withOpenssl = loudSuite(() => (datedAuthority() ? { access: undefined } : { missing: 'openssl is not there' }));
const second = makeSampleWitness('witness.example/court', 'court');
const whole = join(top, 'whole');
beforeAll(async () => {
  const policy: NonNullable<SampleEdits['policy']> = (honest) => ({ ...honest, witnesses: [...honest.witnesses, { vkey: second.vkey, org: second.org }] });
  await makeSampleBundle(whole, { edit: { policy } });
});

let made = 0;
async function checkOf(id: CheckId, tamper: (folder: string) => void): Promise<CheckReport | undefined> {
  const folder = join(top, String(made++));
  cpSync(whole, folder, { recursive: true });
  tamper(folder);
  sumAgain(folder);
  return (await verifyBundle(folder, { atMs: Date.now() })).checks.find((check) => check.id === id);
}

/** Edits every file of cosigned/: the lines of the checkpoint, then those of the witnesses. */
const editCosigned =
  (edit: (log: readonly string[], witnesses: readonly string[], body: string) => readonly string[]) =>
  (folder: string): void => {
    for (const name of readdirSync(join(folder, 'log/cosigned'))) {
      const file = join(folder, 'log/cosigned', name);
      const { body } = parseNote(readFileSync(file, 'utf8'));
      const lines = readFileSync(file, 'utf8')
        .slice(body.length + 1, -1)
        .split('\n');
      writeFileSync(
        file,
        `${body}\n${edit(lines.slice(0, -1), lines.slice(-1), body)
          .map((line) => `${line}\n`)
          .join('')}`,
      );
    }
  };
/** Its time is of no matter here: C6 looks at that. */
const lineOfSecond = (body: string): string => cosignLine(body, second.name, second.privateKey, Math.floor(Date.now() / 1000));

describe('C12 with several witnesses', () => {
  it('holds more lines than a record binds', async () => {
    expect(
      await checkOf(
        'C12',
        editCosigned((log, own, body) => [...log, ...own, lineOfSecond(body)]),
      ),
    ).toMatchObject({ result: 'PASS' });
    expect(
      await checkOf(
        'C12',
        editCosigned((log, own, body) => [...log, lineOfSecond(body), ...own]),
      ),
    ).toMatchObject({ result: 'PASS' });
  });

  it.each<[string, (folder: string) => void]>([
    ['the line that a record binds is gone', editCosigned((log, _, body) => [...log, lineOfSecond(body)])],
    ['the log’s own line is gone', editCosigned((_, own) => own)],
    ['the log’s own line stands behind', editCosigned((log, own) => [...own, ...log])],
    ['another line of the same witness', editCosigned((log, own) => [...log, ...own.map((line) => line.replace(/.{8}$/, 'AAAAAAA='))])],
  ])('fails when %s', async (_, tamper) => {
    expect(await checkOf('C12', tamper)).toMatchObject({ result: 'FAIL' });
  });
});

withOpenssl('C13 with queries', () => {
  const queries = (folder: string): readonly string[] =>
    readdirSync(join(folder, 'timestamps'))
      .filter((name) => name.endsWith('.tsq'))
      .map((name) => join(folder, 'timestamps', name));

  it('wants imprint and nonce of the answer', async () => {
    const swapped = await checkOf('C13', (folder) => {
      const [one = '', other = ''] = queries(folder);
      cpSync(other, one);
    });
    expect(swapped).toMatchObject({ result: 'FAIL', detail: expect.stringContaining('is not what was answered') });
    const otherNonce = await checkOf('C13', (folder) => {
      const [one = ''] = queries(folder);
      const bytes = readFileSync(one);
      // Behind the nonce stands the wish for the certificate, three bytes.
      bytes[bytes.length - 4] = (bytes.at(-4) ?? 0) ^ 1;
      writeFileSync(one, bytes);
    });
    expect(otherNonce).toMatchObject({ result: 'FAIL', detail: expect.stringContaining('is not what was answered') });
  });

  it('misses a query that a record binds', async () => {
    expect(await checkOf('C13', (folder) => unlinkSync(queries(folder)[0] ?? ''))).toMatchObject({ result: 'FAIL' });
  });
});
