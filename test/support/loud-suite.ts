import { describe } from '@jest/globals';
import type { Shared } from './run.ts';

/** A `describe` that is skipped when its part cannot be had, with the reason in its name and on the terminal. */
export function loudSuite(part: () => Shared<unknown>): (name: string, body: () => void) => void {
  return (name, body) => {
    const shared = part();
    if ('access' in shared) return describe(name, body);
    process.stderr.write(`\nSKIPPED ${name}: ${shared.missing}\n`);
    describe.skip(`${name} (SKIPPED: ${shared.missing.split('\n')[0]})`, body);
  };
}
