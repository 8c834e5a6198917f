import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { check } from './check.ts';
import { labEnvironment } from './environment.ts';
import { cloneFolder, ecluseFolder } from './folders.ts';
import { reasonOf } from './lab-error.ts';
import { findMoto, findPart } from './parts.ts';

/** `npm test [jest arguments]`: checks, parts, suites, and a closing line that counts them. */
async function main(args: readonly string[]): Promise<number> {
  const failedChecks = check();
  await bringParts();
  const outcome = `${ecluseFolder}/test-outcome.${process.pid}.json`;
  mkdirSync(ecluseFolder, { recursive: true });
  // Half of the suites wait for servers, so two at once fill two cores; Jest's own choice there is one.
  const jestCode = await jest(['--maxWorkers=2', ...args, '--json', `--outputFile=${outcome}`]);
  const counts = countTests(outcome);
  rmSync(outcome, { force: true });
  const failed = counts.failed + failedChecks.length;
  process.stdout.write(`${counts.passed} passed, ${failed} failed, ${counts.skipped} skipped\n`);
  const mayNotSkip = Boolean(process.env.ECLUSE_NO_SKIP) && counts.skipped > 0;
  return jestCode !== 0 || failed > 0 || mayNotSkip ? 1 : 0;
}

/** Before the suites, whose clocks run: the first time it takes a minute. What cannot be had is said here and skipped there. */
async function bringParts(): Promise<void> {
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  for (const part of [() => findPart('temporal', say), () => findPart('weed', say), () => findPart('rclone', say), () => findMoto(say)]) {
    await part().catch((error: unknown) => say(reasonOf(error)));
  }
}

/** Without `--json`'s copy on stdout: a person reads the report, the counts come from the file. */
function jest(args: readonly string[]): Promise<number> {
  const environment = labEnvironment();
  const child = spawn(process.execPath, [`${cloneFolder}/node_modules/jest/bin/jest.js`, ...args], {
    cwd: cloneFolder,
    env: environment,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
  return new Promise((resolve) => {
    child.once('error', () => resolve(1));
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

interface JestOutcome {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  /** Suites that could not even be read. */
  readonly numRuntimeErrorTestSuites: number;
}

/** A run that left no outcome failed as a whole: one failure. */
function countTests(file: string): { passed: number; failed: number; skipped: number } {
  try {
    const outcome = JSON.parse(readFileSync(file, 'utf8')) as JestOutcome;
    return {
      passed: outcome.numPassedTests,
      failed: outcome.numFailedTests + outcome.numRuntimeErrorTestSuites,
      skipped: outcome.numPendingTests + outcome.numTodoTests,
    };
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

process.exitCode = await main(process.argv.slice(2));
