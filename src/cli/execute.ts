import { inspect } from 'node:util';
import type { CommandDefinition, Given } from './command.ts';
import { type ContextOptions, openContext } from './context.ts';
import { explain } from './explain.ts';
import { failureJson, failureText } from './failure.ts';

export interface Execution extends ContextOptions {
  readonly definition: CommandDefinition;
  readonly given: Given;
  /** Standard output: the answer, nothing else. */
  readonly answer: (text: string) => void;
  /** Standard error: what went wrong, for a person. */
  readonly remark: (text: string) => void;
}

/** Runs one command and says what came of it, as text or as JSON. Resolves to the exit code; never throws. */
export async function execute({ definition, given, answer, remark, ...options }: Execution): Promise<number> {
  const { context, close } = openContext(options);
  try {
    const { exit, text, json } = await definition.run(context, given);
    const said = options.isJson ? JSON.stringify(json, undefined, 2) : text;
    if (said) answer(said);
    return exit;
  } catch (error) {
    const failure = explain(error, context.words);
    if (options.isJson) answer(JSON.stringify(failureJson(failure.facts), undefined, 2));
    else remark(failureText(failure.facts, context.words.labels));
    if (options.env.ECLUSE_DEBUG === '1') remark(inspect(error, { depth: 6 }));
    return failure.exit;
  } finally {
    await close();
  }
}
