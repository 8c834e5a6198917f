import type { Verdict } from '../../model/digest.ts';
import type { LedgerRecord } from '../../model/ledger-record.ts';
import type { GateBook } from './gate-book.ts';
import { type Bundle, evidenceNamed, type RecordCheck, type Seen } from './record-check.ts';

type Evidence = NonNullable<LedgerRecord['evidence']>[number];

/** A set as its record binds it. */
export interface SealedSet {
  readonly seq: number;
  readonly kind: 'inventory' | 'final';
  readonly item: Evidence | undefined;
}

/** A `reconciliation.closed`, with what the log said of its workload until then. */
export interface Closing extends SealedSet {
  readonly counts: Readonly<Record<string, number>>;
  readonly verdict: Verdict | undefined;
  /** It says WITHDRAWN. */
  readonly isWithdrawn: boolean;
  /** What stood before it and allows that: the newest order that took the workload back, with no new beginning since. */
  readonly takenBack: 'rolled back' | 'discarded' | undefined;
  /** seq of the newest automatic undo; −1: none. Batches before it do not count. */
  readonly unwoundSeq: number;
  readonly acceptedLosses: ReadonlySet<string>;
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

/** What the log says about one workload, as far as its objects are concerned; lists in the order of the log. */
export interface WorkloadStory {
  readonly name: string;
  readonly inventories: SealedSet[];
  readonly batches: Batch[];
  readonly closings: Closing[];
  takenBack: Closing['takenBack'];
  unwoundSeq: number;
  /** seq of the newest `deletion.intent`: what was verified before it may be gone. */
  removedSeq: number;
}

/** Gathers the stories, and checks that gate finalize opens on a reconciliation with verdict PASS (C20). */
export function followWorkloads({ findings }: Bundle, book: GateBook): RecordCheck & { readonly stories: ReadonlyMap<string, WorkloadStory> } {
  const stories = new Map<string, WorkloadStory>();
  const storyOf = (name: string): WorkloadStory => {
    const story = stories.get(name) ?? { name, inventories: [], batches: [], closings: [], takenBack: undefined, unwoundSeq: -1, removedSeq: -1 };
    stories.set(name, story);
    return story;
  };
  return {
    stories,
    sees: (seen) => {
      const { seq, record } = seen;
      const name = record.unit?.ref ?? '';
      if (told.has(record.event)) enter(storyOf(name), seen, book);
      if (record.event !== 'gate.opened' || record.approval?.gate !== 'finalize') return;
      findings.looked('C20', seq);
      if (stories.get(name)?.closings.at(-1)?.verdict !== 'PASS') findings.fail('C20', 'gate finalize opens while not everything is verified', seq);
    },
  };
}

const told: ReadonlySet<LedgerRecord['event']> = new Set([
  'inventory.sealed',
  'batch.verified',
  'batch.restated',
  'transfer.started',
  'rollback.ordered',
  'deletion.intent',
  'reconciliation.closed',
]);

function enter(story: WorkloadStory, { seq, record }: Seen, book: GateBook): void {
  switch (record.event) {
    case 'inventory.sealed':
      story.inventories.push({ seq, kind: 'inventory', item: evidenceNamed(record, 'inventory-set') });
      return;
    case 'batch.verified':
    case 'batch.restated':
      story.batches.push(batchOf(seq, record));
      return;
    case 'transfer.started':
      story.takenBack = undefined;
      return;
    case 'rollback.ordered':
      story.takenBack = 'rolled back';
      return;
    case 'deletion.intent':
      story.removedSeq = seq;
      if (record.reasons?.includes('ORDERED')) story.takenBack = 'discarded';
      if (record.reasons?.includes('UNWIND')) story.unwoundSeq = seq;
      return;
    case 'reconciliation.closed':
      story.closings.push(closingOf(story, seq, record, book));
  }
}

const closingOf = ({ name, takenBack, unwoundSeq }: WorkloadStory, seq: number, record: LedgerRecord, book: GateBook): Closing => ({
  seq,
  kind: 'final',
  item: evidenceNamed(record, 'final-set'),
  counts: record.counts ?? {},
  verdict: record.verdict,
  isWithdrawn: record.reasons?.includes('WITHDRAWN') === true,
  takenBack,
  unwoundSeq,
  acceptedLosses: new Set(book.acceptedLosses(name)),
});

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
