export interface RateGate {
  /** A place among the requests in flight to that origin: undefined when there is one at once. Throws the signal's reason while waiting. */
  enter(origin: string, signal?: AbortSignal): Promise<void> | undefined;
  /** Every `enter` that did not throw is followed by one `leave`. */
  leave(origin: string, outcome: 'done' | 'throttled', retryAfterMs?: number): void;
}

export interface RateGateOptions {
  readonly mostInFlight?: number;
  readonly nowMs?: () => number;
  readonly later?: (delayMs: number, run: () => void) => void;
}

interface Lane {
  limit: number;
  inFlight: number;
  /** A crowd that is throttled together halves the limit once. */
  nextCutMs: number;
  closedUntilMs: number;
  readonly waiting: (() => void)[];
}

const cutEveryMs = 1000;
const longestPauseMs = 60_000; // a store that asks for more is asked again after a minute

/**
 * The rate that each origin bears, found by asking: requests in flight halve when it throttles and rise by one per round of
 * successes. Throttling is a rate, never an error for the user. One gate a process, shared by all buckets.
 */
export function createRateGate(options: RateGateOptions = {}): RateGate {
  const { mostInFlight = 256, nowMs = Date.now, later = (delayMs, run) => void setTimeout(run, delayMs).unref() } = options;
  const lanes = new Map<string, Lane>();

  function laneOf(origin: string): Lane {
    let lane = lanes.get(origin);
    if (!lane) {
      lane = { limit: mostInFlight, inFlight: 0, nextCutMs: 0, closedUntilMs: 0, waiting: [] };
      lanes.set(origin, lane);
    }
    return lane;
  }

  const isOpen = (lane: Lane): boolean => lane.inFlight < Math.floor(lane.limit) && (lane.closedUntilMs === 0 || nowMs() >= lane.closedUntilMs);

  function admit(lane: Lane): void {
    while (lane.waiting.length > 0 && isOpen(lane)) {
      lane.inFlight++;
      lane.waiting.shift()?.();
    }
  }

  return {
    enter(origin, signal) {
      const lane = laneOf(origin);
      if (lane.waiting.length === 0 && isOpen(lane)) {
        lane.inFlight++;
        return undefined;
      }
      return new Promise((resolve, reject) => {
        const enter = (): void => {
          signal?.removeEventListener('abort', leaveQueue);
          resolve();
        };
        const leaveQueue = (): void => {
          lane.waiting.splice(lane.waiting.indexOf(enter), 1);
          reject(signal?.reason);
        };
        if (signal?.aborted) return reject(signal.reason);
        signal?.addEventListener('abort', leaveQueue, { once: true });
        lane.waiting.push(enter);
      });
    },
    leave(origin, outcome, retryAfterMs = 0) {
      const lane = laneOf(origin);
      lane.inFlight--;
      if (outcome === 'done') lane.limit = Math.min(mostInFlight, lane.limit + 1 / lane.limit);
      else slowDown(lane, nowMs(), Math.min(retryAfterMs, longestPauseMs));
      admit(lane);
    },
  };

  function slowDown(lane: Lane, now: number, pauseMs: number): void {
    if (now >= lane.nextCutMs) {
      lane.limit = Math.max(1, lane.limit / 2);
      lane.nextCutMs = now + cutEveryMs;
    }
    if (now + pauseMs <= lane.closedUntilMs || pauseMs === 0) return;
    lane.closedUntilMs = now + pauseMs;
    later(pauseMs, () => admit(lane));
  }
}
