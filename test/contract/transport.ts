import { createServer, type Server, type Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { isMigrationError } from '../../src/core/migration-error.ts';
import type { HttpRequest, Transport } from '../../src/ports/transport.ts';

export interface TransportTimes {
  readonly connections?: number;
  readonly connectTimeoutMs?: number;
  readonly firstByteTimeoutMs?: number;
  readonly progressTimeoutMs?: number;
  readonly idleTimeoutMs?: number;
}

/** The duties of `ports/transport.ts`, against servers that write their bytes by hand; behind TLS where a context is given. */
export function testTransport(name: string, make: (times: TransportTimes) => Transport, tls?: () => SecureContext): void {
  const servers: Server[] = [];
  const transports: Transport[] = [];
  const resets = new WeakMap<Socket, () => void>();

  /** `answer` is called for each request head seen on a socket; `n` counts requests over all sockets, from 1. */
  async function serve(answer: (socket: Socket, head: string, n: number) => void): Promise<{ origin: string; sockets: Socket[] }> {
    const sockets: Socket[] = [];
    let n = 0;
    const server = createServer((raw) => {
      const socket = tls ? new TLSSocket(raw, { isServer: true, secureContext: tls() }) : raw;
      sockets.push(socket);
      raw.on('error', () => undefined);
      socket.on('error', () => undefined);
      resets.set(socket, () => raw.resetAndDestroy());
      socket.on('data', (data) => {
        const text = data.toString('latin1');
        if (/^[A-Z]+ .* HTTP\/1\.1\r\n/.test(text)) answer(socket, text, ++n);
      });
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    return { origin: `${tls ? 'https' : 'http'}://127.0.0.1:${address.port}`, sockets };
  }

  /** Ends the TCP connection without a goodbye. */
  const reset = (socket: Socket): void => resets.get(socket)?.();

  function transport(times: TransportTimes = {}): Transport {
    const made = make(times);
    transports.push(made);
    return made;
  }

  const get = (origin: string, more: Partial<HttpRequest> = {}): HttpRequest => ({ method: 'GET', origin, path: '/b/k', headers: {}, ...more });
  const ok = (body: string): string => `HTTP/1.1 200 OK\r\nContent-Length: ${Buffer.byteLength(body)}\r\nETag: "e"\r\n\r\n${body}`;

  afterEach(async () => {
    await Promise.all(transports.splice(0).map((made) => made.close()));
  });
  afterAll(() => {
    for (const server of servers) server.close();
  });

  describe(`${name} as a Transport`, () => {
    it('streams the body into the sink and tells status, headers and length', async () => {
      const { origin } = await serve((socket) => socket.write(ok('hello')));
      const chunks: Buffer[] = [];
      const answer = await transport().request(get(origin, { sink: (chunk) => chunks.push(Buffer.from(chunk)) }));
      expect(answer).toMatchObject({ status: 200, receivedBytes: 5, headers: { etag: '"e"', 'content-length': '5' } });
      expect(Buffer.concat(chunks).toString()).toBe('hello');
      expect(answer.body).toHaveLength(0);
    });

    it('sends the path exactly as given, and asks for no compression', async () => {
      let seen = '';
      const { origin } = await serve((socket, head) => {
        seen = head;
        socket.write(ok(''));
      });
      await transport().request(get(origin, { path: '/b//a/../%2e/x%2Fy/?tagging=&versionId=n' }));
      expect(seen).toMatch(/^GET \/b\/\/a\/\.\.\/%2e\/x%2Fy\/\?tagging=&versionId=n HTTP\/1\.1\r\n/);
      expect(seen.toLowerCase()).toContain('accept-encoding: identity\r\n');
    });

    it('carries header values byte for byte, both ways', async () => {
      let seen = '';
      const raw = Buffer.from('é ü').toString('latin1');
      const { origin } = await serve((socket, head) => {
        seen = head;
        socket.write(Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: 0\r\nx-amz-meta-a: ${raw}\r\n\r\n`, 'latin1'));
      });
      const answer = await transport().request(get(origin, { headers: { 'x-amz-meta-a': raw } }));
      expect(seen).toContain(`x-amz-meta-a: ${raw}\r\n`);
      expect(answer.headers['x-amz-meta-a']).toBe(raw);
    });

    it('does not decompress', async () => {
      const { origin } = await serve((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnogz'));
      const chunks: Buffer[] = [];
      await transport().request(get(origin, { sink: (chunk) => chunks.push(Buffer.from(chunk)) }));
      expect(Buffer.concat(chunks).toString()).toBe('nogz');
    });

    it('reads a HEAD without waiting for the body that it declares', async () => {
      const { origin, sockets } = await serve((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n'));
      const one = transport({ connections: 1 });
      const answer = await one.request(get(origin, { method: 'HEAD' }));
      expect(answer).toMatchObject({ status: 200, receivedBytes: 0, headers: { 'content-length': '12345' } });
      await one.request(get(origin, { method: 'HEAD' }));
      expect(sockets).toHaveLength(1);
    });

    it('collects a refusal, 64 KiB at most, and keeps it from the sink', async () => {
      const long = 'x'.repeat(100_000);
      const { origin } = await serve((socket) => socket.write(`HTTP/1.1 404 No\r\nContent-Length: ${long.length}\r\n\r\n${long}`));
      let fed = 0;
      const answer = await transport().request(get(origin, { sink: () => fed++ }));
      expect(answer).toMatchObject({ status: 404, receivedBytes: long.length });
      expect(answer.body).toHaveLength(65_536);
      expect(fed).toBe(0);
    });

    it('collects a 2xx body when there is no sink', async () => {
      const { origin } = await serve((socket) => socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n'));
      expect((await transport().request(get(origin))).body.toString()).toBe('abc');
    });

    it.each([
      ['early close', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort'],
      ['early close of a chunked body', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n'],
      ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nshort'],
      ['the same length twice', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nshort'],
      ['a length beside chunks', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n0\r\n\r\n'],
      ['a body longer than declared', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nlonger'],
    ])('%s is BODY_LENGTH', async (_what, bytes) => {
      const { origin } = await serve((socket) => socket.end(bytes));
      await expect(transport().request(get(origin, { sink: () => undefined }))).rejects.toMatchObject({ code: 'BODY_LENGTH' });
    });

    it.each([
      ['a head that is none', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
      ['a head above 64 KiB', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(70_000)}\r\n\r\n`],
      ['another protocol', 'HTTP/1.1 101 Switching Protocols\r\n\r\n'],
      ['an end before the head’s', 'HTTP/1.1 200 OK\r\nContent-Le'],
    ])('%s is UNAVAILABLE', async (_what, bytes) => {
      const { origin } = await serve((socket) => socket.end(bytes));
      await expect(transport().request(get(origin))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    });

    it('passes over interim answers that it did not ask for', async () => {
      const { origin, sockets } = await serve((socket) => socket.write(`HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n${ok('a')}`));
      const one = transport({ connections: 1 });
      for (let n = 0; n < 2; n++) expect((await one.request(get(origin))).body.toString()).toBe('a');
      expect(sockets).toHaveLength(1);
    });

    it('takes what comes until the close, where neither length nor chunks tell the end', async () => {
      const { origin, sockets } = await serve((socket) => socket.end('HTTP/1.0 200 OK\r\n\r\nhello'));
      const one = transport({ connections: 1 });
      for (let n = 0; n < 2; n++) expect((await one.request(get(origin))).body.toString()).toBe('hello');
      expect(sockets).toHaveLength(2);
    });

    it('does not take bytes that nobody asked for as the next answer', async () => {
      let second: (() => void) | undefined;
      const { origin, sockets } = await serve((socket, _head, n) => {
        socket.write(ok(String(n)));
        if (n === 1) second = () => socket.write(ok('smuggled'));
      });
      const one = transport({ connections: 1 });
      await one.request(get(origin));
      const closed = new Promise((resolve) => sockets[0]?.on('close', resolve));
      second?.();
      await closed;
      expect((await one.request(get(origin))).body.toString()).toBe('2');
    });

    it('hands each byte of a long body to the sink once, in order', async () => {
      const body = Buffer.from(Array.from({ length: 500_000 }, (_, at) => String.fromCharCode(97 + (at % 23))).join(''));
      const { origin } = await serve((socket) => {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`);
        socket.write(body);
      });
      const buffer = Buffer.alloc(body.length);
      let received = 0;
      await transport().request(
        get(origin, {
          sink: (chunk) => {
            buffer.set(chunk, received);
            received += chunk.length;
          },
        }),
      );
      expect(buffer.equals(body)).toBe(true);
    });

    it('does not believe a success before the end of the body', async () => {
      const { origin } = await serve((socket) => {
        socket.pause();
        socket.write(ok(''));
      });
      const put = transport().request({ method: 'PUT', origin, path: '/b/k', headers: {}, body: Buffer.alloc(30_000_000) });
      await expect(put).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    });

    it('refuses what could end a header line', async () => {
      const { origin, sockets } = await serve((socket) => socket.write(ok('')));
      const one = transport();
      for (const bad of [{ headers: { 'x-amz-meta-a': 'b\r\nx: y' } }, { headers: { 'a b': 'c' } }, { path: '/b/k HTTP/1.1\r\n' }])
        await expect(one.request(get(origin, bad))).rejects.toMatchObject({ code: 'UNEXPECTED' });
      expect(sockets.length).toBeLessThan(2);
    });

    it('reports the early answer to a large PUT, not the reset that follows', async () => {
      for (let round = 0; round < 5; round++) {
        const { origin } = await serve((socket) => {
          socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 7\r\n\r\nrefused', () => socket.destroy());
        });
        const answer = await transport().request({ method: 'PUT', origin, path: '/b/k', headers: {}, body: Buffer.alloc(9_000_000) });
        expect(answer.status).toBe(400);
        expect(answer.body.toString()).toBe('refused');
      }
    });

    it('reports a refusal whose own body was cut off', async () => {
      const { origin } = await serve((socket) => socket.end('HTTP/1.1 503 Slow Down\r\nContent-Length: 100\r\n\r\n<Code>'));
      expect(await transport().request(get(origin))).toMatchObject({ status: 503, receivedBytes: 6 });
    });

    it('sends small and large bodies whole, with their length', async () => {
      for (const sizeBytes of [0, 1, 65_536, 65_537, 3_000_000]) {
        let received = -1;
        let declared = '';
        const { origin } = await serve((socket, head) => {
          const [top = '', rest = ''] = head.split('\r\n\r\n');
          declared = /content-length: (\d+)/i.exec(top)?.[1] ?? '';
          received = rest.length;
          if (received === sizeBytes) socket.write(ok(''));
          socket.on('data', (data) => {
            if (data.toString('latin1') === head) return;
            received += data.length;
            if (received === sizeBytes) socket.write(ok(''));
          });
        });
        await transport().request({ method: 'PUT', origin, path: '/b/k', headers: {}, body: Buffer.alloc(sizeBytes, 65) });
        expect([declared, received]).toEqual([String(sizeBytes), sizeBytes]);
      }
    });

    it('keeps sockets, and honours Connection: close', async () => {
      const { origin, sockets } = await serve((socket, _head, n) => {
        if (n < 3) socket.write(ok('a'));
        else socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\na');
      });
      const one = transport({ connections: 1 });
      for (let n = 0; n < 4; n++) expect((await one.request(get(origin))).status).toBe(200);
      expect(sockets).toHaveLength(2);
    });

    it('closes a socket that rests', async () => {
      const { origin, sockets } = await serve((socket) => socket.write(ok('a')));
      await transport({ idleTimeoutMs: 20 }).request(get(origin));
      await new Promise((resolve) => sockets[0]?.on('close', resolve));
    });

    it('serves those who wait in their order', async () => {
      const seen: string[] = [];
      const { origin } = await serve((socket, head) => {
        seen.push(head.slice(4, 6));
        socket.write(ok('a'));
      });
      const one = transport({ connections: 1 });
      await Promise.all(['/1', '/2', '/3', '/4'].map((path) => one.request(get(origin, { path }))));
      expect(seen).toEqual(['/1', '/2', '/3', '/4']);
    });

    if (!tls)
      it('gives up a peer that never finishes the connection: here one that does not speak TLS', async () => {
        const { origin } = await serve(() => undefined);
        const request = transport({ connectTimeoutMs: 100 }).request(get(origin.replace('http:', 'https:')));
        await expect(request).rejects.toMatchObject({ code: 'UNAVAILABLE', context: { detail: 'CONNECT_TIMEOUT' } });
      });

    it('tries a stale keep-alive socket once more on a fresh one', async () => {
      const { origin, sockets } = await serve((socket, _head, n) => {
        if (n === 2) reset(socket);
        else socket.write(ok('a'));
      });
      const one = transport({ connections: 1 });
      await one.request(get(origin));
      expect((await one.request({ method: 'PUT', origin, path: '/b/k', headers: {}, body: Buffer.from('x') })).status).toBe(200);
      expect(sockets).toHaveLength(2);
    });

    it('does not repeat a POST, nor a reset on a fresh socket, nor after a byte of the answer', async () => {
      const fresh = await serve((socket) => reset(socket));
      await expect(transport().request(get(fresh.origin))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
      expect(fresh.sockets).toHaveLength(1);

      const second = await serve((socket, _head, n) => (n === 2 ? reset(socket) : socket.write(ok('a'))));
      const one = transport({ connections: 1 });
      await one.request(get(second.origin));
      await expect(one.request(get(second.origin, { method: 'POST' }))).rejects.toMatchObject({ code: 'UNAVAILABLE' });

      const began = await serve((socket, _head, n) => (n === 1 ? socket.write(ok('a')) : socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\na')));
      const other = transport({ connections: 1 });
      await other.request(get(began.origin));
      await expect(other.request(get(began.origin))).rejects.toMatchObject({ code: 'BODY_LENGTH' });
      expect(began.sockets).toHaveLength(1);
    });

    it('destroys the socket of an aborted request, and throws the reason', async () => {
      let closed: Promise<void> | undefined;
      const { origin } = await serve((socket) => {
        closed = new Promise((resolve) => socket.on('close', () => resolve()));
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\npart');
      });
      const abort = new AbortController();
      const reason = new Error('enough');
      const request = transport().request(get(origin, { signal: abort.signal, sink: () => abort.abort(reason) }));
      await expect(request).rejects.toBe(reason);
      await closed;
    });

    it('does not begin when it is aborted already, or while it waits for a socket', async () => {
      let seen = 0;
      const { origin } = await serve((socket) => {
        seen++;
        setTimeout(() => socket.write(ok('a')), 50);
      });
      const one = transport({ connections: 1 });
      await expect(one.request(get(origin, { signal: AbortSignal.abort('no') }))).rejects.toBe('no');
      const abort = new AbortController();
      const first = one.request(get(origin));
      const waits = one.request(get(origin, { signal: abort.signal }));
      abort.abort('changed my mind');
      await expect(waits).rejects.toBe('changed my mind');
      await first;
      expect(seen).toBe(1);
    });

    it('hands on what the sink throws, and closes the socket', async () => {
      let closed: Promise<void> | undefined;
      const { origin } = await serve((socket) => {
        closed = new Promise((resolve) => socket.on('close', () => resolve()));
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\npart');
      });
      const full = new Error('full');
      const request = transport().request(
        get(origin, {
          sink: () => {
            throw full;
          },
        }),
      );
      await expect(request).rejects.toBe(full);
      await closed;
    });

    it('ends what is under way and what waits when it is closed', async () => {
      const { origin } = await serve(() => undefined);
      const one = transport({ connections: 1 });
      const requests = [one.request(get(origin)), one.request(get(origin))];
      await one.close();
      await Promise.all(requests.map((request) => expect(request).rejects.toMatchObject({ code: 'UNAVAILABLE' })));
    });

    it('holds the number of sockets', async () => {
      const { origin, sockets } = await serve((socket) => socket.write(ok('a')));
      const two = transport({ connections: 2 });
      await Promise.all(Array.from({ length: 9 }, () => two.request(get(origin))));
      expect(sockets).toHaveLength(2);
    });

    it('names a refused connection without its address', async () => {
      const { origin } = await serve(() => undefined);
      const server = servers.pop();
      await new Promise((resolve) => server?.close(resolve));
      const error = await transport()
        .request(get(origin))
        .catch((caught: unknown) => caught);
      expect(isMigrationError(error, 'UNAVAILABLE') && error.context.detail).toBe('ECONNREFUSED');
      expect(String(error)).not.toContain('127.0.0.1');
    });

    it('gives up a server that does not answer, and one that stops in the middle', async () => {
      const silent = await serve(() => undefined);
      const stalls = await serve((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\npart'));
      const deaf = await serve((socket) => socket.pause());
      const impatient = transport({ firstByteTimeoutMs: 200, progressTimeoutMs: 200 });
      const put = impatient.request({ method: 'PUT', origin: deaf.origin, path: '/b/k', headers: {}, body: Buffer.alloc(30_000_000) });
      await expect(put).rejects.toMatchObject({ code: 'UNAVAILABLE' });
      await Promise.all([silent, stalls].map(({ origin }) => expect(impatient.request(get(origin))).rejects.toMatchObject({ code: 'UNAVAILABLE' })));
    });
  });
}
