import { createHash, randomBytes } from 'node:crypto';
import { type CanonicalValue, canonicalJson } from '../core/canonical-json.ts';
import { MigrationError } from '../core/migration-error.ts';
import { eventKind } from '../model/ledger-event.ts';
import { type Host, LedgerDraft, LedgerRecord, type Software } from '../model/ledger-record.ts';

/** Whose log it is and which process writes: the part of each record that a caller does not give. */
export interface LedgerWriter {
  readonly project: string;
  /** The log's name, also line 1 of its checkpoints: no space, no plus sign. */
  readonly origin: string;
  readonly host: Host;
  readonly software: Software;
}

/** The end of the log that the next record is chained to. */
export interface LedgerTail {
  readonly size: number;
  /** Entry hash of the last record, hex. */
  readonly head: string;
  /** When the last record was written; 0 when there is none. */
  readonly timeMs: number;
  /** What the next record carries: digest of the plan of the newest `instruction.received`. */
  readonly instructionSha256?: string;
  /** The last record is `log.closed`: nothing follows. */
  readonly isClosed: boolean;
}

export interface SealedRecord {
  readonly record: LedgerRecord;
  /** The stored bytes, without LF. */
  readonly line: string;
}

export const emptyTail: LedgerTail = { size: 0, head: '0'.repeat(64), timeMs: 0, isClosed: false };

/** A line is read whole by every verifier, also by one in a shell: 64 KiB less the LF. */
const lineLimitBytes = 65_535;

/** The hash of a stored line, hex: what `prev` and the tree are made of. */
export const entryHash = (line: string): string => createHash('sha256').update(line, 'utf8').digest('hex');

/** The tail that a line leaves behind it: known from the last line alone, however long the log is. */
export function tailAfter(line: string, record: LedgerRecord): LedgerTail {
  const instructionSha256 = instructionAfter(record);
  return {
    size: record.seq + 1,
    head: entryHash(line),
    timeMs: Date.parse(record.time),
    ...(instructionSha256 !== undefined && { instructionSha256 }),
    isClosed: record.event === 'log.closed',
  };
}

/** An instruction without a plan leaves none in force. */
const instructionAfter = ({ event, evidence, instruction_sha256 }: LedgerRecord): string | undefined =>
  event === 'instruction.received' ? evidence?.find(({ name }) => name === 'plan')?.sha256 : instruction_sha256;

/** Parses a draft from a caller. One that breaks the format is our own mistake: UNEXPECTED, naming fields and never their values. */
export function checkDraft(draft: LedgerDraft): LedgerDraft {
  const parsed = LedgerDraft.safeParse(draft);
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'draft'}: ${issue.code}`).join(', ');
  throw new MigrationError('UNEXPECTED', { operation: 'append', detail: `draft breaks the record format: ${fields}` });
}

/** Draft and tail → the next line. Its time never lies before the tail's, whatever the clock says. */
export function sealRecord(draft: LedgerDraft, tail: LedgerTail, writer: LedgerWriter, nowMs: number): SealedRecord {
  const record: LedgerRecord = {
    ...draft,
    severity: draft.severity ?? eventKind(draft.event).severity,
    v: 1,
    log: writer.origin,
    seq: tail.size,
    prev: tail.head,
    salt: randomBytes(16).toString('base64url'),
    time: new Date(Math.max(nowMs, tail.timeMs)).toISOString(),
    ...(tail.instructionSha256 !== undefined && { instruction_sha256: tail.instructionSha256 }),
    project: writer.project,
    software: writer.software,
    host: writer.host,
  };
  const line = canonicalJson(record as CanonicalValue);
  const lengthBytes = Buffer.byteLength(line);
  if (lengthBytes > lineLimitBytes)
    throw new MigrationError('UNEXPECTED', { operation: 'append', detail: `a record of ${lengthBytes} bytes is longer than ${lineLimitBytes}` });
  return { record, line };
}

/** Does the stored record say what the draft says? Attempt, process, clock and moment may differ: a repeated activity is no new fact. */
export function saysTheSame(draft: LedgerDraft, stored: LedgerRecord): boolean {
  const { v, log, seq, prev, salt, time, project, software, host, refs, clock, instruction_sha256, ...said } = stored;
  const { refs: _, clock: __, ...again } = draft;
  const severity = draft.severity ?? eventKind(draft.event).severity;
  return canonicalJson({ ...again, severity } as CanonicalValue) === canonicalJson(said as CanonicalValue);
}

/** A stored line as a record, or what is wrong with it. Two parsers can never read it differently: it must equal its re-serialisation. */
export function parseLine(line: string): { readonly record: LedgerRecord } | { readonly problem: string } {
  if (Buffer.byteLength(line) > lineLimitBytes) return { problem: `longer than ${lineLimitBytes} bytes` };
  let value: unknown;
  try {
    value = JSON.parse(line);
    if (canonicalJson(value as CanonicalValue) !== line) return { problem: 'not in canonical form' };
  } catch {
    return { problem: 'not canonical JSON' };
  }
  const parsed = LedgerRecord.safeParse(value);
  if (parsed.success) return { record: parsed.data };
  return { problem: `breaks the record format: ${parsed.error.issues.map((issue) => `${issue.path.join('.') || 'record'} ${issue.code}`).join(', ')}` };
}
