import { createHash, randomBytes } from 'node:crypto';
import { MigrationError } from '../core/migration-error.ts';

/**
 * A stored segment is its bytes and then one line, the seal: `{"journal":name,"n":n,"sha256":of the bytes,"writer":random}`.
 * A torn, altered, renamed or swapped segment does not match its seal. `writer` is new with each append, so that a store whose
 * answer was lost can be asked whether the segment that stands there is ours.
 */
export function sealSegment(name: string, n: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([bytes, sealLine(name, n, digestOf(bytes), randomBytes(12).toString('base64url'))]);
}

/** The bytes of a stored segment; DEPOT_CORRUPT when they are not what was sealed under this name and number. */
export function openSegment(name: string, n: number, stored: Buffer): Buffer {
  // The seal's length is known before it is read: the bytes before it may be anything.
  const sealBytes = sealLine(name, n, digestOf(Buffer.alloc(0)), 'w'.repeat(16)).length;
  const bytes = stored.subarray(0, Math.max(0, stored.length - sealBytes));
  const seal = stored.subarray(bytes.length);
  const writer = /"writer":"([A-Za-z0-9_-]{16})"\}\n$/.exec(seal.toString('latin1'))?.[1];
  if (writer === undefined || !seal.equals(sealLine(name, n, digestOf(bytes), writer)))
    throw new MigrationError('DEPOT_CORRUPT', { operation: 'read journal', detail: `segment ${n} of ${name}` });
  return bytes;
}

/** The last component of a segment's path. */
export const segmentName = (n: number): string => String(n).padStart(8, '0');

/**
 * The segments of a journal in order, from the names in its folder. DEPOT_CORRUPT when one is missing: nobody skips a number.
 * Asks again first, since a folder's listing that overlaps two appends may show only the later one.
 */
export async function segmentNumbers(name: string, list: () => Promise<readonly string[]>): Promise<readonly number[]> {
  const first = numbersOf(await list());
  const numbers = firstMissing(first) < 0 ? first : numbersOf(await list());
  const missing = firstMissing(numbers);
  if (missing < 0) return numbers;
  throw new MigrationError('DEPOT_CORRUPT', { operation: 'read journal', detail: `segment ${missing} of ${name} is missing` });
}

const numbersOf = (entries: readonly string[]): readonly number[] =>
  entries
    .filter((entry) => /^\d{8}$/.test(entry))
    .map(Number)
    .sort((a, b) => a - b);
const firstMissing = (numbers: readonly number[]): number => numbers.findIndex((n, place) => n !== place);

/** A name is a path below the depot: what core/ids.ts makes, and nothing that leaves the depot. */
export function checkJournalName(name: string): string {
  if (/^[A-Za-z0-9_-]+(\/[A-Za-z0-9_-]+)*$/.test(name)) return name;
  throw new MigrationError('UNEXPECTED', { operation: 'journal', detail: 'a journal name is a relative path of letters, digits, - and _' });
}

const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const sealLine = (journal: string, n: number, sha256: string, writer: string): Buffer => Buffer.from(`${JSON.stringify({ journal, n, sha256, writer })}\n`);
