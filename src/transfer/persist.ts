import { isMigrationError } from '../core/migration-error.ts';
import type { Clock } from './clock.ts';
import type { FlightBudget } from './flight-budget.ts';

const bodyTries = 5; // a body that is cut five times running is not the network's fault
const busyTries = 8; // about 10 s: a restart of a store; a longer outage is the activity's retry
const throttleTries = 30; // throttling is a rate, not an error: minutes
const baseMs = 200;
const capMs = 10_000;

export interface Patience {
  readonly clock: Clock;
  readonly flight: FlightBudget;
  readonly signal: AbortSignal;
  /** Told of every failed try. */
  readonly failed?: () => void;
}

/**
 * Repeats one idempotent request through what a store recovers from by itself: a cut or wrong body, 5xx, throttling, clock skew (the adapter
 * signs anew each time). Full jitter, or what the store's Retry-After says. Everything else is thrown at once.
 */
export async function persist<T>({ clock, flight, signal, failed }: Patience, request: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await request();
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      failed?.();
      if (isMigrationError(error, 'THROTTLED')) flight.throttled();
      if (tries >= triesFor(error)) throw error;
      const askedMs = isMigrationError(error) ? error.context.retryAfterMs : undefined;
      await clock.sleep(askedMs ?? Math.random() * Math.min(capMs, baseMs * 2 ** tries), signal);
    }
  }
}

function triesFor(error: unknown): number {
  if (isMigrationError(error, 'BODY_LENGTH')) return bodyTries;
  if (isMigrationError(error, 'UNAVAILABLE', 'CLOCK_SKEW')) return busyTries;
  if (isMigrationError(error, 'THROTTLED')) return throttleTries;
  return 1;
}
