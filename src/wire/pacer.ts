import type { Pacer, RateBudgets } from '../ports/rate-budget.ts';
import { Lane, type LaneClock, type LaneParts, type Later } from './pacer-lane.ts';

export interface PacerParts {
  readonly budgets: RateBudgets;
  /** This process: host, pid and start. */
  readonly holder: string;
  /** Epoch, as leases end by it. */
  readonly nowMs?: () => number;
  readonly later?: Later;
}

/**
 * Paces the calls of this process, each API by its share of the budget: evenly, with no burst, so that all processes together never make more than
 * capacity × 10 calls in any 10 s, but for the first call of a process, which need not wait for its turn. While the table of budgets is away and no lease holds, the whole process makes one call a second. One a process.
 */
export function createPacer({ budgets, holder, nowMs = Date.now, later = afterTimeout }: PacerParts): Pacer {
  const lanes = new Map<string, Lane>();
  const parts: LaneParts = { budgets, holder, clock: neverBack(nowMs), later, unleased: { lastMs: Number.NEGATIVE_INFINITY } };

  function laneOf(budget: string): Lane {
    let lane = lanes.get(budget);
    if (!lane) {
      lane = new Lane(budget, parts);
      lanes.set(budget, lane);
    }
    return lane;
  }

  return {
    enter: (budget, capacity, signal) => laneOf(budget).enter(capacity, signal),
    throttled: (budget) => laneOf(budget).slowDown(),
    close: async () => void (await Promise.all([...lanes.values()].map((lane) => lane.close()))),
  };
}

function neverBack(nowMs: () => number): LaneClock {
  let latest = Number.NEGATIVE_INFINITY;
  let setBackMs = 0;
  return {
    now() {
      const read = nowMs();
      setBackMs = Math.max(setBackMs, latest - read);
      latest = read + setBackMs;
      return latest;
    },
    at: (epochMs) => epochMs + setBackMs,
  };
}

const afterTimeout: Later = (delayMs, run) => {
  const timer = setTimeout(run, delayMs);
  return () => clearTimeout(timer);
};
