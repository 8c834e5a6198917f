import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

const program = path.join(import.meta.dirname, '../../../witness/witness.mjs');

export const newFolder = (): string => mkdtempSync(path.join(tmpdir(), 'ecluse-witness-'));

/** Runs a command of the witness to its end. */
export function command(...args: readonly string[]): { readonly code: number | null; readonly out: string; readonly err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { encoding: 'utf8' });
  return { code: status, out: stdout.trim(), err: stderr.trim() };
}

export interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly text: string;
}

export interface Serving {
  readonly process: ChildProcess;
  readonly url: string;
  /** What it logged after "serving". */
  readonly lines: readonly string[];
  post(body: string | Uint8Array): Promise<Answer>;
  /** Exit code, or the signal that ended it. */
  ended: Promise<number | string | null>;
  stop(): Promise<number | string | null>;
}

/** Serves a folder on a free port. `preload`: CommonJS that runs before the program, to break its clock or kill it at a place. */
export async function serving(dir: string, { preload = [] as readonly string[], args = [] as readonly string[] } = {}): Promise<Serving> {
  const before = preload.flatMap((file) => ['--require', file]);
  const child = spawn(process.execPath, [...before, program, 'serve', '--dir', dir, '--listen', '127.0.0.1:0', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | string | null>((resolve) => child.once('exit', (code, signal) => resolve(signal ?? code)));
  const lines: string[] = [];
  const port = await new Promise<number>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const said = JSON.parse(line) as { outcome: string; port?: number };
      if (said.outcome === 'serving') resolve(said.port ?? 0);
      else lines.push(line);
    });
    void ended.then((how) => reject(new Error(`the witness ended: ${how}`)));
  });
  const url = `http://127.0.0.1:${port}`;
  return {
    process: child,
    url,
    lines,
    ended,
    async post(body) {
      const answer = await fetch(`${url}/add-checkpoint`, { method: 'POST', body });
      return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text() };
    },
    stop() {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

/** Folders and processes of a suite, ended together. */
export function keeper(): { folder(): string; serve(dir: string, options?: Parameters<typeof serving>[1]): Promise<Serving>; endAll(): Promise<void> } {
  const folders: string[] = [];
  const processes: Serving[] = [];
  return {
    folder() {
      const made = newFolder();
      folders.push(made);
      return made;
    },
    async serve(dir, options) {
      const started = await serving(dir, options);
      processes.push(started);
      return started;
    },
    async endAll() {
      for (const each of processes.splice(0)) {
        each.process.kill('SIGKILL');
        await each.ended;
      }
      for (const each of folders.splice(0)) rmSync(each, { recursive: true, force: true });
    },
  };
}
