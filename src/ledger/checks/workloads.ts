import type { Verdict } from '../../model/digest.ts';
import type { LedgerRecord } from '../../model/ledger-record.ts';
import { type Bundle, evidenceNamed, type RecordCheck, type Seen } from './record-check.ts';
import type { Spool, SpoolFolder } from './spool.ts';

type Evidence = NonNullable<LedgerRecord['evidence']>[number];

/** What the log says about one workload, as far as its objects are concerned. */
export interface WorkloadStory {
  readonly name: string;
  readonly inventories: { readonly seq: number; readonly item: Evidence | undefined }[];
  /** JSON lines, one a batch (`Batch`). */
  readonly batches: Spool;
  /** As the records count them: how much room they will need. */
  rowCount: number;
  lastBatchSeq: number;
  startedSeq: number;
  /** Newest rollback or ordered removal. */
  takenBackSeq: number;
  closing: Closing | undefined;
}

/** The newest `reconciliation.closed`. */
export interface Closing {
  readonly seq: number;
  readonly item: Evidence | undefined;
  readonly counts: Readonly<Record<string, number>>;
  readonly verdict: Verdict | undefined;
  /** The workload had been rolled back or discarded, and not been begun again. */
  readonly isWithdrawn: boolean;
}

/** What a record says of a rows file. */
export interface Batch {
  readonly seq: number;
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly unitCount: number | undefined;
  readonly verdict: Verdict;
}

/** Gathers the stories, and checks that gate finalize opens on a reconciliation with verdict PASS (C20). */
export function followWorkloads({ findings }: Bundle, spools: SpoolFolder): RecordCheck & { readonly stories: ReadonlyMap<string, WorkloadStory> } {
  const stories = new Map<string, WorkloadStory>();
  const storyOf = (name: string): WorkloadStory => {
    const known = stories.get(name);
    if (known) return known;
    const batches = spools.spool(`batches-${stories.size}`);
    const story = { name, inventories: [], batches, rowCount: 0, lastBatchSeq: -1, startedSeq: -1, takenBackSeq: -1, closing: undefined };
    stories.set(name, story);
    return story;
  };
  return {
    stories,
    sees: (seen) => {
      const { seq, record } = seen;
      if (isTold(record)) enter(storyOf(record.unit?.ref ?? ''), seen);
      if (record.event !== 'gate.opened' || record.approval?.gate !== 'finalize') return;
      findings.looked('C20', seq);
      if (stories.get(record.unit?.ref ?? '')?.closing?.verdict !== 'PASS') findings.fail('C20', 'gate finalize opens while not everything is verified', seq);
    },
  };
}

const told: ReadonlySet<LedgerRecord['event']> = new Set([
  'inventory.sealed',
  'batch.verified',
  'batch.restated',
  'transfer.started',
  'rollback.finished',
  'reconciliation.closed',
]);
const isTold = ({ event, reasons }: LedgerRecord): boolean => told.has(event) || (event === 'deletion.intent' && reasons?.includes('ORDERED') === true);

function enter(story: WorkloadStory, { seq, record }: Seen): void {
  switch (record.event) {
    case 'inventory.sealed':
      story.inventories.push({ seq, item: evidenceNamed(record, 'inventory-set') });
      return;
    case 'batch.verified':
    case 'batch.restated':
      story.lastBatchSeq = seq;
      story.rowCount += record.unit?.count ?? 0;
      story.batches.add(Buffer.from(`${JSON.stringify(batchOf(seq, record))}\n`));
      return;
    case 'transfer.started':
      story.startedSeq = seq;
      return;
    case 'reconciliation.closed':
      story.closing = {
        seq,
        item: evidenceNamed(record, 'final-set'),
        counts: record.counts ?? {},
        verdict: record.verdict,
        isWithdrawn: story.takenBackSeq > story.startedSeq,
      };
      return;
    default:
      story.takenBackSeq = seq;
  }
}

function batchOf(seq: number, record: LedgerRecord): Batch {
  const item = evidenceNamed(record, 'rows');
  return {
    seq,
    sha256: item?.sha256 ?? '',
    sizeBytes: Number(item?.size_bytes ?? 0),
    counts: record.counts ?? {},
    unitCount: record.unit?.count,
    verdict: record.verdict ?? 'UNKNOWN',
  };
}

/** The batches again, in the order of the log. */
export function* batchesOf(story: WorkloadStory): Generator<Batch> {
  for (const line of story.batches.read().toString('utf8').split('\n')) if (line) yield JSON.parse(line) as Batch;
}
