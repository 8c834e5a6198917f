import { setTimeout as wait } from 'node:timers/promises';
import type { ErrorCode } from '../core/error-codes.ts';
import { isMigrationError } from '../core/migration-error.ts';

export interface Patience {
  readonly tries: number;
  readonly firstDelayMs: number;
  readonly longestDelayMs: number;
  readonly random: () => number;
  readonly sleep: (delayMs: number, signal: AbortSignal | undefined) => Promise<void>;
}

/** Five tries within about a second and a half at most: a longer outage is the activity's to wait for. */
export const patience: Patience = {
  tries: 5,
  firstDelayMs: 100,
  longestDelayMs: 5_000,
  random: Math.random,
  sleep: (delayMs, signal) => wait(delayMs, undefined, signal ? { signal } : {}),
};

const passing = ['UNAVAILABLE', 'THROTTLED', 'BODY_LENGTH'] as const satisfies readonly ErrorCode[];

/**
 * Calls `attempt` (n from 1) until it succeeds, fails for good or the tries are used up; then its last error stands.
 * Waits with full jitter, and never less than the server's Retry-After. Each attempt signs anew.
 */
export async function retried<T>(attempt: (n: number) => Promise<T>, signal?: AbortSignal, how: Patience = patience): Promise<T> {
  for (let n = 1; ; n++) {
    try {
      return await attempt(n);
    } catch (error) {
      if (!isMigrationError(error, ...passing) || n >= how.tries) throw error;
      signal?.throwIfAborted();
      const most = Math.min(how.longestDelayMs, how.firstDelayMs * 2 ** (n - 1));
      await how.sleep(Math.max(how.random() * most, Math.min(error.context.retryAfterMs ?? 0, how.longestDelayMs)), signal);
    }
  }
}
