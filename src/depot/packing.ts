import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { constants, gunzip, gzip } from 'node:zlib';
import { MigrationError } from '../core/migration-error.ts';
import type { Digest } from '../model/digest.ts';

const pack = promisify(gzip);
const unpack = promisify(gunzip);

/** Where the file of that digest lies, in a folder as in a bucket. 256 folders keep each one's listing short. */
export const objectPath = (digest: Digest): string => `objects/${digest.slice(0, 2)}/${digest}.gz`;

export const digestOf = (bytes: Uint8Array): Digest => createHash('sha256').update(bytes).digest('hex');

/** Gzip, because `zcat` and every language's standard library read it; level 1, because a manifest is written once, in the copy's way. */
export const packed = (bytes: Uint8Array): Promise<Buffer> => pack(bytes, { level: constants.Z_BEST_SPEED });

/** The bytes behind a stored file; DEPOT_CORRUPT when they are not those of the digest. */
export async function unpacked(digest: Digest, stored: Uint8Array): Promise<Buffer> {
  const bytes = await unpack(stored).catch((cause: unknown) => {
    throw corrupt(digest, cause);
  });
  if (digestOf(bytes) !== digest) throw corrupt(digest);
  return bytes;
}

export const missing = (digest: Digest): MigrationError => new MigrationError('DEPOT_MISSING', { operation: 'get', detail: `file ${digest}` });
const corrupt = (digest: Digest, cause?: unknown): MigrationError => new MigrationError('DEPOT_CORRUPT', { operation: 'get', detail: `file ${digest}`, cause });
