import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { parseVkey, verifyNote } from '../../../src/ledger/signed-note.ts';
import { origin, request, testLog } from './test-log.ts';
import { command, keeper } from './witness-process.ts';

const kept = keeper();
afterEach(kept.endAll);
const name = 'witness.example/w1';

describe('the commands of the witness', () => {
  it('init makes a key that only its owner reads, prints a vkey, and says the same again', () => {
    const dir = path.join(kept.folder(), 'w');
    const { code, out } = command('init', '--dir', dir, '--name', name);
    expect(code).toBe(0);
    expect(parseVkey(out)).toMatchObject({ name, type: 'witness' });
    expect(statSync(path.join(dir, 'key.pem')).mode & 0o777).toBe(0o600);
    expect(command('init', '--dir', dir, '--name', name).out).toBe(out);
    expect(command('init', '--dir', dir, '--name', 'other')).toMatchObject({ code: 1, err: expect.stringContaining('another witness already') });
  });

  it.each([
    [[], 2],
    [['fly', '--dir', 'x'], 2],
    [['init', '--name', name], 2],
    [['init', '--dir', 'x', '--name', 'a b'], 2],
    [['init', '--dir', 'x', '--name', 'a+b'], 2],
    [['status', '--dir', 'x', '--wrong'], 2],
    [['status', '--dir', '/nowhere/at/all'], 1],
    [['--help'], 0],
  ])('%j ends with %d', (args, code) => {
    expect(command(...args).code).toBe(code);
  });

  it('add-log takes a vkey of a log once, and refuses a mistyped one or one of a witness', () => {
    const dir = kept.folder();
    const own = command('init', '--dir', dir, '--name', name).out;
    const { vkey } = testLog();
    expect(command('add-log', '--dir', dir, '--vkey', vkey).code).toBe(0);
    expect(command('add-log', '--dir', dir, '--vkey', vkey).out).toContain('known already');
    expect(command('add-log', '--dir', dir, '--vkey', vkey.replace(/.$/, 'A')).code).toBe(1);
    expect(command('add-log', '--dir', dir, '--vkey', vkey.replace('demo', 'demi')).code).toBe(1);
    expect(command('add-log', '--dir', dir, '--vkey', own).code).toBe(1);
    expect(readFileSync(path.join(dir, 'logs.vkeys'), 'utf8')).toBe(`${vkey}\n`);
  });

  it('status tells how far each log had grown; export gives the checkpoint with both signatures', async () => {
    const [dir, out] = [kept.folder(), kept.folder()];
    const vkey = command('init', '--dir', dir, '--name', name).out;
    const log = testLog();
    command('add-log', '--dir', dir, '--vkey', log.vkey);
    expect(command('export', '--dir', dir, '--out', out).out).toBe('nothing signed yet');
    const served = await kept.serve(dir);
    await served.post(request(0, [], log.note(7)));
    const status = JSON.parse(command('status', '--dir', dir, '--json').out);
    expect(status).toMatchObject({ vkey, served_by: served.process.pid, logs: [{ origin, keys: 1, size: 7 }] });
    expect(command('status', '--dir', dir).out).toContain(`${origin}: size 7, signed 2`);
    const file = command('export', '--dir', dir, '--out', out).out;
    expect(path.dirname(file)).toBe(out);
    expect(verifyNote(readFileSync(file, 'utf8'), [parseVkey(log.vkey), parseVkey(vkey)]).signedBy).toHaveLength(2);
    await served.stop();
    expect(command('status', '--dir', dir).out).toContain('not serving');
  });

  it('a second process on the folder is refused; the lock of one that was killed is not', async () => {
    const dir = kept.folder();
    command('init', '--dir', dir, '--name', name);
    const first = await kept.serve(dir);
    expect(command('serve', '--dir', dir, '--listen', '127.0.0.1:0')).toMatchObject({ code: 1, err: expect.stringContaining('already serves') });
    first.process.kill('SIGKILL');
    await first.ended;
    expect(existsSync(path.join(dir, 'lock'))).toBe(true);
    const second = await kept.serve(dir);
    expect(await second.stop()).toBe(0);
    expect(existsSync(path.join(dir, 'lock'))).toBe(false);
  });

  it('a lock with the number of another living process is stale too', async () => {
    const dir = kept.folder();
    command('init', '--dir', dir, '--name', name);
    writeFileSync(path.join(dir, 'lock'), `${process.pid} 1\n`);
    expect(await (await kept.serve(dir)).stop()).toBe(0);
  });

  it('who lost the lock signs nothing more', async () => {
    const dir = kept.folder();
    command('init', '--dir', dir, '--name', name);
    const log = testLog();
    command('add-log', '--dir', dir, '--vkey', log.vkey);
    const served = await kept.serve(dir);
    writeFileSync(path.join(dir, 'lock'), '1 1\n');
    expect((await served.post(request(0, [], log.note(7)))).status).toBe(503);
    expect(JSON.parse(command('status', '--dir', dir, '--json').out).logs[0].size).toBe(0);
  });

  it('does not serve what it would have to guess: a damaged checkpoint, one of another witness', async () => {
    const dir = kept.folder();
    command('init', '--dir', dir, '--name', name);
    const log = testLog();
    command('add-log', '--dir', dir, '--vkey', log.vkey);
    const served = await kept.serve(dir);
    await served.post(request(0, [], log.note(7)));
    await served.stop();
    const file = command('export', '--dir', dir, '--out', path.join(dir, 'checkpoints')).out;
    for (const damaged of ['', readFileSync(file, 'utf8').replace('\n7\n', '\n3\n'), log.note(7)]) {
      writeFileSync(file, damaged);
      expect(command('serve', '--dir', dir)).toMatchObject({ code: 1, err: expect.stringContaining('does not carry the signature of this witness') });
    }
  });

  it('is one file of at most 300 lines that imports only what Node brings', () => {
    const text = readFileSync(path.join(import.meta.dirname, '../../../witness/witness.mjs'), 'utf8');
    expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(300);
    expect([...text.matchAll(/from '([^']+)'/g)].filter(([, module = '']) => !module.startsWith('node:'))).toEqual([]);
    expect(text).not.toMatch(/import\(|require\(/);
  });
});
