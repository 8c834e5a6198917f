import { spawn } from 'node:child_process';
import type { ProjectStatus, WorkloadStatus } from '../../src/model/status.ts';
import { cloneFolder } from '../folders.ts';
import { LabError } from '../lab-error.ts';
import { ownNode, workerEnvironment } from '../workers.ts';
import type { Teller } from './terminal.ts';

export interface Answer {
  readonly exit: number;
  readonly json: unknown;
}

/** Types commands as a person would: each is a process of its own, and what it answers is read from `--json`. */
export interface Consultant {
  /** Throws unless the command ended with one of `exits` (default: 0). */
  types(line: string, options?: { quiet?: boolean; exits?: readonly number[] }): Promise<Answer>;
  status(): Promise<WorkloadStatus>;
  /** Looks at the status until it is as wanted. A workload that is held or stuck meanwhile ends the demo with its reason. */
  until(wanted: (status: WorkloadStatus) => boolean, what: string): Promise<WorkloadStatus>;
}

const lookEveryMs = 500;
const patienceMs = 150_000;

export function hireConsultant(workload: string, folder: string, teller: Teller, signal: AbortSignal): Consultant {
  const types: Consultant['types'] = async (line, { quiet = false, exits = [0] } = {}) => {
    if (!quiet) teller.command(line);
    const answer = await run([...line.split(' '), '--json'], folder, signal);
    if (!exits.includes(answer.exit)) throw new LabError(`"ecluse ${line}" ended with ${answer.exit}:\n${answer.text}`);
    return { exit: answer.exit, json: parse(answer.text) };
  };
  const status = async (): Promise<WorkloadStatus> => {
    const { json } = await types('status', { quiet: true, exits: [0, 3] });
    const found = (json as ProjectStatus).workloads.find((each) => each.workload === workload);
    if (!found) throw new LabError(`ecluse status tells nothing of ${workload}`);
    return found;
  };
  const until: Consultant['until'] = async (wanted, what) => {
    const deadline = performance.now() + patienceMs;
    for (;;) {
      const now = await status();
      if (wanted(now)) return now;
      if (now.condition === 'held' || now.condition === 'stuck')
        throw new LabError(`${workload} is ${now.condition}: ${now.reason?.code} ${now.reason?.detail}`);
      if (performance.now() > deadline)
        throw new LabError(`${workload} did not get to "${what}" in ${patienceMs / 1000} s; it is ${now.state}, ${now.condition}, ${now.step ?? ''}`);
      await pause(lookEveryMs, signal);
    }
  };
  return { types, status, until };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function run(args: readonly string[], folder: string, signal: AbortSignal): Promise<{ exit: number; text: string }> {
  const child = spawn(ownNode(), [`${cloneFolder}/src/cli/ecluse.mjs`, ...args], {
    cwd: folder,
    env: { ...workerEnvironment(), ECLUSE_ACTOR: 'p-consultant' },
    stdio: ['ignore', 'pipe', 'pipe'],
    signal,
  });
  let text = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ exit: code ?? 1, text: text || errors }));
  });
}

export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
