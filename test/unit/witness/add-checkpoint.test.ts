import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { verifyCosignature } from '../../../src/ledger/cosignature.ts';
import { parseNote, parseVkey } from '../../../src/ledger/signed-note.ts';
import { keyOfSeed, origin, request, testLog } from './test-log.ts';
import { command, keeper, type Serving } from './witness-process.ts';

const kept = keeper();
const name = 'witness.example/w1';
const log = testLog();

function newWitness(...vkeys: readonly string[]): { readonly dir: string; readonly vkey: string } {
  const dir = kept.folder();
  const vkey = command('init', '--dir', dir, '--name', name).out;
  for (const each of vkeys) command('add-log', '--dir', dir, '--vkey', each);
  return { dir, vkey };
}

describe('add-checkpoint', () => {
  afterEach(kept.endAll);

  it('signs growth, from nothing to 1 to any size, and repeats', async () => {
    const { dir, vkey } = newWitness(log.vkey);
    const served = await kept.serve(dir);
    let old = 0;
    for (const size of [1, 2, 3, 7, 8, 8, 13, 64, 65, 100, 100]) {
      const answer = await served.post(request(old, log.proof(old, size), log.note(size)));
      expect(answer).toMatchObject({ status: 200 });
      const { timeMs } = verifyCosignature(parseNote(log.note(size)).body, answer.text.trimEnd(), parseVkey(vkey));
      expect(Math.abs(timeMs - Date.now())).toBeLessThan(10_000);
      old = size;
    }
    expect(served.lines).toHaveLength(11);
    expect(Object.keys(JSON.parse(served.lines[0] ?? '')).sort()).toEqual(['old', 'origin', 'outcome', 'size', 'status', 'time']);
  });

  it('refuses a fork at a larger, an equal and a smaller size, and goes on with the history it knows', async () => {
    const fork = testLog({ word: 'b' });
    const served = await kept.serve(newWitness(log.vkey).dir);
    await served.post(request(0, [], log.note(7)));
    expect(await served.post(request(7, fork.proof(7, 9), fork.note(9)))).toMatchObject({ status: 422 });
    expect(await served.post(request(7, log.proof(7, 9), fork.note(9)))).toMatchObject({ status: 422 });
    expect(await served.post(request(7, [], fork.note(9)))).toMatchObject({ status: 422 });
    expect(await served.post(request(7, [], fork.note(7)))).toEqual({ status: 409, type: 'text/x.tlog.size', text: '7\n' });
    expect(await served.post(request(0, [], fork.note(9)))).toEqual({ status: 409, type: 'text/x.tlog.size', text: '7\n' });
    expect(await served.post(request(3, fork.proof(3, 5), fork.note(5)))).toEqual({ status: 409, type: 'text/x.tlog.size', text: '7\n' });
    expect(await served.post(request(7, log.proof(7, 9), log.note(9)))).toMatchObject({ status: 200 });
  });

  it('of two at once that grow from the same size, one is signed and one learns the new size', async () => {
    const fork = testLog({ word: 'b' });
    const served = await kept.serve(newWitness(log.vkey).dir);
    const answers = await Promise.all(Array.from({ length: 12 }, (_, i) => served.post(request(0, [], (i % 2 ? fork : log).note(5 + i)))));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 11 }, () => 409)]);
  });

  it('keeps what it saw over a restart', async () => {
    const { dir } = newWitness(log.vkey);
    const first = await kept.serve(dir);
    await first.post(request(0, [], log.note(7)));
    expect(await first.stop()).toBe(0);
    const second = await kept.serve(dir);
    expect(await second.post(request(0, [], testLog({ word: 'b' }).note(9)))).toMatchObject({ status: 409, text: '7\n' });
    expect(await second.post(request(7, log.proof(7, 9), log.note(9)))).toMatchObject({ status: 200 });
  });

  it.each([
    ['before it is stored', 'before', 0],
    ['between store and answer', 'after', 7],
  ])('killed %s it is whole after a restart and answers the repeat', async (_, place, seen) => {
    const { dir } = newWitness(log.vkey);
    const preload = path.join(dir, 'kill.cjs');
    writeFileSync(
      preload,
      `const fs = require('node:fs'); const rename = fs.renameSync; const die = () => process.kill(process.pid, 'SIGKILL');
       fs.renameSync = (from, to) => { const isIt = to.endsWith('.checkpoint'); if (isIt && '${place}' === 'before') die(); rename(from, to); if (isIt) die(); };
       require('node:module').syncBuiltinESMExports();`,
    );
    const killed = await kept.serve(dir, { preload: [preload] });
    await expect(killed.post(request(0, [], log.note(7)))).rejects.toThrow();
    expect(await killed.ended).toBe('SIGKILL');
    const again = await kept.serve(dir);
    if (seen > 0) expect(await again.post(request(0, [], log.note(7)))).toMatchObject({ status: 409, text: `${seen}\n` });
    expect(await again.post(request(seen, [], log.note(7)))).toMatchObject({ status: 200 });
  });

  it('answers no signature that it could not store', async () => {
    const { dir } = newWitness(log.vkey);
    const preload = path.join(dir, 'full.cjs');
    writeFileSync(
      preload,
      `const fs = require('node:fs'); const sync = fs.fsyncSync; let left = 3;
       fs.fsyncSync = (handle) => { if ((left -= 1) < 0) throw Object.assign(new Error('full'), { code: 'ENOSPC' }); sync(handle); };
       require('node:module').syncBuiltinESMExports();`,
    );
    const served = await kept.serve(dir, { preload: [preload] });
    expect(await served.post(request(0, [], log.note(7)))).toMatchObject({ status: 500 });
  });

  it('knows a log’s new key beside the old one once it was added, also while serving', async () => {
    const { dir } = newWitness(log.vkey);
    const rotated = testLog({ seed: 0x60 });
    const served = await kept.serve(dir);
    await served.post(request(0, [], log.note(7)));
    expect(await served.post(request(7, log.proof(7, 9), rotated.note(9)))).toMatchObject({ status: 403 });
    command('add-log', '--dir', dir, '--vkey', rotated.vkey);
    expect(await served.post(request(7, log.proof(7, 9), rotated.note(9)))).toMatchObject({ status: 200 });
    expect(await served.post(request(9, log.proof(9, 10), log.note(10)))).toMatchObject({ status: 200 });
  });

  it('keeps logs apart', async () => {
    const other = testLog({ name: 'ecluse.example/LOG/demo', word: 'c' });
    const served = await kept.serve(newWitness(log.vkey, other.vkey).dir);
    expect(await served.post(request(0, [], log.note(7)))).toMatchObject({ status: 200 });
    expect(await served.post(request(0, [], other.note(3)))).toMatchObject({ status: 200 });
  });

  it('makes the golden cosignature: seed 20…3f, 2026-12-01T08:00:15Z', async () => {
    const dir = kept.folder();
    writeFileSync(path.join(dir, 'key.pem'), keyOfSeed(0x20).export({ type: 'pkcs8', format: 'pem' }));
    expect(command('init', '--dir', dir, '--name', name).out).toBe('witness.example/w1+20324abe+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X');
    expect(log.vkey).toBe('ecluse.example/log/demo+f51b17fe+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4');
    command('add-log', '--dir', dir, '--vkey', log.vkey);
    writeFileSync(path.join(dir, 'clock.cjs'), 'Date.now = () => 1796112015000;');
    const served = await kept.serve(dir, { preload: [path.join(dir, 'clock.cjs')] });
    const note = `${origin}
7
/bV47eAV0HvewbtKuDcdLQAT7Rmdi1IHWTwHnwmk7FY=

— ${origin} 9RsX/iRbpMw6T4UnbdpueVWGeDL5IOoHE5s1livcm0PjnRLB+9l6s4M5s1Moow4mp/YWAITjH7Xr6U67W6VLTlrQZQQ=
`;
    expect(await served.post(request(0, [], note))).toEqual({
      status: 200,
      type: 'text/plain; charset=utf-8',
      text: '— witness.example/w1 IDJKvgAAAABrDn6PdUHrywoxLBKVvNQgkFEeMtHi7zYbinADt/xhUkK/bh7nSByakAwiToaiSQeCBLCeuZGJorUqzhUcl6htabcmCg==\n',
    });
  });
});

describe('what is no checkpoint of the log', () => {
  let served: Serving;
  beforeAll(async () => {
    served = await kept.serve(newWitness(log.vkey).dir);
    await served.post(request(0, [], log.note(7)));
  });
  afterAll(kept.endAll);

  const good = log.note(9);
  const proof = log.proof(7, 9);
  const lineOf = (note: string) => note.split('\n\n')[1] ?? '';
  it.each<[string, string | Uint8Array, number]>([
    ['nothing', '', 400],
    ['no old size', good, 400],
    ['an old size with leading zero', request('07', proof, good), 400],
    ['a negative old size', request('-7', proof, good), 400],
    ['an old size beyond the checkpoint', request(10, [], good), 400],
    ['an old size that no number holds', request('9'.repeat(30), [], good), 400],
    [
      '64 proof lines',
      request(
        7,
        Array.from({ length: 64 }, () => Buffer.alloc(32)),
        good,
      ),
      400,
    ],
    [
      '63 proof lines of nothing',
      request(
        7,
        Array.from({ length: 63 }, () => Buffer.alloc(32)),
        good,
      ),
      422,
    ],
    ['a short proof line', request(7, [Buffer.alloc(31)], good), 400],
    ['loose base64', `old 7\n${'A'.repeat(42)}B=\n\n${good}`, 400],
    ['no empty line', `old 7\n${good}`, 400],
    ['CRLF', request(7, proof, good).replaceAll('\n', '\r\n'), 400],
    ['no last LF', request(7, proof, good).slice(0, -1), 400],
    ['no signature', request(7, proof, `${good.split('\n\n')[0]}\n\n`), 400],
    ['a size with leading zero', request(7, proof, good.replace('\n9\n', '\n09\n')), 400],
    ['an extension line', request(7, proof, good.replace('\n\n', '\nmore\n\n')), 400],
    ['a line that is no signature', request(7, proof, `${good}hello\n`), 400],
    ['bytes that are not UTF-8', Buffer.concat([Buffer.from(request(7, proof, good)), Buffer.of(0xff, 0x0a)]), 400],
    ['a body without end', 'old 7\n'.repeat(20_000), 400],
    ['another log', request(0, [], testLog({ name: 'other.example/log' }).note(9)), 404],
    ['a signature of another key', request(7, proof, testLog({ seed: 0x60 }).note(9)), 403],
    ['a signature over another body', request(7, proof, good.replace(lineOf(good), lineOf(log.note(8)))), 403],
    ['a good signature beside a bad one of the same key', request(7, proof, good + lineOf(log.note(8))), 403],
    ['a proof in the wrong order', request(7, [...proof].reverse(), good), 422],
    ['a proof with one hash too many', request(7, [...proof, Buffer.alloc(32)], good), 422],
    ['a proof for the same size', request(7, [Buffer.alloc(32)], log.note(7)), 422],
  ])('%s is refused', async (_, body, status) => {
    expect((await served.post(body)).status).toBe(status);
  });

  it('signatures of strangers are no harm, and nothing above was taken', async () => {
    expect((await served.post(request(7, proof, good + lineOf(testLog({ name: 'stranger', seed: 0x60 }).note(9))))).status).toBe(200);
  });

  it('has one page', async () => {
    expect((await fetch(`${served.url}/`)).status).toBe(404);
    expect((await fetch(`${served.url}/add-checkpoint`)).status).toBe(405);
  });
});
