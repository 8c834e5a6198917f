import { describe, expect, it } from '@jest/globals';
import { guardedClock } from '../../../src/ledger/clock-guard.ts';

describe('a guarded clock', () => {
  const minuteMs = 60_000;
  const startMs = Date.parse('2026-12-01T08:00:00.000Z');
  /** A machine: `pass` lets time go by, `set` is somebody at the clock. */
  const machine = () => {
    let [wallMs, monotonicMs] = [startMs, 17];
    const read = guardedClock({ now: () => wallMs, monotonicMs: () => monotonicMs });
    return {
      read,
      pass: (ms: number): void => {
        wallMs += ms;
        monotonicMs += ms;
      },
      set: (byMs: number): void => {
        wallMs += byMs;
      },
    };
  };
  const refused = expect.objectContaining({ code: 'LEDGER_CLOCK' });

  it('shows the wall clock, however long nobody looked', () => {
    const { read, pass } = machine();
    pass(90 * 24 * 60 * minuteMs);
    expect(read(startMs)).toBe(startMs + 90 * 24 * 60 * minuteMs);
  });

  it.each([1, -1])('bears five minutes of a jump (%i) and refuses more, until the clock is right again', (direction) => {
    const { read, set, pass } = machine();
    set(direction * 5 * minuteMs);
    expect(read(0)).toBe(startMs + direction * 5 * minuteMs);
    set(direction * (5 * minuteMs + 1));
    for (let n = 0; n < 3; n += 1) {
      expect(() => read(0)).toThrow(refused);
      pass(60 * minuteMs);
    }
    set(direction * -1 * (5 * minuteMs + 1));
    expect(read(0)).toBe(startMs + 180 * minuteMs + direction * 5 * minuteMs);
  });

  it('sees a jump between its making and its first use', () => {
    const { read, set } = machine();
    set(-6 * minuteMs);
    expect(() => read(0)).toThrow(refused);
  });

  it('bears a drift that is slow', () => {
    const { read, set, pass } = machine();
    for (let n = 0; n < 10; n += 1) {
      pass(60 * minuteMs);
      set(minuteMs);
      read(0);
    }
    expect(read(0)).toBe(startMs + 610 * minuteMs);
  });

  it('gives the last record’s time while it stands less than five minutes before it, and refuses beyond', () => {
    const { read } = machine();
    expect(read(startMs + 5 * minuteMs)).toBe(startMs + 5 * minuteMs);
    expect(() => read(startMs + 5 * minuteMs + 1)).toThrow(refused);
    expect(read(startMs - 1)).toBe(startMs);
  });

  it('takes a clock that was handed in for the time that passes, where no other was', () => {
    let nowMs = startMs;
    const read = guardedClock({ now: () => nowMs });
    nowMs += 60 * minuteMs;
    expect(read(startMs)).toBe(nowMs);
  });

  it('reads the machine’s own clocks by itself', () => {
    const before = Date.now();
    expect(guardedClock()(0)).toBeGreaterThanOrEqual(before);
  });
});
