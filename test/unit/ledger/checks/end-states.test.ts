import { mkdtempSync, readFileSync, rmSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import type { CheckId, CheckReport } from '../../../../src/ledger/checks/findings.ts';
import { verifyBundle } from '../../../../src/ledger/checks/verify-bundle.ts';
import type { LedgerDraft } from '../../../../src/model/ledger-record.ts';
import type { ObjectRow } from '../../../../src/model/row.ts';
import { makeSampleBundle, type SampleOptions, sumAgain } from '../../../support/evidence/sample.ts';
import type { SampleEdits } from '../../../support/evidence/sample-edits.ts';
import { sampleName } from '../../../support/evidence/sample-objects.ts';

const top = mkdtempSync(join(tmpdir(), 'ecluse-ends-'));
afterAll(() => rmSync(top, { recursive: true, force: true }));

let made = 0;
async function checkOf(id: CheckId, options: SampleOptions, tamper: (folder: string) => void = () => undefined): Promise<CheckReport | undefined> {
  const folder = join(top, String(made++));
  await makeSampleBundle(folder, options);
  tamper(folder);
  sumAgain(folder);
  return (await verifyBundle(folder, { atMs: Date.now() })).checks.find((check) => check.id === id);
}

const refOf = (n: number): string => sampleName(n).ref;
/** Changes the rows of object n in one batch. */
const rowOf =
  (n: number, batch: number, edit: (row: ObjectRow) => ObjectRow): NonNullable<SampleEdits['rows']> =>
  (rows, at) =>
    at === batch ? rows.map((row) => (row.ref === refOf(n) ? edit(row) : row)) : rows;
const uncopied = (row: ObjectRow, outcome: ObjectRow['outcome'], reason: string): ObjectRow => {
  const { i, ref, sizeBytes, sourceEtag, sourceLastModified } = row;
  return { i, ref, sizeBytes, sourceEtag, sourceLastModified, outcome, verdict: 'UNKNOWN', reason };
};
const draftOf =
  (event: LedgerDraft['event'], edit: (draft: LedgerDraft) => LedgerDraft | readonly LedgerDraft[]): NonNullable<SampleEdits['draft']> =>
  (draft) =>
    draft.event === event ? edit(draft) : draft;
/** An automatic undo before the source is frozen: of the copies before it nothing stands. */
const unwinding = draftOf('step.started', (draft) =>
  draft.act?.name === 'freeze-source'
    ? [{ ...draft, event: 'deletion.intent', event_id: 'demo/unwind', act: { ...draft.act, name: 'undo' }, reasons: ['UNWIND'] }, draft]
    : draft,
);
/** Of what the second pass does not tell, nobody knows more than the inventories say. */
const afterUnwinding: NonNullable<SampleEdits['final']> = (rows) => {
  const second = new Set([5, 6, 8, 9, 20, 25, 26, 27, 28, 29].map(refOf));
  return rows.map((row) => {
    const { ref, size_bytes } = row;
    return second.has(ref) ? row : { ref, size_bytes, state: ref === refOf(22) ? 'vanished' : 'unknown' };
  });
};

describe('C19', () => {
  const honest: readonly (readonly [string, SampleOptions, CheckReport['result']])[] = [
    ['a failed attempt leaves what an earlier pass copied', { edit: { rows: rowOf(5, 2, (row) => uncopied(row, 'failed', 'COPY_INCOMPLETE')) } }, 'PASS'],
    ['so does an object that changed while it was read', { edit: { rows: rowOf(5, 2, (row) => uncopied(row, 'changed', 'OBJECT_CHANGED')) } }, 'PASS'],
    ['an object that always changed', { edit: { rows: rowOf(21, 1, (row) => uncopied(row, 'changed', 'OBJECT_CHANGED')) } }, 'UNKNOWN'],
    ['what was copied before an automatic undo is not there', { edit: { draft: unwinding, final: afterUnwinding } }, 'UNKNOWN'],
    ['an object that failed', { edit: { rows: rowOf(20, 2, (row) => uncopied(row, 'failed', 'COPY_INCOMPLETE')) } }, 'FAIL'],
    ['a rollback', { kind: 'rolled-back' }, 'PASS'],
  ];
  it.each(honest)('%s: %j', async (_, options, expected) => {
    expect(await checkOf('C19', options)).toMatchObject({ result: expected });
  });

  const withdrawn = draftOf('reconciliation.closed', (draft) => ({ ...draft, reasons: ['WITHDRAWN'] }));
  const lies: readonly (readonly [string, RegExp, SampleOptions])[] = [
    ['batches before an automatic undo count', /does not point to the row that decides/, { edit: { draft: unwinding } }],
    ['withdrawn without an order', /nobody ordered/, { edit: { draft: withdrawn } }],
    [
      'a reference from nowhere',
      /is in no inventory/,
      { edit: { final: (rows) => sorted([...rows, { ref: 'ab'.repeat(32), size_bytes: '0', state: 'unknown' }]) } },
    ],
    [
      'an object that stands in the rows alone',
      /has a row and no end state/,
      { edit: { inventory: (rows) => rows.filter(({ ref }) => ref !== refOf(1)), final: (rows) => rows.filter(({ ref }) => ref !== refOf(1)) } },
    ],
    ['no reason', /another reason/, { edit: { final: (rows) => rows.map(({ reason, ...row }) => row) } }],
    ['another size', /another size/, { edit: { final: (rows) => rows.map((row) => (row.ref === refOf(1) ? { ...row, size_bytes: '1' } : row)) } }],
    [
      'verified, and the source holds another size since',
      /is verified, and what decides says unknown/,
      { edit: { inventory: (rows, which) => rows.map((row) => (which === 1 && row.ref === refOf(1) ? { ...row, size_bytes: '1' } : row)) } },
    ],
    [
      'verified, and the source lacks it since',
      /is verified, and what decides says unknown/,
      { edit: { inventory: (rows, which) => rows.filter(({ ref }) => which === 0 || ref !== refOf(1)) } },
    ],
    ['left without a rollback', /nothing was withdrawn/, { edit: { final: (rows) => rows.map((row) => ({ ...row, left: true as const })) } }],
    ['what a rollback left is hidden', /is not left/, { kind: 'rolled-back', edit: { final: (rows) => rows.map(({ left, ...row }) => row) } }],
  ];
  it.each(lies)('fails on %s: %s', async (_, detail, options) => {
    // The rolled-back sample closes three times; a final bundle is judged by the last.
    const check = await checkOf('C19', options.kind === 'rolled-back' ? { ...options, edit: { ...options.edit, draft: untilRollback } } : options);
    expect(check?.result).toBe('FAIL');
    expect(check?.detail).toMatch(detail);
  });

  it('is unknown where a rows file cannot be relied on, and tells what it still sees', async () => {
    const loseRows = (folder: string): void => {
      const line = readFileSync(join(folder, 'log/records.jsonl'), 'utf8')
        .split('\n')
        .find((each) => each.includes('"batch.verified"'));
      const rows = JSON.parse(line ?? '').evidence.find(({ name }: { name: string }) => name === 'rows').sha256;
      unlinkSync(join(folder, 'manifests', `${rows}.gz`));
    };
    expect(await checkOf('C18', {}, loseRows)).toMatchObject({ result: 'FAIL' });
    expect(await checkOf('C19', {}, loseRows)).toMatchObject({ result: 'UNKNOWN' });
    expect(await checkOf('C19', { edit: { final: (rows) => rows.slice(1) } }, loseRows)).toMatchObject({ result: 'FAIL' });
  });
});

/** The log of a rollback, without the removal that followed. */
const untilRollback: NonNullable<SampleEdits['draft']> = (draft) =>
  draft.event.startsWith('deletion.') || draft.act?.name === 'reconcile-removed' ? [] : draft;

const sorted = <T extends { readonly ref: string }>(rows: readonly T[]): readonly T[] => [...rows].sort((a, b) => (a.ref < b.ref ? -1 : 1));

describe('C20', () => {
  /** Object 3 is empty, as a delete marker is. */
  const marker = ({ i, ref, outcome, sizeBytes, sourceLastModified, verdict }: ObjectRow): ObjectRow => ({
    ...{ i, ref, outcome, sizeBytes, sourceLastModified, verdict },
    sourceEtag: '',
  });
  it('asks no digest of a delete marker, and of everything else', async () => {
    expect(await checkOf('C20', { edit: { rows: rowOf(3, 0, marker) } })).toMatchObject({ result: 'PASS' });
    expect(await checkOf('C20', { edit: { rows: rowOf(4, 0, marker) } })).toMatchObject({ result: 'FAIL' });
  });
});

describe('C21 and C22', () => {
  it('an act of a later turn shows how the earlier one ended', async () => {
    const later = draftOf('step.succeeded', (draft) => (draft.act ? { ...draft, act: { ...draft.act, turn: 7 } } : draft));
    expect(await checkOf('C21', { edit: { draft: later } })).toMatchObject({ result: 'PASS' });
    const other = draftOf('step.succeeded', (draft) => (draft.act?.name === 'finalize' ? { ...draft, act: { ...draft.act, name: 'other' } } : draft));
    expect(await checkOf('C21', { edit: { draft: other } })).toMatchObject({ result: 'UNKNOWN' });
  });

  it.each<[LedgerDraft['verdict'], string[], CheckReport['result']]>([
    ['UNKNOWN', ['SHARED_BUCKET'], 'UNKNOWN'],
    ['FAIL', [], 'FAIL'],
  ])('a listing after a removal that says %s %j: %s', async (verdict, reasons, expected) => {
    const draft = draftOf('deletion.absence', (absence) => ({ ...absence, verdict, reasons }));
    expect(await checkOf('C22', { kind: 'rolled-back', edit: { draft } })).toMatchObject({ result: expected });
  });
});

describe('C17', () => {
  it('takes the side of a comparison from between the slashes', async () => {
    const rename = (name: (old: string) => string) =>
      draftOf('listing.compared', (draft) => (draft.act ? { ...draft, act: { ...draft.act, name: name(draft.act.name) } } : draft));
    expect(await checkOf('C17', { edit: { draft: rename((old) => `${old}/0a1b2c`) } })).toMatchObject({ result: 'PASS' });
    expect(await checkOf('C17', { edit: { draft: rename((old) => old.replace('/', '-')) } })).toMatchObject({ result: 'FAIL' });
  });
});
