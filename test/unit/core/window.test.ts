import { describe, expect, it } from '@jest/globals';
import { runWindow, type WindowGate } from '../../../src/core/window.ts';

/** Work that ends when told; the gate is polled on each microtask turn, as a workflow's condition would be. */
function stage(size: number, mayStart: () => boolean = () => true) {
  const ends = new Map<number, { resolve: () => void; reject: (error: Error) => void }>();
  const started: number[] = [];
  const work = (shard: number): Promise<void> => {
    started.push(shard);
    return new Promise<void>((resolve, reject) => ends.set(shard, { resolve, reject }));
  };
  const gate: WindowGate = {
    size: () => size,
    mayStart,
    wait: async (done) => {
      while (!done()) await new Promise((turn) => setImmediate(turn));
    },
  };
  const settle = async (): Promise<void> => {
    for (let turns = 0; turns < 5; turns++) await new Promise((turn) => setImmediate(turn));
  };
  return {
    work,
    gate,
    started,
    settle,
    end: (shard: number) => ends.get(shard)?.resolve(),
    fail: (shard: number) => ends.get(shard)?.reject(new Error(`shard ${shard}`)),
  };
}

describe('a window', () => {
  it('keeps so many shards under way and no more', async () => {
    const { work, gate, started, settle, end } = stage(2);
    const all = runWindow(4, { next: 0, owed: [] }, work, gate);
    await settle();
    expect(started).toEqual([0, 1]);
    end(1);
    await settle();
    expect(started).toEqual([0, 1, 2]);
    for (const shard of [0, 2]) end(shard);
    await settle();
    end(3);
    expect(await all).toBe(true);
  });

  it('drains what is in flight when the gate closes, and goes on from its position', async () => {
    let open = true;
    const { work, gate, started, settle, end } = stage(2, () => open);
    const position = { next: 0, owed: [] };
    const first = runWindow(4, position, work, gate);
    await settle();
    open = false;
    end(0);
    end(1);
    expect(await first).toBe(false);
    expect(position).toEqual({ next: 2, owed: [] });
    open = true;
    const second = runWindow(4, position, work, gate);
    await settle();
    end(2);
    end(3);
    expect(await second).toBe(true);
    expect(started).toEqual([0, 1, 2, 3]);
  });

  it('drains before it fails, and owes the failed shard to the next try', async () => {
    const { work, gate, started, settle, end, fail } = stage(2);
    const position = { next: 0, owed: [] };
    const first = runWindow(3, position, work, gate);
    const outcome = expect(first).rejects.toThrow('shard 0');
    await settle();
    fail(0);
    await settle();
    expect(started).toEqual([0, 1]);
    end(1);
    await outcome;
    expect(position).toEqual({ next: 2, owed: [0] });
    const second = runWindow(3, position, work, gate);
    await settle();
    end(0);
    end(2);
    expect(await second).toBe(true);
    expect(started).toEqual([0, 1, 0, 2]);
  });
});
