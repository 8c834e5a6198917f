import { appendFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CheckId } from '../../../../src/ledger/checks/findings.ts';
import { type BundleReport, type VerifyOptions, verifyBundle } from '../../../../src/ledger/checks/verify-bundle.ts';
import type { LedgerDraft } from '../../../../src/model/ledger-record.ts';
import { makeSampleBundle, type Sample, type SampleOptions, sumAgain } from '../../../support/evidence/sample.ts';
import type { SampleEdits } from '../../../support/evidence/sample-edits.ts';

const top = mkdtempSync(join(tmpdir(), 'ecluse-checks-'));
afterAll(() => rmSync(top, { recursive: true, force: true }));

let made = 0;
const make = (options: SampleOptions = {}): Promise<Sample> => makeSampleBundle(join(top, String(made++)), options);
const verify = (folder: string, more: Partial<VerifyOptions> = {}): Promise<BundleReport> => verifyBundle(folder, { atMs: Date.now(), ...more });
const resultOf = ({ checks }: BundleReport, id: CheckId): string | undefined => checks.find((check) => check.id === id)?.result;
const failed = ({ checks }: BundleReport): readonly CheckId[] => checks.filter(({ result }) => result === 'FAIL').map(({ id }) => id);
/** Edits the draft of one event. */
const draftOf =
  (event: LedgerDraft['event'], edit: (draft: LedgerDraft) => LedgerDraft | readonly LedgerDraft[]): NonNullable<SampleEdits['draft']> =>
  (draft) =>
    draft.event === event ? edit(draft) : draft;

let whole: Sample;
let back: Sample;
beforeAll(async () => {
  whole = await make({ kind: 'final' });
  back = await make({ kind: 'rolled-back' });
});

describe('a bundle as it was made', () => {
  it('passes when it is final, and says so for every requirement', async () => {
    const report = await verify(whole.folder);
    expect(report).toMatchObject({
      tool: 'ecluse',
      verdict: 'PASS',
      kind: 'final',
      project: 'demo',
      size: whole.lines.length,
      pending: { workloads: 0, acts: 0 },
    });
    expect(report.checks.map(({ id }) => id)).toEqual(Array.from({ length: 24 }, (_, n) => `C${n + 1}`));
    expect(report.requirements.map(({ result }) => result).filter((result) => result !== 'PASS')).toEqual(['NA']);
    expect([resultOf(report, 'C10'), resultOf(report, 'C24')]).toEqual(['YOURS', 'YOURS']);
  });

  it('passes mid-copy, and counts what is pending', async () => {
    const report = await verify((await make({ kind: 'interim' })).folder);
    expect(report).toMatchObject({ verdict: 'PASS', kind: 'interim', pending: { workloads: 1, acts: 1 } });
  });

  it('passes after a rollback and a removal of the copies', async () => {
    expect(await verify(back.folder)).toMatchObject({ verdict: 'PASS', kind: 'final' });
  });

  it('passes with new keys of the log, and with a gap that the controller approved', async () => {
    expect(failed(await verify((await make({ rotation: true, gap: 'approved' })).folder))).toEqual([]);
  });

  it('answers to what the auditor kept: a checkpoint and the fingerprints', async () => {
    const kept = join(top, 'kept');
    writeFileSync(kept, whole.checkpoints[2]?.note ?? '');
    const paper = readFileSync(join(whole.folder, 'trust/fingerprints.txt'), 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split(' ')[1] ?? '');
    const report = await verify(whole.folder, { checkpoints: [kept], fingerprints: paper });
    expect([resultOf(report, 'C10'), resultOf(report, 'C24')]).toEqual(['PASS', 'PASS']);
  });
});

/** Changes of the folder by somebody without a key, who sums the files again. */
const tampered: readonly (readonly [name: string, expected: readonly CheckId[], edit: (folder: string) => void, kind?: 'rolled-back'])[] = [
  [
    'a byte of a record edited',
    ['C4', 'C8'],
    (folder) => editRecords(folder, (lines) => lines.map((line, n) => (n === 7 ? line.replace('"turn":0', '"turn":1') : line))),
  ],
  ['two records swapped', ['C3', 'C4', 'C8'], (folder) => editRecords(folder, ([a, b, c, d, e, f, ...rest]) => [a, b, c, d, f, e, ...rest] as string[])],
  ['the last record replayed', ['C3', 'C5', 'C9'], (folder) => editRecords(folder, (lines) => [...lines, lines.at(-1) ?? ''])],
  ['the end cut off', ['C8', 'C9'], (folder) => editRecords(folder, (lines) => lines.slice(0, -2))],
  ['a space in a record', ['C2'], (folder) => editRecords(folder, (lines) => lines.map((line, n) => (n === 9 ? line.replace(',', ', ') : line)))],
  [
    'the last LF missing',
    ['C2'],
    (folder) => writeFileSync(join(folder, 'log/records.jsonl'), readFileSync(join(folder, 'log/records.jsonl'), 'utf8').trimEnd()),
  ],
  ['CRLF', ['C2'], (folder) => editRecords(folder, (lines) => lines.map((line) => `${line}\r`))],
  ['a line without end', ['C2', 'C9'], (folder) => appendFileSync(join(folder, 'log/records.jsonl'), 'x'.repeat(70_000))],
  ['no record at all', ['C2', 'C3', 'C8', 'C9'], (folder) => writeFileSync(join(folder, 'log/records.jsonl'), '')],
  [
    'a P-256 signature of another checkpoint',
    ['C7'],
    (folder) => cpSync(join(folder, 'log/checkpoints/3.p256.sig'), join(folder, 'log/checkpoints/9.p256.sig')),
  ],
  ['a checkpoint under another size', ['C7', 'C8'], (folder) => cpSync(join(folder, 'log/checkpoints/3'), join(folder, 'log/checkpoints/9'))],
  ['no ceremony', ['C1', 'C7'], (folder) => unlinkSync(join(folder, 'evidence', evidenceOf(folder, 1, 'ceremony')))],
  ['an earlier checkpoint missing', ['C7'], (folder) => rmSync(join(folder, 'log/checkpoints/9'))],
  ['no newest checkpoint', ['C9'], (folder) => rmSync(join(folder, 'log/checkpoints', String(whole.lines.length)))],
  ['no cosignatures', ['C12'], (folder) => rmSync(join(folder, 'log/cosigned'), { recursive: true })],
  ['a cosigned note of another checkpoint', ['C12'], (folder) => cpSync(join(folder, 'log/cosigned/3'), join(folder, 'log/cosigned/9'))],
  ['no timestamps', ['C13'], (folder) => rmSync(join(folder, 'timestamps'), { recursive: true })],
  ['an approval’s signature missing', ['C14'], (folder) => unlinkSync(join(folder, 'approvals', `${nonceOf(folder, 'cutover.approved')}.json.sig`))],
  [
    'an approval edited',
    ['C14'],
    (folder) => editFile(join(folder, 'approvals', `${nonceOf(folder, 'cutover.approved')}.json`), (text) => text.replace('"objects":30', '"objects":31')),
  ],
  ['a scope missing', ['C1', 'C15'], (folder) => unlinkSync(join(folder, 'evidence', evidenceOf(folder, 8, 'scope')))],
  ['a row edited', ['C18'], (folder) => editRows(folder, (text) => text.replace('"outcome":"copied"', '"outcome":"adopted"'))],
  ['rows that unpack without end', ['C18'], (folder) => editRows(folder, (text) => text + ' '.repeat(40_000_000))],
  ['rows missing', ['C18'], (folder) => unlinkSync(rowsFile(folder))],
  ['a bucket of a set missing', ['C19'], (folder) => unlinkSync(join(folder, 'manifests', `${firstBucket(folder)}.gz`))],
  ['trust/ says another key', ['C23'], (folder) => writeFileSync(join(folder, 'trust/log.vkey'), 'ecluse.example/log/demo+00000000+AAAA\n')],
  [
    'a weaker policy',
    ['C23'],
    (folder) => editFile(join(folder, 'trust/policy.json'), (text) => text.replace('"cooling_off_days":21', '"cooling_off_days":1')),
  ],
  ['no policy', ['C7', 'C11', 'C23'], (folder) => writeFileSync(join(folder, 'trust/policy.json'), '{"v":1,"v":[')],
];

describe('a bundle that was changed', () => {
  it.each(tampered)('%s: %j', async (_, expected, edit) => {
    const folder = join(top, String(made++));
    cpSync(whole.folder, folder, { recursive: true });
    edit(folder);
    sumAgain(folder);
    const report = await verify(folder);
    expect(report.verdict).toBe('FAIL');
    expect(failed(report)).toEqual(expect.arrayContaining([...expected]));
    expect(resultOf(report, 'C1')).toBe(expected.includes('C1') ? 'FAIL' : 'PASS');
  });

  it.each<[string, (folder: string) => void]>([
    ['a file more', (folder) => writeFileSync(join(folder, 'evidence/more'), 'x')],
    ['a file less', (folder) => unlinkSync(join(folder, 'log/schema.json'))],
    ['other bytes', (folder) => appendFileSync(join(folder, 'README.md'), 'x')],
    ['a path that leaves', (folder) => appendFileSync(join(folder, 'SHA256SUMS'), `${'0'.repeat(64)}  ../../etc/passwd\n`)],
    ['no SHA256SUMS', (folder) => unlinkSync(join(folder, 'SHA256SUMS'))],
    ['a link in the place of a file', (folder) => replaceByLink(join(folder, 'README.md'), join(whole.folder, 'README.md'))],
    ['a folder that is a link', (folder) => replaceByLink(join(folder, 'approvals'), join(whole.folder, 'approvals'))],
  ])('C1 fails on %s', async (_, edit) => {
    const folder = join(top, String(made++));
    cpSync(whole.folder, folder, { recursive: true });
    edit(folder);
    expect(failed(await verify(folder))).toContain('C1');
  });

  it('C1 tells of withheld names and passes', async () => {
    const folder = join(top, String(made++));
    cpSync(whole.folder, folder, { recursive: true });
    mkdirSync(join(folder, 'confidential'));
    writeFileSync(join(folder, 'confidential/names.age'), 'age');
    sumAgain(folder);
    unlinkSync(join(folder, 'confidential/names.age'));
    expect(await verify(folder)).toMatchObject({ verdict: 'PASS', withheld: 1 });
  });

  it('C10 fails on a checkpoint of another history, signed by the same keys', async () => {
    const other = await make({ keys: whole.keys, startMs: Date.parse('2026-02-01T08:00:00Z') });
    const kept = join(top, 'other');
    writeFileSync(kept, whole.checkpoints[2]?.note ?? '');
    expect(failed(await verify(other.folder, { checkpoints: [kept] }))).toEqual(['C10']);
  });

  it('C24 fails on a fingerprint of something else', async () => {
    expect(failed(await verify(whole.folder, { fingerprints: ['ab'.repeat(32)] }))).toEqual(['C24']);
  });

  it('C6 fails when the log lies in the future of who verifies', async () => {
    expect(failed(await verify(whole.folder, { atMs: Date.parse('2026-01-01T00:00:00Z') }))).toContain('C6');
  });
});

/** What somebody who owns the log's keys can do: everything behind the change is right again. */
const insider: readonly (readonly [name: string, check: CheckId, options: SampleOptions])[] = [
  ['an event id twice', 'C5', { edit: { record: (record) => (record.event === 'step.succeeded' ? { ...record, event_id: 'demo/again' } : record) } }],
  ['a record dated back', 'C6', { edit: { record: (record) => (record.seq === 20 ? { ...record, time: '2026-01-01T00:00:00.000Z' } : record) } }],
  ['a timestamp older than what it covers', 'C6', { edit: { stampedAt: (time) => time - 3600 } }],
  ['a cosignature older than what it covers', 'C6', { edit: { cosignedAt: (time) => time - 3600 } }],
  ['log.closed counts wrongly', 'C9', { edit: { draft: draftOf('log.closed', (draft) => ({ ...draft, counts: { records: 1 } })) } }],
  [
    'a record behind log.closed',
    'C9',
    { edit: { draft: draftOf('log.closed', (draft) => [draft, { ...draft, event: 'evidence.exported', event_id: 'demo/late' }]) } },
  ],
  ['hours without a checkpoint', 'C11', { gap: 'unapproved' }],
  ['no witness at a gate', 'C12', { edit: { cosignedAt: (time, size) => (size > 20 ? undefined : time) } }],
  ['no timestamp at a gate', 'C13', { edit: { stampedAt: () => undefined } }],
  [
    'an approval by another key',
    'C14',
    { edit: { signed: (signed, approval, keys) => ({ ...signed, signature: other(keys, approval, signed.file, 'approval-v1@ecluse') }) } },
  ],
  [
    'an approval in another namespace',
    'C14',
    { edit: { signed: (signed, approval, keys) => ({ ...signed, signature: own(keys, approval, signed.file, 'file') }) } },
  ],
  ['a hardware key without touch', 'C14', { edit: { signers: (signers) => signers.map((signer) => (signer.flags ? { ...signer, flags: 0 } : signer)) } }],
  ['an approval of another project', 'C15', { edit: { approval: (file) => ({ ...file, project: 'other' }) } }],
  ['an approval of other data', 'C15', { edit: { approval: (file) => ({ ...file, subject: 'photos' }) } }],
  ['an approval of another scope', 'C15', { edit: { approval: (file) => ({ ...file, scope_sha256: 'ab'.repeat(32) }) } }],
  ['an approval that had expired', 'C15', { edit: { approval: (file) => ({ ...file, expires: '2026-01-01T00:00:00.000Z' }) } }],
  ['an approval used twice', 'C15', { edit: { approval: (file) => ({ ...file, nonce: '0'.repeat(32) }) } }],
  ['an approval from before the gate', 'C15', { edit: { approval: (file) => ({ ...file, checkpoint: { ...file.checkpoint, size: 1 } }) } }],
  ['another history in an approval', 'C15', { edit: { approval: (file) => ({ ...file, checkpoint: { ...file.checkpoint, root: 'ab'.repeat(32) } }) } }],
  ['other runs in an approval', 'C15', { edit: { approval: (file) => ({ ...file, verified_roots: ['ab'.repeat(32)] }) } }],
  ['one approval where two are needed', 'C16', { edit: { signers: (signers) => signers.slice(0, 1) } }],
  [
    'two accounts of one person',
    'C16',
    { edit: { signers: (signers) => signers.map((signer) => (signer.id === 'p-017' && signers.length > 1 ? { ...signer, id: 'p-032' } : signer)) } },
  ],
  ['the requester approves', 'C16', { edit: { draft: draftOf('instruction.received', (draft) => ({ ...draft, actor: { ...draft.actor, id: 'p-017' } })) } }],
  ['only asserted', 'C16', { edit: { draft: draftOf('cutover.approved', asserted) } }],
  ['no comparison before the cutover', 'C17', { edit: { draft: draftOf('listing.compared', () => []) } }],
  [
    'emergency rights that nobody reviewed',
    'C17',
    {
      edit: {
        draft: draftOf('transfer.started', (draft) => [draft, { event: 'breakglass.opened', event_id: 'demo/glass', actor: draft.actor, reasons: ['NIGHT'] }]),
      },
    },
  ],
  ['counts of a batch', 'C18', { edit: { draft: draftOf('batch.verified', (draft) => ({ ...draft, counts: { ...draft.counts, pass: 99 } })) } }],
  ['an object without an end state', 'C19', { edit: { final: (rows) => rows.slice(1) } }],
  [
    'a failure called excluded',
    'C19',
    {
      edit: {
        rows: (rows, batch) => (batch === 0 ? rows.map((row, n) => (n === 0 ? failing(row) : row)) : rows),
        final: (rows) => rows.map((row) => (row.state === 'failed' ? { ...row, state: 'excluded' } : row)),
      },
    },
  ],
  ['an object that was hidden from the first list', 'C19', { edit: { inventory: (rows) => rows.slice(1) } }],
  ['"equal" without reading back', 'C20', { edit: { rows: (rows) => rows.map(({ targetSha256, ...row }) => row) } }],
  [
    'removals that do not add up',
    'C22',
    { kind: 'rolled-back', edit: { draft: draftOf('deletion.outcome', (draft) => ({ ...draft, counts: { removed: 1, gone: 0, left: 0 } })) } },
  ],
  ['nobody looked whether anything is left', 'C22', { kind: 'rolled-back', edit: { draft: draftOf('deletion.absence', () => []) } }],
  [
    'a field that the policy demands',
    'C23',
    { edit: { draft: draftOf('batch.verified', ({ target, ...draft }) => ({ ...draft, target: { provider: target?.provider ?? '' } })) } },
  ],
  ['less than production must ask', 'C23', { class: 'production', edit: { policy: (policy) => ({ ...policy, cooling_off_days: 0 }) } }],
];

describe('an insider’s bundle', () => {
  it.each(insider)('%s: %s', async (_, check, options) => {
    expect(failed(await verify((await make(options)).folder))).toContain(check);
  });

  it('C21 is unknown when an act has no outcome', async () => {
    const { folder } = await make({ edit: { draft: (draft) => (draft.event === 'step.succeeded' && draft.act?.name === 'prepare-target' ? [] : draft) } });
    const report = await verify(folder);
    expect([report.verdict, resultOf(report, 'C21')]).toEqual(['UNKNOWN', 'UNKNOWN']);
  });

  it('C19 is unknown when nobody knows the end of an object', async () => {
    const { folder } = await make({
      edit: { rows: (rows, batch) => (batch === 0 ? rows.map((row, n) => (n === 0 ? { ...row, verdict: 'UNKNOWN' as const } : row)) : rows) },
    });
    expect(resultOf(await verify(folder), 'C19')).toBe('UNKNOWN');
  });
});

type Keys = Sample['keys'];
const own = (keys: Keys, { approver }: { approver: { id: string } }, file: string, namespace: string): string =>
  keys.people.get(approver.id)?.sign(Buffer.from(file), namespace) ?? '';
const other = (keys: Keys, { approver }: { approver: { id: string } }, file: string, namespace: string): string =>
  own(keys, { approver: { id: approver.id === 'p-019' ? 'p-017' : 'p-019' } }, file, namespace);

const failing = (row: Parameters<NonNullable<SampleEdits['rows']>>[0][number]) => ({
  ...row,
  outcome: 'failed' as const,
  verdict: 'FAIL' as const,
  reason: 'UNEXPECTED',
});

function asserted({ evidence, approval, actor, ...draft }: LedgerDraft): LedgerDraft {
  const { id, type } = actor;
  return {
    ...draft,
    actor: { id, type, auth: 'client-asserted' },
    approval: { approver: { id }, scope_sha256: approval?.scope_sha256 ?? '', gate: 'cutover' },
  };
}

const recordsOf = (folder: string): string[] => readFileSync(join(folder, 'log/records.jsonl'), 'utf8').split('\n').slice(0, -1);
const editRecords = (folder: string, edit: (lines: string[]) => string[]): void =>
  writeFileSync(
    join(folder, 'log/records.jsonl'),
    edit(recordsOf(folder))
      .map((line) => `${line}\n`)
      .join(''),
  );
const editFile = (file: string, edit: (text: string) => string): void => {
  const before = readFileSync(file, 'utf8');
  expect(edit(before)).not.toBe(before);
  writeFileSync(file, edit(before));
};
const nonceOf = (folder: string, event: string): string =>
  recordsOf(folder)
    .map((line) => JSON.parse(line))
    .find((record) => record.event === event).approval.nonce;
const evidenceOf = (folder: string, seq: number, name: string): string =>
  JSON.parse(recordsOf(folder)[seq] ?? '').evidence.find((item: { name: string }) => item.name === name).sha256;
const rowsFile = (folder: string): string =>
  join(
    folder,
    'manifests',
    `${evidenceOf(
      folder,
      recordsOf(folder).findIndex((line) => line.includes('"batch.verified"')),
      'rows',
    )}.gz`,
  );
const editRows = (folder: string, edit: (text: string) => string): void =>
  writeFileSync(rowsFile(folder), gzipSync(edit(gunzipSync(readFileSync(rowsFile(folder))).toString())));
const firstBucket = (folder: string): string => {
  const at = recordsOf(folder).findIndex((line) => line.includes('"reconciliation.closed"'));
  const index = JSON.parse(gunzipSync(readFileSync(join(folder, 'manifests', `${evidenceOf(folder, at, 'final-set')}.gz`))).toString());
  return index.buckets.find(({ count }: { count: number }) => count > 0).sha256;
};
const replaceByLink = (file: string, to: string): void => {
  rmSync(file, { recursive: true });
  symlinkSync(to, file);
};
