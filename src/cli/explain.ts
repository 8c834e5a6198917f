import { ConfigError, problemLine } from '../config/config-error.ts';
import { errorSentence } from '../core/error-words.ts';
import { isMigrationError } from '../core/migration-error.ts';
import { Failure } from './failure.ts';
import type { CommandWords } from './words.ts';

/** Any error as a failure that a person can act on. What nobody foresaw says so, without its stack. */
export function explain(error: unknown, words: CommandWords): Failure {
  if (error instanceof Failure) return error;
  if (error instanceof ConfigError)
    return new Failure({
      code: 'CONFIG_INVALID',
      doing: error.context.operation,
      answer: error.problems.map(problemLine).join('\n'),
      next: [],
      exit: 2,
      cause: error,
    });
  if (isMigrationError(error)) {
    const { operation, source, target, detail } = error.context;
    const sentence = errorSentence(error.code, words.language);
    return new Failure({
      code: error.code,
      doing: operation,
      from: source,
      to: target,
      answer: detail ? `${sentence} (${detail})` : sentence,
      next: [],
      cause: error,
    });
  }
  const name = error instanceof Error ? error.name : typeof error;
  return new Failure({
    code: 'UNEXPECTED',
    doing: 'run the command',
    answer: `${errorSentence('UNEXPECTED', words.language)} (${name})`,
    next: ['ECLUSE_DEBUG=1 shows what it was'],
    cause: error,
  });
}
