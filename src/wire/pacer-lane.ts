import { MigrationError } from '../core/migration-error.ts';
import type { RateBudgets, RateLease } from '../ports/rate-budget.ts';

/** Runs it once after the delay, unless the function that it answers is called before. */
export type Later = (delayMs: number, run: () => void) => () => void;

/** A clock that is never set back: what is waited for would not come. */
export interface LaneClock {
  now(): number;
  /** That moment of the epoch on this clock. */
  at(epochMs: number): number;
}

export interface LaneParts {
  readonly budgets: RateBudgets;
  readonly holder: string;
  readonly clock: LaneClock;
  readonly later: Later;
  /** When the whole process last made a call without a lease. */
  readonly unleased: { lastMs: number };
}

interface Waiter {
  readonly admit: () => void;
  readonly refuse: (error: unknown) => void;
}

const windowSeconds = 10;
/** How far behind a late timer the next call may follow at once. */
const catchUpMs = 25;
/** One timer lets in all whose turn came meanwhile: at 1,000 calls a second, four. */
const tickMs = 4;
const firstAnswerMs = 1_000; // who has no lease waits so long for the table, then goes on without
const firstHungryMs = 1_000; // one that waits for more asks again after this, then after twice as long
const awayMs = 2_000;
const idleMs = 15_000;
const leaseTries = 3; // renewals in the life of a lease
const slowestShare = 1 / 16;
const recoverMs = 5_000; // each so long after a throttle the rate doubles again
const oneThrottleMs = 1_000; // a crowd that is throttled together halves it once

/** The calls of one budget in this process. All times are of the lane clock. */
export class Lane {
  readonly #budget: string;
  readonly #parts: LaneParts;
  readonly #waiting = new Set<Waiter>();
  #capacity = 1;
  #lease: RateLease | undefined;
  /** When the last call was due; never later than when it went out. */
  #lastMs = Number.NEGATIVE_INFINITY;
  #usedMs = 0;
  /** Calls since the lease was last asked for. */
  #entered = 0;
  #askedMs = Number.NEGATIVE_INFINITY;
  #isAsking = false;
  #renewMs = awayMs;
  #hungryMs = firstHungryMs;
  /** Leases and releases of one budget reach the table in their order. */
  #last: Promise<void> = Promise.resolve();
  #slow = { share: 1, sinceMs: Number.NEGATIVE_INFINITY };
  #timer: { readonly atMs: number; readonly cancel: () => void } | undefined;
  #isClosed = false;

  constructor(budget: string, parts: LaneParts) {
    this.#budget = budget;
    this.#parts = parts;
  }

  /** First come, first served. */
  enter(capacity: number, signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#isClosed) return Promise.reject(closed());
    const nowMs = this.#parts.clock.now();
    this.#capacity = capacity;
    this.#usedMs = nowMs;
    this.#entered += 1;
    if (this.#waiting.size === 0 && this.#isLeased(nowMs) && this.#dueMs(nowMs) <= nowMs) {
      this.#spend(nowMs);
      this.#keepUp(nowMs);
      return Promise.resolve();
    }
    return this.#wait(nowMs, signal);
  }

  slowDown(): void {
    const nowMs = this.#parts.clock.now();
    if (nowMs < this.#slow.sinceMs + oneThrottleMs) return;
    this.#slow = { share: Math.max(slowestShare, this.#share(nowMs) / 2), sinceMs: nowMs };
  }

  /** Who waits is refused; the lease is given back, if the table can be reached. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const { refuse } of this.#waiting) refuse(closed());
    this.#giveBack();
    await this.#last;
  }

  #wait(nowMs: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        this.#waiting.delete(waiter);
        signal?.removeEventListener('abort', leave);
      };
      const refuse = (error: unknown): void => {
        settle();
        reject(error);
      };
      const leave = (): void => refuse(signal?.reason);
      const admit = (): void => {
        settle();
        resolve();
      };
      const waiter = { admit, refuse };
      signal?.addEventListener('abort', leave, { once: true });
      this.#waiting.add(waiter);
      this.#keepUp(nowMs);
    });
  }

  /** Asks for what must be asked for, lets in whose turn it is, and sees to it that the next turn comes. */
  #keepUp(nowMs: number): void {
    if (this.#isClosed) return;
    if (this.#waiting.size === 0 && !this.#isAsking && nowMs >= this.#usedMs + idleMs) {
      this.#giveBack();
      return;
    }
    if (!this.#isAsking && nowMs >= this.#askMs()) this.#ask(nowMs);
    for (const waiter of this.#waiting) {
      if (this.#dueMs(nowMs) > nowMs) break;
      this.#spend(nowMs);
      waiter.admit();
    }
    this.#schedule(nowMs);
  }

  #schedule(nowMs: number): void {
    const turnMs = this.#waiting.size > 0 ? Math.max(this.#dueMs(nowMs), nowMs + tickMs) : this.#usedMs + idleMs;
    const atMs = this.#isAsking ? turnMs : Math.min(turnMs, this.#askMs());
    if (!Number.isFinite(atMs) || (this.#timer && this.#timer.atMs <= atMs)) return;
    this.#timer?.cancel();
    const run = (): void => {
      this.#timer = undefined;
      this.#keepUp(this.#parts.clock.now());
    };
    this.#timer = { atMs, cancel: this.#parts.later(Math.max(1, Math.ceil(atMs - nowMs)), run) };
  }

  #isLeased(nowMs: number): boolean {
    return this.#lease !== undefined && nowMs < this.#lease.untilMs;
  }

  /** When the next call may go out, as things stand. */
  #dueMs(nowMs: number): number {
    const { unleased } = this.#parts;
    if (this.#lease && this.#isLeased(nowMs)) {
      const rate = pace(this.#lease.perSecond) * this.#share(nowMs);
      return rate > 0 ? this.#lastMs + 1000 / rate : Number.POSITIVE_INFINITY;
    }
    const slowMs = unleased.lastMs + 1000 / Math.min(1, this.#capacity);
    return this.#isAsking ? Math.max(slowMs, this.#askedMs + firstAnswerMs) : slowMs;
  }

  #spend(nowMs: number): void {
    this.#usedMs = nowMs;
    if (this.#isLeased(nowMs)) this.#lastMs = Math.max(this.#dueMs(nowMs), nowMs - catchUpMs);
    else {
      this.#lastMs = nowMs;
      this.#parts.unleased.lastMs = nowMs;
    }
  }

  /** What is left of the rate after the last throttle. */
  #share(nowMs: number): number {
    const { share, sinceMs } = this.#slow;
    return share === 1 ? 1 : Math.min(1, share * 2 ** Math.floor((nowMs - sinceMs) / recoverMs));
  }

  /** When the lease is asked for again. */
  #askMs(): number {
    return this.#askedMs + (this.#waiting.size > 0 ? Math.min(this.#hungryMs, this.#renewMs) : this.#renewMs);
  }

  #ask(nowMs: number): void {
    const { budgets, holder } = this.#parts;
    const before = { askedMs: this.#askedMs, entered: this.#entered };
    this.#isAsking = true;
    this.#askedMs = nowMs;
    this.#entered = 0;
    this.#last = this.#last.then(async () => {
      // By now all who came in the same turn wait.
      const wanted = Math.min(this.#capacity, this.#wanted(before, nowMs));
      try {
        if (!this.#isClosed) this.#take(await budgets.lease({ budget: this.#budget, holder, wanted, capacity: this.#capacity }), nowMs);
      } catch {
        // What was granted holds to its end; after that the process goes on slowly.
        this.#renewMs = awayMs;
      }
      this.#isAsking = false;
      this.#keepUp(this.#parts.clock.now());
    });
  }

  /** All it can get while calls wait; else what it made of late, and room for more. At first what is there to do. */
  #wanted({ askedMs, entered }: { readonly askedMs: number; readonly entered: number }, nowMs: number): number {
    if (!this.#lease) return Math.max(1, this.#waiting.size);
    if (this.#waiting.size > 0) return this.#capacity;
    return Math.min(1, this.#capacity / 10) + (1.25 * 1000 * entered) / (nowMs - askedMs);
  }

  #take({ perSecond, untilMs }: RateLease, askedMs: number): void {
    const lease = { perSecond, untilMs: this.#parts.clock.at(untilMs) };
    const isNew = this.#waiting.size === 0 || lease.perSecond === 0 || lease.perSecond > (this.#lease?.perSecond ?? 0);
    this.#renewMs = (lease.untilMs - askedMs) / leaseTries;
    this.#hungryMs = isNew ? firstHungryMs : Math.min(2 * this.#hungryMs, this.#renewMs);
    this.#lease = lease;
  }

  #giveBack(): void {
    const { budgets, holder } = this.#parts;
    const hadAny = this.#lease !== undefined || this.#isAsking;
    this.#lease = undefined;
    this.#askedMs = Number.NEGATIVE_INFINITY;
    if (!hadAny) return;
    // Where the table is away, the lease ends by itself.
    this.#last = this.#last.then(() => budgets.release({ budget: this.#budget, holder })).catch(() => undefined);
  }
}

/**
 * The rate at which a share is used. Calls are spaced, and a late timer may be caught up by `catchUpMs`: a window of 10 s then holds at most
 * rate × (10 s + catch-up) + 1 calls, which must not exceed the share × 10 s. That costs 0.1/s a holder and a quarter of a percent.
 */
function pace(perSecond: number): number {
  const calls = perSecond * windowSeconds;
  return Math.max(calls - 1, calls / 2) / (windowSeconds + catchUpMs / 1000);
}

const closed = (): MigrationError => new MigrationError('UNAVAILABLE', { operation: 'pace', detail: 'PACER_CLOSED' });
