import { endState, setVerdict } from '../../core/end-state.ts';
import { EndState } from '../../model/reference-set.ts';
import type { DecidingRow } from './deciding-rows.ts';
import { BundleFault } from './folder.ts';
import type { Bundle } from './record-check.ts';
import { readSetIndex, type SetEntry, type SetIndex, setEntries } from './sets.ts';
import type { Closing, SealedSet } from './workloads.ts';

export interface Reconciliation {
  readonly workload: string;
  readonly closing: Closing;
  /** Those that count, oldest first. */
  readonly inventories: readonly SealedSet[];
  /** Of the batches that count, ascending; absent where a rows file cannot be relied on: then states are not judged. */
  readonly rows: Iterable<DecidingRow> | undefined;
  readonly isFinal: boolean;
}

/** C19 of sets that are in no reconciliation (any more): digests, order and counts. */
export async function checkSets({ folder, findings }: Bundle, workload: string, sets: readonly SealedSet[]): Promise<void> {
  for (const set of sets) {
    findings.looked('C19', set.seq);
    for await (const _ of setEntries(folder, await indexOf(folder, workload, set)));
  }
}

/**
 * C19 of a reconciliation: final set, inventories and rows are walked side by side, in the order of their references, and each final row is
 * held against the row that decides. One chunk of each file and one part of the rows are in memory.
 */
export async function checkReconciliation({ folder, findings }: Bundle, asked: Reconciliation): Promise<void> {
  const { workload, closing, rows, isFinal } = asked;
  findings.looked('C19', closing.seq);
  const fail = (sentence: string): void => findings.fail('C19', sentence, closing.seq);
  if (closing.isWithdrawn && !closing.takenBack) fail('says WITHDRAWN, and nobody ordered a rollback or a removal');
  // Of one listing sealed twice the later record counts.
  const inventories = asked.inventories.filter(
    ({ item }, at, all) => item === undefined || all.findLastIndex((one) => one.item?.sha256 === item.sha256) === at,
  );
  const indexes: SetIndex[] = [];
  for (const set of [closing, ...inventories]) indexes.push(await indexOf(folder, workload, set));
  const [index, ...listed] = indexes;
  if (!index) return;
  const rules = { ...closing, ...(inventories.length > 0 ? { inventoriedAt: inventories.at(-1)?.seq ?? 0 } : {}), areRowsKnown: rows !== undefined };
  const totals = new Map<EndState, { count: number; sizeBytes: bigint }>();
  for await (const found of sideBySide(
    indexes.map((each) => setEntries(folder, each)),
    rows ?? [],
  )) {
    const problem = problemOf(found, rules);
    if (problem) fail(`reference ${found.ref.slice(0, 12)}… ${problem}`);
    if (!found.final) continue;
    const { state = 'unknown', sizeBytes } = found.final;
    const total = totals.get(state) ?? { count: 0, sizeBytes: 0n };
    totals.set(state, { count: total.count + 1, sizeBytes: total.sizeBytes + BigInt(sizeBytes) });
  }
  for (const problem of totalProblems(index, totals, closing, listed.at(-1)?.count ?? 0)) fail(problem);
  if (!isFinal) return;
  if (totals.has('failed')) fail(`${totals.get('failed')?.count} objects failed`);
  for (const state of ['unknown', 'changed'] as const)
    if (totals.has(state)) findings.unknown('C19', `${totals.get(state)?.count} objects are ${state}`, closing.seq);
}

async function indexOf(folder: Bundle['folder'], workload: string, { item, kind }: SealedSet): Promise<SetIndex> {
  const index = await readSetIndex(folder, item, kind);
  if (index.workload !== workload) throw new BundleFault(`the ${kind} set is of another workload`);
  return index;
}

/** What is known of one reference. */
interface Found {
  readonly ref: string;
  readonly final: SetEntry | undefined;
  readonly row: DecidingRow | undefined;
  /** In the newest inventory. */
  readonly listed: SetEntry | undefined;
  /** In the newest of the inventories that hold it. */
  readonly inventoried: SetEntry | undefined;
}

/** `sets`: the final one, then the inventories, oldest first. Each reference once, ascending. */
async function* sideBySide(sets: readonly AsyncGenerator<SetEntry>[], rows: Iterable<DecidingRow>): AsyncGenerator<Found> {
  const heads: (SetEntry | undefined)[] = [];
  const advance = async (k: number): Promise<void> => {
    heads[k] = (await sets[k]?.next())?.value || undefined;
  };
  for (const k of sets.keys()) await advance(k);
  const others = rows[Symbol.iterator]();
  let row: DecidingRow | undefined = others.next().value;
  for (;;) {
    let ref = row?.ref;
    for (const head of heads) if (head && (ref === undefined || head.ref < ref)) ref = head.ref;
    if (ref === undefined) return;
    const [final, ...inventories] = heads.map((head) => (head?.ref === ref ? head : undefined));
    const isRow = row?.ref === ref;
    yield { ref, final, row: isRow ? row : undefined, listed: inventories.at(-1), inventoried: inventories.findLast((entry) => entry !== undefined) };
    for (const [k, head] of heads.entries()) if (head?.ref === ref) await advance(k);
    if (isRow) row = others.next().value;
  }
}

type Rules = Pick<Closing, 'isWithdrawn' | 'takenBack' | 'acceptedLosses'> & { readonly inventoriedAt?: number; readonly areRowsKnown: boolean };

function problemOf({ final, row, listed, inventoried }: Found, rules: Rules): string | undefined {
  if (!final) return inventoried ? 'of an inventory has no end state' : 'has a row and no end state';
  if (final.left && !rules.isWithdrawn) return 'is left, and nothing was withdrawn';
  if (!rules.areRowsKnown) return undefined;
  // What a removal left alone may be known by its report only.
  if (!row && !inventoried && !final.left) return 'is in no inventory, and no row tells of it';
  if (final.rows !== row?.rows || final.i !== row?.i) return 'does not point to the row that decides';
  const state = endState({ ...(row ? { row } : {}), ...(listed ? { listedBytes: Number(listed.sizeBytes) } : {}) }, rules);
  if (final.state !== state) return `is ${final.state}, and what decides says ${state}`;
  if (final.reason !== row?.reason) return 'has another reason than the row that decides';
  if (final.sizeBytes !== (row ? String(row.sizeBytes) : (inventoried?.sizeBytes ?? '0'))) return 'has another size than what decides';
  // A rollback removes nothing.
  const stands = rules.takenBack === 'rolled back' && (row?.outcome === 'copied' || row?.outcome === 'adopted');
  return rules.isWithdrawn && stands && !final.left ? 'stands on the target after the rollback, and is not left' : undefined;
}

function totalProblems(
  index: SetIndex,
  totals: ReadonlyMap<EndState, { readonly count: number; readonly sizeBytes: bigint }>,
  { counts, verdict }: Closing,
  inventoried: number,
): readonly string[] {
  const expected = setVerdict(totals.keys());
  const isSummed =
    Object.keys(index.states).length === totals.size &&
    [...totals].every(([state, { count, sizeBytes }]) => index.states[state]?.count === count && index.states[state]?.size_bytes === String(sizeBytes));
  const wrong = EndState.options.filter((state) => (counts[state] ?? 0) !== (totals.get(state)?.count ?? 0));
  return [
    ...(isSummed ? [] : ['the index of the final set sums its states up wrongly']),
    ...wrong.map((state) => `counts ${counts[state] ?? 0} ${state}, the final set ${totals.get(state)?.count ?? 0}`),
    ...(counts.inventoried === inventoried ? [] : [`counts ${counts.inventoried ?? 'no'} inventoried, the newest inventory ${inventoried}`]),
    ...(verdict === expected ? [] : [`says ${verdict}, the final set ${expected}`]),
  ];
}
