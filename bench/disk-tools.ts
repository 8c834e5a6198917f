import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { buildTools } from './null-tools.ts';

const folder = join(import.meta.dirname, '..', '.ecluse', 'bench');
const binary = join(folder, 'null-ebs');

/** What the source saw since it started. */
export interface SourceCounters {
  readonly reads: number;
  readonly lists: number;
  readonly cpuSeconds: number;
}

export interface NullEbs {
  readonly endpoint: string;
  counters(): Promise<SourceCounters>;
  stop(): void;
}

/** Null source, null sink and meter: a second call costs a look at the build cache. */
export function buildDiskTools(): void {
  buildTools();
  mkdirSync(folder, { recursive: true });
  execFileSync('go', ['build', '-o', binary, '.'], {
    cwd: join(import.meta.dirname, 'null-ebs'),
    env: { ...process.env, GOTOOLCHAIN: 'local', GOFLAGS: '', GOWORK: 'off' },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}

/** Starts a disk of so many blocks on a free port of this machine. The caller stops it. */
export async function startNullEbs(blocks: number): Promise<NullEbs> {
  const child = spawn(binary, ['--blocks', `${blocks}`], { stdio: ['ignore', 'pipe', 'inherit'] });
  const endpoint = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', resolve);
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the null source ended with ${code}`)));
  });
  return {
    endpoint,
    counters: async () => (await (await fetch(`${endpoint}/-/counters`)).json()) as SourceCounters,
    stop: () => void child.kill(),
  };
}
