import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { CommandDefinition } from './command.ts';

const program = path.join(import.meta.dirname, '../../witness/witness.mjs');

/** Everything behind `ecluse witness` goes to the program as it is: it is not ours to read, and it runs without us as well. */
export async function runWitness(args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, [program, ...args], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}

export const witness: CommandDefinition = {
  name: 'witness',
  summary: 'the controller’s own program that watches the log grow and cosigns it (docs/witness.md)',
  details: 'The same as "node witness/witness.mjs …", which needs nothing of Écluse: "ecluse witness --help" lists what it takes.',
  arguments: [{ name: 'word', summary: 'init, add-log, serve, status, export and their options', kind: 'many' }],
  // Never reached: main.ts hands these words on before it reads any.
  run: async (_, given) => ({ exit: (await runWitness(given.arguments)) === 0 ? 0 : 1, text: '', json: {} }),
};
