import { createBufferPool, sizeClassOf } from './buffer-pool.ts';

/** The right to have one request in flight with a body of that many bytes, and the memory for it. Release once the request has settled. */
export interface Lease {
  /** Exactly as long as asked; holds old bytes. */
  readonly buffer: Buffer;
  release(): void;
}

/**
 * What one process may have in flight, shared by all its shards: requests and bytes, first come first served. The number of requests adapts:
 * it rises while requests succeed and halves when a store asks for less, so throttling becomes a rate.
 */
export interface FlightBudget {
  /** Waits for a slot and for the bytes; rejects with the signal's reason. More bytes than the whole budget are given when nothing else is in flight. */
  take(sizeBytes: number, signal: AbortSignal): Promise<Lease>;
  /** A store asked to be called less often. */
  throttled(): void;
  /** Requests allowed at once just now. */
  readonly width: () => number;
  readonly maxRequests: number;
}

export interface FlightBudgetOptions {
  readonly bytes?: number;
  readonly requests?: number;
}

const defaultBytes = 128 * 1024 * 1024; // leaves a worker below 400 MiB with rows, sockets and Node itself
const defaultRequests = 128;

export function createFlightBudget({ bytes = defaultBytes, requests = defaultRequests }: FlightBudgetOptions = {}): FlightBudget {
  const pool = createBufferPool(bytes);
  const rate = createRate(requests);
  const queue = createQueue();
  let inFlight = 0;
  let bytesInFlight = 0;

  const fits = (sizeBytes: number): boolean => inFlight < rate.width() && (bytesInFlight + sizeBytes <= bytes || inFlight === 0);
  const enter = (sizeBytes: number): void => {
    inFlight += 1;
    bytesInFlight += sizeBytes;
  };
  const admit = (): void => {
    for (let waiter = queue.first(); waiter && fits(waiter.sizeBytes); waiter = queue.first()) {
      queue.shift();
      enter(waiter.sizeBytes);
      waiter.admitted();
    }
  };

  function lease(sizeBytes: number, sizeClass: number): Lease {
    const whole = pool.acquire(sizeClass);
    let isOut = true;
    return {
      buffer: whole.subarray(0, sizeBytes),
      release: () => {
        if (!isOut) return;
        isOut = false;
        inFlight -= 1;
        bytesInFlight -= sizeClass;
        pool.giveBack(whole);
        rate.settled();
        admit();
      },
    };
  }

  return {
    maxRequests: requests,
    width: rate.width,
    throttled: rate.throttled,
    take: async (sizeBytes, signal) => {
      signal.throwIfAborted();
      const sizeClass = sizeClassOf(sizeBytes);
      if (queue.first() || !fits(sizeClass)) await queue.wait(sizeClass, signal, admit);
      else enter(sizeClass);
      return lease(sizeBytes, sizeClass);
    },
  };
}

const startRequests = 32; // enough for a store nearby; the rise to a distant one's takes a few hundred objects

/** Additive rise with every full round of answers; one halving for all refusals of the same round. */
function createRate(most: number): { readonly width: () => number; settled(): void; throttled(): void } {
  let width = Math.min(startRequests, most);
  let settled = 0;
  let roundEnds = width;
  let quietUntil = 0;
  return {
    width: () => width,
    settled: () => {
      settled += 1;
      if (settled < roundEnds) return;
      width = Math.min(most, width + 1 + (width >> 3));
      roundEnds = settled + width;
    },
    throttled: () => {
      if (settled < quietUntil) return;
      quietUntil = settled + width;
      width = Math.max(1, width >> 1);
      roundEnds = quietUntil + width;
    },
  };
}

interface Waiter {
  readonly sizeBytes: number;
  readonly admitted: () => void;
}

/** First come, first served; whoever's signal aborts leaves, and those behind it may pass (`left`). */
function createQueue(): { first(): Waiter | undefined; shift(): void; wait(sizeBytes: number, signal: AbortSignal, left: () => void): Promise<void> } {
  const waiters: Waiter[] = [];
  let head = 0;
  return {
    first: () => waiters[head],
    shift: () => {
      head += 1;
      if (head < 1024 || head * 2 < waiters.length) return;
      waiters.splice(0, head); // now and then, so that each entry is moved about once
      head = 0;
    },
    wait: (sizeBytes, signal, left) =>
      new Promise((resolve, reject) => {
        const leave = (): void => {
          waiters.splice(waiters.indexOf(waiter, head), 1);
          reject(signal.reason);
          left();
        };
        const admitted = (): void => {
          signal.removeEventListener('abort', leave);
          resolve();
        };
        const waiter = { sizeBytes, admitted };
        signal.addEventListener('abort', leave, { once: true });
        waiters.push(waiter);
      }),
  };
}
