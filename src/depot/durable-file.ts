import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, statSync, unlinkSync } from 'node:fs';
import { mkdir, open, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ErrorCode } from '../core/error-codes.ts';
import { isMigrationError, MigrationError } from '../core/migration-error.ts';

/**
 * Writes and flushes a file under a name that no reader looks at. The caller then gives it its own name, so that nobody
 * ever reads half of one; a crash before that leaves this file, which `sweepTemporaries` removes.
 */
export async function writeTemporary(folder: string, bytes: Uint8Array): Promise<string> {
  const file = join(folder, `${process.pid}-${randomBytes(9).toString('base64url')}`);
  try {
    const handle = await open(file, 'wx');
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    return file;
  } catch (error) {
    await removeTemporary(file);
    throw error;
  }
}

/** What cannot be removed now is swept later: it is space, never a file that somebody reads. */
export const removeTemporary = (file: string): Promise<void> => unlink(file).catch(() => undefined);

/** A new name is durable only when its folder is flushed, not when its file is. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes `folder` below `root`, and makes the whole way to it durable: another attempt may have made it and died before it flushed. */
export async function ensureFolder(root: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (let above = dirname(folder); above.length >= root.length; above = dirname(above)) await syncFolder(above);
}

/** Twice any time that a write can take: whoever wrote an older file is dead. */
const staleMs = 3_600_000;

/** Makes the folder of temporary files, and removes those that a crash left there. Younger ones may be another worker's. */
export function sweepTemporaries(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder)) {
    const file = join(folder, name);
    try {
      if (Date.now() - statSync(file).mtimeMs > staleMs) unlinkSync(file);
    } catch (error) {
      // Another worker sweeps at the same moment, or has just placed its file.
      if (errnoOf(error) !== 'ENOENT') throw error;
    }
  }
}

export const errnoOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

/** EFBIG is a limit on file sizes: to who must act, the same as a full disk. */
const codeOf: Readonly<Record<string, ErrorCode>> = {
  ENOSPC: 'DEPOT_FULL',
  EDQUOT: 'DEPOT_FULL',
  EFBIG: 'DEPOT_FULL',
  EACCES: 'PERMISSION_DENIED',
  EPERM: 'PERMISSION_DENIED',
  EROFS: 'PERMISSION_DENIED',
  ENOENT: 'DEPOT_MISSING',
  ENOTDIR: 'DEPOT_MISSING',
};

/** Any error of the file system as a MigrationError; what has no code of its own may pass by itself. */
export function fileFailure(operation: string, error: unknown): MigrationError {
  if (isMigrationError(error)) return error;
  const errno = errnoOf(error);
  return new MigrationError(codeOf[errno ?? ''] ?? 'UNAVAILABLE', { operation, target: 'depot', detail: errno, cause: error });
}
