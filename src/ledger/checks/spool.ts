import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Files of our own that hold what would not fit into memory; `remove` takes all of them away. */
export interface SpoolFolder {
  spool(name: string): Spool;
  remove(): void;
}

/** Bytes that were put aside, in the order in which they came. */
export interface Spool {
  add(bytes: Buffer): void;
  readonly sizeBytes: () => number;
  /** All of it. */
  read(): Buffer;
  remove(): void;
}

/** Small spools never reach the disk; of a thousand parts 64 MiB wait at most. */
const bufferBytes = 64 * 1024;

export function openSpools(): SpoolFolder {
  let folder: string | undefined;
  const erase = (): void => void (folder && rmSync(folder, { recursive: true, force: true }));
  const place = (): string => {
    if (folder) return folder;
    folder = mkdtempSync(path.join(tmpdir(), 'ecluse-verify-'));
    // Ctrl-C ends the process without unwinding it.
    process.once('exit', erase);
    return folder;
  };
  return {
    spool: (name) => spoolAt(() => path.join(place(), name)),
    remove: () => {
      erase();
      process.removeListener('exit', erase);
    },
  };
}

function spoolAt(file: () => string): Spool {
  let waiting: Buffer[] = [];
  let [waitingBytes, writtenBytes] = [0, 0];
  return {
    sizeBytes: () => writtenBytes + waitingBytes,
    add: (bytes) => {
      waiting.push(bytes);
      waitingBytes += bytes.length;
      if (waitingBytes < bufferBytes) return;
      appendFileSync(file(), Buffer.concat(waiting), { mode: 0o600 });
      writtenBytes += waitingBytes;
      [waiting, waitingBytes] = [[], 0];
    },
    read: () => Buffer.concat(writtenBytes > 0 ? [readFileSync(file()), ...waiting] : waiting),
    remove: () => {
      if (writtenBytes > 0 && existsSync(file())) rmSync(file());
      [waiting, waitingBytes, writtenBytes] = [[], 0, 0];
    },
  };
}
