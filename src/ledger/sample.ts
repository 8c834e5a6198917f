import { createHash } from 'node:crypto';
import { BundleFault, type BundleFolder, openBundleFolder } from './checks/folder.ts';
import { linesOf } from './checks/lines.ts';
import { evidenceNamed } from './checks/record-check.ts';
import { readSetIndex, setEntries } from './checks/sets.ts';
import { parseLine } from './record.ts';

/** An object that the seed drew. Its names stand there once `nameSample` found them. */
export interface DrawnObject {
  readonly ref: string;
  /** SHA-256(seed ‖ 00 ‖ ref), hex: the smallest win. */
  readonly rank: string;
  readonly workload: string;
  /** The rows file, the row in it, and the record that binds the file. */
  readonly rows: string;
  readonly i: number;
  readonly record: number;
  readonly container?: string;
  readonly key?: string;
  readonly version?: string;
}

export interface DrawnSample {
  readonly v: 1;
  readonly log: string;
  readonly size: number;
  readonly seed: string;
  /** As asked: fewer objects mean that no more are verified. */
  readonly count: number;
  readonly draw: string;
  readonly objects: readonly DrawnObject[];
}

export const drawRule = 'smallest sha256(seed ‖ 00 ‖ ref) over all references in state verified (UTF-8 seed, ref as hex text)';

const nameLineLimitBytes = 64 * 1024;
const recordLimitBytes = 65_535;

/** Where the seed's luck puts a reference, hex. */
export const rankOf = (seed: string, ref: string): string => createHash('sha256').update(seed, 'utf8').update(Buffer.of(0)).update(ref, 'utf8').digest('hex');

/**
 * Draws `count` objects out of all that the bundle's newest final sets call verified. The seed alone decides, and the whole of the sets is
 * read, so nobody who made the bundle chose; memory holds the drawn ones. Undefined: the bundle has no final set. The bundle is not
 * verified here.
 */
export async function drawSample(root: string, { count, seed }: { readonly count: number; readonly seed: string }): Promise<DrawnSample | undefined> {
  const folder = await openBundleFolder(root);
  const { log, size, closings } = await readClosings(folder);
  if (closings.size === 0) return undefined;
  const drawn: Omit<DrawnObject, 'record'>[] = [];
  for (const [workload, item] of closings) {
    for await (const { ref, state, rows, i } of setEntries(folder, await readSetIndex(folder, item, 'final'))) {
      if (state !== 'verified' || rows === undefined || i === undefined) continue;
      keepSmallest(drawn, { ref, rank: rankOf(seed, ref), workload, rows, i }, count);
    }
  }
  const records = await recordsOf(folder, new Set(drawn.map(({ rows }) => rows)));
  const objects = drawn.map((object) => ({ ...object, record: records.get(`${object.workload} ${object.rows}`) ?? -1 }));
  return { v: 1, log, size, seed, count, draw: drawRule, objects };
}

/** Ascending by rank, `count` at most. */
function keepSmallest<T extends { readonly rank: string }>(kept: T[], candidate: T, count: number): void {
  const worst = kept.at(-1);
  if (kept.length >= count && worst && worst.rank <= candidate.rank) return;
  const at = kept.findIndex(({ rank }) => rank > candidate.rank);
  kept.splice(at < 0 ? kept.length : at, 0, candidate);
  if (kept.length > count) kept.pop();
}

type Evidence = NonNullable<ReturnType<typeof evidenceNamed>>;

async function readClosings(folder: BundleFolder): Promise<{ log: string; size: number; closings: ReadonlyMap<string, Evidence> }> {
  const closings = new Map<string, Evidence>();
  let [log, size] = ['', 0];
  for await (const { bytes } of linesOf(folder.chunks('log/records.jsonl'), recordLimitBytes)) {
    // Most records are of other kinds: only the first and those that may be meant are parsed.
    if (size === 0 || bytes.includes('"event":"reconciliation.closed"')) {
      const parsed = parseLine(bytes.toString('utf8'));
      const record = 'record' in parsed ? parsed.record : undefined;
      if (size === 0) log = record?.log ?? '';
      const item = record && evidenceNamed(record, 'final-set');
      if (record?.event === 'reconciliation.closed' && record.unit && item) closings.set(record.unit.ref, item);
    }
    size += 1;
  }
  return { log, size, closings };
}

/** `workload rows` → the record that binds these rows. */
async function recordsOf(folder: BundleFolder, wanted: ReadonlySet<string>): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>();
  for await (const { bytes } of linesOf(folder.chunks('log/records.jsonl'), recordLimitBytes)) {
    if (!bytes.includes('"event":"batch.')) continue;
    const parsed = parseLine(bytes.toString('utf8'));
    const rows = 'record' in parsed ? evidenceNamed(parsed.record, 'rows')?.sha256 : undefined;
    if ('record' in parsed && rows && wanted.has(rows)) found.set(`${parsed.record.unit?.ref} ${rows}`, parsed.record.seq);
  }
  return found;
}

/**
 * Fills the names in from the decrypted names.age: JSON lines `{"container","key","ref","version"?}`, as many as there are, of which only
 * the drawn ones are kept.
 */
export async function nameSample(sample: DrawnSample, names: AsyncIterable<Buffer>): Promise<DrawnSample> {
  const wanted = new Set(sample.objects.map(({ ref }) => ref));
  const found = new Map<string, Pick<DrawnObject, 'container' | 'key' | 'version'>>();
  for await (const { bytes } of linesOf(names, nameLineLimitBytes)) {
    const { ref, container, key, version } = readName(bytes);
    if (typeof ref !== 'string' || !wanted.has(ref) || typeof container !== 'string' || typeof key !== 'string') continue;
    found.set(ref, { container, key, ...(typeof version === 'string' ? { version } : {}) });
    if (found.size === wanted.size) break;
  }
  return { ...sample, objects: sample.objects.map((object) => ({ ...object, ...found.get(object.ref) })) };
}

/** A parser's own error would show a part of the name. */
function readName(line: Buffer): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(line.toString('utf8')) as Readonly<Record<string, unknown>>;
  } catch {
    throw new BundleFault('a line of the names is no JSON');
  }
}
