import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { labEnvironment } from './environment.ts';
import { cloneFolder } from './folders.ts';
import { LabError } from './lab-error.ts';
import { anyPorts, giveBack } from './ports.ts';
import { type ProcessRecord, type StartOptions, startProcess, stopProcess, waitUntilReady } from './process.ts';

export const witnessProgram = join(cloneFolder, 'witness/witness.mjs');

export interface LabWitnessOptions extends StartOptions {
  /** Such as `witness.example/w1`. */
  readonly name: string;
  /** The log it cosigns; absent: none yet, `addLogToWitness` names it. */
  readonly logVkey?: string;
  /** Absent = any free one. */
  readonly port?: number;
}

export interface LabWitness {
  readonly url: string;
  readonly vkey: string;
  readonly record: ProcessRecord;
  readonly ports: readonly number[];
  stop(): Promise<void>;
}

/** Makes the witness's key where the folder has none; the vkey, for policy.json. May be called before there is a log. */
export const makeLabWitness = (folder: string, name: string): string => runWitness(['init', '--dir', folder, '--name', name]);

/** A witness that is serving sees it at once. */
export const addLogToWitness = (folder: string, logVkey: string): string => runWitness(['add-log', '--dir', folder, '--vkey', logVkey]);

/** Starts the controller's own program as it is handed out, on its own folder. */
export async function startLabWitness(folder: string, options: LabWitnessOptions): Promise<LabWitness> {
  const vkey = makeLabWitness(folder, options.name);
  if (options.logVkey) addLogToWitness(folder, options.logVkey);
  const ports = options.port ? [options.port] : await anyPorts(1);
  const port = ports[0] ?? 0;
  const record = await startProcess({
    name: 'witness',
    command: process.execPath,
    args: [witnessProgram, 'serve', '--dir', folder, '--listen', `127.0.0.1:${port}`],
    folder,
    environment: labEnvironment(),
    logFile: join(folder, 'witness.log'),
    onStart: options.onStart,
  });
  const stop = async (): Promise<void> => {
    await stopProcess(record, 2_000);
    giveBack(ports);
  };
  try {
    await waitUntilReady(record, () => answersWitness(port), { timeoutMs: 15_000, signal: options.signal });
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: `http://127.0.0.1:${port}`, vkey, record, ports, stop };
}

/** It has one page, and says 405 to a look at it. */
export async function answersWitness(port: number): Promise<boolean> {
  const answer = await fetch(`http://127.0.0.1:${port}/add-checkpoint`, { signal: AbortSignal.timeout(2_000) });
  await answer.arrayBuffer();
  return answer.status === 405;
}

function runWitness(args: readonly string[]): string {
  try {
    return execFileSync(process.execPath, [witnessProgram, ...args], { encoding: 'utf8', env: labEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] }).trim();
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
    throw new LabError(`The witness did not take "${args[0]}": ${said}`);
  }
}
