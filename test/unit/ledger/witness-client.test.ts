import { createServer } from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import { startLabWitness } from '../../../lab/witness.ts';
import { verifyCosignature } from '../../../src/ledger/cosignature.ts';
import { parseNote, parseVkey } from '../../../src/ledger/signed-note.ts';
import { openWitness } from '../../../src/ledger/witness-client.ts';
import { testLog } from '../witness/test-log.ts';
import { keeper } from '../witness/witness-process.ts';

const kept = keeper();
afterEach(kept.endAll);
const log = testLog();
const name = 'witness.example/w1';
const goldenVkey = 'witness.example/w1+20324abe+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X';
const goldenBody = 'ecluse.example/log/demo\n7\n/bV47eAV0HvewbtKuDcdLQAT7Rmdi1IHWTwHnwmk7FY=\n';
const goldenNote = `${goldenBody}\n— ecluse.example/log/demo 9RsX/iRbpMw6T4UnbdpueVWGeDL5IOoHE5s1livcm0PjnRLB+9l6s4M5s1Moow4mp/YWAITjH7Xr6U67W6VLTlrQZQQ=\n`;
const goldenLine = '— witness.example/w1 IDJKvgAAAABrDn6PdUHrywoxLBKVvNQgkFEeMtHi7zYbinADt/xhUkK/bh7nSByakAwiToaiSQeCBLCeuZGJorUqzhUcl6htabcmCg==';
const goldenTime = 1_796_112_015_000;
const signal = () => new AbortController().signal;
const noProof = (): Promise<readonly Buffer[]> => Promise.reject(new Error('no proof was to be asked'));

/** Answers in order; keeps what was asked. */
function script(...answers: readonly (Response | Error)[]): { readonly fetch: typeof fetch; readonly asked: string[] } {
  const asked: string[] = [];
  const left = [...answers];
  const send = async (_: unknown, init?: RequestInit): Promise<Response> => {
    asked.push(Buffer.from(init?.body as Buffer).toString());
    const answer = left.shift() ?? new Error('asked too often');
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return { fetch: send as typeof fetch, asked };
}
const conflict = (text: string) => new Response(text, { status: 409 });
const open = (send: typeof fetch) => openWitness({ url: 'https://w.example/', vkey: goldenVkey, fetch: send, now: () => goldenTime });

describe('the client of a witness', () => {
  it('learns the old size from the witness, proves growth, and asks straight the next time', async () => {
    const { url, vkey, stop } = await startLabWitness(kept.folder(), { name, logVkey: log.vkey });
    try {
      const cosign = async (size: number): Promise<{ asks: number; line: string }> => {
        let asks = 0;
        const counting: typeof fetch = (...args) => {
          asks += 1;
          return fetch(...args);
        };
        const witness = openWitness({ url, vkey, fetch: counting });
        return { line: await witness.cosign(log.note(size), size, async (old) => log.proof(old, size), signal()), asks };
      };
      expect((await cosign(3)).asks).toBe(1);
      const { line, asks } = await cosign(7);
      expect(asks).toBe(2);
      expect(verifyCosignature(parseNote(log.note(7)).body, line, parseVkey(vkey)).timeMs).toBeGreaterThan(0);
      // The answer was lost, the call is repeated: the witness has this size already.
      expect(verifyCosignature(parseNote(log.note(7)).body, (await cosign(7)).line, parseVkey(vkey)).timeMs).toBeGreaterThan(0);
      const witness = openWitness({ url, vkey });
      await witness.cosign(log.note(8), 8, async (old) => log.proof(old, 8), signal());
      await witness.cosign(log.note(8), 8, noProof, signal());
      const fork = testLog({ word: 'b' });
      const forked = (size: number) => openWitness({ url, vkey }).cosign(fork.note(size), size, async (old) => fork.proof(old, size), signal());
      for (const size of [5, 8, 9]) await expect(forked(size)).rejects.toMatchObject({ code: 'WITNESS_REFUSED' });
    } finally {
      await stop();
    }
  });

  it('takes the golden cosignature, also beside one of somebody else', async () => {
    const { fetch: send, asked } = script(new Response(`— other.example/w AAAA\n${goldenLine}\n`));
    expect(await open(send).cosign(goldenNote, 7, noProof, signal())).toBe(goldenLine);
    expect(asked).toEqual([`old 0\n\n${goldenNote}`]);
  });

  it('sends the proof from the size that it was told', async () => {
    const { fetch: send, asked } = script(conflict('3\n'), new Response(`${goldenLine}\n`));
    const proofOf = async (old: number) => [Buffer.alloc(32, old)];
    await open(send).cosign(goldenNote, 7, proofOf, signal());
    expect(asked[1]).toBe(`old 3\n${Buffer.alloc(32, 3).toString('base64')}\n\n${goldenNote}`);
  });

  const wrongLine = goldenLine.replace('IDJKvgAAAABrDn6P', 'IDJKvgAAAABrDn6Q');
  it.each<[string, string, readonly (Response | Error)[]]>([
    ['nobody', 'WITNESS_UNAVAILABLE', [new TypeError('fetch failed')]],
    ['a server error', 'WITNESS_UNAVAILABLE', [new Response('', { status: 503 })]],
    ['too many calls', 'WITNESS_UNAVAILABLE', [new Response('', { status: 429 })]],
    ['a login page', 'WITNESS_UNAVAILABLE', [new Response('', { status: 302 })]],
    ['a book', 'WITNESS_UNAVAILABLE', [new Response('x'.repeat(20_000))]],
    ['a 409 without size', 'WITNESS_UNAVAILABLE', [conflict('seven')]],
    ['sizes that never hold still', 'WITNESS_UNAVAILABLE', [conflict('1'), conflict('2'), conflict('3'), conflict('4')]],
    ['that it knows no such log', 'WITNESS_REFUSED', [new Response('', { status: 404 })]],
    ['that the log did not sign', 'WITNESS_REFUSED', [new Response('', { status: 403 })]],
    ['that the proof does not hold', 'WITNESS_REFUSED', [new Response('', { status: 422 })]],
    ['a larger size', 'WITNESS_REFUSED', [conflict('8')]],
    ['an equal size with another root', 'WITNESS_REFUSED', [conflict('7'), conflict('7')]],
    ['no line', 'WITNESS_REFUSED', [new Response('')]],
    ['a line of another', 'WITNESS_REFUSED', [new Response('— other.example/w AAAAAAAA\n')]],
    ['a line that does not verify', 'WITNESS_REFUSED', [new Response(`${wrongLine}\n`)]],
  ])('answered by %s it says %s', async (_, code, answers) => {
    await expect(open(script(...answers).fetch).cosign(goldenNote, 7, async () => [], signal())).rejects.toMatchObject({ code });
  });

  it('does not take a time that would fail the bundle', async () => {
    const late = openWitness({ url: 'https://w.example', vkey: goldenVkey, fetch: script(new Response(goldenLine)).fetch, now: () => goldenTime + 301_000 });
    await expect(late.cosign(goldenNote, 7, noProof, signal())).rejects.toMatchObject({ code: 'WITNESS_UNAVAILABLE' });
  });

  it('waits no longer than it was told, and tells no address', async () => {
    const server = createServer(() => undefined);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = address && typeof address === 'object' ? address.port : 0;
    const witness = openWitness({ url: `http://127.0.0.1:${port}/secret`, vkey: goldenVkey, timeoutMs: 50 });
    const failure = await witness.cosign(goldenNote, 7, noProof, signal()).then(
      () => new Error('answered'),
      (error: Error) => error,
    );
    expect(failure).toMatchObject({ code: 'WITNESS_UNAVAILABLE' });
    expect(failure.message).not.toMatch(/secret|127\.0/);
    await expect(witness.cosign(goldenNote, 7, noProof, AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped');
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
});
