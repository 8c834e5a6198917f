import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { MigrationError } from '../core/migration-error.ts';

/** How far this host has signed. It stands beside the keys, not in the ledger: a restored backup of the ledger must not take it back too. */
export interface SignedState {
  readonly size: number;
  /** Hex. */
  readonly root: string;
}

const fileName = 'signed.json';

/** What was signed last with these keys on this host; undefined before the first signature. LEDGER_KEYS when the file cannot be understood. */
export function readSignedState(folder: string): SignedState | undefined {
  let text: string;
  try {
    text = readFileSync(path.join(folder, fileName), 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new MigrationError('LEDGER_KEYS', { operation: 'read what was signed', detail: `${fileName} cannot be read` });
  }
  const { size, root } = parsed(text);
  if (!Number.isSafeInteger(size) || !/^[0-9a-f]{64}$/.test(root))
    throw new MigrationError('LEDGER_KEYS', { operation: 'read what was signed', detail: `${fileName} is damaged: restore it, never delete it` });
  return { size, root };
}

function parsed(text: string): SignedState {
  try {
    return Object(JSON.parse(text)) as SignedState;
  } catch {
    return { size: Number.NaN, root: '' };
  }
}

/** Durable when it returns: only then may the signature leave. A crash in the middle leaves the state before. LEDGER_KEYS when it cannot be written. */
export async function writeSignedState(folder: string, state: SignedState): Promise<void> {
  const file = path.join(folder, fileName);
  // A name of its own: another process over the same folder must not put half of ours in place.
  const draft = `${file}.${randomBytes(4).toString('hex')}`;
  try {
    const handle = await open(draft, 'wx', 0o600);
    try {
      await handle.writeFile(`${JSON.stringify(state)}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(draft, file);
    const directory = await open(folder, 'r');
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  } catch (error) {
    await rm(draft, { force: true }).catch(() => undefined);
    // Without the cause: its message holds the path.
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    throw new MigrationError('LEDGER_KEYS', { operation: 'write what was signed', detail: `${fileName} cannot be written (${code}): nothing was signed` });
  }
}
