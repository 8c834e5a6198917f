import { ledgerLines } from '../ledger/verify.ts';
import type { Digest } from '../model/digest.ts';
import type { LedgerRecord } from '../model/ledger-record.ts';
import { leftReferences, type RecordedBatch, type RecordedInventory, sealFinalSet } from '../transfer/index.ts';
import type { Attempt } from './boundary.ts';
import { evidenceOf, type RecordDeps, record, type WorkloadTask } from './recording.ts';

export interface FinalSetInput {
  readonly acceptedLosses: readonly string[];
  /** After a rollback all copies still stand; after a discard what the removal left alone, by its reports. */
  readonly withdrawn?: 'all left' | readonly Digest[];
}

/** What became of every object that an inventory or a batch of the workload knows: one file of references, bound by the record that closes the count. */
export async function closeFinalSet(
  deps: RecordDeps,
  task: WorkloadTask,
  { acceptedLosses, withdrawn }: FinalSetInput,
  { signal, heartbeat }: Attempt,
): Promise<void> {
  const { workload } = task.place;
  const { inventories, batches } = await recordedOf(deps, workload);
  const left = withdrawn === 'all left' ? ('all' as const) : withdrawn && leftReferences(deps.depot, withdrawn);
  const input = { workload, inventories, batches, acceptedLosses, ...(left ? { withdrawn: { left } } : {}) };
  const set = await sealFinalSet(deps, input, heartbeat, signal);
  const counts = Object.fromEntries(Object.entries(set.states).map(([state, { count }]) => [state, count]));
  await record(deps, task, 'reconciliation.closed', `reconcile/${set.digest.slice(0, 16)}`, {
    unit: { kind: task.entry.kind, ref: workload, count: set.count },
    counts: { ...counts, inventoried: set.inventoried },
    verdict: set.verdict,
    ...(withdrawn ? { reasons: ['WITHDRAWN'] } : {}),
    evidence: [await evidenceOf(deps.depot, 'final-set', set.digest)],
  });
}

/** From the log itself: what is not on record there does not count. */
async function recordedOf({ ledger }: RecordDeps, workload: string): Promise<{ inventories: RecordedInventory[]; batches: RecordedBatch[] }> {
  const inventories: RecordedInventory[] = [];
  let batches: RecordedBatch[] = [];
  for await (const line of ledgerLines(ledger)) {
    const { event, seq, unit, evidence, reasons } = JSON.parse(line) as LedgerRecord;
    if (unit?.ref !== workload) continue;
    const bound = (name: string): Digest | undefined => evidence?.find((item) => item.name === name)?.sha256;
    const [set, rows] = [bound('inventory-set'), bound('rows')];
    if (event === 'inventory.sealed' && set) inventories.push({ digest: set, seq });
    if ((event === 'batch.verified' || event === 'batch.restated') && rows) batches.push({ rows, seq, count: unit.count ?? 0 });
    // What an automatic undo removed stands nowhere any more.
    if (event === 'deletion.intent' && reasons?.includes('UNWIND')) batches = [];
  }
  return { inventories, batches };
}
