import { readFileSync } from 'node:fs';
import { MigrationError } from '../core/migration-error.ts';

/** The 32 bytes under which names become references. Without them no row can be written: the worker does not start. */
export function readReferenceKey(file: string): Buffer {
  const key = readText(file);
  const bytes = Buffer.from(key, 'base64');
  if (bytes.length !== 32)
    throw new MigrationError('CONFIG_INVALID', {
      operation: 'read the reference key',
      detail: `${file} must hold 32 bytes in base64: make it once with "ecluse init"`,
    });
  return bytes;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    throw new MigrationError('CONFIG_INVALID', {
      operation: 'read the reference key',
      detail: `${file} cannot be read: make it once with "ecluse init"`,
      cause,
    });
  }
}
