import { MigrationError } from '../core/migration-error.ts';

/** One thing that is wrong in a file: where, what, and what to do. Never the value itself: it may be a secret in the wrong place. */
export interface ConfigProblem {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
  /** `waves[0].workloads[1].target.bucket`; empty for the file as a whole. */
  readonly path: string;
  readonly problem: string;
  readonly advice: string;
}

/** CONFIG_INVALID with everything that is wrong at once, in the order of the file. */
export class ConfigError extends MigrationError {
  readonly problems: readonly ConfigProblem[];

  constructor(file: string, problems: readonly ConfigProblem[]) {
    const sorted = [...problems].sort((a, b) => a.line - b.line || a.column - b.column);
    super('CONFIG_INVALID', { operation: `read ${file}`, detail: `\n${sorted.map(problemLine).join('\n')}\n` });
    this.problems = sorted;
  }
}

/** `plan.yaml:12:9 waves[0].name: is not a known key. Did you mean "wave"?` */
export const problemLine = ({ file, line, column, path, problem, advice }: ConfigProblem): string =>
  `${file}:${line}:${column} ${path ? `${path}: ` : ''}${problem}.${advice ? ` ${advice}` : ''}`;
