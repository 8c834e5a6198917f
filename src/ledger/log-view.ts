import { MigrationError } from '../core/migration-error.ts';
import type { LedgerEvent } from '../model/ledger-event.ts';
import type { LedgerRecord } from '../model/ledger-record.ts';
import type { Ledger } from '../ports/ledger.ts';
import { emptyTail, entryHash } from './record.ts';
import { type GrowingTree, growingTree, type Hash, leafHash } from './tree.ts';

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

/** What the ledger role knows of its log. Of a record only its leaf hash is kept (32 bytes), and the few decisive ones whole. */
export interface LogView {
  readonly leaves: readonly Hash[];
  readonly decisions: readonly LedgerRecord[];
  /** Entry hash of the last record. */
  readonly head: string;
  readonly root: () => Hash;
  /** Time of the newest checkpoint.published, or of log.opened before the first. */
  readonly publishedAtMs: number | undefined;
  /** How many records since `size` want a checkpoint. */
  wanting(size: number): number;
}

/** Follows a log: each line is read, hashed and looked at once, however often the view is asked for. */
export function followLog(ledger: Pick<Ledger, 'read'>): () => Promise<LogView> {
  const leaves: Hash[] = [];
  const decisions: LedgerRecord[] = [];
  const wants: number[] = [];
  const tree: GrowingTree = growingTree();
  let publishedAtMs: number | undefined;
  let head = emptyTail.head;
  let reading: Promise<void> = Promise.resolve();

  const take = (line: string): void => {
    const record = JSON.parse(line) as LedgerRecord;
    // A line out of place would shift every later leaf: nothing is signed over what does not follow from what was seen before.
    if (record.seq !== leaves.length || record.prev !== head)
      throw new MigrationError('LEDGER_CORRUPT', { operation: 'follow the ledger', detail: `record ${leaves.length}` });
    head = entryHash(line);
    const leaf = leafHash(Buffer.from(head, 'hex'));
    leaves.push(leaf);
    tree.addLeaf(leaf);
    if (decisive.has(record.event)) decisions.push(record);
    if (!aboutCheckpoints.has(record.event)) wants.push(record.seq);
    if (record.event === 'checkpoint.published' || record.event === 'log.opened') publishedAtMs = Date.parse(record.time);
  };
  const readOn = async (): Promise<void> => {
    for (;;) {
      const lines = await ledger.read(leaves.length, 500);
      if (lines.length === 0) return;
      for (const line of lines) take(line);
    }
  };
  const view: LogView = {
    leaves,
    decisions,
    get head() {
      return head;
    },
    root: () => tree.root(),
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
