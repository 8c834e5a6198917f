import { createSocket } from 'node:dgram';
import dns from 'node:dns';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { clockCheck } from '../../../src/ledger/clock-check.ts';
import { openMemoryLedger } from '../../../src/ledger/memory.ts';
import { draftOf } from './drafts.ts';
import { makeWorld, startMs, steppedClock, writerOf } from './ledger-role.ts';

const minuteMs = 60_000;
const code = expect.objectContaining({ code: 'LEDGER_CLOCK' });
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
  jest.restoreAllMocks();
});

/** An NTP server on loopback that answers what `timeMs` says; undefined: nothing. `edit` makes its answer wrong. */
async function ntp(timeMs: () => number | undefined, edit: (answer: Buffer) => Buffer = (answer) => answer) {
  const socket = createSocket('udp4');
  let asked = 0;
  socket.on('message', (question, { port, address }) => {
    asked += 1;
    const nowMs = timeMs();
    if (nowMs === undefined) return;
    expect([question.length, (question[0] ?? 0) & 7]).toEqual([48, 3]);
    const answer = Buffer.alloc(48);
    answer[0] = 0x24;
    answer[1] = 2;
    for (const at of [32, 40]) {
      answer.writeUInt32BE(Math.floor(nowMs / 1000) + 2_208_988_800, at);
      answer.writeUInt32BE(Math.floor(((nowMs % 1000) / 1000) * 2 ** 32), at + 4);
    }
    socket.send(edit(answer), port, address);
  });
  await new Promise<void>((ready) => socket.bind(0, '127.0.0.1', ready));
  closing.push(() => socket.close());
  return { server: `127.0.0.1:${socket.address().port}`, asked: () => asked };
}

describe('the check of the clock', () => {
  it.each([
    [0, 0],
    [-1, 299_000],
    [1, -299_000],
  ])('tells how far the machine stands from the server, and asks again after ten minutes', async (_, offsetMs) => {
    const clock = steppedClock(startMs + 250);
    const { server, asked } = await ntp(() => clock.now() + offsetMs);
    const check = clockCheck(server, clock.now);
    const first = await check();
    expect(first).toEqual({ source: `ntp:${server}`, offset_ms: expect.closeTo(offsetMs, -1), checked_at: '2026-12-01T08:00:00.250Z' });
    clock.step(9 * minuteMs);
    expect(await check()).toEqual(first);
    expect(asked()).toBe(1);
    clock.step(2 * minuteMs);
    await check();
    expect(asked()).toBe(2);
  });

  it.each([1, -1])('is LEDGER_CLOCK beyond five minutes, until the clock is right again', async (direction) => {
    const clock = steppedClock();
    let offMs = direction * 301_000;
    const { server, asked } = await ntp(() => clock.now() + offMs);
    const check = clockCheck(server, clock.now);
    await expect(check()).rejects.toMatchObject({ code: 'LEDGER_CLOCK', context: { offsetMs: expect.closeTo(offMs, -1) } });
    await expect(check()).rejects.toEqual(code);
    expect(asked()).toBe(1);
    // Somebody sets the clock: the next question is asked at once.
    clock.step(offMs);
    offMs = 0;
    expect(await check()).toMatchObject({ offset_ms: expect.closeTo(0, -1) });
  });

  it.each<[string, (answer: Buffer) => Buffer]>([
    ['too short', (answer) => answer.subarray(0, 47)],
    ['of no server', (answer) => Buffer.concat([Buffer.of(0x23), answer.subarray(1)])],
    ['a kiss of death', (answer) => Buffer.concat([Buffer.of(0x24, 0), answer.subarray(2)])],
    ['of a server that does not know the time', (answer) => Buffer.concat([Buffer.of(0xe4), answer.subarray(1)])],
  ])('takes an answer for none that is %s', async (_, edit) => {
    const clock = steppedClock();
    const { server } = await ntp(() => clock.now() + 600_000, edit);
    expect(await clockCheck(server, clock.now)()).toMatchObject({ source: 'system', offset_ms: 0 });
  });

  it('asks nobody without a server', async () => {
    expect(await clockCheck(undefined, () => startMs)()).toEqual({ source: 'system', offset_ms: 0, checked_at: '2026-12-01T08:00:00.000Z' });
  });

  it('outlives a name that fails to resolve after the wait is over', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
    try {
      let fail: (error: Error) => void = () => undefined;
      jest.spyOn(dns, 'lookup').mockImplementation(((...args: unknown[]) => {
        fail = args.at(-1) as typeof fail;
      }) as never);
      const asked = clockCheck('nowhere.example', () => startMs)();
      await jest.advanceTimersByTimeAsync(3000);
      expect(await asked).toMatchObject({ source: 'system' });
      fail(new Error('EAI_AGAIN'));
      await new Promise((turn) => setImmediate(turn));
    } finally {
      jest.useRealTimers();
    }
  });
});

describe('a clock that is off', () => {
  it('by its server: nothing is signed or written; once it is right, the log says how far it was off, once', async () => {
    const world = makeWorld();
    await world.room().open();
    let offMs = 0;
    const { server } = await ntp(() => world.clock.now() + offMs);
    const worker = world.room({ checkClock: clockCheck(server, world.clock.now) });
    offMs = 400_000;
    const before = [(await world.ledger.head()).size, world.depot.files.size, world.signedRoots.size];
    for (let n = 0; n < 3; n += 1) {
      world.clock.step(20_000);
      await expect(worker.signer.publish()).rejects.toEqual(code);
    }
    expect([(await world.ledger.head()).size, world.depot.files.size, world.signedRoots.size]).toEqual(before);
    offMs = 0;
    world.clock.step(20_000);
    // Not due for an hour, and said all the same.
    expect(await worker.signer.publishWhenDue()).toBeUndefined();
    expect((await world.records()).at(-1)?.event).toBe('clock.drift');
    await worker.signer.publish();
    const drifts = (await world.records()).filter(({ event }) => event === 'clock.drift');
    expect(drifts).toHaveLength(1);
    expect(drifts[0]?.clock).toMatchObject({ source: `ntp:${server}`, offset_ms: expect.closeTo(400_000, -1), checked_at: '2026-12-01T08:01:00.000Z' });
  });

  it.each([
    ['back', -6 * minuteMs],
    ['ahead', 6 * minuteMs],
  ])('by a jump %s: the same, as soon as it stands where it should', async (_, jumpMs) => {
    let [wallMs, monotonicMs] = [startMs, 0];
    const world = makeWorld({ ledger: (clock) => openMemoryLedger({ ...writerOf(clock), now: () => wallMs, monotonicMs: () => monotonicMs }) });
    const worker = world.room();
    await worker.open();
    wallMs += jumpMs;
    const size = (await world.ledger.head()).size;
    await expect(world.ledger.append([draftOf('demo/work/1')])).rejects.toEqual(code);
    await expect(worker.signer.publish()).rejects.toEqual(code);
    expect((await world.ledger.head()).size).toBe(size);
    wallMs += minuteMs - jumpMs;
    monotonicMs += minuteMs;
    await worker.signer.publish();
    const drifts = (await world.records()).filter(({ event }) => event === 'clock.drift');
    expect(drifts.map(({ clock }) => [clock?.source, clock?.offset_ms])).toEqual([['system', -jumpMs]]);
    // The checkpoint that left before the clock was refused is told now, once.
    expect((await world.records()).filter(({ event }) => event === 'checkpoint.published').map(({ counts }) => counts?.size)).toEqual([3]);
  });
});
