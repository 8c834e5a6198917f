import { execFileSync, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { LabError } from './lab-error.ts';

/** A process that we started: number and start time together name it, because numbers are given again. */
export interface ProcessRecord {
  readonly name: string;
  readonly pid: number;
  readonly startMark: string;
  readonly logFile: string;
  /** Files outside its folder that it leaves when it is killed. */
  readonly leaves?: readonly string[] | undefined;
}

/** What every server takes. */
export interface StartOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called as soon as there is a process, long before it is ready: whoever must stop it after a crash writes it down here. */
  readonly onStart?: ((record: ProcessRecord) => void) | undefined;
}

export interface ProcessSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly logFile: string;
  readonly leaves?: readonly string[];
  readonly onStart: StartOptions['onStart'];
}

/**
 * Starts a process of its own session: it outlives us, and a Ctrl-C of our terminal does not reach it, so it must be
 * written down at once (`onStart`). What it prints goes to `logFile`, which starts anew.
 */
export async function startProcess(spec: ProcessSpec): Promise<ProcessRecord> {
  mkdirSync(dirname(spec.logFile), { recursive: true });
  const log = openSync(spec.logFile, 'w', 0o600);
  try {
    const child = spawn(spec.command, spec.args, { cwd: spec.folder, env: { ...spec.environment }, detached: true, stdio: ['ignore', log, log] });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (error) => reject(new LabError(`${spec.name} could not be started: ${error.message}.`)));
    });
    child.unref();
    const pid = child.pid ?? 0;
    const record = { name: spec.name, pid, startMark: startMark(pid) ?? '', logFile: spec.logFile, leaves: spec.leaves };
    spec.onStart?.(record);
    return record;
  } finally {
    closeSync(log);
  }
}

/** This process, for a lock that must not outlive it. */
export const ownRecord = (name: string): ProcessRecord => ({ name, pid: process.pid, startMark: startMark(process.pid) ?? '', logFile: '' });

/** True while exactly this process lives; one that ended and was not collected yet counts as ended. */
export const isRunning = (record: ProcessRecord): boolean => record.startMark !== '' && startMark(record.pid) === record.startMark;

export interface Patience {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** Waits until `check` says yes. Throws with the end of the log when the process ends first or time is up; the process is left to the caller. */
export async function waitUntilReady(record: ProcessRecord, check: () => Promise<boolean>, { timeoutMs = 60_000, signal }: Patience = {}): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    signal?.throwIfAborted();
    if (await check().catch(() => false)) return;
    if (!isRunning(record)) throw new LabError(`${record.name} ended before it was ready. The end of ${record.logFile}:\n${logTail(record.logFile)}`);
    if (performance.now() > deadline)
      throw new LabError(`${record.name} was not ready after ${timeoutMs / 1000} s. The end of ${record.logFile}:\n${logTail(record.logFile)}`);
    await pause(50);
  }
}

/** TERM, then KILL after `graceMs`, then removes what it leaves. Ended already is success; a process that only has the same number is left alone. */
export async function stopProcess(record: ProcessRecord, graceMs = 10_000): Promise<void> {
  signalProcess(record, 'SIGTERM');
  await untilGone(record, graceMs);
  signalProcess(record, 'SIGKILL');
  await untilGone(record, 5_000);
  for (const file of record.leaves ?? []) rmSync(file, { force: true });
}

async function untilGone(record: ProcessRecord, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (isRunning(record) && performance.now() < deadline) await pause(20);
}

/** Sends the signal if this process still lives; false when it does not. */
export function signalProcess(record: ProcessRecord, signal: NodeJS.Signals): boolean {
  if (!isRunning(record)) return false;
  try {
    return process.kill(record.pid, signal);
  } catch {
    return false;
  }
}

/** The last lines of a log, for a person. */
export function logTail(logFile: string, lines = 15): string {
  try {
    return readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  } catch {
    return '(no log)';
  }
}

/** When the system started this process, in its own terms; undefined when there is none or it only waits to be collected. */
function startMark(pid: number): string | undefined {
  try {
    return process.platform === 'linux' ? linuxStartMark(pid) : otherStartMark(pid);
  } catch {
    return undefined;
  }
}

function linuxStartMark(pid: number): string | undefined {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name stands in brackets and may itself hold any sign, so the fields are counted from the last bracket on.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, ticks] = [fields[0], fields[19]];
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 8);
  return state === 'Z' || state === 'X' ? undefined : `${boot}-${ticks}`;
}

function otherStartMark(pid: number): string | undefined {
  const [state, ...started] = execFileSync('ps', ['-o', 'state=,lstart=', '-p', String(pid)], { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } })
    .trim()
    .split(/\s+/);
  return !state || state.startsWith('Z') ? undefined : started.join(' ');
}
