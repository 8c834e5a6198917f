import { setImmediate as turn } from 'node:timers/promises';
import type { Verdict } from '../model/digest.ts';
import type { LedgerRecord } from '../model/ledger-record.ts';
import type { Ledger } from '../ports/ledger.ts';
import { emptyTail, entryHash, type LedgerTail, parseLine, tailAfter } from './record.ts';
import { growingTree, leafHash } from './tree.ts';

export interface LedgerVerdict {
  /** UNKNOWN: nothing is there to be checked. */
  readonly verdict: Verdict;
  readonly size: number;
  /** Merkle root over all lines, hex. */
  readonly root: string;
  /** Entry hash of the last line, hex. */
  readonly head: string;
  /** `record 7: …`, the first hundred; none holds a value out of a record. */
  readonly problems: readonly string[];
}

/** A broken chain repeats itself in every later line: the first problems tell the story. */
const problemLimit = 100;
const pageLines = 500;

/**
 * Checks a log from its stored lines (without LF): form, canonical bytes, seq without gap, prev, one log and project, each
 * event id once, time never back, `log.opened` first, nothing behind `log.closed`, the plan in force on each record.
 * Streams: of each record only the event id and one tree level's hash stay in memory.
 * It proves that the lines belong together, not that nobody made all of them anew: that takes signatures and witnesses.
 */
export async function verifyLedger(lines: AsyncIterable<string> | Iterable<string>, origin?: string): Promise<LedgerVerdict> {
  const tree = growingTree();
  const eventIds = new Set<string>();
  const problems: string[] = [];
  let tail = emptyTail;
  let before: LedgerRecord | undefined;
  for await (const line of lines) {
    const seq = tree.size();
    const parsed = parseLine(line);
    const found = 'problem' in parsed ? [parsed.problem] : problemsOf(parsed.record, { seq, tail, before, origin, eventIds });
    for (const problem of found) if (problems.length < problemLimit) problems.push(`record ${seq}: ${problem}`);
    tail = 'record' in parsed ? tailAfter(line, parsed.record) : { ...tail, head: entryHash(line) };
    tree.addLeaf(leafHash(Buffer.from(tail.head, 'hex')));
    if ('record' in parsed) before = parsed.record;
  }
  const verdict = problems.length > 0 ? 'FAIL' : tree.size() === 0 ? 'UNKNOWN' : 'PASS';
  return { verdict, size: tree.size(), root: tree.root().toString('hex'), head: tail.head, problems };
}

/** All lines of a ledger, page by page with a turn between, so that neither memory nor heartbeats feel its length. */
export async function* ledgerLines(ledger: Pick<Ledger, 'read'>): AsyncGenerator<string> {
  for (let seq = 0; ; ) {
    const page = await ledger.read(seq, pageLines);
    yield* page;
    if (page.length === 0) return;
    seq += page.length;
    await turn();
  }
}

interface Expected {
  readonly seq: number;
  /** What the records before leave to this one. */
  readonly tail: LedgerTail;
  readonly before: LedgerRecord | undefined;
  readonly origin: string | undefined;
  readonly eventIds: Set<string>;
}

function problemsOf(record: LedgerRecord, { seq, tail, before, origin, eventIds }: Expected): readonly string[] {
  const problems: string[] = [];
  if (record.seq !== seq) problems.push('seq is not its place in the log');
  if (seq === 0 && record.event !== 'log.opened') problems.push('a log begins with log.opened');
  if (tail.isClosed) problems.push('stands behind log.closed');
  if (record.prev !== tail.head) problems.push('prev is not the hash of the record before');
  if (record.log !== (origin ?? before?.log ?? record.log)) problems.push('belongs to another log');
  if (before && record.project !== before.project) problems.push('belongs to another project');
  if (before && record.time < before.time) problems.push('time lies before that of an earlier record');
  if (record.instruction_sha256 !== tail.instructionSha256) problems.push('instruction_sha256 is not the plan of the newest instruction.received before it');
  if (eventIds.has(record.event_id)) problems.push('event_id stands in an earlier record');
  eventIds.add(record.event_id);
  return problems;
}
