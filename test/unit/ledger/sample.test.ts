import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ledgerSample } from '../../../src/cli/ledger-sample.ts';
import { ledgerVerify } from '../../../src/cli/ledger-verify.ts';
import { drawSample } from '../../../src/ledger/sample.ts';
import { makeSampleBundle } from '../../support/evidence/sample.ts';
import { run, stage } from '../cli/fake-project.ts';

const top = mkdtempSync(join(tmpdir(), 'ecluse-draw-'));
const [whole, interim] = [join(top, 'whole'), join(top, 'interim')];
const out = join(top, 'out');
/** No ecluse.yaml, no project that answers: the folder of the bundle is all there is. */
const nowhere = { ...stage(), folder: top };

beforeAll(async () => {
  await makeSampleBundle(whole, { kind: 'final' });
  await makeSampleBundle(interim, { kind: 'interim' });
});
afterAll(() => rmSync(top, { recursive: true, force: true }));

/** All verified references, read from the bundle in another way. */
function verifiedReferences(): string[] {
  const unpack = (sha256: string): string => gunzipSync(readFileSync(join(whole, 'manifests', `${sha256}.gz`))).toString();
  const records = readFileSync(join(whole, 'log/records.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const closing = records.findLast(({ event }) => event === 'reconciliation.closed');
  const { buckets } = JSON.parse(unpack(closing.evidence[0].sha256));
  const rows = buckets.flatMap(({ sha256 }: { sha256: string }) =>
    unpack(sha256)
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line)),
  );
  return rows.filter(({ state }: { state: string }) => state === 'verified').map(({ ref }: { ref: string }) => ref);
}

describe('drawSample', () => {
  it('draws the smallest by the seed over everything that is verified', async () => {
    const hash = (ref: string): string => createHash('sha256').update(`S eed é\0${ref}`).digest('hex');
    const expected = verifiedReferences()
      .map((ref) => [hash(ref), ref])
      .sort()
      .slice(0, 5);
    const sample = await drawSample(whole, { count: 5, seed: 'S eed é' });
    expect(sample?.objects.map(({ rank, ref }) => [rank, ref])).toEqual(expected);
    expect(sample).toMatchObject({ v: 1, log: 'ecluse.example/log/demo', count: 5, seed: 'S eed é' });
  });

  it('draws all where there are fewer, and others by another seed', async () => {
    const [all, one, other] = await Promise.all([
      drawSample(whole, { count: 999, seed: 'a' }),
      drawSample(whole, { count: 3, seed: 'a' }),
      drawSample(whole, { count: 3, seed: 'b' }),
    ]);
    expect(all?.objects.map(({ ref }) => ref).sort()).toEqual(verifiedReferences().sort());
    expect(one?.objects).toEqual(all?.objects.slice(0, 3));
    expect(other?.objects).not.toEqual(one?.objects);
  });

  it('says which record binds the rows', async () => {
    const lines = readFileSync(join(whole, 'log/records.jsonl'), 'utf8').split('\n');
    const sample = await drawSample(whole, { count: 999, seed: 'a' });
    for (const { record, rows } of sample?.objects ?? [])
      expect(JSON.parse(lines[record] ?? '')).toMatchObject({
        seq: record,
        event: 'batch.verified',
        evidence: expect.arrayContaining([expect.objectContaining({ name: 'rows', sha256: rows })]),
      });
  });
});

describe('ecluse ledger sample', () => {
  it('writes the sample for its owner alone, and the script beside it', async () => {
    const drawn = await drawSample(whole, { count: 4, seed: 'mine' });
    const names = join(top, 'names');
    writeFileSync(
      names,
      (drawn?.objects ?? []).map(({ ref }, n) => `${JSON.stringify({ container: 'records', key: `é/${n}`, ref, version: 'v1' })}\n`).join(''),
    );
    const ran = await run(nowhere, ledgerSample, ['whole'], { count: '4', seed: 'mine', names: 'names', out: 'out' });
    expect(ran.exit).toBe(0);
    expect(ran.answer).toContain('rehash.py');
    const written = JSON.parse(readFileSync(join(out, 'sample.json'), 'utf8'));
    expect(written.objects[1]).toEqual({ ...drawn?.objects[1], container: 'records', key: 'é/1', version: 'v1' });
    expect(statSync(join(out, 'sample.json')).mode & 0o077).toBe(0);
    expect(statSync(join(out, 'rehash.py')).size).toBeGreaterThan(0);
  });

  it('says when names are left out', async () => {
    const ran = await run(nowhere, ledgerSample, ['whole'], { seed: 'mine', out: 'plain.json' });
    expect(ran.answer).toMatch(/25 have no name/);
    expect(readFileSync(join(top, 'plain.json'), 'utf8')).not.toContain('"key"');
  });

  it('exits 1 on a bundle without a final set', async () => {
    const ran = await run(nowhere, ledgerSample, ['interim'], { seed: 'mine', out: 'out' });
    expect([ran.exit, ran.remarks.includes('interim')]).toEqual([1, true]);
  });

  it.each([
    [['nothing'], { seed: 's', out: 'o' }],
    [['whole'], { out: 'o' }],
    [['whole'], { seed: 's' }],
    [['whole'], { seed: 's', out: 'o', count: '0' }],
    [['whole'], { seed: 's', out: 'o', names: 'missing' }],
    [['whole'], { seed: 's', out: 'o', identity: 'whole/README.md' }],
  ])('refuses %j %j as wrong usage', async (args, options) => {
    expect((await run(nowhere, ledgerSample, args, options)).exit).toBe(2);
  });

  it('shows no part of a name when the list of names is broken', async () => {
    writeFileSync(join(top, 'broken'), 'Dupont-Marie.dcm\n');
    const ran = await run(nowhere, ledgerSample, ['whole'], { seed: 's', out: 'o', names: 'broken' });
    expect([ran.exit, ran.remarks.includes('Dupont')]).toEqual([1, false]);
  });
});

describe('ecluse ledger verify DIR', () => {
  // The stage's clock stands before the sample's records were written.
  const ledgerVerifyToday = {
    ...ledgerVerify,
    run: (context: Parameters<typeof ledgerVerify.run>[0], given: Parameters<typeof ledgerVerify.run>[1]) =>
      ledgerVerify.run({ ...context, words: context.words, now: () => new Date() }, given),
  };

  it('exits 0 on PASS, and says first that a lab proves nothing', async () => {
    const ran = await run(nowhere, ledgerVerifyToday, ['whole'], { lang: 'both' });
    expect(ran).toMatchObject({ exit: 0, remarks: '' });
    expect(ran.answer).toMatch(/Nothing was altered.*\n.*Rien n’a été modifié/);
    const lab = await run(nowhere, ledgerVerifyToday, ['interim'], {});
    expect(lab.answer.includes('INTERIM')).toBe(true);
    const report = (await run(nowhere, ledgerVerifyToday, ['whole'], { json: true })).json as { class: string; verdict: string };
    expect(report.verdict).toBe('PASS');
    expect(ran.answer.startsWith('*** LAB, NOT EVIDENCE')).toBe(report.class === 'lab');
  });

  it('exits 4 when the verdict is not PASS', async () => {
    expect((await run(nowhere, ledgerVerifyToday, ['whole'], { fingerprint: ['ab'.repeat(32)] })).exit).toBe(4);
    expect((await run(nowhere, ledgerVerifyToday, ['whole'], { checkpoint: ['whole/README.md'] })).exit).toBe(4);
  });

  it.each([
    [['nothing'], {}],
    [['whole'], { fingerprint: ['zz'] }],
    [['whole'], { checkpoint: ['missing'] }],
    [[], { fingerprint: ['ab'.repeat(32)] }],
  ])('refuses %j %j as wrong usage', async (args, options) => {
    expect((await run(nowhere, ledgerVerify, args, options)).exit).toBe(2);
  });
});
