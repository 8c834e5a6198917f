import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createPacer } from '../../../src/wire/pacer.ts';
import { createMemoryRateBudgets } from '../../support/memory-rate-budgets.ts';
import { createPacerClock, settled } from './pacer-clock.ts';

const budget = 'aws/1/eu-west-3/GetSnapshotBlock';
const windowMs = 10_000;

function setUp({ capacity = 20, leaseMs = 30_000 } = {}) {
  const clock = createPacerClock();
  const table = createMemoryRateBudgets({ now: clock.now, leaseMs });
  const calls: number[] = [];
  const open = (holder: string) => createPacer({ budgets: table, holder, nowMs: clock.now, later: clock.later });
  const pacer = open('one');
  /** As many loops as a provider keeps in flight, until `stop`. */
  const hammer = (which = pacer, loops = 8, name = budget) => {
    let isOn = true;
    let made = 0;
    const loop = async (): Promise<void> => {
      while (isOn) {
        await which.enter(name, capacity);
        if (!isOn) return;
        made += 1;
        calls.push(clock.now());
      }
    };
    for (let n = 0; n < loops; n++) void loop().catch(() => undefined);
    return {
      stop: () => {
        isOn = false;
      },
      made: () => made,
    };
  };
  return { clock, table, calls, open, pacer, hammer, capacity };
}

/** The most calls in any window of 10 s. */
function busiest(calls: readonly number[]): number {
  const sorted = calls.toSorted((a, b) => a - b);
  let most = 0;
  for (let first = 0, last = 0; last < sorted.length; last++) {
    while ((sorted[last] ?? 0) - (sorted[first] ?? 0) >= windowMs) first++;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

describe('a pacer', () => {
  it.each([0.4, 1, 5, 50, 1000])('spaces calls at %s a second: any 10 s hold no more than ten times that, and nearly as many', async (capacity) => {
    const { clock, calls, hammer } = setUp({ capacity });
    const { stop } = hammer();
    await clock.pass(capacity === 1000 ? 12_000 : 60_000);
    stop();
    expect(busiest(calls)).toBeLessThanOrEqual(capacity * 10);
    expect(busiest(calls)).toBeGreaterThan(capacity * 10 * 0.85 - 2);
  });

  it('lets in first who came first, and lets go who aborts', async () => {
    const { clock, pacer } = setUp();
    const order: number[] = [];
    const abort = new AbortController();
    const waits = Array.from({ length: 6 }, (_, n) => pacer.enter(budget, 5, n === 2 ? abort.signal : undefined).then(() => order.push(n)));
    waits[2]?.catch(() => undefined);
    await settled();
    const reason = new Error('enough');
    abort.abort(reason);
    await expect(waits[2]).rejects.toBe(reason);
    await expect(pacer.enter(budget, 5, abort.signal)).rejects.toBe(reason);
    await clock.pass(5_000);
    expect(order).toEqual([0, 1, 3, 4, 5]);
  });

  it('waits for its first lease no longer than a second, and goes on with one call a second in all', async () => {
    const { clock, table, calls, hammer } = setUp();
    table.fault = () => new Promise(() => undefined);
    const startMs = clock.now();
    hammer();
    hammer(undefined, 8, 'another/budget');
    await clock.pass(999);
    expect(calls).toEqual([]);
    await clock.pass(9_500);
    expect(calls.map((atMs) => Math.round((atMs - startMs) / 1000))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it('uses its lease to its end while the table is away, then makes one call a second, and recovers', async () => {
    const { clock, table, calls, hammer } = setUp({ capacity: 20 });
    hammer();
    await clock.pass(10_500);
    table.fault = () => Promise.reject(new Error('away'));
    calls.length = 0;
    await clock.pass(15_000);
    expect(calls.length).toBeGreaterThan(15 * 18);
    await clock.pass(20_000);
    calls.length = 0;
    await clock.pass(10_000);
    expect(calls.length).toBeLessThanOrEqual(10);
    table.fault = undefined;
    await clock.pass(3_000);
    calls.length = 0;
    await clock.pass(10_000);
    expect(calls.length).toBeGreaterThan(170);
  });

  it('makes less than a call a second without a lease, where that is all there is', async () => {
    const { clock, table, calls, hammer } = setUp({ capacity: 0.5 });
    table.fault = () => Promise.reject(new Error('away'));
    hammer();
    await clock.pass(20_000);
    expect(calls.length).toBeLessThanOrEqual(11);
    expect(calls.length).toBeGreaterThan(8);
  });

  it('asks for little when it has little to do, for all when calls wait, and gives back what it does not use', async () => {
    const { clock, table, pacer, hammer } = setUp({ capacity: 20 });
    await pacer.enter(budget, 20);
    expect(table.asked.map(({ wanted }) => wanted)).toEqual([1]);
    const { stop } = hammer();
    await clock.pass(12_000);
    expect(table.asked.at(-1)?.wanted).toBe(20);
    stop();
    await clock.pass(1_000);
    for (let n = 0; n < 22; n++) {
      await pacer.enter(budget, 20);
      await clock.pass(1_000);
    }
    expect(table.asked.at(-1)?.wanted).toBeLessThan(5);
    await clock.pass(20_000);
    expect(table.released).toEqual([budget]);
    expect(table.granted(budget)).toBe(0);
    const asked = table.asked.length;
    await clock.pass(60_000);
    expect(table.asked).toHaveLength(asked);
    await pacer.enter(budget, 20);
  });

  it('slows down when it is throttled, once for a crowd, and recovers', async () => {
    const { clock, calls, pacer, hammer } = setUp({ capacity: 20 });
    hammer();
    await clock.pass(10_000);
    calls.length = 0;
    for (let n = 0; n < 8; n++) pacer.throttled(budget);
    await clock.pass(4_000);
    expect(calls.length).toBeGreaterThan(30);
    expect(calls.length).toBeLessThanOrEqual(40);
    await clock.pass(2_000);
    calls.length = 0;
    await clock.pass(4_000);
    expect(calls.length).toBeGreaterThan(70);
  });

  it('is not stopped by a clock that is set back', async () => {
    const clock = createPacerClock();
    let backMs = 0;
    const now = (): number => clock.now() - backMs;
    const pacer = createPacer({ budgets: createMemoryRateBudgets({ now }), holder: 'one', nowMs: now, later: clock.later });
    await pacer.enter(budget, 20);
    backMs = 3_600_000;
    const waits = Promise.all([1, 2, 3].map(() => pacer.enter(budget, 20)));
    await clock.pass(5_000);
    await waits;
  });

  it('refuses who waits when it is closed, and gives its leases back', async () => {
    const { clock, table, pacer } = setUp();
    await pacer.enter(budget, 5);
    const waits = [pacer.enter(budget, 5), pacer.enter('other', 0.01)];
    await clock.pass(10);
    const closing = pacer.close();
    for (const wait of waits.slice(0, 1)) await expect(wait).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await closing;
    expect(table.granted(budget)).toBe(0);
    await expect(pacer.enter(budget, 5)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    waits[1]?.catch(() => undefined);
    const made = clock.timers();
    await clock.pass(60_000);
    expect(clock.timers()).toBe(made);
  });

  it('closes although the table is away', async () => {
    const { table, pacer } = setUp();
    await pacer.enter(budget, 5);
    table.fault = () => Promise.reject(new Error('away'));
    await pacer.close();
  });

  it('makes no timer for each call', async () => {
    const { clock, calls, hammer } = setUp({ capacity: 1000 });
    hammer(undefined, 64);
    await clock.pass(5_000);
    calls.length = 0;
    const before = clock.timers();
    await clock.pass(10_000);
    expect(calls.length).toBeGreaterThan(9_500);
    expect(clock.timers() - before).toBeLessThan(2_600);
  });
});

describe('pacers of several processes', () => {
  it('never make more calls than the budget holds, share it fairly, and take over what a dead one had', async () => {
    const { clock, table, calls, open, hammer } = setUp({ capacity: 50 });
    const control = hammer(open('control'), 1);
    await clock.pass(3_000);
    const first = hammer(open('first'));
    await clock.pass(2_000);
    const second = hammer(open('second'));
    await clock.pass(30_000);
    const [a, b] = [first.made(), second.made()];
    await clock.pass(30_000);
    const shares = [first.made() - a, second.made() - b];
    expect(Math.max(...shares) / Math.min(...shares)).toBeLessThan(1.1);
    // Dead: makes no call, and renews nothing.
    second.stop();
    control.stop();
    await clock.pass(50_000);
    const c = first.made();
    await clock.pass(10_000);
    expect(first.made() - c).toBeGreaterThan(450);
    expect(busiest(calls)).toBeLessThanOrEqual(500);
    expect(table.granted(budget)).toBeLessThanOrEqual(50);
  });

  it('add one call when they come, and no other, whoever comes and goes', async () => {
    const act = fc.record({ who: fc.constantFrom('a', 'b', 'c', 'd'), loops: fc.constantFrom(1, 8), forMs: fc.integer({ min: 50, max: 9_000 }) });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(1, 5, 20), fc.array(act, { minLength: 3, maxLength: 8 }), async (capacity, acts) => {
        const { clock, calls, open, hammer } = setUp({ capacity, leaseMs: 6_000 });
        const births: number[] = [];
        for (const { who, loops, forMs } of acts) {
          births.push(clock.now());
          const pacer = open(`${who}/${clock.now()}`);
          const { stop } = hammer(pacer, loops);
          await clock.pass(forMs);
          if (who === 'a' || who === 'b') {
            stop();
            await Promise.all([pacer.close(), clock.pass(0)]);
          }
        }
        await clock.pass(12_000);
        expect(busiest(calls)).toBeLessThanOrEqual(capacity * 10 + busiest(births));
      }),
      { numRuns: 40 },
    );
  });
});
