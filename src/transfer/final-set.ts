import { decides, type EndRules, endState, type JudgedRow, setVerdict } from '../core/end-state.ts';
import type { Digest, Verdict } from '../model/digest.ts';
import type { EndState, FinalRow, FinalSetRef } from '../model/reference-set.ts';
import type { ObjectRow, RowOutcome } from '../model/row.ts';
import type { Depot } from '../ports/depot.ts';
import { linesOf } from './json-lines.ts';
import { corrupt } from './manifest-files.ts';
import { type Partition, withPartition } from './partition.ts';
import { bitsFor, bucketRowsAtMost, openBuckets, putSetIndex, readInventory, readSetIndex, type SetOptions, type SetProgress } from './reference-set.ts';

export interface FinalSetDeps extends SetOptions {
  readonly depot: Depot;
}

/** An inventory by its record `inventory.sealed`. */
export interface RecordedInventory {
  readonly digest: Digest;
  readonly seq: number;
}

/** A rows file by its record `batch.verified` or `batch.restated`; `count` is the record's `unit.count`. */
export interface RecordedBatch {
  readonly rows: Digest;
  readonly seq: number;
  readonly count: number;
}

export interface FinalSetInput {
  readonly workload: string;
  /** All of the workload. The newest, by seq, has the last word on what the source holds. */
  readonly inventories: readonly RecordedInventory[];
  /** Those that count. What an automatic undo removed does not: only batches after the workload's newest `deletion.intent` with reason UNWIND. */
  readonly batches: readonly RecordedBatch[];
  readonly acceptedLosses: readonly string[];
  /** The workload was rolled back or discarded. `left`: which references still stand on the target; `all` after a rollback, which removes nothing. */
  readonly withdrawn?: { readonly left: 'all' | AsyncIterable<string> };
}

/**
 * Seals the one end of every reference that an inventory or a batch knows (docs/bundle-format.md, section 6). The same inputs give the same
 * digest. Memory holds one bucket; the rest waits in temporary files, which are gone when this settles. DEPOT_CORRUPT when a rows file is not
 * what its record says.
 */
export async function sealFinalSet(deps: FinalSetDeps, input: FinalSetInput, heartbeat: SetProgress, signal: AbortSignal): Promise<FinalSetRef> {
  const { depot, temporaries } = deps;
  const batches = [...input.batches].sort((a, b) => a.seq - b.seq);
  const inventories = [...input.inventories].sort((a, b) => a.seq - b.seq);
  const newest = inventories.at(-1);
  const bits = await finalBits(deps, inventories, batches);
  return await withPartition({ bits, folder: temporaries }, async (partition) => {
    const taking = startTaking(partition, heartbeat, signal);
    for (const inventory of inventories) await takeInventory(depot, inventory, inventory === newest, taking);
    for (const [at, batch] of batches.entries()) await takeBatch(depot, batch, at, taking);
    const left = input.withdrawn?.left;
    if (left && left !== 'all') for await (const ref of left) await taking.take(ref, ['l']);
    const rules = {
      ...(newest ? { inventoriedAt: newest.seq } : {}),
      acceptedLosses: new Set(input.acceptedLosses),
      isWithdrawn: input.withdrawn !== undefined,
      areAllLeft: left === 'all',
    };
    return await writeFinalSet(depot, input.workload, { bits, partition, batches, rules }, (written) => {
      signal.throwIfAborted();
      heartbeat({ read: taking.read(), written });
    });
  });
}

/** Known before anything is partitioned: a bucket has few enough references, and not too many lines about them. */
async function finalBits({ depot, bucketRows = bucketRowsAtMost }: FinalSetDeps, inventories: readonly RecordedInventory[], batches: readonly RecordedBatch[]) {
  const counts: number[] = [];
  for (const { digest } of inventories) counts.push((await readSetIndex(depot, digest)).count);
  const lines = [...counts, ...batches.map(({ count }) => count)].reduce((sum, count) => sum + count, 0);
  return Math.max(bitsFor(Math.max(0, ...counts), bucketRows), bitsFor(lines, bucketRows * 4));
}

interface Taking {
  take(ref: string, fields: readonly (string | number)[]): Promise<void> | undefined;
  readonly beat: () => void;
  readonly read: () => number;
}

function startTaking(partition: Partition, heartbeat: SetProgress, signal: AbortSignal): Taking {
  let read = 0;
  return {
    take: (ref, fields) => {
      read += 1;
      return partition.add(ref, `${ref} ${fields.join(' ')}`);
    },
    beat: () => {
      signal.throwIfAborted();
      heartbeat({ read, written: 0 });
    },
    read: () => read,
  };
}

async function takeInventory(depot: Depot, { digest }: RecordedInventory, isNewest: boolean, { take, beat, read }: Taking): Promise<void> {
  beat();
  for await (const { ref, size_bytes } of readInventory(depot, digest)) {
    const isFull = take(ref, [isNewest ? 'n' : 'o', size_bytes]);
    if (isFull) await isFull;
    if (read() % 10_000 === 0) beat();
  }
}

async function takeBatch(depot: Depot, { rows, count }: RecordedBatch, at: number, { take, beat }: Taking): Promise<void> {
  beat();
  const lines = linesOf(await depot.get(rows));
  lines.next(); // the salt
  let next = 0;
  for (const line of lines) {
    const { i, ref, outcome, verdict, sizeBytes, reason } = JSON.parse(line) as ObjectRow;
    if (i !== next) throw corrupt('a row is not where its number says');
    next += 1;
    const isFull = take(ref, ['r', at, i, outcome, verdict, sizeBytes, reason ?? '']);
    if (isFull) await isFull;
  }
  if (next !== count) throw corrupt('a rows file does not hold as many rows as its record says');
}

/** What the lines about one reference say. */
interface Found {
  row?: JudgedRow & { readonly rows: Digest; readonly i: number };
  listedBytes?: number;
  inventoriedBytes?: number;
  isLeft?: true;
}

/** Lines come as they were taken: inventories and batches oldest first, so that the later one decides. */
function gather(lines: Iterable<string>, batches: readonly RecordedBatch[]): [string, Found][] {
  const all = new Map<string, Found>();
  for (const line of lines) {
    const [ref = '', kind, ...fields] = line.split(' ');
    const found = all.get(ref) ?? {};
    all.set(ref, found);
    if (kind === 'l') found.isLeft = true;
    else if (kind === 'r') {
      const row = rowOf(fields, batches);
      if (decides(row, found.row)) found.row = row;
    } else {
      found.inventoriedBytes = Number(fields[0]);
      if (kind === 'n') found.listedBytes = found.inventoriedBytes;
    }
  }
  return [...all].sort(([a], [b]) => (a < b ? -1 : 1));
}

function rowOf([at, i, outcome, verdict, sizeBytes, reason]: readonly string[], batches: readonly RecordedBatch[]): NonNullable<Found['row']> {
  const { rows = '', seq = 0 } = batches[Number(at)] ?? {};
  const judged = { outcome: outcome as RowOutcome, verdict: verdict as Verdict, sizeBytes: Number(sizeBytes), ...(reason ? { reason } : {}) };
  return { ...judged, seq, rows, i: Number(i) };
}

interface Resolving {
  readonly bits: number;
  readonly partition: Partition;
  readonly batches: readonly RecordedBatch[];
  readonly rules: EndRules & { readonly areAllLeft: boolean };
}

async function writeFinalSet(
  depot: Depot,
  workload: string,
  { bits, partition, batches, rules }: Resolving,
  beat: (written: number) => void,
): Promise<FinalSetRef> {
  const writing = openBuckets(depot);
  const sums = new Map<EndState, { count: number; sizeBytes: bigint }>();
  let inventoried = 0;
  for await (const lines of partition.buckets()) {
    const rows: FinalRow[] = [];
    for (const [ref, found] of gather(lines, batches)) {
      const row = finalRow(ref, found, rules);
      const sum = sums.get(row.state) ?? { count: 0, sizeBytes: 0n };
      sums.set(row.state, { count: sum.count + 1, sizeBytes: sum.sizeBytes + BigInt(row.size_bytes) });
      if (found.listedBytes !== undefined) inventoried += 1;
      rows.push(row);
    }
    await writing.add(rows);
    beat(writing.count());
  }
  const { buckets } = writing;
  const count = writing.count();
  const states = Object.fromEntries([...sums].map(([state, sum]) => [state, { count: sum.count, size_bytes: String(sum.sizeBytes) }]));
  const digest = await putSetIndex(depot, { v: 1, kind: 'final', workload, bits, buckets, count, states });
  const told = Object.fromEntries([...sums].map(([state, sum]) => [state, { count: sum.count, sizeBytes: String(sum.sizeBytes) }]));
  return { digest, count, inventoried, states: told, verdict: setVerdict(sums.keys()) };
}

function finalRow(ref: string, found: Found, rules: Resolving['rules']): FinalRow {
  const { row, inventoriedBytes = 0, isLeft } = found;
  const state = endState(found, rules);
  const stands = rules.areAllLeft && (row?.outcome === 'copied' || row?.outcome === 'adopted');
  return {
    ref,
    state,
    size_bytes: String(row?.sizeBytes ?? inventoriedBytes),
    ...(row ? { rows: row.rows, i: row.i } : {}),
    ...(row?.reason === undefined ? {} : { reason: row.reason }),
    ...(isLeft || stands ? { left: true } : {}),
  };
}
