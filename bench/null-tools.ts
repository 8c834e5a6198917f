import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const folder = join(import.meta.dirname, '..', '.ecluse', 'bench');
const binary = join(folder, 'null-store');

/** Builds the bench's Go tools; a second call costs a look at the build cache. Throws with what to do when there is no `go`. */
export function buildTools(): void {
  mkdirSync(folder, { recursive: true });
  try {
    // GOTOOLCHAIN=local and no dependency in go.mod: nothing is fetched.
    execFileSync('go', ['build', '-o', binary, '.'], {
      cwd: join(import.meta.dirname, 'null-store'),
      env: { ...process.env, GOTOOLCHAIN: 'local', GOFLAGS: '', GOWORK: 'off' },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    throw new Error('The bench needs Go 1.21 or newer for its null store and its meter, and there is no `go` on PATH. Install it from https://go.dev/dl/');
  }
}

/** What a null store saw since it started. Bytes are object bytes as sent and received; CPU is its own. */
export interface Counters {
  readonly gets: number;
  readonly heads: number;
  readonly puts: number;
  readonly lists: number;
  readonly others: number;
  readonly givenBytes: number;
  readonly takenBytes: number;
  readonly cpuSeconds: number;
}

export interface NullStore {
  readonly endpoint: string;
  counters(): Promise<Counters>;
  stop(): void;
}

/** Starts a null store on a free port of this machine. The caller stops it. */
export async function startNullStore(): Promise<NullStore> {
  const child = spawn(binary, ['serve'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const endpoint = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', resolve);
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the null store ended with ${code}`)));
  });
  return {
    endpoint,
    counters: async () => (await (await fetch(`${endpoint}/-/counters`)).json()) as Counters,
    stop: () => child.kill(),
  };
}

/** The rate that two null stores reach with a client that neither signs, hashes nor looks at a byte, and that client's CPU. */
export interface Ceiling {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

export function measureCeiling(source: string, target: string, count: number, sizeBytes: number): Ceiling {
  const connections = sizeBytes < 1 << 20 ? 32 : 8;
  const options = ['--source', source, '--target', target, '--count', `${count}`, '--size', `${sizeBytes}`, '--connections', `${connections}`];
  return JSON.parse(execFileSync(binary, ['load', ...options], { encoding: 'utf8' })) as Ceiling;
}

/** What one run of a client cost: exact, from wait4, children included. `workSeconds` run from its first connection to the source until its end. */
export interface Usage {
  readonly exitCode: number;
  readonly userSeconds: number;
  readonly sysSeconds: number;
  readonly peakRssBytes: number;
  readonly seconds: number;
  readonly workSeconds: number;
}

/** Runs a client under the meter. Throws when it fails, with the end of what it said: a failed run is no measurement. */
export async function meter(command: string, args: readonly string[], environment: NodeJS.ProcessEnv, watchPort: number): Promise<Usage> {
  const report = join(folder, `usage-${process.pid}.json`);
  const child = spawn(binary, ['run', '--report', report, '--watch', `${watchPort}`, '--', command, ...args], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  const keep = (chunk: Buffer): void => {
    said = (said + chunk.toString()).slice(-4000);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const usage = JSON.parse(readFileSync(report, 'utf8')) as Usage;
  rmSync(report);
  if (usage.exitCode !== 0) throw new Error(`${command} ended with ${usage.exitCode}:\n${said}`);
  return usage;
}
