import { type ErrorCode, errorCodes } from './error-codes.ts';

export interface ErrorContext {
  /** What was being done, in the vendor's word: `PutObject`, `append`. */
  readonly operation: string;
  /** Store and bucket, never a key, URL or token: messages are stored by Temporal in clear. */
  readonly source?: string | undefined;
  readonly target?: string | undefined;
  /** What came back, in numbers and names: `503 SlowDown`. */
  readonly detail?: string | undefined;
  /** A server's Retry-After. */
  readonly retryAfterMs?: number | undefined;
  /** LEDGER_CLOCK: what must be added to this machine's clock. */
  readonly offsetMs?: number | undefined;
  readonly cause?: unknown;
}

/** The one error that leaves providers, depot, ledger and transfer. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError';
  readonly code: ErrorCode;
  readonly context: ErrorContext;

  constructor(code: ErrorCode, context: ErrorContext) {
    super(describe(code, context), { cause: context.cause });
    this.code = code;
    this.context = context;
  }
}

export const isMigrationError = (error: unknown, ...codes: readonly ErrorCode[]): error is MigrationError =>
  error instanceof MigrationError && (codes.length === 0 || codes.includes(error.code));

function describe(code: ErrorCode, { operation, source, target, detail }: ErrorContext): string {
  const from = source ? ` from ${source}` : '';
  const to = target ? ` to ${target}` : '';
  return `${operation}${from}${to}: ${errorCodes[code].sentence}${detail ? ` (${detail})` : ''}`;
}
