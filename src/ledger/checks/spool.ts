import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Files of our own that hold what would not fit into memory; `remove` takes all of them away. */
export interface SpoolFolder {
  /** `bufferBytes` wait in memory: a small spool never reaches the disk. */
  spool(name: string, bufferBytes: number): Spool;
  remove(): void;
}

/** Bytes that were put aside, in the order in which they came. */
export interface Spool {
  /** Copies them. */
  add(bytes: Uint8Array): void;
  /** All of it. */
  read(): Buffer;
  remove(): void;
}

/** More at a time makes writing no faster. */
const mostBufferBytes = 64 * 1024;

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
    spool: (name, bufferBytes) => spoolAt(() => path.join(place(), name), Math.min(bufferBytes, mostBufferBytes)),
    remove: () => {
      erase();
      process.removeListener('exit', erase);
    },
  };
}

function spoolAt(file: () => string, bufferBytes: number): Spool {
  const buffer = Buffer.alloc(bufferBytes);
  let [waiting, isWritten] = [0, false];
  return {
    add: (bytes) => {
      if (waiting + bytes.length > bufferBytes) {
        appendFileSync(file(), buffer.subarray(0, waiting), { mode: 0o600 });
        [waiting, isWritten] = [0, true];
      }
      buffer.set(bytes, waiting);
      waiting += bytes.length;
    },
    read: () => Buffer.concat([...(isWritten ? [readFileSync(file())] : []), buffer.subarray(0, waiting)]),
    remove: () => {
      if (isWritten && existsSync(file())) rmSync(file());
      [waiting, isWritten] = [0, false];
    },
  };
}
