import { createHash } from 'node:crypto';
import { type CanonicalValue, canonicalJson } from '../../core/canonical-json.ts';
import type { LedgerRecord } from '../../model/ledger-record.ts';
import { EndState } from '../../model/reference-set.ts';
import { BundleFault, type BundleFolder, sha256Of } from './folder.ts';
import { linesOf } from './lines.ts';

/** The index of a sealed inventory or of a final set (docs/bundle-format.md §6). */
export interface SetIndex {
  readonly kind: 'inventory' | 'final';
  readonly workload: string;
  readonly bits: number;
  readonly count: number;
  readonly buckets: readonly { readonly count: number; readonly sha256: string }[];
  readonly states: Readonly<Record<string, { readonly count: number; readonly size_bytes: string }>>;
}

/** A line of a bucket. */
export interface SetEntry {
  readonly ref: string;
  /** Decimal. */
  readonly sizeBytes: string;
  /** The rest only in a final set. */
  readonly state?: EndState;
  readonly rows?: string;
  readonly i?: number;
  readonly reason?: string;
  readonly left?: true;
}

/** 65,536 buckets of a hundred signs each. */
const indexLimitBytes = 16 * 1024 * 1024;
/** The longest final row has four hundred. */
const lineLimitBytes = 1024;
const digest = /^[0-9a-f]{64}$/;
const decimal = /^(0|[1-9][0-9]{0,24})$/;
const emptyDigest = sha256Of('');
const endStates: ReadonlySet<unknown> = new Set(EndState.options);

/** Reads the index that a record binds. Throws BundleFault for anything out of form. */
export async function readSetIndex(
  folder: BundleFolder,
  item: NonNullable<LedgerRecord['evidence']>[number] | undefined,
  kind: SetIndex['kind'],
): Promise<SetIndex> {
  if (!item) throw new BundleFault(`binds no ${kind} set`);
  const limitBytes = Math.min(Number(item.size_bytes), indexLimitBytes);
  const chunks: Buffer[] = [];
  for await (const chunk of folder.unpacked(`manifests/${item.sha256}.gz`, limitBytes)) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  if (sha256Of(bytes) !== item.sha256) throw new BundleFault(`the ${kind} set has another digest`);
  const text = bytes.toString('utf8').replace(/\n$/, '');
  const value: unknown = JSON.parse(text);
  if (!isSetIndex(value, kind) || canonicalJson(value as unknown as CanonicalValue) !== text)
    throw new BundleFault(`the index of the ${kind} set is out of form`);
  return { ...value, states: value.states ?? {} };
}

function isSetIndex(value: unknown, kind: SetIndex['kind']): value is Omit<SetIndex, 'states'> & { states?: SetIndex['states'] } {
  const { v, kind: said, workload, bits, count, buckets, states, ...rest } = value as Record<string, unknown>;
  const isKind = v === 1 && said === kind && typeof workload === 'string' && Object.keys(rest).length === 0;
  const isCut = isCount(bits) && bits <= 16 && isCount(count) && Array.isArray(buckets) && buckets.length === 2 ** bits;
  const areBuckets = isCut && buckets.every((bucket) => isCount(bucket?.count) && digest.test(bucket?.sha256)) && sum(buckets) === count;
  const areStates = kind === 'inventory' ? states === undefined : isRecord(states) && Object.values(states).every(isStateCount);
  return isKind && areBuckets && areStates;
}

const isStateCount = (value: unknown): boolean => isRecord(value) && isCount(value.count) && decimal.test(String(value.size_bytes));
const sum = (buckets: readonly { count: number }[]): number => buckets.reduce((total, { count }) => total + count, 0);
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** All entries, ascending by `ref`; of the files one chunk at a time is in memory. Throws BundleFault at the first that is out of form, order or digest. */
export async function* setEntries(folder: BundleFolder, index: SetIndex): AsyncGenerator<SetEntry> {
  let [before, isEmptyRead] = ['', false];
  for (const [k, bucket] of index.buckets.entries()) {
    // All buckets without a reference are one file.
    const isEmpty = bucket.count === 0 && bucket.sha256 === emptyDigest;
    if (isEmpty && isEmptyRead) continue;
    isEmptyRead ||= isEmpty;
    const hash = createHash('sha256');
    let count = 0;
    for await (const { bytes, isEnded } of linesOf(
      hashed(folder.unpacked(`manifests/${bucket.sha256}.gz`, bucket.count * lineLimitBytes), hash),
      lineLimitBytes,
    )) {
      const entry = readEntry(bytes.toString('utf8'), index.kind);
      if (!isEnded || bucketOf(entry.ref, index.bits) !== k || entry.ref <= before)
        throw new BundleFault(`bucket ${k} of the ${index.kind} set is out of order`);
      before = entry.ref;
      count += 1;
      yield entry;
    }
    if (count !== bucket.count) throw new BundleFault(`bucket ${k} of the ${index.kind} set holds ${count} references, not ${bucket.count}`);
    if (hash.digest('hex') !== bucket.sha256) throw new BundleFault(`bucket ${k} of the ${index.kind} set has another digest`);
  }
}

/** Number of the bucket that a reference belongs to: its first bits. */
export const bucketOf = (ref: string, bits: number): number => Number.parseInt(ref.slice(0, 4), 16) >>> (16 - bits);

/** The same chunks, hashed as they pass. */
export async function* hashed(chunks: AsyncIterable<Buffer>, hash: { update(chunk: Buffer): unknown }): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    hash.update(chunk);
    yield chunk;
  }
}

/** The one form of an entry, written again: whatever else the line holds, in another order or twice, makes it another line. */
function readEntry(line: string, kind: SetIndex['kind']): SetEntry {
  const value: unknown = JSON.parse(line);
  if (!isRecord(value)) throw new BundleFault(`a line of the ${kind} set is out of form`);
  const { ref, size_bytes, state, rows, i, reason, left } = value;
  const isNamed = typeof ref === 'string' && digest.test(ref) && typeof size_bytes === 'string' && decimal.test(size_bytes);
  const isPlaced = rows === undefined ? i === undefined : typeof rows === 'string' && digest.test(rows) && isCount(i);
  const isFinal = endStates.has(state) && isPlaced && (reason === undefined || typeof reason === 'string') && (left === undefined || left === true);
  const isPlain = [state, rows, i, reason, left].every((each) => each === undefined);
  if (!isNamed || !(kind === 'final' ? isFinal : isPlain)) throw new BundleFault(`a line of the ${kind} set is out of form`);
  const front = `${rows === undefined ? '' : `"i":${i},`}${left ? '"left":true,' : ''}${reason === undefined ? '' : `"reason":${canonicalJson(String(reason))},`}`;
  const back = `${rows === undefined ? '' : `"rows":"${rows}",`}"size_bytes":"${size_bytes}"${state === undefined ? '' : `,"state":"${state}"`}`;
  if (line !== `{${front}"ref":"${ref}",${back}}`) throw new BundleFault(`a line of the ${kind} set is not canonical`);
  return {
    ref,
    sizeBytes: size_bytes,
    ...(state === undefined ? {} : { state: state as EndState }),
    ...(rows === undefined ? {} : { rows: String(rows), i: Number(i) }),
    ...(reason === undefined ? {} : { reason: String(reason) }),
    ...(left ? { left: true } : {}),
  };
}
