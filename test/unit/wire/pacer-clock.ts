import type { Later } from '../../../src/wire/pacer-lane.ts';

/** Time that passes only when told to; timers run in their order, and what they set going has its turn in between. */
export interface PacerClock {
  now(): number;
  readonly later: Later;
  /** Timers made so far. */
  timers(): number;
  pass(ms: number): Promise<void>;
}

export function createPacerClock(startMs = Date.UTC(2026, 0, 1)): PacerClock {
  let nowMs = startMs;
  let made = 0;
  const timers = new Map<number, { readonly atMs: number; readonly run: () => void }>();
  const nextOf = (untilMs: number): [number, { atMs: number; run: () => void }] | undefined =>
    [...timers].filter(([, { atMs }]) => atMs <= untilMs).sort(([a, one], [b, two]) => one.atMs - two.atMs || a - b)[0];
  return {
    now: () => nowMs,
    timers: () => made,
    later: (delayMs, run) => {
      made += 1;
      const id = made;
      timers.set(id, { atMs: nowMs + delayMs, run });
      return () => void timers.delete(id);
    },
    async pass(ms) {
      const untilMs = nowMs + ms;
      await settled();
      for (let next = nextOf(untilMs); next; next = nextOf(untilMs)) {
        const [id, { atMs, run }] = next;
        timers.delete(id);
        nowMs = atMs;
        run();
        await settled();
      }
      nowMs = untilMs;
      await settled();
    },
  };
}

/** Promises that wait for nothing but each other have come to their end. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}
