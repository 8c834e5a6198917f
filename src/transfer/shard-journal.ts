import { randomBytes } from 'node:crypto';
import { isStanding } from '../core/delta.ts';
import { isMigrationError, MigrationError } from '../core/migration-error.ts';
import type { JournalRow, ObjectRow, PartRow, UploadRow } from '../model/row.ts';
import type { Journal } from '../ports/depot.ts';
import type { Clock } from './clock.ts';
import { encodeLines, linesOf } from './json-lines.ts';

const flushRows = 500;
const flushMs = 1000; // a killed worker moves again at most what was in flight and one second's rows

/** An upload that an earlier attempt opened for an entry, with the parts whose storing is known. */
export interface OpenUpload {
  readonly upload: string;
  readonly sourceEtag: string;
  readonly metadata: string;
  readonly partSizeBytes: number;
  readonly parts: Map<number, PartRow>;
}

/** What all attempts at a shard wrote down, read in order. */
export interface JournalState {
  readonly segments: number;
  /** Attempts in a row that ended without the row of an object. */
  fruitless: number;
  salt: string;
  /** Line of the row by entry; JSON, as it will stand in the sealed file. */
  readonly rows: Map<number, string>;
  /** Uploads that were opened for entries which do not stand on the target, oldest first; older ones are perhaps aborted, perhaps not. */
  readonly uploads: Map<number, OpenUpload[]>;
}

export interface ShardJournal extends JournalState {
  /** True when an earlier attempt left something: then an object may stand on the target without a row. */
  readonly isResumed: boolean;
  /** Takes a row that is true already; it is durable after the next flush (500 rows or one second). */
  add(row: ObjectRow | PartRow | UploadRow): void;
  /** Durable when it returns. FENCED when another attempt owns the journal: everything stops. */
  flush(): Promise<void>;
  /** Stops the flush by time. What was not flushed is not durable. */
  close(): void;
}

/** Reads what earlier attempts left, without claiming anything. */
export async function readJournal(journal: Journal): Promise<JournalState> {
  const segments = await journal.read();
  const state = { segments: segments.length, fruitless: 0, salt: '', rows: new Map<number, string>(), uploads: new Map<number, OpenUpload[]>() };
  for (const segment of segments) {
    for (const line of linesOf(segment)) take(state, JSON.parse(line) as JournalRow, line);
  }
  return state;
}

function take(state: JournalState, row: JournalRow, line: string): void {
  if ('salt' in row) state.salt = row.salt;
  else if ('claim' in row) state.fruitless += 1;
  else if ('outcome' in row) {
    state.fruitless = 0;
    state.rows.set(row.i, line);
    if (isStanding(row)) state.uploads.delete(row.i);
  } else if ('opened' in row) {
    const { opened: upload, sourceEtag, metadata, partSizeBytes } = row;
    state.uploads.set(row.i, [...(state.uploads.get(row.i) ?? []), { upload, sourceEtag, metadata, partSizeBytes, parts: new Map() }]);
  } else {
    state.uploads
      .get(row.i)
      ?.find(({ upload }) => upload === row.upload)
      ?.parts.set(row.part, row);
  }
}

/**
 * Claims the journal with a segment of its own: from here on the former attempt is fenced at its next flush. The salt of the sealed file is drawn
 * in the first segment ever, so that every attempt seals the same bytes. `onLost` is told once when a flush fails: abort everything.
 */
export async function openJournal(journal: Journal, clock: Clock, onLost: (error: unknown) => void): Promise<ShardJournal> {
  for (let race = 1; ; race += 1) {
    const state = await readJournal(journal);
    const salt = state.salt || randomBytes(16).toString('base64url');
    const claim = JSON.stringify({ claim: randomBytes(12).toString('base64url') });
    try {
      await journal.append(state.segments, encodeLines(state.salt ? [claim] : [JSON.stringify({ salt }), claim]));
    } catch (error) {
      // The former attempt flushed between our read and our claim: read again. It is fenced as soon as a claim of ours stands.
      if (isMigrationError(error, 'FENCED') && race < 5) continue;
      throw error;
    }
    return extend(journal, { ...state, salt, segments: state.segments + 1 }, clock, onLost);
  }
}

function extend(journal: Journal, state: JournalState, clock: Clock, onLost: (error: unknown) => void): ShardJournal {
  const closing = new AbortController();
  let next = state.segments;
  let pending: string[] = [];
  let writing: Promise<void> = Promise.resolve();
  let isTimed = false;
  let lost: unknown;

  // Segments are written one after another; the rows that come meanwhile make the next one.
  function flush(): Promise<void> {
    writing = writing.then(async () => {
      if (lost !== undefined) throw lost;
      if (pending.length === 0) return;
      const lines = pending;
      pending = [];
      try {
        await journal.append(next, encodeLines(lines));
        next += 1;
      } catch (error) {
        lost = error ?? new MigrationError('UNEXPECTED', { operation: 'append' });
        onLost(lost);
        throw lost;
      }
    });
    writing.catch(() => undefined); // whoever waits for it sees the error; `onLost` has told everybody else
    return writing;
  }

  function flushLater(): void {
    isTimed = true;
    clock.sleep(flushMs, closing.signal).then(
      () => {
        isTimed = false;
        if (pending.length > 0) void flush();
      },
      () => undefined,
    );
  }

  return {
    ...state,
    isResumed: state.segments > 1,
    add: (row) => {
      const line = JSON.stringify(row);
      pending.push(line);
      take(state, row, line);
      if (pending.length === flushRows) void flush();
      else if (!isTimed) flushLater();
    },
    flush,
    close: () => closing.abort(),
  };
}
