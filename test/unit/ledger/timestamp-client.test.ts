import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { isOpensslThere, startLabTsa } from '../../../lab/tsa.ts';
import { verifyTimestamp } from '../../../src/ledger/timestamp.ts';
import { openTimestampAuthority } from '../../../src/ledger/timestamp-client.ts';
import { loudSuite } from '../../support/loud-suite.ts';

const data = Buffer.from('a checkpoint');
const signal = new AbortController().signal;
const answers = (response: Response | Error): typeof fetch =>
  (async () => {
    if (response instanceof Error) throw response;
    return response;
  }) as typeof fetch;

loudSuite(() => (isOpensslThere() ? { access: true } : { missing: 'openssl 3 is not on PATH' }))('the client of a timestamp authority', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'ecluse-tsa-'));
  let tsa: Awaited<ReturnType<typeof startLabTsa>>;
  beforeAll(async () => {
    tsa = await startLabTsa(folder);
  }, 30_000);
  afterAll(async () => {
    await tsa.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const open = (more: Partial<Parameters<typeof openTimestampAuthority>[0]> = {}) =>
    openTimestampAuthority({ name: 'lab', url: tsa.url, ca: tsa.caPem, ...more });

  it('gives a query and a response that openssl accepts together, also for two at once', async () => {
    const stamps = await Promise.all([open().stamp(data, signal), open().stamp(data, signal)]);
    for (const { query, response, genTimeMs } of stamps) {
      expect(verifyTimestamp({ response, data, caPem: tsa.caPem }).genTimeMs).toBe(genTimeMs);
      writeFileSync(path.join(folder, 'q'), query);
      writeFileSync(path.join(folder, 'r'), response);
      const openssl = spawn('openssl', ['ts', '-verify', '-in', 'r', '-queryfile', 'q', '-CAfile', 'root.pem'], { cwd: folder, stdio: 'ignore' });
      expect(await once(openssl, 'exit')).toEqual([0, null]);
    }
    expect(stamps[0]?.query.equals(stamps[1]?.query ?? Buffer.alloc(0))).toBe(false);
  });

  it.each<[string, string, Response | Error]>([
    ['nobody', 'TIMESTAMP_UNAVAILABLE', new TypeError('fetch failed')],
    ['a server error', 'TIMESTAMP_UNAVAILABLE', new Response('', { status: 500 })],
    ['a login page', 'TIMESTAMP_UNAVAILABLE', new Response('', { status: 302 })],
    ['a book', 'TIMESTAMP_UNAVAILABLE', new Response('x'.repeat(300_000))],
    ['a closed door', 'TIMESTAMP_REFUSED', new Response('', { status: 403 })],
    ['a page of text', 'TIMESTAMP_REFUSED', new Response('<html>')],
  ])('answered by %s it says %s', async (_, code, response) => {
    await expect(open({ fetch: answers(response) }).stamp(data, signal)).rejects.toMatchObject({ code });
  });

  it('takes no answer to another query, none under another root, and no time that would fail the bundle', async () => {
    const { response } = await open().stamp(data, signal);
    const refusal = (detail: string) => ({ code: 'TIMESTAMP_REFUSED', context: { detail } });
    const replayed = open({ fetch: answers(new Response(new Uint8Array(response))) });
    await expect(replayed.stamp(data, signal)).rejects.toMatchObject(refusal('nonce'));
    await expect(open({ ca: '' }).stamp(data, signal)).rejects.toMatchObject(refusal('chain'));
    await expect(open({ now: () => Date.now() + 400_000 }).stamp(data, signal)).rejects.toMatchObject(refusal('clock'));
  });
});
