import { spawnSync } from 'node:child_process';
import { cloneFolder } from './folders.ts';

/** What must hold before any test: types, then style. Both take under two seconds. Freshness of generated pages is held by tests in test/unit. */
const checks = [
  { name: 'types', command: 'tsc', args: [] },
  { name: 'style and format', command: 'biome', args: ['ci', '.', `--colors=${process.stdout.isTTY ? 'force' : 'off'}`] },
] as const;

/** Runs every check, prints what each finds, and answers the names of those that failed. */
export function check(): readonly string[] {
  const failed = checks.filter(({ command, args }) => {
    const { status } = spawnSync(`${cloneFolder}/node_modules/.bin/${command}`, args, { cwd: cloneFolder, stdio: 'inherit' });
    return status !== 0;
  });
  for (const { name } of failed) process.stderr.write(`check failed: ${name}\n`);
  return failed.map(({ name }) => name);
}

if (process.argv[1] === import.meta.filename) process.exitCode = check().length > 0 ? 1 : 0;
