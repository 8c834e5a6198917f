import { MigrationError } from '../core/migration-error.ts';
import type { LedgerEvent } from '../model/ledger-event.ts';
import type { LedgerRecord } from '../model/ledger-record.ts';
import type { Ledger } from '../ports/ledger.ts';
import { emptyTail, entryHash } from './record.ts';
import { type GrowingTree, growingTree, type Hash, leafHash, merkleRoot } from './tree.ts';

/** Records about a checkpoint never ask for another one, or an idle log would grow for ever. */
export const aboutCheckpoints: ReadonlySet<LedgerEvent> = new Set([
  'checkpoint.published',
  'witness.cosigned',
  'tsa.token',
  'clock.drift',
  'log.alarm',
  'log.gap',
  'evidence.exported',
]);

/** Kinds that a decision rests on: few in any log, so they are kept whole. */
const decisive: ReadonlySet<LedgerEvent> = new Set([
  'log.opened',
  'key.ceremony',
  'instruction.received',
  'gate.reached',
  'gate.opened',
  'gate.rejected',
  'loss.accepted',
  'cutover.approved',
  'acceptance.signed',
  'deletion.approved',
  'log.gap',
  'gap.approved',
  'log.closed',
]);

/**
 * What the ledger role knows of its log. Of a record only its leaf hash is kept (32 bytes), and the few decisive ones whole.
 * One view for all who ask: it grows while they wait for something else.
 */
export interface LogView {
  readonly leaves: readonly Hash[];
  readonly decisions: readonly LedgerRecord[];
  /** Entry hash of the last record. */
  readonly head: string;
  readonly root: () => Hash;
  /** Root over the first `size` records, hex; undefined where the log is shorter. Computed once. */
  rootAt(size: number): string | undefined;
  /** Of the newest checkpoint.published; 0 before the first. */
  readonly publishedSize: number;
  /** Time of the newest checkpoint.published, or of log.opened before the first. */
  readonly publishedAtMs: number | undefined;
  /** How many records since `size` want a checkpoint. */
  wanting(size: number): number;
}

/**
 * Follows a log: each line is read, hashed and looked at once, however often the view is asked for. LEDGER_TRUNCATED, LEDGER_FORKED: what
 * was seen is not there any more, another copy of the log was put in its place. Nothing more is said of such a log.
 */
export function followLog(ledger: Pick<Ledger, 'read'>): () => Promise<LogView> {
  const leaves: Hash[] = [];
  const decisions: LedgerRecord[] = [];
  const wants: number[] = [];
  const tree: GrowingTree = growingTree();
  const roots = new Map<number, string>();
  let publishedAtMs: number | undefined;
  let publishedSize = 0;
  let head = emptyTail.head;
  let reading: Promise<void> = Promise.resolve();

  const take = (line: string): void => {
    const record = recordIn(line);
    // A line out of place would shift every later leaf: nothing is signed over what does not follow from what was seen before.
    if (record?.seq !== leaves.length || record.prev !== head) throw notFollowed('LEDGER_CORRUPT', `record ${leaves.length}`);
    head = entryHash(line);
    const leaf = leafHash(Buffer.from(head, 'hex'));
    leaves.push(leaf);
    tree.addLeaf(leaf);
    if (decisive.has(record.event)) decisions.push(record);
    if (!aboutCheckpoints.has(record.event)) wants.push(record.seq);
    if (record.event === 'checkpoint.published' || record.event === 'log.opened') publishedAtMs = Date.parse(record.time);
    if (record.event === 'checkpoint.published') publishedSize = Math.max(publishedSize, record.counts?.size ?? 0);
  };
  const readOn = async (): Promise<void> => {
    for (;;) {
      // With the last one seen: it must still stand there.
      const seen = leaves.length;
      const lines = await ledger.read(Math.max(seen - 1, 0), 500);
      const [last] = lines;
      if (seen > 0 && last === undefined) throw notFollowed('LEDGER_TRUNCATED', `fewer than the ${seen} records that were seen`);
      if (seen > 0 && last !== undefined && entryHash(last) !== head) throw notFollowed('LEDGER_FORKED', `record ${seen - 1} is not the one that was seen`);
      const news = seen > 0 ? lines.slice(1) : lines;
      if (news.length === 0) return;
      for (const line of news) take(line);
    }
  };
  const view: LogView = {
    leaves,
    decisions,
    get head() {
      return head;
    },
    root: () => {
      const root = tree.root();
      roots.set(leaves.length, root.toString('hex'));
      return root;
    },
    rootAt: (size) => {
      if (size > leaves.length) return undefined;
      const root = roots.get(size) ?? merkleRoot(leaves.slice(0, size)).toString('hex');
      roots.set(size, root);
      return root;
    },
    get publishedSize() {
      return publishedSize;
    },
    get publishedAtMs() {
      return publishedAtMs;
    },
    wanting: (size) => {
      let at = wants.length;
      while (at > 0 && (wants[at - 1] as number) >= size) at -= 1;
      return wants.length - at;
    },
  };
  return async () => {
    reading = reading.catch(() => undefined).then(readOn);
    await reading;
    return view;
  };
}

function recordIn(line: string): LedgerRecord | undefined {
  try {
    return JSON.parse(line) as LedgerRecord;
  } catch {
    return undefined;
  }
}

const notFollowed = (code: 'LEDGER_CORRUPT' | 'LEDGER_TRUNCATED' | 'LEDGER_FORKED', detail: string): MigrationError =>
  new MigrationError(code, { operation: 'follow the ledger', detail });
