import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { RateBudgets } from '../../src/ports/rate-budget.ts';

/** A table of leases of 30 s, empty, seen by two processes; `pass` lets time go by for it. */
export interface BudgetPlace {
  readonly budgets: RateBudgets;
  readonly others: RateBudgets;
  pass(ms: number): Promise<void>;
}

const capacity = 50;
const leaseMs = 30_000;
let budgetCount = 0;

/** The duties of `ports/rate-budget.ts`. */
export function testRateBudgets(name: string, make: () => Promise<BudgetPlace>): void {
  const setUp = async () => {
    const place = await make();
    budgetCount += 1;
    const budget = `aws/${budgetCount}/eu-west-3/GetSnapshotBlock`;
    const granted = new Map<string, number>();
    const lease = async (holder: string, wanted = 1000, table = place.budgets): Promise<number> => {
      const { perSecond } = await table.lease({ budget, holder, wanted, capacity });
      granted.set(holder, perSecond);
      return perSecond;
    };
    const release = async (holder: string): Promise<void> => {
      await place.others.release({ budget, holder });
      granted.delete(holder);
    };
    const sum = (): number => [...granted.values()].reduce((total, perSecond) => total + perSecond, 0);
    return { ...place, budget, lease, release, sum, granted };
  };

  describe(`${name} as rate budgets`, () => {
    it('gives a lone holder what it wants, within the capacity', async () => {
      const { lease, budgets, budget } = await setUp();
      expect(await lease('a', 10)).toBe(10);
      expect(await lease('a')).toBeGreaterThan(0.95 * capacity);
      expect(await lease('a')).toBeLessThanOrEqual(capacity);
      const before = Date.now();
      const { untilMs } = await budgets.lease({ budget: `${budget}/other`, holder: 'a', wanted: 1, capacity });
      // Some places here have a clock of their own; those that have not must say 30 s.
      if (untilMs > before - 3_600_000) expect(untilMs).toBeLessThanOrEqual(Date.now() + leaseMs);
      expect(await lease('a', 0)).toBe(0);
    });

    it('takes nobody’s share away before their renewal, and shares fairly after it', async () => {
      const { lease, others, sum } = await setUp();
      await lease('a');
      const first = await lease('b', 1000, others);
      expect(first).toBeGreaterThan(0); // what is kept for newcomers
      expect(first).toBeLessThanOrEqual(1);
      const share = await lease('a');
      expect(share).toBeGreaterThan(0.48 * capacity);
      expect(await lease('b', 1000, others)).toBe(share);
      expect(sum()).toBeLessThanOrEqual(capacity);
    });

    it('leaves to the others what a holder does not want', async () => {
      const { lease } = await setUp();
      for (let round = 0; round < 3; round++)
        for (const [holder, wanted] of [
          ['control', 2],
          ['x', 1000],
          ['y', 1000],
        ] as const)
          await lease(holder, wanted);
      expect(await lease('control', 2)).toBe(2);
      const share = await lease('x');
      expect(share).toBeGreaterThan(23);
      expect(await lease('y')).toBe(share);
    });

    it('frees a share that is given back at once, and one that nobody renews when it ends', async () => {
      const { lease, release, pass } = await setUp();
      await lease('a');
      await release('a');
      await release('nobody');
      expect(await lease('b')).toBeGreaterThan(0.95 * capacity);
      await pass(leaseMs - 2_000);
      expect(await lease('c')).toBeLessThanOrEqual(1);
      await pass(4_000);
      expect(await lease('c')).toBeGreaterThan(0.95 * capacity);
    });

    it('keeps budgets apart', async () => {
      const { lease, budgets, budget } = await setUp();
      await lease('a');
      expect((await budgets.lease({ budget: `${budget}/other`, holder: 'b', wanted: 40, capacity })).perSecond).toBe(40);
    });

    it('never grants more than the capacity, whoever asks when', async () => {
      const act = fc.record({ holder: fc.constantFrom('a', 'b', 'c', 'd'), wanted: fc.constantFrom(0, 0.3, 2, 17, 49.9, 1000), give: fc.boolean() });
      await fc.assert(
        fc.asyncProperty(fc.array(act, { minLength: 4, maxLength: 12 }), async (acts) => {
          const { lease, release, sum } = await setUp();
          for (const { holder, wanted, give } of acts) {
            if (give && wanted < 1) await release(holder);
            else await lease(holder, wanted);
            expect(sum()).toBeLessThanOrEqual(capacity);
          }
        }),
        { numRuns: 20 },
      );
    });

    it('never does so either when many ask at the same moment', async () => {
      const { lease, budgets, others, sum } = await setUp();
      for (let round = 0; round < 3; round++) {
        // A holder has no two requests under way; ten holders do, from two processes.
        await Promise.all(Array.from({ length: 10 }, (_, n) => lease(`h${n}`, 1000, n % 2 ? others : budgets)));
        expect(sum()).toBeLessThanOrEqual(capacity);
      }
      expect(sum()).toBeGreaterThan(0.9 * capacity);
    });
  });
}
