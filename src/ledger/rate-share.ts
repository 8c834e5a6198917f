import type { LeaseRequest } from '../ports/rate-budget.ts';

/** What another holder of the budget wanted when it last asked, and has until its lease ends. */
export interface Claim {
  readonly wanted: number;
  readonly granted: number;
}

/** Thirty seconds: a dead worker's share is back within a minute, and a store that is away for a moment costs nobody their rate. */
export const leaseMs = 30_000;

/**
 * Calls a second for one holder, beside the claims of all others whose leases have not ended: its fair share, but never more than is free.
 * Others shrink at their own renewal only, so one that grows waits for them. One call a second, or a tenth of a small capacity, is shared out to
 * nobody: whoever comes new need not stand still until then. A sum of grants made one after another never exceeds the capacity.
 */
export function shareOf({ wanted, capacity }: Pick<LeaseRequest, 'wanted' | 'capacity'>, others: readonly Claim[]): number {
  const free = Math.max(0, capacity - others.reduce((sum, { granted }) => sum + granted, 0));
  const reserve = Math.min(1, capacity / 10);
  const wants = others.map((other) => other.wanted);
  const fair = fairShare(wanted, wants, capacity - reserve);
  // Rounded down, so that sums of fractions stay below the capacity.
  return Math.floor(1000 * Math.min(fair, Math.max(free - reserve, Math.min(free, reserve)))) / 1000;
}

/** Who wants less than an equal share leaves the rest to the others, equally. */
function fairShare(wanted: number, others: readonly number[], capacity: number): number {
  let left = capacity;
  let sharers = others.length + 1;
  for (const want of [...others, wanted].sort((a, b) => a - b)) {
    if (want > left / sharers) break;
    left -= want;
    sharers -= 1;
  }
  return sharers === 0 ? wanted : Math.min(wanted, Math.max(0, left / sharers));
}
