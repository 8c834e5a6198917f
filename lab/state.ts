import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { labFolder } from './folders.ts';
import { LabError } from './lab-error.ts';
import type { Outsiders } from './ledger-files.ts';
import { isRunning, ownRecord, type ProcessRecord } from './process.ts';
import type { Keys } from './seaweed.ts';

export type ServerName = 'temporal' | 'source' | 'target' | 'moto' | 'aws' | 'outscale' | 'witness' | 'authority';
export type WorkerRole = 'control' | 'transfer' | 'ledger';

/** A server's process and its ports. The ports are kept when it is stopped, so that it comes back where it was. */
export interface ServerState {
  readonly record?: ProcessRecord;
  readonly ports: readonly number[];
}

export interface WorkerState {
  readonly role: WorkerRole;
  readonly record: ProcessRecord;
}

export interface StoreKeys extends Keys {
  readonly application: Keys;
}

/** What the lab knows of itself from one command to the next. */
export interface LabState {
  readonly v: 1;
  /** The project that the lab's workers serve. Each demo begins a new one, so that no journal of an earlier one answers for it. */
  project?: string;
  /** The project's policy asks for a witness, and for a timestamp authority where openssl is. */
  outsiders?: Outsiders;
  readonly keys: { readonly source: StoreKeys; readonly target: StoreKeys };
  servers: Partial<Record<ServerName, ServerState>>;
  workers: readonly WorkerState[];
  /** What the running workers were started from: configuration and code. Others are restarted. */
  startedFrom?: string;
}

const stateFile = `${labFolder}/state.json`;
const lockFile = `${labFolder}/lock`;

export function readState(): LabState | undefined {
  try {
    return JSON.parse(readFileSync(stateFile, 'utf8')) as LabState;
  } catch {
    return undefined;
  }
}

export function writeState(state: LabState): void {
  writePrivate(stateFile, JSON.stringify(state, null, 2));
}

/** Whole or not at all, for its owner's eyes only. */
export function writePrivate(file: string, text: string): void {
  writeFileSync(`${file}.part`, text, { mode: 0o600 });
  renameSync(`${file}.part`, file);
}

/** Runs `body` while no other process changes this lab. A lock whose owner died does not count. */
export async function withLock<T>(body: () => Promise<T>): Promise<T> {
  mkdirSync(labFolder, { recursive: true, mode: 0o700 });
  const owner = ownRecord('lab');
  if (!takeLock(owner)) {
    const other = readLock();
    if (other && isRunning(other)) throw new LabError(`Another process (${other.pid}) is starting or stopping this lab. Wait for it.`);
    rmSync(lockFile, { force: true });
    if (!takeLock(owner)) throw new LabError('Another process is starting or stopping this lab. Wait for it.');
  }
  try {
    return await body();
  } finally {
    rmSync(lockFile, { force: true });
  }
}

function takeLock(owner: ProcessRecord): boolean {
  try {
    writeFileSync(lockFile, JSON.stringify(owner), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function readLock(): ProcessRecord | undefined {
  try {
    return JSON.parse(readFileSync(lockFile, 'utf8')) as ProcessRecord;
  } catch {
    return undefined;
  }
}
