import type { S3Request } from './s3-operation.ts';

/** What goes wrong. `up` is the request's body, `down` the answer's; `afterBytes` counts body bytes and means "at the end" for shorter bodies. */
export type FaultAction =
  /** The store refuses. `early` answers and closes while the body still comes, as real front ends do. */
  | { readonly kind: 'answer'; readonly status: number; readonly code: string; readonly retryAfterSeconds?: number; readonly early?: boolean }
  /** The connection is reset on both sides. `down` with 0 bytes: before any answer. */
  | { readonly kind: 'cut'; readonly way: 'up' | 'down'; readonly afterBytes: number }
  /** Nothing moves any more until the client gives up. `down` with 0 bytes: no first byte. */
  | { readonly kind: 'stall'; readonly way: 'up' | 'down'; readonly afterBytes: number }
  /** An answer shorter (negative) or longer than the object; the length is declared as it was (`original`) or as it is sent. */
  | { readonly kind: 'resize'; readonly byBytes: number; readonly declared: 'original' | 'as sent' }
  /** One byte is inverted: `up` makes a store that stores wrong bytes, `down` one that reads wrong ones. The signed digest stays. */
  | { readonly kind: 'flip'; readonly way: 'up' | 'down'; readonly atByte: number }
  /** The store does it and its answer is lost. */
  | { readonly kind: 'lose answer' }
  /** `run` is awaited before the request is forwarded, or after the first bytes of its answer. */
  | { readonly kind: 'meanwhile'; readonly when: 'before' | 'during'; readonly run: () => Promise<void> }
  /** Requests beyond the rate get 503 SlowDown with Retry-After: 1. */
  | { readonly kind: 'throttle'; readonly requestsPerSecond: number };

export interface Fault {
  /** Names as in `S3Request.operation`; absent = every operation. */
  readonly operations?: readonly string[];
  readonly key?: (key: string) => boolean;
  /** First match that it hits, from 1. Default 1. */
  readonly from?: number;
  /** How many matches it hits from there on. Default: every one. */
  readonly times?: number;
  /** It ends so long after the first match. Default: never. */
  readonly forMs?: number;
  readonly action: FaultAction;
}

export const slowDown: FaultAction = { kind: 'answer', status: 503, code: 'SlowDown', retryAfterSeconds: 1 };
export const internalError: FaultAction = { kind: 'answer', status: 500, code: 'InternalError' };
export const accessDenied: FaultAction = { kind: 'answer', status: 403, code: 'AccessDenied' };
export const invalidAccessKeyId: FaultAction = { kind: 'answer', status: 403, code: 'InvalidAccessKeyId' };

/** The faults of one proxy and how often each was met. */
export interface FaultTable {
  /** The action for this request: that of the first fault in force. Every matching fault counts it. */
  next(request: S3Request): FaultAction | undefined;
  /** Times that each fault was handed out, in order: a test that passes without its fault proves nothing. */
  hits(): readonly number[];
}

/** `nowMs` is a monotonic clock in milliseconds. */
export function createFaultTable(faults: readonly Fault[], nowMs: () => number): FaultTable {
  const states = faults.map((fault) => ({ fault, inForce: createWindow(fault, nowMs), hits: 0 }));
  return {
    next(request) {
      const active = states.filter(({ fault, inForce }) => matches(fault, request) && inForce());
      const first = active[0];
      if (first === undefined) return undefined;
      first.hits += 1;
      return first.fault.action;
    },
    hits: () => states.map(({ hits }) => hits),
  };
}

function matches(fault: Fault, request: S3Request): boolean {
  if (fault.operations !== undefined && !fault.operations.includes(request.operation)) return false;
  return fault.key === undefined || fault.key(request.key);
}

/** Says for the next match whether the fault is in force. A throttle is in force only beyond its rate. */
function createWindow(fault: Fault, nowMs: () => number): () => boolean {
  const { from = 1, times = Number.POSITIVE_INFINITY, forMs = Number.POSITIVE_INFINITY, action } = fault;
  const isBeyondRate = action.kind === 'throttle' ? createRate(action.requestsPerSecond, nowMs) : () => true;
  let matched = 0;
  let startMs: number | undefined;
  return () => {
    matched += 1;
    startMs ??= nowMs();
    return matched >= from && matched < from + times && nowMs() - startMs < forMs && isBeyondRate();
  };
}

/** A bucket of one second's tokens. */
function createRate(requestsPerSecond: number, nowMs: () => number): () => boolean {
  let tokens = requestsPerSecond;
  let lastMs = nowMs();
  return () => {
    const now = nowMs();
    tokens = Math.min(requestsPerSecond, tokens + ((now - lastMs) / 1000) * requestsPerSecond);
    lastMs = now;
    if (tokens < 1) return true;
    tokens -= 1;
    return false;
  };
}
