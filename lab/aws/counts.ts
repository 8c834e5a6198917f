const windowMs = 10_000;

/** Counts calls, and remembers how many fell into the fullest 10 s so far. Holds the last 10 s only. */
export interface WindowCounter {
  add(nowMs: number): void;
  report(): WindowReport;
}

export interface WindowReport {
  readonly total: number;
  /** The most calls within any 10 s. */
  readonly largest: number;
}

export function windowCounter(): WindowCounter {
  let times: number[] = [];
  let oldest = 0;
  let [total, largest] = [0, 0];
  return {
    add(nowMs) {
      times.push(nowMs);
      total += 1;
      while ((times[oldest] ?? nowMs) <= nowMs - windowMs) oldest += 1;
      largest = Math.max(largest, times.length - oldest);
      if (oldest > 10_000) [times, oldest] = [times.slice(oldest), 0];
    },
    report: () => ({ total, largest }),
  };
}

/** Counters by what they count: `123456789012/eu-west-3/GetSnapshotBlock`, and `snap-…/GetSnapshotBlock`. */
export interface Counts {
  add(what: string, nowMs: number): void;
  report(): Readonly<Record<string, WindowReport>>;
  clear(): void;
}

export function createCounts(): Counts {
  const counters = new Map<string, WindowCounter>();
  return {
    add(what, nowMs) {
      const counter = counters.get(what) ?? windowCounter();
      counters.set(what, counter);
      counter.add(nowMs);
    },
    report: () => Object.fromEntries([...counters].map(([what, counter]) => [what, counter.report()])),
    clear: () => counters.clear(),
  };
}

/** Token buckets that hold one second's worth: true = the call may pass. */
export function createQuotas(): (what: string, perSecond: number, nowMs: number) => boolean {
  const buckets = new Map<string, { tokens: number; atMs: number }>();
  return (what, perSecond, nowMs) => {
    const bucket = buckets.get(what) ?? { tokens: perSecond, atMs: nowMs };
    buckets.set(what, bucket);
    bucket.tokens = Math.min(perSecond, bucket.tokens + ((nowMs - bucket.atMs) / 1000) * perSecond);
    bucket.atMs = nowMs;
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  };
}
