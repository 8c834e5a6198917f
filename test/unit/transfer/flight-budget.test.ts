import { describe, expect, it } from '@jest/globals';
import { createFlightBudget } from '../../../src/transfer/flight-budget.ts';
import { never } from '../../support/passage.ts';

const isSettled = async (promise: Promise<unknown>): Promise<boolean> => {
  let settled = false;
  void promise.then(
    () => (settled = true),
    () => (settled = true),
  );
  await new Promise(setImmediate);
  return settled;
};
const kibibyte = 1024;

describe('createFlightBudget', () => {
  it('holds requests back beyond its bytes, first come first served', async () => {
    const flight = createFlightBudget({ bytes: 64 * kibibyte });
    const first = await flight.take(48 * kibibyte, never());
    const [large, small] = [flight.take(32 * kibibyte, never()), flight.take(16 * kibibyte, never())];
    expect(await isSettled(small)).toBe(false); // it would fit, but the large one came first
    first.release();
    expect((await large).buffer.length).toBe(32 * kibibyte);
    expect((await small).buffer.length).toBe(16 * kibibyte);
  });

  it('gives more than the whole budget when nothing else is in flight', async () => {
    const flight = createFlightBudget({ bytes: 64 * kibibyte });
    const small = await flight.take(1, never());
    const huge = flight.take(kibibyte * kibibyte, never());
    expect(await isSettled(huge)).toBe(false);
    small.release();
    expect((await huge).buffer.length).toBe(kibibyte * kibibyte);
  });

  it('uses a buffer again only after its release', async () => {
    const flight = createFlightBudget();
    const first = await flight.take(20_000, never());
    const second = await flight.take(20_000, never());
    expect(second.buffer.buffer).not.toBe(first.buffer.buffer);
    first.release();
    expect((await flight.take(17_000, never())).buffer.buffer).toBe(first.buffer.buffer);
  });

  it('keeps no more than its bytes, whatever sizes come', async () => {
    const flight = createFlightBudget({ bytes: 1024 * kibibyte });
    const before = process.memoryUsage().arrayBuffers;
    for (let n = 1; n < 200; n += 1) (await flight.take(n * 5 * kibibyte, never())).release();
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 1024 * kibibyte); // old classes are garbage, not kept
    const all = await Promise.all([1, 2, 3, 4].map(() => flight.take(200 * kibibyte, never())));
    expect(all).toHaveLength(4);
  });

  it('lets a waiter leave by its signal, and those behind it pass', async () => {
    const flight = createFlightBudget({ bytes: 64 * kibibyte });
    const first = await flight.take(48 * kibibyte, never());
    const caller = new AbortController();
    const left = flight.take(64 * kibibyte, caller.signal);
    const behind = flight.take(10, never());
    caller.abort(new Error('gone'));
    await expect(left).rejects.toThrow('gone');
    await behind;
    first.release();
    await expect(flight.take(1, AbortSignal.abort(new Error('late')))).rejects.toThrow('late');
  });

  it('rises while requests succeed, and halves once a round when throttled', async () => {
    const flight = createFlightBudget({ requests: 100 });
    for (let n = 0; n < 2000; n += 1) (await flight.take(1, never())).release();
    expect(flight.width()).toBe(100);
    flight.throttled();
    flight.throttled();
    expect(flight.width()).toBe(50);
    for (let n = 0; n < 100; n += 1) (await flight.take(1, never())).release();
    flight.throttled();
    expect(flight.width()).toBe(25);
  });

  it('counts a double release once', async () => {
    const flight = createFlightBudget({ bytes: 16 * kibibyte });
    const lease = await flight.take(1, never());
    lease.release();
    lease.release();
    await flight.take(1, never());
    expect(await isSettled(flight.take(1, never()))).toBe(false);
  });
});
