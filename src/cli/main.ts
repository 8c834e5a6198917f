import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { projectFiles } from '../config/environment.ts';
import { loadConfig } from '../config/load.ts';
import { commands } from './commands.ts';
import { languageOf } from './context.ts';
import { openProjectDepot } from './depot.ts';
import { execute } from './execute.ts';
import { failureJson, usage } from './failure.ts';
import { parseCommandLine } from './program.ts';
import { openTerminal } from './terminal.ts';
import { runWitness } from './witness.ts';
import { commandWords } from './words.ts';

/** What a shell expects of a process that Ctrl-C ended. */
const interruptedExit = 130;

/** The whole command: reads the line, runs, answers. Resolves to the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  // `ecluse ledger show | head` closes the pipe early: that is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  if (args[0] === 'witness') return runWitness(args.slice(1));
  const read = await parseCommandLine(args, commands, version());
  if ('exit' in read) {
    if (read.isError && args.includes('--json')) process.stdout.write(`${JSON.stringify(failureJson(usage(read.text).facts), undefined, 2)}\n`);
    else (read.isError ? process.stderr : process.stdout).write(`${read.text}\n`);
    return read.exit;
  }
  const { env } = process;
  if (!read.definition.handlesInterrupt) {
    process.once('SIGINT', () => {
      const { stillRuns } = commandWords(languageOf(() => loadConfig(projectFiles(env, process.cwd()).config)));
      process.stderr.write(`\n${stillRuns}\n`);
      process.exit(interruptedExit);
    });
  }
  return execute({
    definition: read.definition,
    given: read.given,
    isJson: read.isJson,
    env,
    folder: process.cwd(),
    clock: { now: () => new Date(), wait: (milliseconds) => setTimeout(milliseconds) },
    terminal: openTerminal(process.stdin, process.stdout, process.stderr),
    // Temporal's client is loaded by the commands that need it.
    connect: async (place, project, words) => (await import('./temporal-client.ts')).connectTemporal(place, project, words),
    openDepot: openProjectDepot,
    answer: (text) => void process.stdout.write(`${text}\n`),
    remark: (text) => void process.stderr.write(`${text}\n`),
  });
}

const version = (): string => (JSON.parse(readFileSync(path.join(import.meta.dirname, '../../package.json'), 'utf8')) as { version: string }).version;
