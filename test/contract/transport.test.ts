import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext, createServer, getCACertificates, setDefaultCACertificates, type TLSSocket } from 'node:tls';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createSocketTransport } from '../../src/wire/socket-transport.ts';
import { makeCertificate } from '../support/certificate.ts';
import { testTransport } from './transport.ts';
import { testStreamedBodies } from './transport-stream.ts';

testTransport('sockets', (times) => createSocketTransport(times));
testStreamedBodies('sockets', (times) => createSocketTransport(times));

const certificate = makeCertificate();
const overTls = certificate ? describe : describe.skip;

overTls('over TLS', () => {
  const { key, cert } = certificate ?? { key: '', cert: '' };
  const before = getCACertificates('default');
  const sockets: TLSSocket[] = [];
  const server = createServer({ key, cert }, (socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', () => socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\na'));
  });
  const get = { method: 'GET', path: '/b/k', headers: {} } as const;
  let port = 0;

  beforeAll(async () => {
    server.on('tlsClientError', () => undefined);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    port = typeof address === 'object' && address ? address.port : 0;
  });
  afterAll(() => {
    setDefaultCACertificates(before);
    server.close();
  });

  it('refuses a certificate that nobody vouches for', async () => {
    const transport = createSocketTransport();
    await expect(transport.request({ ...get, origin: `https://127.0.0.1:${port}` })).rejects.toMatchObject({ code: 'ENDPOINT_UNREACHABLE' });
    await transport.close();
  });

  it('believes the authorities of NODE_EXTRA_CA_CERTS', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ecluse-ca-'));
    writeFileSync(join(folder, 'ca.pem'), cert);
    const module = pathToFileURL(join(import.meta.dirname, '../../src/wire/socket-transport.ts')).href;
    const script = `
      import { createSocketTransport } from '${module}';
      const transport = createSocketTransport();
      const { status } = await transport.request({ method: 'GET', origin: 'https://127.0.0.1:${port}', path: '/', headers: {} });
      console.log(status);
      await transport.close();`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
      env: { ...process.env, NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem'), NODE_OPTIONS: '' },
    });
    rmSync(folder, { recursive: true });
    expect(stdout.trim()).toBe('200');
  });

  describe('trusted', () => {
    beforeAll(() => setDefaultCACertificates([...before, cert]));

    testTransport(
      'sockets over TLS',
      (times) => createSocketTransport(times),
      () => createSecureContext({ key, cert }),
    );

    testStreamedBodies(
      'sockets over TLS',
      (times) => createSocketTransport(times),
      () => createSecureContext({ key, cert }),
    );

    it('refuses a certificate for another name', async () => {
      const transport = createSocketTransport();
      await expect(transport.request({ ...get, origin: `https://localhost:${port}` })).rejects.toMatchObject({ code: 'ENDPOINT_UNREACHABLE' });
      await transport.close();
    });

    it('resumes its TLS session on the next connection', async () => {
      const transport = createSocketTransport();
      sockets.length = 0;
      for (let n = 0; n < 2; n++) expect((await transport.request({ ...get, origin: `https://127.0.0.1:${port}` })).status).toBe(200);
      expect(sockets.map((socket) => socket.isSessionReused() === true)).toEqual([false, true]);
      await transport.close();
    });
  });
});
