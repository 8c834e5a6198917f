import { shareOf, leaseMs as usualLeaseMs } from '../../src/ledger/rate-share.ts';
import type { LeaseRequest, RateBudgets } from '../../src/ports/rate-budget.ts';

export interface MemoryRateBudgets extends RateBudgets {
  /** What is granted at this moment. */
  granted(budget: string): number;
  readonly asked: LeaseRequest[];
  readonly released: string[];
  /** Throws in place of an answer: the table is away. */
  fault: (() => Promise<void>) | undefined;
}

interface Row {
  readonly wanted: number;
  readonly granted: number;
  readonly untilMs: number;
}

/** The table of leases in memory, by an injected clock. */
export function createMemoryRateBudgets({ now, leaseMs = usualLeaseMs }: { now: () => number; leaseMs?: number }): MemoryRateBudgets {
  const budgets = new Map<string, Map<string, Row>>();
  const rowsOf = (budget: string): Map<string, Row> => {
    const rows = budgets.get(budget) ?? new Map<string, Row>();
    budgets.set(budget, rows);
    for (const [holder, { untilMs }] of rows) if (untilMs <= now()) rows.delete(holder);
    return rows;
  };
  const table: MemoryRateBudgets = {
    asked: [],
    released: [],
    fault: undefined,
    granted: (budget) => [...rowsOf(budget).values()].reduce((sum, { granted }) => sum + granted, 0),
    async lease(request) {
      await table.fault?.();
      table.asked.push(request);
      const { budget, holder, wanted, capacity } = request;
      const rows = rowsOf(budget);
      rows.delete(holder);
      const untilMs = now() + leaseMs;
      if (wanted <= 0) return { perSecond: 0, untilMs };
      const perSecond = shareOf({ wanted, capacity }, [...rows.values()]);
      rows.set(holder, { wanted, granted: perSecond, untilMs });
      return { perSecond, untilMs };
    },
    async release({ budget, holder }) {
      await table.fault?.();
      table.released.push(budget);
      rowsOf(budget).delete(holder);
    },
  };
  return table;
}
