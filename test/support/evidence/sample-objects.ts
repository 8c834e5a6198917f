import { createHash, createHmac, randomBytes } from 'node:crypto';
import { type CanonicalValue, canonicalJson } from '../../../src/core/canonical-json.ts';
import type { FinalRow, InventoryRow } from '../../../src/model/reference-set.ts';
import type { ObjectRow } from '../../../src/model/row.ts';
import { samplePlace } from './sample-policy.ts';

/** A sealed batch: digest of its rows file, the rows, and the seq of its record. */
export interface SampleBatch {
  readonly rows: string;
  readonly objects: readonly ObjectRow[];
  readonly seq: number;
}
/** What the log knows of the objects: batches that count, and inventories, oldest first. */
export interface SampleHistory {
  readonly batches: readonly SampleBatch[];
  readonly inventories: readonly { readonly seq: number; readonly rows: readonly InventoryRow[] }[];
}

export type Put = (bytes: Uint8Array) => string;

export const sampleContainer = 'records';
const projectKey = Buffer.alloc(32, 11);
const sha256 = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');
const keyOf = (n: number): string => `patients/${String(n).padStart(4, '0')}.dcm`;
const bodyOf = (n: number, version: number): Buffer => (n === 3 ? Buffer.alloc(0) : Buffer.from(`image ${n} version ${version}\n`.repeat(n + 1)));

export interface SampleName {
  readonly ref: string;
  readonly container: string;
  readonly key: string;
  readonly version?: string;
}

/** The object's reference, or that of one of its versions, and the name behind it. */
export const sampleName = (n: number, version?: string): SampleName => ({
  ref: createHmac('sha256', projectKey)
    .update(`${sampleContainer}\0${keyOf(n)}\0${version ?? ''}`)
    .digest('hex'),
  container: sampleContainer,
  key: keyOf(n),
  ...(version === undefined ? {} : { version }),
});

/** Object 21 lies in an archive and stays there; 20 fails first and is copied in the delta; 8 and 9 are deleted, 5 and 6 change, 25 to 29 are new. */
export const firstPass: readonly (readonly ObjectRow[])[] = [
  rowsOf(range(0, 12)),
  rowsOf(range(12, 25), (row, n) => {
    if (n === 20) return without(row, 'failed', 'COPY_INCOMPLETE');
    if (n === 21) return without(row, 'failed', 'OBJECT_ARCHIVED');
    if (n === 22) return without(row, 'vanished', 'OBJECT_MISSING');
    return n === 13 ? { ...row, outcome: 'adopted' } : n === 24 ? large(row) : row;
  }),
];
export const secondPass: readonly (readonly ObjectRow[])[] = [
  rowsOf([5, 6, 8, 9, 20, ...range(25, 30)], (row, n) => (n === 8 || n === 9 ? gone(row) : row), 2),
];

export function rowsOf(objects: readonly number[], change: (row: ObjectRow, n: number) => ObjectRow = (row) => row, version = 1): readonly ObjectRow[] {
  return objects.map((n, i) => change(copied(n, i, version), n));
}

function copied(n: number, i: number, version: number): ObjectRow {
  const body = bodyOf(n, version);
  const metadata = sha256(`{"headers":{"content-type":"application/dicom"},"user":{"n":"${n}"}}`);
  return {
    i,
    ref: sampleName(n).ref,
    outcome: 'copied',
    sizeBytes: body.length,
    sourceEtag: createHash('md5').update(body).digest('hex'),
    sourceLastModified: `2025-0${version}-01T00:00:00Z`,
    sha256: sha256(body),
    targetSha256: sha256(body),
    targetEtag: createHash('md5').update(body).digest('hex'),
    metadata,
    targetMetadata: metadata,
    losses: ['TAGS_NOT_CARRIED'],
    verdict: 'PASS',
  };
}

export function without({ i, ref, sizeBytes, sourceEtag, sourceLastModified }: ObjectRow, outcome: ObjectRow['outcome'], reason: string): ObjectRow {
  return { i, ref, outcome, sizeBytes, sourceEtag, sourceLastModified, verdict: 'UNKNOWN', reason };
}

export function gone({ i, ref, sizeBytes, sourceEtag, sourceLastModified }: ObjectRow): ObjectRow {
  return { i, ref, outcome: 'deleted', sizeBytes, sourceEtag, sourceLastModified, verdict: 'PASS' };
}

/** Two chunks: the digest is a root, and nothing here can make it again from the body. */
function large(row: ObjectRow): ObjectRow {
  const root = sha256('root of two chunks');
  return { ...row, sizeBytes: 9_000_000, sha256: root, targetSha256: root, form: 'sha256-tree', chunkBytes: 8_388_608 };
}

/** Writes the rows file: a salt, then the rows. Answers its digest. */
export function sealRows(put: Put, objects: readonly ObjectRow[]): string {
  const lines = [{ salt: randomBytes(16).toString('base64url') }, ...objects].map((line) => `${JSON.stringify(line)}\n`);
  return put(Buffer.from(lines.join('')));
}

/** Objects as a listing shows them, sorted by reference: those of which the batches do not say that they are gone. */
export const listingOf = (batches: readonly Omit<SampleBatch, 'seq'>[]): readonly InventoryRow[] =>
  [...deciding(batches.map((batch) => ({ ...batch, seq: 0 }))).values()]
    .filter(({ row }) => row.outcome !== 'deleted' && row.outcome !== 'vanished')
    .map(({ row }) => ({ ref: row.ref, size_bytes: String(row.sizeBytes) }))
    .sort(byRef);

/** After a rollback all copies are left on the target, after a discard these references. */
export type SampleLeft = 'all' | ReadonlySet<string>;

/** Each reference once, with the end that section 6 of docs/bundle-format.md gives it. `left`: the workload was rolled back or discarded. */
export function finalRows({ batches, inventories }: SampleHistory, losses: readonly string[], left?: SampleLeft): readonly FinalRow[] {
  const newest = inventories.at(-1);
  const listed = new Map(newest?.rows.map(({ ref, size_bytes }) => [ref, size_bytes]));
  const held = new Map(inventories.flatMap(({ rows }) => rows.map(({ ref, size_bytes }) => [ref, size_bytes] as const)));
  const found = deciding(batches);
  return [...new Set([...found.keys(), ...held.keys()])]
    .map((ref): FinalRow => {
      const decided = found.get(ref);
      const isNewer = newest !== undefined && newest.seq > (decided?.seq ?? -1);
      const size = listed.get(ref);
      const isLeft = left === 'all' ? decided !== undefined && isCopy(decided.row) : left?.has(ref) === true;
      return {
        ref,
        size_bytes: decided ? String(decided.row.sizeBytes) : (held.get(ref) ?? '0'),
        ...(decided ? { rows: decided.rows, i: decided.row.i } : {}),
        ...(decided?.row.reason ? { reason: decided.row.reason } : {}),
        state: stateOf(decided?.row, { isNewer, size, losses, isWithdrawn: left !== undefined }),
        ...(isLeft ? { left: true as const } : {}),
      };
    })
    .sort(byRef);
}

interface Listed {
  /** The newest inventory was sealed after the row. */
  readonly isNewer: boolean;
  /** There, in bytes. */
  readonly size: string | undefined;
  readonly losses: readonly string[];
  readonly isWithdrawn: boolean;
}

function stateOf(row: ObjectRow | undefined, { isNewer, size, losses, isWithdrawn }: Listed): FinalRow['state'] {
  if (row && isCopy(row)) {
    if (isWithdrawn) return 'withdrawn';
    if (row.verdict === 'FAIL') return 'failed';
    return row.verdict === 'PASS' && (!isNewer || size === String(row.sizeBytes)) ? 'verified' : 'unknown';
  }
  const isGone = isNewer ? size === undefined : row?.outcome === 'deleted' || row?.outcome === 'vanished';
  if (isGone) return 'vanished';
  if (row?.outcome === 'failed' && row.reason && losses.includes(row.reason)) return 'excluded';
  if (isWithdrawn) return 'withdrawn';
  return row?.outcome === 'failed' || row?.outcome === 'changed' ? row.outcome : 'unknown';
}

const isCopy = ({ outcome }: ObjectRow): boolean => outcome === 'copied' || outcome === 'adopted';

interface Decided {
  readonly row: ObjectRow;
  readonly rows: string;
  readonly seq: number;
}

/** Of each reference the row that tells what stands on the target: an attempt without a copy changes nothing there. */
function deciding(batches: readonly SampleBatch[]): ReadonlyMap<string, Decided> {
  const found = new Map<string, Decided>();
  for (const { rows, objects, seq } of batches)
    for (const row of objects) {
      const earlier = found.get(row.ref);
      if (!earlier || !isCopy(earlier.row) || isCopy(row) || row.outcome === 'deleted') found.set(row.ref, { row, rows, seq });
    }
  return found;
}

const bits = 2;

/** Writes the buckets and their index; answers the index's digest, which evidence binds. */
export function sealSet(put: Put, kind: 'inventory' | 'final', rows: readonly (InventoryRow | FinalRow)[], workload: string = samplePlace.workload): string {
  const buckets = range(0, 2 ** bits).map((bucket) => {
    const lines = rows.filter(({ ref }) => Number.parseInt(ref.slice(0, 2), 16) >> (8 - bits) === bucket).map((row) => `${canonicalJson({ ...row })}\n`);
    return { count: lines.length, sha256: put(Buffer.from(lines.join(''))) };
  });
  const index = {
    v: 1,
    kind,
    workload,
    bits,
    count: rows.length,
    buckets,
    ...(kind === 'final' ? { states: statesOf(rows as FinalRow[]) } : {}),
  };
  return put(Buffer.from(canonicalJson(index as CanonicalValue)));
}

export function statesOf(rows: readonly FinalRow[]): Readonly<Record<string, { readonly count: number; readonly size_bytes: string }>> {
  const states = new Map<string, { count: number; size_bytes: string }>();
  for (const { state, size_bytes } of rows) {
    const { count, size_bytes: size } = states.get(state) ?? { count: 0, size_bytes: '0' };
    states.set(state, { count: count + 1, size_bytes: String(BigInt(size) + BigInt(size_bytes)) });
  }
  return Object.fromEntries(states);
}

export function byRef({ ref: a }: InventoryRow, { ref: b }: InventoryRow): number {
  return a < b ? -1 : 1;
}

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from }, (_, at) => from + at);
}
