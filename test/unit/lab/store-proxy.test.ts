import { Agent } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { accessDenied, type Fault, type FaultAction, internalError, invalidAccessKeyId, slowDown } from '../../../lab/proxy/fault.ts';
import { objectDigest, type StoreProxy, startStoreProxy } from '../../../lab/store-proxy.ts';
import { ask, type PlainStore, startPlainStore } from './plain-store.ts';

// Larger than what the sockets hold, so that a cut falls into a body under way.
const large = Buffer.alloc(3_000_000, 'écluse');

let store: PlainStore;
let proxy: StoreProxy;

beforeEach(async () => {
  store = await startPlainStore();
  store.objects.set('/b/k', large);
  proxy = await startStoreProxy({ upstream: store.endpoint, nowMs: () => 0 });
});

afterEach(async () => {
  await proxy.stop();
  await store.stop();
});

const url = () => `${proxy.endpoint}/b/k`;
const once = (action: FaultAction): readonly Fault[] => [{ times: 1, action }];
const put = (body = large) => ask({ url: `${proxy.endpoint}/b/new`, method: 'PUT', body });

/** After any fault the proxy serves the next request as if nothing had been. */
async function expectHealthy(): Promise<void> {
  expect(proxy.faultHits()).toEqual([1]);
  const seen = await ask({ url: url() });
  expect({ status: seen.status, error: seen.error, isWhole: seen.body.equals(large) }).toEqual({ status: 200, error: undefined, isWhole: true });
}

describe('without faults', () => {
  it('passes bodies both ways, and the Host header as the client sent it', async () => {
    await put();
    const seen = await ask({ url: `${proxy.endpoint}/b/new` });
    expect(seen.body.equals(large)).toBe(true);
    expect(seen.headers.etag).toBe('"etag"');
    expect(store.finished).toEqual([`PUT /b/new ${new URL(proxy.endpoint).host}`, `GET /b/new ${new URL(proxy.endpoint).host}`]);
  });

  it('counts operations, and bytes per object', async () => {
    await put();
    await ask({ url: url() });
    await ask({ url: url(), method: 'HEAD' });
    await ask({ url: `${proxy.endpoint}/b/gone` });
    expect(proxy.counts()).toEqual({
      PutObject: { requests: 1, sentBytes: 0, receivedBytes: large.length },
      GetObject: { requests: 2, sentBytes: large.length, receivedBytes: 0 },
      HeadObject: { requests: 1, sentBytes: 0, receivedBytes: 0 },
    });
    expect(proxy.objectReads().get(objectDigest('b', 'k'))).toBe(large.length);
    expect(proxy.objectWrites().get(objectDigest('b', 'new'))).toBe(large.length);
    proxy.reset();
    expect(proxy.counts()).toEqual({});
  });

  it('keeps the connections of both sides for the next request', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let turn = 0; turn < 3; turn += 1) expect((await ask({ url: url(), agent })).body.length).toBe(large.length);
    expect(Object.values(agent.freeSockets).flat()).toHaveLength(1);
    expect(store.connections()).toBe(1);
    agent.destroy();
  });

  it('cuts the client when the store is not there', async () => {
    await store.stop();
    expect((await ask({ url: url() })).error).toBe('ECONNRESET');
    store = await startPlainStore();
  });
});

describe('refusals', () => {
  it.each([
    ['SlowDown', slowDown, 503, '1'],
    ['InternalError', internalError, 500, undefined],
    ['AccessDenied', accessDenied, 403, undefined],
    ['InvalidAccessKeyId', invalidAccessKeyId, 403, undefined],
  ] as const)('answers %s and asks the store nothing', async (code, action, status, retryAfter) => {
    proxy.setFaults(once(action));
    const seen = await put();
    expect(seen.status).toBe(status);
    expect(seen.headers['retry-after']).toBe(retryAfter);
    expect(seen.body.toString()).toContain(`<Code>${code}</Code>`);
    expect(store.finished).toEqual([]);
    await expectHealthy();
  });

  it('answers a HEAD without a body', async () => {
    proxy.setFaults(once(accessDenied));
    const seen = await ask({ url: url(), method: 'HEAD' });
    expect({ status: seen.status, bytes: seen.body.length }).toEqual({ status: 403, bytes: 0 });
    await expectHealthy();
  });

  it('answers early and closes while the body still comes', async () => {
    proxy.setFaults(once({ ...slowDown, early: true } as FaultAction));
    const seen = await put();
    // A client that still writes may meet the closed socket before it reads the answer.
    expect(seen.status === 503 || seen.error === 'EPIPE' || seen.error === 'ECONNRESET').toBe(true);
    expect(store.objects.has('/b/new')).toBe(false);
    await expectHealthy();
  });

  it('throttles beyond a rate', async () => {
    proxy.setFaults([{ action: { kind: 'throttle', requestsPerSecond: 2 } }]);
    const statuses = [];
    for (let turn = 0; turn < 3; turn += 1) statuses.push((await ask({ url: url() })).status);
    expect(statuses).toEqual([200, 200, 503]);
    expect(store.finished).toHaveLength(2);
  });
});

describe('broken connections', () => {
  it('cuts a download in its body', async () => {
    proxy.setFaults(once({ kind: 'cut', way: 'down', afterBytes: 1_000_000 }));
    const seen = await ask({ url: url() });
    expect(seen.error).toBe('ECONNRESET');
    expect(seen.body.length).toBeLessThanOrEqual(1_000_000);
    await expectHealthy();
  });

  it('cuts before any answer', async () => {
    proxy.setFaults(once({ kind: 'cut', way: 'down', afterBytes: 0 }));
    expect(await ask({ url: url() })).toEqual({ headers: {}, body: Buffer.alloc(0), error: 'ECONNRESET' });
    await expectHealthy();
  });

  it('cuts an upload in its body, so that nothing is stored', async () => {
    proxy.setFaults(once({ kind: 'cut', way: 'up', afterBytes: 1_000_000 }));
    expect((await put()).error).toMatch(/ECONNRESET|EPIPE/);
    expect(store.objects.has('/b/new')).toBe(false);
    await expectHealthy();
  });

  it('loses the answer of an upload that was stored', async () => {
    proxy.setFaults(once({ kind: 'lose answer' }));
    const seen = await put();
    expect({ status: seen.status, error: seen.error }).toEqual({ status: undefined, error: 'ECONNRESET' });
    expect(store.objects.get('/b/new')?.equals(large)).toBe(true);
    await expectHealthy();
  });

  it('stalls a download: what came before stays all there is', async () => {
    proxy.setFaults(once({ kind: 'stall', way: 'down', afterBytes: 1_000_000 }));
    let stopped: Promise<void> | undefined;
    const seen = await ask({
      url: url(),
      onBytes(bytes, stop) {
        if (bytes === 1_000_000) stopped = expectHealthy().finally(stop);
      },
    });
    await stopped;
    expect({ error: seen.error, bytes: seen.body.length }).toEqual({ error: 'ECONNRESET', bytes: 1_000_000 });
  });

  it('stalls an upload: the store never has it whole', async () => {
    proxy.setFaults(once({ kind: 'stall', way: 'up', afterBytes: 1_000_000 }));
    let isSettled = false;
    const stalled = put().then((seen) => {
      isSettled = true;
      return seen;
    });
    while (proxy.faultHits()[0] !== 1) await new Promise(setImmediate);
    await expectHealthy();
    expect({ isSettled, isStored: store.objects.has('/b/new') }).toEqual({ isSettled: false, isStored: false });
    await proxy.stop();
    expect((await stalled).error).toMatch(/ECONNRESET|EPIPE/);
    proxy = await startStoreProxy({ upstream: store.endpoint });
  });
});

describe('wrong bodies', () => {
  it.each([
    { byBytes: -10, declared: 'original' as const, declaredBytes: large.length, gotBytes: large.length - 10, error: 'ECONNRESET' },
    { byBytes: -10, declared: 'as sent' as const, declaredBytes: large.length - 10, gotBytes: large.length - 10, error: undefined },
    { byBytes: 10, declared: 'as sent' as const, declaredBytes: large.length + 10, gotBytes: large.length + 10, error: undefined },
  ])('sends $byBytes bytes, declared $declared', async ({ byBytes, declared, declaredBytes, gotBytes, error }) => {
    proxy.setFaults(once({ kind: 'resize', byBytes, declared }));
    const agent = new Agent({ keepAlive: true }); // a client that would keep the connection must see it end
    const seen = await ask({ url: url(), agent });
    agent.destroy();
    expect({ declared: seen.headers['content-length'], got: seen.body.length, error: seen.error }).toEqual({
      declared: String(declaredBytes),
      got: gotBytes,
      error,
    });
    await expectHealthy();
  });

  it('sends more than it declares: a kept connection is no longer in step', async () => {
    proxy.setFaults(once({ kind: 'resize', byBytes: 10, declared: 'original' }));
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const seen = await ask({ url: url(), agent });
    expect(seen.headers['content-length']).toBe(String(large.length));
    expect(seen.body.equals(large)).toBe(true);
    expect(proxy.counts().GetObject?.sentBytes).toBe(large.length + 10);
    agent.destroy();
    await expectHealthy();
  });

  it('stores a wrong byte', async () => {
    proxy.setFaults(once({ kind: 'flip', way: 'up', atByte: 1_234_567 }));
    expect((await put()).status).toBe(200);
    const stored = store.objects.get('/b/new') ?? Buffer.alloc(0);
    expect(wrongBytes(stored)).toEqual([1_234_567]);
    await expectHealthy();
  });

  it('reads a wrong byte', async () => {
    proxy.setFaults(once({ kind: 'flip', way: 'down', atByte: 7 }));
    expect(wrongBytes((await ask({ url: url() })).body)).toEqual([7]);
    await expectHealthy();
  });
});

describe('meanwhile', () => {
  it('changes the object before it is read', async () => {
    proxy.setFaults(once({ kind: 'meanwhile', when: 'before', run: async () => void store.objects.set('/b/k', Buffer.from('newer')) }));
    expect((await ask({ url: url() })).body.toString()).toBe('newer');
  });

  it('cuts when the change fails', async () => {
    proxy.setFaults(once({ kind: 'meanwhile', when: 'during', run: () => Promise.reject(new Error('no')) }));
    expect((await ask({ url: url() })).error).toBe('ECONNRESET');
    await expectHealthy();
  });

  it('holds a body under way until the change is made', async () => {
    const order: string[] = [];
    proxy.setFaults(
      once({
        kind: 'meanwhile',
        when: 'during',
        run: async () => {
          await ask({ url: url(), method: 'HEAD' });
          order.push('changed');
        },
      }),
    );
    const seen = await ask({ url: url(), onBytes: (bytes) => void (bytes === large.length && order.push('whole')) });
    expect(order).toEqual(['changed', 'whole']);
    expect(seen.body.equals(large)).toBe(true);
  });
});

function wrongBytes(body: Buffer): readonly number[] {
  const wrong: number[] = body.length === large.length ? [] : [-1];
  for (let at = 0; at < large.length; at += 1) if (body[at] !== large[at]) wrong.push(at);
  return wrong;
}
