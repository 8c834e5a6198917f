import { checkBatch } from './batches.ts';
import { type DecidingRows, decidingRows } from './deciding-rows.ts';
import { sentenceOf } from './findings.ts';
import { checkReconciliation, checkSets } from './reconcile.ts';
import type { Bundle, Ended } from './record-check.ts';
import type { SpoolFolder } from './spool.ts';
import type { WorkloadStory } from './workloads.ts';

export interface ObjectsCheck {
  readonly story: WorkloadStory;
  readonly spools: SpoolFolder;
  readonly isFinal: Ended['isFinal'];
  readonly signal: AbortSignal | undefined;
}

/** C18 to C20 of one workload. Its rows wait on the disk until they are reconciled, and leave it before the next workload. */
export async function checkObjects(bundle: Bundle, { story, spools, isFinal, signal }: ObjectsCheck): Promise<'pending' | 'closed'> {
  const { findings } = bundle;
  const { name, inventories, batches, closings } = story;
  const closing = closings.at(-1);
  const counting = closing ? batches.filter(({ seq }) => seq > closing.unwoundSeq && seq < closing.seq) : [];
  const rows = decidingRows(
    spools,
    counting.reduce((sum, { unitCount = 0 }) => sum + unitCount, 0),
  );
  const failed = (error: unknown): void => findings.fail('C19', sentenceOf(error), closing?.seq ?? inventories.at(-1)?.seq);
  try {
    const areReliable = await checkBatches(bundle, batches, { rows, counting: new Set(counting), signal });
    // What was listed since is of the next reconciliation, which a final bundle must have.
    const listed = closing && !isFinal ? inventories.filter(({ seq }) => seq < closing.seq) : inventories;
    const others = [...closings.slice(0, -1), ...(closing ? inventories.filter((each) => !listed.includes(each)) : inventories)];
    await checkSets(bundle, name, others).catch(failed);
    if (closing && !areReliable) findings.unknown('C19', 'its rows cannot be relied on (C18)', closing.seq);
    const reconciliation = closing && { workload: name, closing, inventories: listed, rows: areReliable ? rows.ascending() : undefined, isFinal };
    if (reconciliation) await checkReconciliation(bundle, reconciliation).catch(failed);
  } finally {
    rows.remove();
  }
  if (!isPending(story)) return 'closed';
  if (isFinal) findings.fail('C19', 'a workload is not reconciled', closing?.seq ?? inventories.at(-1)?.seq);
  return 'pending';
}

/** There is something to reconcile, and no reconciliation, or one that something newer overtook. */
function isPending({ inventories, batches, closings, removedSeq }: WorkloadStory): boolean {
  const closedSeq = closings.at(-1)?.seq ?? -1;
  if (closedSeq < 0) return inventories.length > 0 || batches.length > 0;
  return Math.max(batches.at(-1)?.seq ?? -1, inventories.at(-1)?.seq ?? -1, removedSeq) > closedSeq;
}

interface Taking {
  readonly rows: DecidingRows;
  readonly counting: ReadonlySet<WorkloadStory['batches'][number]>;
  readonly signal: AbortSignal | undefined;
}

/** False when a rows file that counts cannot be relied on. */
async function checkBatches(bundle: Bundle, batches: WorkloadStory['batches'], { rows, counting, signal }: Taking): Promise<boolean> {
  let areReliable = true;
  for (const batch of batches) {
    signal?.throwIfAborted();
    const counts = counting.has(batch);
    await checkBatch(bundle, batch, (row) => counts && rows.add(row, batch)).catch((error: unknown) => {
      areReliable &&= !counts;
      bundle.findings.fail('C18', sentenceOf(error), batch.seq);
    });
  }
  return areReliable;
}
