import { createHash } from 'node:crypto';
import { closeSync, constants, createReadStream, fstatSync, openSync, readSync } from 'node:fs';
import { lstat, opendir, realpath } from 'node:fs/promises';
import path from 'node:path';
import { createGunzip, gunzipSync } from 'node:zlib';

/** Something in the bundle is not as the page wants it: a sentence for the check that met it. */
export class BundleFault extends Error {
  override readonly name = 'BundleFault';
}

/** Up to here a packed file is read and unpacked in one go: a stream for each of 50,000 small files costs far more than their bytes. */
const smallBytes = 256 * 1024;
/** Of a longer one so much at a time. */
const streamBytes = 64 * 1024;
const wholeFileLimitBytes = 32 * 1024 * 1024;

/**
 * A bundle's folder as a stranger's: only plain files below it are opened, by the paths that the listing found, never through a link,
 * never more bytes than the caller allows.
 */
export interface BundleFolder {
  /** Paths with `/`, in the order of their bytes. */
  readonly paths: readonly string[];
  /** What stands in the folder and is no plain file: links, devices, sockets. */
  readonly refused: readonly string[];
  has(file: string): boolean;
  /** Paths directly below `folder`, without it. */
  below(folder: string): readonly string[];
  /** A whole file. Throws BundleFault when it is not there or longer than `limitBytes`. */
  bytes(file: string, limitBytes?: number): Buffer;
  /** Each chunk is good until the next is asked for. */
  chunks(file: string): AsyncGenerator<Buffer>;
  /** A gzip file's content; stops with BundleFault as soon as more than `limitBytes` come out. */
  unpacked(file: string, limitBytes: number): AsyncGenerator<Buffer>;
}

export async function openBundleFolder(root: string): Promise<BundleFolder> {
  // The auditor's own way there may be a link; below it none is followed.
  const top = await realpath(root);
  if (!(await lstat(top)).isDirectory()) throw new BundleFault('is not a folder');
  const files = new Set<string>();
  const refused: string[] = [];
  await walk(top, '', (file, isPlain) => (isPlain ? files.add(file) : refused.push(file)));
  const paths = [...files].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const real = (file: string): string => {
    if (!files.has(file)) throw new BundleFault(`${shown(file)} is not there`);
    return path.join(top, ...file.split('/'));
  };
  return {
    paths,
    refused,
    has: (file) => files.has(file),
    below: (folder) => paths.filter((file) => file.startsWith(`${folder}/`)).map((file) => file.slice(folder.length + 1)),
    bytes: (file, limitBytes = wholeFileLimitBytes) => readWhole(real(file), file, limitBytes),
    chunks: (file) => chunksOf(real(file)),
    unpacked: (file, limitBytes) => unpack(real(file), file, limitBytes),
  };
}

/** SHA-256 of bytes, hex. */
export const sha256Of = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');

/** A path of a stranger's folder, fit to be printed. */
export const shown = (file: string): string => file.replace(/[\p{Cc}\p{Cf}]+/gu, '?').slice(0, 120);

async function walk(top: string, below: string, found: (file: string, isPlain: boolean) => void): Promise<void> {
  for await (const entry of await opendir(path.join(top, below))) {
    const file = below ? `${below}/${entry.name}` : entry.name;
    if (entry.isDirectory()) await walk(top, file, found);
    else found(file, entry.isFile());
  }
}

/** Opened without following a link that took the file's place meanwhile. */
const openPlain = (real: string): number => openSync(real, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));

function readWhole(real: string, file: string, limitBytes: number): Buffer {
  const fd = openPlain(real);
  try {
    const { size } = fstatSync(fd);
    if (size > limitBytes) throw new BundleFault(`${shown(file)} is longer than ${limitBytes} bytes`);
    const bytes = Buffer.allocUnsafe(size);
    let read = 0;
    for (let got = -1; got !== 0 && read < size; read += got) got = readSync(fd, bytes, read, size - read, read);
    return bytes.subarray(0, read);
  } finally {
    closeSync(fd);
  }
}

/** One buffer for all chunks: what a stream leaves behind grows the process by a hundred MB. */
async function* chunksOf(real: string): AsyncGenerator<Buffer> {
  const fd = openPlain(real);
  const buffer = Buffer.allocUnsafe(Math.min(fstatSync(fd).size + 1, smallBytes));
  try {
    for (let got = readSync(fd, buffer); got > 0; got = readSync(fd, buffer)) yield buffer.subarray(0, got);
  } finally {
    closeSync(fd);
  }
}

async function* unpack(real: string, file: string, limitBytes: number): AsyncGenerator<Buffer> {
  const fd = openPlain(real);
  const { size } = fstatSync(fd);
  const tooLong = new BundleFault(`${shown(file)} unpacks to more than ${limitBytes} bytes`);
  if (size <= smallBytes && limitBytes <= wholeFileLimitBytes) {
    closeSync(fd);
    yield unpackSmall(readWhole(real, file, smallBytes), file, limitBytes);
    return;
  }
  const source = createReadStream('', { fd, autoClose: true, highWaterMark: streamBytes });
  const gunzip = createGunzip({ chunkSize: streamBytes });
  source.on('error', (error) => gunzip.destroy(error));
  let total = 0;
  try {
    for await (const chunk of source.pipe(gunzip)) {
      total += chunk.length;
      if (total > limitBytes) throw tooLong;
      yield chunk;
    }
  } catch (error) {
    if (error instanceof BundleFault) throw error;
    throw new BundleFault(`${shown(file)} cannot be unpacked`);
  } finally {
    source.destroy();
    gunzip.destroy();
  }
}

function unpackSmall(packed: Buffer, file: string, limitBytes: number): Buffer {
  try {
    return gunzipSync(packed, { maxOutputLength: limitBytes + 1 });
  } catch {
    throw new BundleFault(`${shown(file)} cannot be unpacked to ${limitBytes} bytes`);
  }
}
