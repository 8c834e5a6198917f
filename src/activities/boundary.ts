import { ApplicationFailure, Context } from '@temporalio/activity';
import { errorCodes } from '../core/error-codes.ts';
import { MigrationError } from '../core/migration-error.ts';

/** What an activity needs from its attempt. The signal is taken at once: asked for inside an abort listener it would end the process. */
export interface Attempt {
  readonly signal: AbortSignal;
  /** Small counts for people; the cursor is the journal. */
  heartbeat(details?: unknown): void;
}

/**
 * Where errors leave our code: a MigrationError becomes an ApplicationFailure of its code's type. After a cancellation, whatever broke
 * is rethrown as the cancellation itself, else Temporal would take it for a failure. Heartbeats go on while `work` waits.
 */
export async function attempt<T>(work: (attempt: Attempt) => Promise<T>): Promise<T> {
  const context = Context.current();
  const signal = context.cancellationSignal;
  let details: unknown;
  const beat = setInterval(() => context.heartbeat(details), 2000);
  try {
    return await work({
      signal,
      heartbeat: (latest) => {
        details = latest;
        context.heartbeat(latest);
      },
    });
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw toFailure(error);
  } finally {
    clearInterval(beat);
  }
}

function toFailure(error: unknown): unknown {
  if (!(error instanceof MigrationError)) return error;
  const { retryAfterMs } = error.context;
  return ApplicationFailure.create({
    type: error.code,
    message: error.message,
    nonRetryable: errorCodes[error.code].follows !== 'retry',
    ...(retryAfterMs === undefined ? {} : { nextRetryDelay: retryAfterMs }),
  });
}
