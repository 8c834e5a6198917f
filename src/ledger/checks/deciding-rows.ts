import { decides, type JudgedRow } from '../../core/end-state.ts';
import type { Verdict } from '../../model/digest.ts';
import type { ObjectRow, RowOutcome } from '../../model/row.ts';
import { BundleFault } from './folder.ts';
import { bucketOf } from './sets.ts';
import type { Spool, SpoolFolder } from './spool.ts';

export const rowOutcomes: readonly RowOutcome[] = ['copied', 'adopted', 'deleted', 'vanished', 'changed', 'failed'];
const verdicts: readonly Verdict[] = ['PASS', 'FAIL', 'UNKNOWN'];

/** The row that decides about a reference, and where it stands. */
export interface DecidingRow extends JudgedRow {
  readonly ref: string;
  /** Digest of the rows file. */
  readonly rows: string;
  readonly i: number;
}

/** Rows of one workload, put aside by the first bits of their references, so that one part at a time is in memory. */
export interface DecidingRows {
  /** In the order of the log, and of each file. */
  add(row: ObjectRow, batch: { readonly seq: number; readonly sha256: string }): void;
  /** One row a reference, ascending. */
  ascending(): Generator<DecidingRow>;
  remove(): void;
}

/** ref 32 · batch 4 · i 4 · size 8 · reason 2 · outcome 1 · verdict 1 */
const rowBytes = 52;
/** Rows of one part: 3 MB. */
const partRows = 65_536;
const mostBits = 12;
/** What waits in memory of all parts together. */
const waitingBytes = 16 * 1024 * 1024;
const mostReasons = 0xffff;

/** `rowCount`: about how many will come. */
export function decidingRows(spools: SpoolFolder, rowCount: number): DecidingRows {
  const bits = Math.min(mostBits, Math.max(0, Math.ceil(Math.log2(Math.max(1, rowCount) / partRows))));
  const parts: (Spool | undefined)[] = Array.from({ length: 2 ** bits });
  const batches = numbered<{ readonly seq: number; readonly sha256: string }>();
  const reasons = numbered<string>();
  const packed = Buffer.alloc(rowBytes);
  return {
    add: ({ ref, sizeBytes, i, outcome, verdict, reason = '' }, batch) => {
      if (reasons.all.length >= mostReasons) throw new BundleFault('the rows name more reasons than there can be');
      packed.write(ref, 0, 'hex');
      packed.writeUInt32BE(batches.numberOf(batch), 32);
      packed.writeUInt32BE(i, 36);
      packed.writeDoubleBE(sizeBytes, 40);
      packed.writeUInt16BE(reasons.numberOf(reason), 48);
      packed.writeUInt8(rowOutcomes.indexOf(outcome), 50);
      packed.writeUInt8(verdicts.indexOf(verdict), 51);
      const part = bucketOf(ref, bits);
      parts[part] ??= spools.spool(`rows-${part}`, waitingBytes / parts.length);
      parts[part].add(packed);
    },
    *ascending() {
      for (const part of parts) if (part) yield* decidingOf(part.read(), (data) => unpackRow(data, batches.all, reasons.all));
    },
    remove: () => {
      for (const part of parts) part?.remove();
    },
  };
}

/** Small numbers for things that come again and again. */
function numbered<T>(): { readonly all: readonly T[]; numberOf(one: T): number } {
  const all: T[] = [];
  const numbers = new Map<T, number>();
  return {
    all,
    numberOf: (one) => {
      const known = numbers.get(one);
      if (known !== undefined) return known;
      numbers.set(one, all.length);
      return all.push(one) - 1;
    },
  };
}

const unpackRow = (data: Buffer, batches: readonly { readonly seq: number; readonly sha256: string }[], reasons: readonly string[]): DecidingRow => {
  const { seq = -1, sha256: rows = '' } = batches[data.readUInt32BE(32)] ?? {};
  const reason = reasons[data.readUInt16BE(48)];
  return {
    ref: data.toString('hex', 0, 32),
    seq,
    rows,
    i: data.readUInt32BE(36),
    sizeBytes: data.readDoubleBE(40),
    outcome: rowOutcomes[data.readUInt8(50)] ?? 'failed',
    verdict: verdicts[data.readUInt8(51)] ?? 'UNKNOWN',
    ...(reason ? { reason } : {}),
  };
};

/** Rows of one reference stand beside each other once sorted, in the order in which they came: the last that decides is it. */
function* decidingOf(data: Buffer, unpack: (row: Buffer) => DecidingRow): Generator<DecidingRow> {
  let found: DecidingRow | undefined;
  for (const at of sortedRows(data)) {
    const row = unpack(data.subarray(at * rowBytes, (at + 1) * rowBytes));
    if (found && found.ref !== row.ref) {
      yield found;
      found = undefined;
    }
    if (decides(row, found)) found = row;
  }
  if (found) yield found;
}

/** Numbers of the rows, by reference and then as they came. Six bytes of a reference make a number; more is compared where these are equal. */
function sortedRows(data: Buffer): Uint32Array {
  const count = data.length / rowBytes;
  const heads = Float64Array.from({ length: count }, (_, at) => data.readUIntBE(at * rowBytes, 6));
  const order = (a: number, b: number): number => {
    const [from, other] = [a * rowBytes, b * rowBytes];
    return (heads[a] ?? 0) - (heads[b] ?? 0) || data.compare(data, other, other + 32, from, from + 32) || a - b;
  };
  return Uint32Array.from({ length: count }, (_, at) => at).sort(order);
}
