import { randomBytes } from 'node:crypto';
import { type ShardPlace, sealName } from '../../core/ids.ts';
import { isMigrationError } from '../../core/migration-error.ts';
import type { Depot, Journal } from '../../ports/depot.ts';
import { encodeLines, parseLines } from '../json-lines.ts';

/** A journal whose rows are few and large (a part, a range): each is durable when `add` resolves; those that come together share a segment. */
export interface RowJournal<R> {
  /** Of all earlier attempts, in order. */
  readonly rows: readonly R[];
  /** FENCED when another attempt has claimed the journal since. */
  add(row: R): Promise<void>;
}

const racesAtMost = 5;

/** Claims the journal with a segment of its own: from here on the former attempt is fenced at its next row. */
export async function claimRows<R extends object>(journal: Journal): Promise<RowJournal<R>> {
  for (let race = 1; ; race += 1) {
    const segments = await journal.read();
    const claim = JSON.stringify({ claim: randomBytes(12).toString('base64url') });
    try {
      await journal.append(segments.length, encodeLines([claim]));
    } catch (error) {
      // The former attempt wrote a row between our read and our claim: read again. It is fenced as soon as a claim of ours stands.
      if (isMigrationError(error, 'FENCED') && race < racesAtMost) continue;
      throw error;
    }
    const rows = segments.flatMap((bytes) => [...parseLines<R | { readonly claim: string }>(bytes)]).filter((row): row is R => !('claim' in row));
    return { rows, add: appender(journal, segments.length + 1) };
  }
}

function appender<R>(journal: Journal, first: number): (row: R) => Promise<void> {
  let next = first;
  let pending: string[] = [];
  let writing: Promise<void> = Promise.resolve();
  let coming: Promise<void> | undefined;

  async function write(): Promise<void> {
    const lines = pending;
    pending = [];
    coming = undefined;
    await journal.append(next, encodeLines(lines));
    next += 1;
  }

  // Segments are written one after another; the rows that come meanwhile make the next one. After a failure none is written any more.
  return (row) => {
    pending.push(JSON.stringify(row));
    if (!coming) {
      coming = writing.then(write);
      writing = coming;
      writing.catch(() => undefined); // whoever added a row sees it
    }
    return coming;
  };
}

/** What the shard's latest seal says; undefined while it is not sealed. */
export async function readDiskSeal<S>(depot: Depot, place: ShardPlace): Promise<S | undefined> {
  const bytes = (await depot.journal(sealName(place)).read()).at(-1);
  return bytes && (JSON.parse(bytes.toString('utf8')) as S);
}

/** Seals a shard; the latest seal counts, since an earlier one may be of an upload that is gone. Another attempt that sealed first did so from the same rows. */
export async function sealDisk<S>(depot: Depot, place: ShardPlace, seal: S): Promise<S> {
  const journal = depot.journal(sealName(place));
  const seals = await journal.read();
  try {
    await journal.append(seals.length, Buffer.from(JSON.stringify(seal)));
    return seal;
  } catch (error) {
    const theirs = isMigrationError(error, 'FENCED') ? await readDiskSeal<S>(depot, place) : undefined;
    if (!theirs) throw error;
    return theirs;
  }
}
