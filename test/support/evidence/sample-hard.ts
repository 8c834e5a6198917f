import type { FinalRow, InventoryRow } from '../../../src/model/reference-set.ts';
import type { ObjectRow } from '../../../src/model/row.ts';
import { byRef, gone, rowsOf, sampleName, without } from './sample-objects.ts';

/** Object 34 has two versions and a delete marker; the others are kept without versions. */
const versions = ['v1', 'v2', 'v3'] as const;

/** Of a run that was taken back: no row of it counts, and object 40 was never listed and never seen again. */
export const unwoundPass: readonly ObjectRow[] = rowsOf([30, 31, 40]);

/** First pass of the run that counts: 31 fails, 36 is not yet known to be gone, 33 vanishes under the copy's hand. */
export const hardFirst: readonly ObjectRow[] = [
  ...rowsOf([30, 31, 32, 33, 36], (row, n) => {
    if (n === 31) return without(row, 'failed', 'COPY_INCOMPLETE');
    return n === 33 ? without(row, 'vanished', 'OBJECT_MISSING') : row;
  }),
  ...versions.map((version, at) => versionOf(version, at, 5 + at)),
];

/** What a stage that was given up had done: 35 was copied and not compared, 36 was deleted with its source. */
export const hardRestated: readonly ObjectRow[] = [
  ...rowsOf([35], ({ targetSha256: _, targetMetadata: __, ...row }) => ({ ...row, verdict: 'UNKNOWN', reason: 'NOT_COMPARED' })),
  ...rowsOf([36]).map((row) => ({ ...gone(row), i: 1, verdict: 'UNKNOWN' as const })),
];

/** The delta: 30 changes and cannot be read; 32 is deleted with its source; 35 is copied once more. */
export const hardSecond: readonly ObjectRow[] = rowsOf(
  [30, 32, 35],
  (row, n) => (n === 30 ? without(row, 'failed', 'COPY_INCOMPLETE') : n === 32 ? gone(row) : row),
  2,
);

/** Tags of objects 0 and 1 were read again: their rows take the place of the first ones. */
export const retagged: readonly ObjectRow[] = rowsOf([0, 1], (row) => ({ ...row, tags: row.metadata ?? '', targetEtag: `${row.targetEtag}-tagged` }));

const unread = sampleName(38);
const unseen = sampleName(39);

/**
 * What a listing shows, beside the objects without a hard history. `which` 0, the first one: 38 is there, and gone before anybody could read it.
 * 1, the closing one: the change of 30 was undone, 31 is gone; where the log may end without a verdict PASS also 32 and 33, which their rows
 * call gone, and 39, of which no row tells.
 */
export function hardListing(listed: readonly InventoryRow[], which: number, isContradicted: boolean): readonly InventoryRow[] {
  const rows = new Map(listed.map((row) => [row.ref, row]));
  const show = (ref: string, size: number): void => void rows.set(ref, { ref, size_bytes: String(size) });
  if (which === 0) for (const { ref, sizeBytes } of [...hardFirst, { ref: unread.ref, sizeBytes: 380 }]) show(ref, sizeBytes);
  else {
    rows.delete(sampleName(31).ref);
    if (isContradicted) for (const n of [32, 33, 39]) show(sampleName(n).ref, 320);
  }
  return [...rows.values()].sort(byRef);
}

/** How they end, told by hand: [state, batch and row that decide]. Batches are counted from the first that counts. */
export const hardEnds = (isContradicted: boolean): ReadonlyMap<string, readonly [FinalRow['state'], number?, number?]> =>
  new Map<string, readonly [FinalRow['state'], number?, number?]>([
    [sampleName(0).ref, ['verified', 6, 0]],
    [sampleName(1).ref, ['verified', 6, 1]],
    [sampleName(30).ref, ['verified', 2, 0]],
    [sampleName(31).ref, ['vanished', 2, 1]],
    [sampleName(32).ref, [isContradicted ? 'unknown' : 'vanished', 5, 1]],
    [sampleName(33).ref, [isContradicted ? 'unknown' : 'vanished', 2, 3]],
    [sampleName(34, 'v1').ref, ['verified', 2, 5]],
    [sampleName(34, 'v2').ref, ['verified', 2, 6]],
    [sampleName(34, 'v3').ref, ['verified', 2, 7]],
    [sampleName(35).ref, ['verified', 5, 2]],
    [sampleName(36).ref, ['vanished', 3, 1]],
    [unread.ref, ['vanished']],
    ...(isContradicted ? [[unseen.ref, ['unknown']] as const] : []),
  ]);

/** Names of all of them, for `confidential/names.age`. */
export const hardNames = [30, 31, 32, 33, 35, 36, 38, 39, 40].map((n) => sampleName(n)).concat(versions.map((version) => sampleName(34, version)));

/** What a discard finds changed by somebody else, and leaves alone. */
export const leftAlone: ReadonlySet<string> = new Set([13, 24].map((n) => sampleName(n).ref));

function versionOf(version: string, at: number, i: number): ObjectRow {
  const [row] = rowsOf([34], (each) => each, at + 1) as [ObjectRow];
  const of = { ...row, ref: sampleName(34, version).ref, i, sourceVersionId: version, targetVersionId: `t-${version}` };
  if (version !== 'v3') return of;
  const { sha256: _, targetSha256: __, metadata: ___, targetMetadata: ____, losses: _____, ...marker } = of;
  return { ...marker, sizeBytes: 0, sourceEtag: '', targetEtag: '' };
}
