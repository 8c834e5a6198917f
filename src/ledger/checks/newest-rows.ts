import type { Verdict } from '../../model/digest.ts';
import type { RowOutcome } from '../../model/row.ts';
import { BundleFault } from './folder.ts';
import { bucketOf } from './sets.ts';
import type { Spool, SpoolFolder } from './spool.ts';

export const rowOutcomes: readonly RowOutcome[] = ['copied', 'adopted', 'deleted', 'vanished', 'changed', 'failed'];
const verdicts: readonly Verdict[] = ['PASS', 'FAIL', 'UNKNOWN'];

/** What a final set needs to know of a row. */
export interface RowFacts {
  readonly ref: string;
  readonly seq: number;
  readonly rows: string;
  readonly i: number;
  readonly outcome: RowOutcome;
  readonly verdict: Verdict;
  readonly sizeBytes: number;
  readonly reason: string | undefined;
}

/** The rows of one workload, put aside by the first bits of their references, so that a part of them fits into memory at a time. */
export interface NewestRows {
  add(row: RowFacts): void;
  /** The newest row of the reference. Cheap when asked in ascending order. */
  find(ref: string): RowFacts | undefined;
  remove(): void;
}

/** ref 32 · rows 32 · seq 8 · size 8 · i 4 · reason 2 · outcome 1 · verdict 1 */
const rowBytes = 88;
/** Rows of one part: 22 MB, and as much again to find them. */
const partRows = 250_000;
const mostBits = 10;

/** `rowCount`: about how many will come. */
export function newestRows(spools: SpoolFolder, rowCount: number): NewestRows {
  const bits = Math.min(mostBits, Math.max(0, Math.ceil(Math.log2(Math.max(1, rowCount) / partRows))));
  const parts = new Map<number, Spool>();
  const reasons: string[] = [''];
  const reasonIndex = new Map<string, number>([['', 0]]);
  let loaded: { readonly part: number; readonly data: Buffer; readonly at: ReadonlyMap<string, number> } | undefined;
  const numberOf = (reason: string): number => {
    const known = reasonIndex.get(reason);
    if (known !== undefined) return known;
    if (reasons.length > 0xffff) throw new BundleFault('the rows name more reasons than there can be');
    reasonIndex.set(reason, reasons.length);
    return reasons.push(reason) - 1;
  };
  return {
    add: (row) => {
      const part = bucketOf(row.ref, bits);
      const spool = parts.get(part) ?? spools.spool(`rows-${part}`);
      parts.set(part, spool);
      spool.add(packRow(row, numberOf(row.reason ?? '')));
    },
    find: (ref) => {
      const part = bucketOf(ref, bits);
      if (loaded?.part !== part) {
        const data = parts.get(part)?.read() ?? Buffer.alloc(0);
        loaded = { part, data, at: indexRows(data) };
      }
      const at = loaded.at.get(Buffer.from(ref, 'hex').toString('latin1'));
      return at === undefined ? undefined : unpackRow(loaded.data.subarray(at, at + rowBytes), reasons);
    },
    remove: () => {
      loaded = undefined;
      for (const spool of parts.values()) spool.remove();
    },
  };
}

function packRow({ ref, rows, seq, sizeBytes, i, outcome, verdict }: RowFacts, reason: number): Buffer {
  const data = Buffer.allocUnsafe(rowBytes);
  data.write(ref, 0, 'hex');
  data.write(rows, 32, 'hex');
  data.writeDoubleBE(seq, 64);
  data.writeDoubleBE(sizeBytes, 72);
  data.writeUInt32BE(i, 80);
  data.writeUInt16BE(reason, 84);
  data.writeUInt8(rowOutcomes.indexOf(outcome), 86);
  data.writeUInt8(verdicts.indexOf(verdict), 87);
  return data;
}

const unpackRow = (data: Buffer, reasons: readonly string[]): RowFacts => ({
  ref: data.toString('hex', 0, 32),
  rows: data.toString('hex', 32, 64),
  seq: data.readDoubleBE(64),
  sizeBytes: data.readDoubleBE(72),
  i: data.readUInt32BE(80),
  reason: reasons[data.readUInt16BE(84)] || undefined,
  outcome: rowOutcomes[data.readUInt8(86)] ?? 'failed',
  verdict: verdicts[data.readUInt8(87)] ?? 'UNKNOWN',
});

/** Batches are added in the order of the log and rows in that of their file, so of one reference the last is the newest. */
function indexRows(data: Buffer): ReadonlyMap<string, number> {
  const at = new Map<string, number>();
  for (let from = 0; from < data.length; from += rowBytes) at.set(data.toString('latin1', from, from + 32), from);
  return at;
}
