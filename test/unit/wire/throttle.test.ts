import { describe, expect, it } from '@jest/globals';
import { createRateGate, type RateGate } from '../../../src/wire/throttle.ts';

const origin = 'https://store.example';

function gateAt(mostInFlight: number) {
  let now = 1_000_000;
  const timers: { atMs: number; run: () => void }[] = [];
  const gate = createRateGate({ mostInFlight, nowMs: () => now, later: (delayMs, run) => void timers.push({ atMs: now + delayMs, run }) });
  const pass = (ms: number): void => {
    now += ms;
    for (const timer of timers.splice(0))
      if (timer.atMs <= now) timer.run();
      else timers.push(timer);
  };
  return { gate, pass };
}

/** How many enter at once; they stay in. */
function fill(gate: RateGate, tries = 1000): { entered: number; waiting: Promise<void>[] } {
  const waiting: Promise<void>[] = [];
  let entered = 0;
  for (let n = 0; n < tries; n++) {
    const wait = gate.enter(origin);
    if (wait) waiting.push(wait);
    else entered++;
  }
  return { entered, waiting };
}
const leaveAll = (gate: RateGate, count: number, outcome: 'done' | 'throttled'): void => {
  for (let n = 0; n < count; n++) gate.leave(origin, outcome);
};

describe('createRateGate', () => {
  it('admits so many at once, and the next when one leaves', async () => {
    const { gate } = gateAt(4);
    const { entered, waiting } = fill(gate, 6);
    expect(entered).toBe(4);
    gate.leave(origin, 'done');
    await waiting[0];
    gate.leave(origin, 'done');
    await waiting[1];
  });

  it('halves once for a crowd that is throttled together, and again a second later', () => {
    const { gate, pass } = gateAt(8);
    leaveAll(gate, fill(gate, 8).entered, 'throttled');
    expect(fill(gate, 4).entered).toBe(4);
    expect(gate.enter(origin)).toBeInstanceOf(Promise);
    pass(1000);
    gate.leave(origin, 'throttled');
    leaveAll(gate, 4, 'done');
    const { entered } = fill(gate, 8);
    expect(entered).toBeLessThanOrEqual(3);
  });

  it('rises by one a round of successes, up to its most', () => {
    const { gate } = gateAt(8);
    leaveAll(gate, fill(gate, 8).entered, 'throttled');
    for (let round = 0; round < 20; round++) leaveAll(gate, fill(gate, 3).entered, 'done');
    expect(fill(gate, 20).entered).toBe(8);
  });

  it('lets nobody in before Retry-After, then goes on by itself', async () => {
    const { gate, pass } = gateAt(8);
    gate.enter(origin);
    gate.leave(origin, 'throttled', 5000);
    const wait = gate.enter(origin);
    let isIn = false;
    const entering = wait?.then(() => {
      isIn = true;
    });
    pass(4999);
    await Promise.resolve();
    expect(isIn).toBe(false);
    pass(1);
    await entering;
    expect(isIn).toBe(true);
  });

  it('keeps origins apart', () => {
    const { gate } = gateAt(1);
    expect(gate.enter(origin)).toBeUndefined();
    expect(gate.enter('https://other.example')).toBeUndefined();
    expect(gate.enter(origin)).toBeInstanceOf(Promise);
  });

  it('lets a waiting one go when it is aborted, and gives its place to the next', async () => {
    const { gate } = gateAt(1);
    gate.enter(origin);
    const abort = new AbortController();
    const first = gate.enter(origin, abort.signal);
    const second = gate.enter(origin);
    abort.abort('no more');
    await expect(first).rejects.toBe('no more');
    gate.leave(origin, 'done');
    await second;
  });
});
