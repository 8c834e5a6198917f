import { isMigrationError } from '../core/migration-error.ts';
import type { Depot, Journal } from '../ports/depot.ts';

/** A checkpoint whose signature has left the signer. `note` holds the log's lines only; `p256` is DER in base64, over the note's bytes. */
export interface PublishedCheckpoint {
  readonly size: number;
  /** Hex. */
  readonly root: string;
  readonly note: string;
  readonly p256: string;
  /** RFC 3339. */
  readonly at: string;
}
/** A witness's line under the checkpoint of that size. */
export interface Cosignature {
  readonly size: number;
  readonly witness: string;
  readonly line: string;
  readonly timeMs: number;
}
/** An RFC 3161 query and response (DER, base64) over the bytes of the checkpoint's note. */
export interface TimestampToken {
  readonly size: number;
  readonly authority: string;
  readonly query: string;
  readonly response: string;
  readonly genTimeMs: number;
}

/** A list that only grows, in a journal of the depot: each item a segment, created only if absent, so that of two writers one is refused. */
export interface GrowingList<T> {
  /** Read once, then kept. */
  all(): Promise<readonly T[]>;
  /** The same, read anew: another process may have added to it. */
  refresh(): Promise<readonly T[]>;
  /** False when another writer has added something since `all`: read it (it is in `all` now) and decide again. */
  add(item: T): Promise<boolean>;
}

function growingList<T>(journal: Journal): GrowingList<T> {
  let known: Promise<T[]> | undefined;
  const read = async (): Promise<T[]> => (await journal.read()).map((bytes) => JSON.parse(bytes.toString('utf8')) as T);
  const all = (): Promise<T[]> => {
    known ??= read();
    known.catch(() => {
      known = undefined;
    });
    return known;
  };
  return {
    all,
    refresh: () => {
      known = undefined;
      return all();
    },
    add: async (item) => {
      const items = await all();
      try {
        await journal.append(items.length, Buffer.from(JSON.stringify(item)));
        items.push(item);
        return true;
      } catch (error) {
        // Whatever happened to the segment, what the journal holds is true.
        known = undefined;
        if (isMigrationError(error, 'FENCED')) return false;
        throw error;
      }
    },
  };
}

export interface Published {
  readonly checkpoints: GrowingList<PublishedCheckpoint>;
  readonly cosignatures: GrowingList<Cosignature>;
  readonly tokens: GrowingList<TimestampToken>;
}

/** What left the signer and what outsiders answered: beside the log, since a checkpoint cannot stand among the records that it covers. */
export const openPublished = (depot: Pick<Depot, 'journal'>, project: string): Published => ({
  checkpoints: growingList(depot.journal(`${project}/ledger/checkpoints`)),
  cosignatures: growingList(depot.journal(`${project}/ledger/cosignatures`)),
  tokens: growingList(depot.journal(`${project}/ledger/timestamps`)),
});

/** The note with the witnesses' lines behind the log's; undefined when none cosigned. */
export function cosignedNote({ size, note }: PublishedCheckpoint, cosignatures: readonly Cosignature[]): string | undefined {
  const lines = cosignatures.filter((each) => each.size === size).map(({ line }) => `${line}\n`);
  return lines.length === 0 ? undefined : `${note}${lines.join('')}`;
}
