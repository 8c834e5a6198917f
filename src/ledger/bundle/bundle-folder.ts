import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { access, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { MigrationError } from '../../core/migration-error.ts';

/** A bundle while it is written. Of each file its path and its digest stay in memory, nothing else. */
export interface BundleFolder {
  /** Where a file of this path lies now, for who must read back what was written. */
  locate(path: string): string;
  has(path: string): boolean;
  /** Each path is written once. */
  write(path: string, bytes: Uint8Array | string): Promise<void>;
  /** As many bytes as come, none kept. */
  stream(path: string, chunks: AsyncIterable<Uint8Array | string>): Promise<void>;
  /** SHA256SUMS, and then the folder's own name: from here on it is whole. Answers how many files it lists. */
  finish(): Promise<number>;
  /** Removes what was written. */
  abandon(): Promise<void>;
}

const pathPattern = /^(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9._-]*(\/[A-Za-z0-9][A-Za-z0-9._-]*)*$/;

/**
 * Files are written below `<folder>.part`: a crash leaves only that, which the next export removes, and nothing that looks whole.
 * CONFIG_INVALID when `folder` exists: an evidence bundle is never written over.
 */
export async function openBundleFolder(folder: string): Promise<BundleFolder> {
  const part = `${folder}.part`;
  if (await exists(folder)) throw new MigrationError('CONFIG_INVALID', { operation: 'export', detail: 'the folder of the bundle exists' });
  await rm(part, { recursive: true, force: true });
  await mkdir(part, { recursive: true });
  const digests = new Map<string, string>();
  const claim = async (path: string): Promise<string> => {
    if (!pathPattern.test(path) || digests.has(path)) throw new MigrationError('UNEXPECTED', { operation: 'export', detail: 'a path twice or out of form' });
    digests.set(path, '');
    await mkdir(dirname(join(part, path)), { recursive: true });
    return join(part, path);
  };
  return {
    locate: (path) => join(part, path),
    has: (path) => digests.has(path),
    async write(path, bytes) {
      const file = await claim(path);
      digests.set(path, createHash('sha256').update(bytes).digest('hex'));
      await writeFile(file, bytes, { flag: 'wx' });
    },
    async stream(path, chunks) {
      const file = await claim(path);
      const hash = createHash('sha256');
      const hashed = new Transform({ transform: (chunk: Buffer, _, next) => next(null, hash.update(chunk) && chunk) });
      await pipeline(Readable.from(chunks, { objectMode: true }), bytesOf, hashed, createWriteStream(file, { flags: 'wx' }));
      digests.set(path, hash.digest('hex'));
    },
    async finish() {
      await writeFile(join(part, 'SHA256SUMS'), sumsOf(digests), { flag: 'wx' });
      await rename(part, folder);
      return digests.size;
    },
    abandon: () => rm(part, { recursive: true, force: true }),
  };
}

/** As `sha256sum` writes and checks it, sorted by path. */
const sumsOf = (digests: ReadonlyMap<string, string>): string =>
  [...digests.keys()]
    .sort()
    .map((path) => `${digests.get(path)}  ${path}\n`)
    .join('');

async function* bytesOf(chunks: AsyncIterable<Uint8Array | string>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
