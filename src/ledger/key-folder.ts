import { randomBytes } from 'node:crypto';
import { closeSync, fstatSync, fsyncSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { isMigrationError, MigrationError } from '../core/migration-error.ts';

/** The names inside a generation's folder. */
export const keyFiles = { log: 'log.key', p256: 'p256.key', ceremony: 'ceremony.json' } as const;
export const generationFolder = (generation: number): string => `generation-${generation}`;

const unfinished = '.making-';

/** The numbers of the generations in the folder, ascending; [] when it is not there. What a crash left half made has another name. */
export function generationsIn(folder: string): readonly number[] {
  try {
    return readdirSync(folder)
      .map((name) => Number(/^generation-([1-9]\d{0,5})$/.exec(name)?.[1]))
      .filter((generation) => generation > 0)
      .sort((a, b) => a - b);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw fileTrouble('the folder of the keys', error);
  }
}

/** A public file of a generation, `generation-1/ceremony.json`. */
export const readKeyFile = (folder: string, file: string): Buffer => readWhole(folder, file).bytes;

/** A secret one: refused when others than its owner may use it. */
export function readSecretFile(folder: string, file: string): Buffer {
  const { bytes, mode } = readWhole(folder, file);
  if ((mode & 0o077) !== 0) throw unusable(`others than its owner may use ${file}: chmod 600 it, and rotate the keys if they may have been read`);
  return bytes;
}

/** Whole and durable, or not there: a crash leaves a folder of another name, which is removed the next time. */
export function writeGeneration(folder: string, generation: number, files: Readonly<Record<string, Buffer>>): void {
  try {
    const root = resolve(folder);
    mkdirSync(root, { recursive: true, mode: 0o700 });
    syncFolder(dirname(root));
    for (const name of readdirSync(root)) if (name.startsWith(unfinished)) rmSync(join(root, name), { recursive: true });
    const temporary = join(root, `${unfinished}${randomBytes(6).toString('hex')}`);
    mkdirSync(temporary, { mode: 0o700 });
    for (const [name, bytes] of Object.entries(files)) writeDurably(join(temporary, name), bytes);
    syncFolder(temporary);
    // All is on the disk, under a name that nobody reads. Onto a generation that somebody else made meanwhile the rename fails: it is not empty.
    renameSync(temporary, join(root, generationFolder(generation)));
    syncFolder(root);
  } catch (error) {
    throw fileTrouble('the folder of the keys', error);
  }
}

/** LEDGER_KEYS with what to do. Names files inside the folder, never the folder. */
export const unusable = (detail: string): MigrationError => new MigrationError('LEDGER_KEYS', { operation: 'use log keys', detail });

/** The mode is that of the very file that is read. */
function readWhole(folder: string, file: string): { readonly bytes: Buffer; readonly mode: number } {
  try {
    const handle = openSync(join(folder, file), 'r');
    try {
      return { bytes: readFileSync(handle), mode: fstatSync(handle).mode };
    } finally {
      closeSync(handle);
    }
  } catch (error) {
    throw fileTrouble(file, error);
  }
}

function writeDurably(path: string, bytes: Buffer): void {
  const handle = openSync(path, 'wx', 0o600);
  try {
    writeSync(handle, bytes);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

const adviceOf: Readonly<Record<string, string>> = {
  ENOENT: 'it is not there: put it back from the safe copy',
  EACCES: "give the ledger worker's user the right to it",
  EPERM: "give the ledger worker's user the right to it",
  ENOSPC: 'make space on its disk',
  ENOTEMPTY: 'somebody else made the same generation at this moment: look, and try again',
};

function fileTrouble(what: string, error: unknown): MigrationError {
  if (isMigrationError(error)) return error;
  const { code = 'unknown error' } = error as NodeJS.ErrnoException;
  // Without the cause: its message holds the path.
  return unusable(`${what} cannot be used (${code}): ${adviceOf[code] ?? 'look at its disk'}`);
}
