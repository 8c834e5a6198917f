import { hash, randomBytes } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import type { BodyStream, HttpAnswer, Transport } from '../../src/ports/transport.ts';

interface Served {
  readonly socket: Socket;
  readonly head: string;
  /** Of the body, so far. */
  received: Buffer[];
  readonly declaredBytes: number;
  readonly closed: Promise<void>;
}

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
const mebibyte = 1024 * 1024;

/** The duties of `ports/transport.ts` about streamed bodies. */
export function testStreamedBodies(
  name: string,
  make: (times: { firstByteTimeoutMs?: number; connections?: number }) => Transport,
  tls?: () => SecureContext,
): void {
  const servers: Server[] = [];
  const transports: Transport[] = [];

  /** `onRequest` when a head has come; without it, or where it says `usual`, the answer follows the whole body. */
  async function serve(onRequest?: (request: Served, n: number) => unknown): Promise<{ origin: string; requests: Served[]; sockets: () => number }> {
    const requests: Served[] = [];
    let sockets = 0;
    const server = createServer((raw) => {
      sockets += 1;
      const socket = tls ? new TLSSocket(raw, { isServer: true, secureContext: tls() }) : raw;
      for (const each of [raw, socket]) each.on('error', () => undefined);
      const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
      let current: Served | undefined;
      let isUsual = true;
      socket.on('data', (data: Buffer) => {
        let body = data;
        if (!current) {
          const end = data.indexOf('\r\n\r\n');
          const head = data.toString('latin1', 0, end);
          current = { socket, head, received: [], declaredBytes: Number(/content-length: (\d+)/.exec(head)?.[1] ?? 0), closed };
          requests.push(current);
          body = data.subarray(end + 4);
          isUsual = !onRequest || onRequest(current, requests.length) === 'usual';
        }
        current.received.push(Buffer.from(body));
        if (!isUsual || current.received.reduce((sum, { length }) => sum + length, 0) < current.declaredBytes) return;
        current = undefined;
        socket.write(ok);
      });
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    return { origin: `${tls ? 'https' : 'http'}://127.0.0.1:${address.port}`, requests, sockets: () => sockets };
  }

  function transport(times: Parameters<typeof make>[0] = {}): Transport {
    const made = make(times);
    transports.push(made);
    return made;
  }
  const put = (one: Transport, origin: string, stream: BodyStream, signal?: AbortSignal): Promise<HttpAnswer> =>
    one.request({ method: 'PUT', origin, path: '/b/k', headers: {}, stream, signal });

  /** Watches how a stream was used: the bytes asked for, and when it was let go. */
  function watched(pieces: Iterable<Uint8Array>, sizeBytes: number) {
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const seen = { asked: 0, ended };
    async function* chunks() {
      try {
        for (const piece of pieces) {
          seen.asked += piece.length;
          yield piece;
        }
      } finally {
        end();
      }
    }
    return { seen, stream: { sizeBytes, chunks: chunks() } };
  }
  function* endless(piece: Uint8Array) {
    for (;;) yield piece;
  }

  afterEach(async () => {
    await Promise.all(transports.splice(0).map((made) => made.close()));
  });
  afterAll(() => {
    for (const server of servers) server.close();
  });

  describe(`${name}: streamed bodies`, () => {
    it('sends each byte once, in order, from a buffer that is used again, and keeps the connection', async () => {
      const { origin, requests, sockets } = await serve();
      const body = randomBytes(9 * mebibyte + 3);
      async function* chunks() {
        const scratch = Buffer.alloc(333_333);
        for (let at = 0; at < body.length; at += scratch.length) {
          yield scratch.subarray(0, body.copy(scratch, 0, at, at + scratch.length));
          scratch.fill(0xdd);
        }
      }
      const one = transport({ connections: 1 });
      expect((await put(one, origin, { sizeBytes: body.length, chunks: chunks() })).status).toBe(200);
      expect(requests[0]?.declaredBytes).toBe(body.length);
      expect(hash('sha256', Buffer.concat(requests[0]?.received ?? []))).toBe(hash('sha256', body));
      await one.request({ method: 'PUT', origin, path: '/b/k', headers: {} });
      expect(sockets()).toBe(1);
    });

    it.each([0, 1, 2])('sends a body of %i bytes', async (sizeBytes) => {
      const { origin, requests } = await serve();
      const { stream, seen } = watched([Buffer.alloc(0), Buffer.alloc(sizeBytes, 65), Buffer.alloc(0)], sizeBytes);
      expect((await put(transport(), origin, stream)).status).toBe(200);
      expect(Buffer.concat(requests[0]?.received ?? []).toString()).toBe('A'.repeat(sizeBytes));
      await seen.ended;
    });

    it('goes out on a connection that was used; where that was stale it is the caller who sends anew', async () => {
      const { origin, sockets } = await serve(({ socket }, n) => (n === 3 ? socket.destroy() : 'usual'));
      const one = transport({ connections: 1 });
      await one.request({ method: 'PUT', origin, path: '/b/k', headers: {} });
      await put(one, origin, watched([Buffer.from('x')], 1).stream);
      expect(sockets()).toBe(1);
      await expect(put(one, origin, watched([Buffer.from('x')], 1).stream)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
      expect((await put(one, origin, watched([Buffer.from('x')], 1).stream)).status).toBe(200);
      expect(sockets()).toBe(2);
    });

    it('asks for no more than the peer takes', async () => {
      const { origin } = await serve(({ socket }) => socket.pause());
      const { stream, seen } = watched(endless(Buffer.alloc(mebibyte)), 10_000 * mebibyte);
      await expect(put(transport({ firstByteTimeoutMs: 300 }), origin, stream)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
      // What the kernel holds for both ends, and one chunk.
      expect(seen.asked).toBeLessThan(64 * mebibyte);
      await seen.ended;
    });

    it('tells a refusal that comes early, and lets go of the source', async () => {
      const refusal = 'HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 7\r\n\r\nrefused';
      for (const answer of [(socket: Socket) => socket.end(refusal, () => socket.destroy()), (socket: Socket) => void socket.write(refusal)]) {
        const { origin } = await serve(({ socket }) => answer(socket));
        const { stream, seen } = watched(endless(Buffer.alloc(mebibyte)), 10_000 * mebibyte);
        const { status, body } = await put(transport(), origin, stream);
        expect([status, body.toString()]).toEqual([403, 'refused']);
        await seen.ended;
        expect(seen.asked).toBeLessThan(64 * mebibyte);
      }
    });

    it('does not believe a success before the end of the body', async () => {
      const { origin } = await serve(({ socket }) => socket.write(ok));
      const { stream } = watched(endless(Buffer.alloc(mebibyte)), 10_000 * mebibyte);
      await expect(put(transport(), origin, stream)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    });

    it.each([-1, 1])('says BODY_LENGTH of a stream that is off by %i, and the peer never sees the end', async (off) => {
      const { origin, requests } = await serve();
      const body = Buffer.alloc(200_000, 1);
      const declared = body.length - off;
      await expect(put(transport(), origin, watched([body.subarray(0, 150_000), body.subarray(150_000)], declared).stream)).rejects.toMatchObject({
        code: 'BODY_LENGTH',
      });
      await requests[0]?.closed;
      expect(Buffer.concat(requests[0]?.received ?? []).length).toBeLessThan(declared);
    });

    it('says so too when the surplus comes after a pause', async () => {
      const { origin, requests } = await serve();
      async function* chunks() {
        yield Buffer.from('whole');
        await new Promise((resolve) => setTimeout(resolve, 30));
        yield Buffer.from('!');
      }
      await expect(put(transport(), origin, { sizeBytes: 5, chunks: chunks() })).rejects.toMatchObject({ code: 'BODY_LENGTH' });
      await requests[0]?.closed;
    });

    it('hands on what the stream throws, and closes the socket', async () => {
      const { origin, requests } = await serve();
      const lost = new Error('lost');
      async function* chunks() {
        yield Buffer.alloc(70_000);
        throw lost;
      }
      await expect(put(transport(), origin, { sizeBytes: 100_000, chunks: chunks() })).rejects.toBe(lost);
      await requests[0]?.closed;
    });

    it('destroys the socket of an aborted request at once, also while the source is silent, whose later fault harms nobody', async () => {
      const { origin, requests } = await serve();
      const abort = new AbortController();
      const reason = new Error('enough');
      let fail: ((error: Error) => void) | undefined;
      async function* chunks() {
        yield Buffer.alloc(1000);
        const silent = new Promise<never>((_resolve, reject) => {
          fail = reject;
        });
        setImmediate(() => abort.abort(reason));
        await silent;
      }
      await expect(put(transport(), origin, { sizeBytes: 100_000, chunks: chunks() }, abort.signal)).rejects.toBe(reason);
      await requests[0]?.closed;
      fail?.(new Error('too late'));
      await new Promise((resolve) => setImmediate(resolve));
    });
  });
}
