import { BundleFault } from './folder.ts';
import type { NewestRows, RowFacts } from './newest-rows.ts';
import type { Bundle } from './record-check.ts';
import { type FinalState, finalStates, readSetIndex, type SetEntry, type SetIndex, setEntries } from './sets.ts';
import type { Closing, WorkloadStory } from './workloads.ts';

const settled: ReadonlySet<string> = new Set<FinalState>(['verified', 'vanished', 'excluded', 'withdrawn']);

export interface Reconciliation {
  readonly bundle: Bundle;
  readonly story: WorkloadStory;
  readonly closing: Closing;
  readonly rows: NewestRows;
  readonly losses: ReadonlySet<string>;
  readonly isFinal: boolean;
}

/** C19 of a workload that is not reconciled: its inventories alone. */
export async function checkInventories({ folder, findings }: Bundle, story: WorkloadStory): Promise<void> {
  for (const { seq, item } of story.inventories) {
    findings.looked('C19', seq);
    for await (const _ of setEntries(folder, await indexOf(folder, story, item, 'inventory')));
  }
}

/**
 * C19 of a workload: final set and inventories are walked side by side, in the order of their references, and each final row is held
 * against the newest row. One chunk of each file and one part of the rows are in memory.
 */
export async function checkReconciliation({ bundle, story, closing, rows, losses, isFinal }: Reconciliation): Promise<void> {
  const { folder, findings } = bundle;
  findings.looked('C19', closing.seq);
  const fail = (sentence: string): void => findings.fail('C19', sentence, closing.seq);
  const sealed = story.inventories.filter(({ seq }) => seq < closing.seq);
  if (sealed.length === 0) throw new BundleFault('no inventory was sealed before it');
  const inventories: SetIndex[] = [];
  for (const { item } of sealed) inventories.push(await indexOf(folder, story, item, 'inventory'));
  const index = await indexOf(folder, story, closing.item, 'final');
  const totals = new Map<string, { count: number; sizeBytes: bigint }>();
  for await (const { ref, final, isInventoried, isNewest } of sideBySide(folder, index, inventories)) {
    if (!final) {
      if (isInventoried) fail(`reference ${ref.slice(0, 12)}… of the inventory has no end state`);
      continue;
    }
    const problem = entryProblem(final, rows.find(ref), { isNewest, isWithdrawn: closing.isWithdrawn, losses });
    if (problem) fail(`reference ${ref.slice(0, 12)}… ${problem}`);
    const total = totals.get(final.state ?? '') ?? { count: 0, sizeBytes: 0n };
    totals.set(final.state ?? '', { count: total.count + 1, sizeBytes: total.sizeBytes + final.sizeBytes });
  }
  for (const problem of totalProblems(index, totals, closing, inventories.at(-1)?.count ?? 0)) fail(problem);
  if (!isFinal) return;
  for (const state of ['failed', 'changed'] as const) if (totals.has(state)) fail(`${totals.get(state)?.count} objects are ${state}`);
  if (totals.has('unknown')) findings.unknown('C19', `of ${totals.get('unknown')?.count} objects nobody knows the end`, closing.seq);
}

async function indexOf(folder: Bundle['folder'], story: WorkloadStory, item: Closing['item'], kind: SetIndex['kind']): Promise<SetIndex> {
  const index = await readSetIndex(folder, item, kind);
  if (index.workload !== story.name) throw new BundleFault(`the ${kind} set is of another workload`);
  return index;
}

interface Side {
  readonly ref: string;
  readonly final: SetEntry | undefined;
  readonly isInventoried: boolean;
  /** Stands in the newest inventory. */
  readonly isNewest: boolean;
}

/** Each reference once, ascending, and where it stands. */
async function* sideBySide(folder: Bundle['folder'], final: SetIndex, inventories: readonly SetIndex[]): AsyncGenerator<Side> {
  const streams = [final, ...inventories].map((index) => setEntries(folder, index));
  const heads: (SetEntry | undefined)[] = [];
  for (const stream of streams) heads.push((await stream.next()).value || undefined);
  for (;;) {
    const ref = heads.reduce<string | undefined>((least, head) => (head && (least === undefined || head.ref < least) ? head.ref : least), undefined);
    if (ref === undefined) return;
    const here = heads.map((head) => head?.ref === ref);
    yield { ref, final: here[0] ? heads[0] : undefined, isInventoried: here.slice(1).some(Boolean), isNewest: here.length > 1 && here.at(-1) === true };
    for (const [k, stream] of streams.entries()) if (here[k]) heads[k] = (await stream.next()).value || undefined;
  }
}

interface Entering {
  readonly isNewest: boolean;
  readonly isWithdrawn: boolean;
  readonly losses: ReadonlySet<string>;
}

function entryProblem(entry: SetEntry, row: RowFacts | undefined, { isNewest, isWithdrawn, losses }: Entering): string | undefined {
  if (entry.rows !== row?.rows || entry.i !== row?.i) return 'does not point to its newest row';
  const state = stateOf(row, { isNewest, isWithdrawn, losses });
  if (entry.state !== state) return `is ${entry.state}, its newest row says ${state}`;
  if (!isNewest && state !== 'vanished' && state !== 'withdrawn') return `is ${state}, and the inventory does not hold it`;
  if (entry.left && state !== 'withdrawn') return 'is left, and was not withdrawn';
  if (row && entry.sizeBytes !== BigInt(row.sizeBytes)) return 'has another size than its newest row';
  if (state === 'excluded' && entry.reason !== row?.reason) return 'has another reason than its newest row';
  return undefined;
}

/** The table of section 6. */
function stateOf(row: RowFacts | undefined, { isNewest, isWithdrawn, losses }: Entering): FinalState {
  if (!row) return isNewest ? 'unknown' : 'vanished';
  const { outcome, verdict, reason } = row;
  const stands = outcome === 'copied' || outcome === 'adopted';
  if (isWithdrawn && stands) return 'withdrawn';
  if (stands && verdict === 'PASS') return 'verified';
  if (outcome === 'deleted' || outcome === 'vanished') return 'vanished';
  if (verdict !== 'PASS' && reason !== undefined && losses.has(reason)) return 'excluded';
  if (outcome === 'changed') return 'changed';
  return outcome === 'failed' || verdict === 'FAIL' ? 'failed' : 'unknown';
}

function totalProblems(
  index: SetIndex,
  totals: ReadonlyMap<string, { readonly count: number; readonly sizeBytes: bigint }>,
  { counts, verdict }: Closing,
  inventoried: number,
): readonly string[] {
  const states = [...totals.keys()];
  const expected = states.includes('failed') ? 'FAIL' : states.every((state) => settled.has(state)) ? 'PASS' : 'UNKNOWN';
  const isSummed =
    Object.keys(index.states).length === totals.size &&
    [...totals].every(([state, { count, sizeBytes }]) => index.states[state]?.count === count && index.states[state]?.size_bytes === String(sizeBytes));
  const wrong = finalStates.filter((state) => (counts[state] ?? 0) !== (totals.get(state)?.count ?? 0));
  return [
    ...(isSummed ? [] : ['the index of the final set sums its states up wrongly']),
    ...wrong.map((state) => `counts ${counts[state] ?? 0} ${state}, the final set ${totals.get(state)?.count ?? 0}`),
    ...(counts.inventoried === inventoried ? [] : [`counts ${counts.inventoried ?? 'no'} inventoried, the newest inventory ${inventoried}`]),
    ...(verdict === expected ? [] : [`says ${verdict}, the final set ${expected}`]),
  ];
}
