import type { ErrorCode } from '../core/error-codes.ts';

/** What can go wrong between the person and the workers; the rest has a code of core/error-codes.ts. */
export type FailureCode = ErrorCode | 'USAGE' | 'TEMPORAL_UNREACHABLE' | 'NOT_STARTED' | 'FINISHED' | 'NO_WORKER' | 'REFUSED' | 'FILE_EXISTS' | 'CANCELLED';

export interface FailureFacts {
  readonly code: FailureCode;
  /** What was being done: `ask for the status of project demo`. */
  readonly doing: string;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** What came back, without secrets. */
  readonly answer: string;
  /** What to do next: commands or sentences. */
  readonly next: readonly string[];
  readonly exit?: 1 | 2 | 3 | undefined;
  readonly cause?: unknown;
}

/** A failure as the person reads it: what was being done, from where, to where, what came back, what to do next. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly facts: FailureFacts;

  constructor(facts: FailureFacts) {
    super(`${facts.doing}: ${facts.answer}`, { cause: facts.cause });
    this.facts = facts;
  }

  get exit(): 1 | 2 | 3 {
    return this.facts.exit ?? 1;
  }
}

export const usage = (answer: string, next: readonly string[] = []): Failure =>
  new Failure({ code: 'USAGE', doing: 'read the command line', answer, next, exit: 2 });

export interface FailureLabels {
  readonly doing: string;
  readonly from: string;
  readonly to: string;
  readonly answer: string;
  readonly next: string;
}

export function failureText({ code, doing, from, to, answer, next }: FailureFacts, labels: FailureLabels): string {
  const rows: (readonly [string, string])[] = [
    [labels.doing, doing],
    ...(from ? [[labels.from, from] as const] : []),
    ...(to ? [[labels.to, to] as const] : []),
    [labels.answer, answer],
    ...next.map((step, i) => [i === 0 ? labels.next : '', step] as const),
  ];
  const width = Math.max(...rows.map(([label]) => label.length));
  const indent = `\n${' '.repeat(width + 4)}`;
  return [`ecluse: ${code}`, ...rows.map(([label, text]) => `  ${label.padEnd(width)}  ${text.trimEnd().replace(/\n/g, indent)}`)].join('\n');
}

/** The same for programs; no cause, no stack. */
export const failureJson = ({ code, doing, from, to, answer, next }: FailureFacts): unknown => ({ error: { code, doing, from, to, answer, next } });
