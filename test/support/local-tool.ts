import { spawnSync } from 'node:child_process';
import type { Shared } from './run.ts';

/** A program of this machine, or the reason why a suite is skipped without it. `probe`: arguments that it answers at once. */
export function localTool(name: string, ...probe: readonly string[]): Shared<string> {
  const { error } = spawnSync(name, probe, { stdio: 'ignore' });
  return error ? { missing: `${name} is not installed` } : { access: name };
}
