import { MigrationError } from '../core/migration-error.ts';
import type { Hash } from './tree.ts';

/** One record's place in the log, to hand out alone: C2SP tlog-proof. */
export interface TlogProof {
  /** The record's `seq`. */
  readonly index: number;
  /** As `inclusionPath` gives it. */
  readonly path: readonly Hash[];
  /** The signed checkpoint whose tree the path leads to, verbatim. */
  readonly note: string;
}

const firstLine = 'c2sp.org/tlog-proof@v1';
/** A tree of 2^53 leaves is not higher. */
const mostHashes = 63;

export const tlogProof = ({ index, path, note }: TlogProof): string =>
  [firstLine, `index ${index}`, ...path.map((hash) => hash.toString('base64')), '', note].join('\n');

/** The parts; whether they fit together is not looked at. LEDGER_CORRUPT when it is not such a file. Extra data is not used here. */
export function parseTlogProof(text: string): TlogProof {
  const split = text.indexOf('\n\n');
  const [first, second = '', ...hashes] = text.slice(0, Math.max(split, 0)).split('\n');
  const digits = /^index (0|[1-9]\d{0,15})$/.exec(second)?.[1];
  if (first !== firstLine || digits === undefined || hashes.length > mostHashes || !Number.isSafeInteger(Number(digits))) throw noProof('no index line');
  return { index: Number(digits), path: hashes.map(parseHash), note: text.slice(split + 2) };
}

function parseHash(text: string): Hash {
  const hash = Buffer.from(text, 'base64');
  if (hash.length !== 32 || hash.toString('base64') !== text) throw noProof('a hash out of form');
  return hash;
}

const noProof = (detail: string): MigrationError => new MigrationError('LEDGER_CORRUPT', { operation: 'read proof', detail });
