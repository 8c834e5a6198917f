import type { Check } from '../model/errand.ts';
import type { ExitCode } from './command.ts';
import { textTable } from './text-table.ts';
import type { CommandWords } from './words.ts';

/** UNKNOWN is not success: anything but PASS everywhere is exit code 4. */
export const verdictExit = (checks: readonly Check[]): ExitCode => (checks.every(({ verdict }) => verdict === 'PASS') ? 0 : 4);

export const checksText = (checks: readonly Check[], { nouns }: CommandWords): string =>
  textTable(checks.map(({ id, verdict, detail }) => [nouns.verdict[verdict], id, detail]));
