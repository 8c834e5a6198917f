import { createHash } from 'node:crypto';
import { afterAll, describe, expect, it } from '@jest/globals';
import { decidingRows } from '../../../../src/ledger/checks/deciding-rows.ts';
import { openSpools } from '../../../../src/ledger/checks/spool.ts';
import type { ObjectRow } from '../../../../src/model/row.ts';

const spools = openSpools();
afterAll(() => spools.remove());

const refOf = (n: number): string => createHash('sha256').update(String(n)).digest('hex');
const row = (n: number, i: number, more: Partial<ObjectRow> = {}): ObjectRow => ({
  i,
  ref: refOf(n),
  outcome: 'copied',
  sizeBytes: 2 ** 40 + n,
  sourceEtag: 'e',
  sourceLastModified: '2026-01-01T00:00:00Z',
  verdict: 'PASS',
  ...more,
});
const batches = [10, 20, 30].map((seq) => ({ seq, sha256: refOf(-seq) }));
const [first, second, third] = batches as [(typeof batches)[0], (typeof batches)[0], (typeof batches)[0]];

describe('decidingRows', () => {
  it('answers one row a reference, ascending, also when the rows wait in many parts on the disk', () => {
    const rows = decidingRows(spools, 1_000_000);
    for (let n = 0; n < 5000; n += 1) rows.add(row(n, n), first);
    for (let n = 0; n < 5000; n += 2) rows.add(row(n, n, { verdict: 'UNKNOWN', reason: 'OBJECT_CHANGED' }), second);
    const found = [...rows.ascending()];
    expect(found.map(({ ref }) => ref)).toEqual(Array.from({ length: 5000 }, (_, n) => refOf(n)).sort());
    const at = (n: number) => found.find(({ ref }) => ref === refOf(n));
    expect(at(7)).toEqual({ ref: refOf(7), rows: first.sha256, seq: 10, i: 7, sizeBytes: 2 ** 40 + 7, outcome: 'copied', verdict: 'PASS' });
    expect(at(8)).toEqual({
      ref: refOf(8),
      rows: second.sha256,
      seq: 20,
      i: 8,
      sizeBytes: 2 ** 40 + 8,
      outcome: 'copied',
      verdict: 'UNKNOWN',
      reason: 'OBJECT_CHANGED',
    });
    rows.remove();
  });

  it.each<[string, ObjectRow['outcome'][], number]>([
    ['a failed attempt leaves what was copied', ['copied', 'failed', 'vanished'], 0],
    ['a later copy replaces it', ['adopted', 'changed', 'copied'], 2],
    ['what was deleted stands no more', ['copied', 'deleted', 'failed'], 2],
    ['of attempts the last', ['failed', 'changed', 'vanished'], 2],
  ])('%s', (_, outcomes, expected) => {
    const rows = decidingRows(spools, 3);
    for (const [at, outcome] of outcomes.entries()) rows.add(row(1, 0, { outcome }), [first, second, third][at] ?? first);
    expect([...rows.ascending()].map(({ seq }) => seq)).toEqual([batches[expected]?.seq]);
    rows.remove();
  });

  it('goes by the rows of one file too', () => {
    const rows = decidingRows(spools, 2);
    for (const i of [0, 1]) rows.add(row(1, i), first);
    expect([...rows.ascending()].map(({ i }) => i)).toEqual([1]);
    rows.remove();
  });
});
