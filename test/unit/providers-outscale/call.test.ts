import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { isMigrationError } from '../../../src/core/migration-error.ts';
import { answeringCloud, type Fault, keyOf, secretKey, wrong } from './answering-cloud.ts';

const failure = async (call: Promise<unknown>): Promise<{ code: string; text: string }> => {
  try {
    await call;
  } catch (error) {
    if (isMigrationError(error)) return { code: error.code, text: inspect(error, { depth: 9 }) };
    throw error;
  }
  throw new Error('did not fail');
};
const minuteMs = 60_000;

describe('a call', () => {
  it('is one signed POST of the action, paced by one budget of key and region', async () => {
    const { target, requests, paced } = answeringCloud();
    await target.machine({ mark: 'p/w/vm' });
    const [request] = requests;
    expect(request).toMatchObject({ method: 'POST', origin: 'https://api.eu-west-2.outscale.com', path: '/api/v1/ReadVms' });
    expect(request?.headers.authorization).toMatch(/^OSC4-HMAC-SHA256 Credential=AKEXAMPLE\/20261124\/eu-west-2\/api\/osc4_request, /);
    expect(paced).toEqual(['outscale/AKEXAMPLE/eu-west-2 5']);
  });

  it('reads every page, also behind an empty one', async () => {
    const made = answeringCloud();
    made.fault('ReadVms', { status: 200, body: '{"Vms":[],"NextPageToken":"eA=="}' });
    await made.target.machine({ mark: 'p/w/vm' });
    expect(made.calls.map(({ body }) => body.NextPageToken)).toEqual([undefined, 'eA==']);
  });

  it('never takes an answer without its list for "there is none"', async () => {
    for (const body of ['', '{}', 'null', '<html>', '{"Vms":null}']) {
      const made = answeringCloud();
      made.fault('ReadVms', { status: 200, body });
      expect((await failure(made.target.machine({ mark: 'p/w/vm' }))).code).toBe('UNAVAILABLE');
    }
  });

  it('tells neither secret nor signature nor the vendor’s texts', async () => {
    const made = answeringCloud();
    made.fault('ReadVms', wrong(400, '4047'));
    const { text } = await failure(made.target.machine({ mark: 'p/w/vm' }));
    expect(text).toContain('400 4047');
    for (const hidden of [secretKey, 'Signature', 'private detail']) expect(text).not.toContain(hidden);
    expect(`${inspect(made.key)}${JSON.stringify(made.key)}`).not.toContain(secretKey);
  });

  it('is given up with the signal’s reason', async () => {
    const made = answeringCloud();
    made.fault('ReadVms', 'down');
    const aborted = AbortSignal.abort(new Error('stopped'));
    await expect(made.target.machine({ mark: 'p/w/vm' }, aborted)).rejects.toThrow('stopped');
  });
});

describe('patience', () => {
  const throttles: readonly Fault[] = [wrong(503, '6'), wrong(429, '24'), wrong(429, '25')];

  it('tries three times at the vendor’s pace, and tells the pacer', async () => {
    const made = answeringCloud();
    made.fault('ReadVms', ...throttles);
    expect((await failure(made.target.machine({ mark: 'p/w/vm' }))).code).toBe('THROTTLED');
    expect(made.slept).toEqual([3500, 5500]);
    expect(made.throttled).toHaveLength(3);
    expect(made.paced).toHaveLength(3);
  });

  it('never waits longer than thirty seconds', async () => {
    const made = answeringCloud();
    made.fault('ReadVms', { status: 429, headers: { 'retry-after': '3600' } });
    await made.target.machine({ mark: 'p/w/vm' });
    expect(made.slept).toEqual([30_000]);
  });

  it('repeats a read that had no answer, and a write only when it was throttled', async () => {
    const reading = answeringCloud();
    reading.fault('ReadVms', 'down', { status: 500 });
    await reading.target.machine({ mark: 'p/w/vm' });
    expect(reading.calls).toHaveLength(3);
    const writing = answeringCloud();
    writing.fault('CreateSnapshot', wrong(503, '6'), { status: 500 });
    expect((await failure(writing.target.snapshotVolume({ mark: 'p/w/s', volume: 'vol-00000001' }))).code).toBe('UNAVAILABLE');
    expect(writing.calls.filter(({ action }) => action === 'CreateSnapshot')).toHaveLength(2);
  });
});

describe('a refused key', () => {
  it('is never tried again, until a minute has passed', async () => {
    const made = answeringCloud();
    made.fault('ReadVms', wrong(401, '1', 'AccessDenied'));
    expect((await failure(made.target.machine({ mark: 'a/b/c' }))).code).toBe('CREDENTIALS_REFUSED');
    expect((await failure(made.target.machine({ mark: 'a/b/c' }))).code).toBe('CREDENTIALS_REFUSED');
    expect((await failure(made.target.marked('a/'))).code).toBe('CREDENTIALS_REFUSED');
    expect(made.requests).toHaveLength(1);
    made.clock.nowMs += minuteMs;
    expect(await made.target.machine({ mark: 'a/b/c' })).toBeUndefined();
  });

  it('goes out three times in ten minutes at most, however often a person resumes', async () => {
    const made = answeringCloud();
    made.fault('ReadVms', ...Array<Fault>(30).fill({ status: 401 }));
    for (let minute = 0; minute < 20; minute++) {
      await failure(made.target.machine({ mark: 'a/b/c' }));
      made.clock.nowMs += minuteMs;
    }
    expect(made.requests).toHaveLength(6);
  });

  it('does not keep another secret from going out at once', async () => {
    const made = answeringCloud();
    made.fault('ReadVms', { status: 401 });
    await failure(made.target.machine({ mark: 'a/b/c' }));
    made.key = keyOf('mended');
    expect(await made.target.machine({ mark: 'a/b/c' })).toBeUndefined();
  });

  it('is one bad signature, however many calls start at once', async () => {
    const made = answeringCloud();
    made.fault('ReadVms', ...Array<Fault>(8).fill({ status: 401 }));
    const codes = await Promise.all(Array.from({ length: 8 }, () => failure(made.target.machine({ mark: 'a/b/c' }))));
    expect(codes.map(({ code }) => code)).toEqual(Array(8).fill('CREDENTIALS_REFUSED'));
    expect(made.requests).toHaveLength(1);
  });

  it('counts as a locked account at the fourth refusal within ten minutes', async () => {
    const made = answeringCloud();
    expect(await made.target.machine({ mark: 'a/b/c' })).toBeUndefined();
    made.fault('ReadVms', ...Array<Fault>(4).fill({ status: 401 }));
    // Four calls of a key that was good are already under way when it ends.
    const codes = await Promise.all(Array.from({ length: 4 }, () => failure(made.target.machine({ mark: 'a/b/c' }))));
    expect(codes.map(({ code }) => code).at(-1)).toBe('ACCOUNT_LOCKED');
    expect((await failure(made.target.machine({ mark: 'a/b/c' }))).code).toBe('ACCOUNT_LOCKED');
    expect(made.requests).toHaveLength(5);
  });

  it('is not one that lacks a right: the API says 401 to that too', async () => {
    const made = answeringCloud();
    made.fault('ReadVms', wrong(401, '4', 'AccessDenied'));
    expect((await failure(made.target.machine({ mark: 'a/b/c' }))).code).toBe('PERMISSION_DENIED');
    expect(await made.target.machine({ mark: 'a/b/c' })).toBeUndefined();
  });

  it('is a clock to be corrected where the answer’s differs', async () => {
    const made = answeringCloud();
    made.fault('ReadVms', { status: 401, headers: { date: new Date(made.clock.nowMs + 20 * minuteMs).toUTCString() } });
    expect((await failure(made.target.machine({ mark: 'a/b/c' }))).code).toBe('CLOCK_SKEW');
    await made.target.machine({ mark: 'a/b/c' });
    expect(made.requests.map(({ headers }) => headers['x-osc-date'])).toEqual(['20261124T000000Z', '20261124T002000Z']);
  });
});
