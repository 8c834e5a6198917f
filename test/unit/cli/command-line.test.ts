import { spawn } from 'node:child_process';
import { mkdtempSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { commands } from '../../../src/cli/commands.ts';
import { commandReference } from '../../../src/cli/reference.ts';
import { configText, planYaml } from './fake-project.ts';

const launcher = resolve('src/cli/ecluse.mjs');

interface Ended {
  readonly exit: number | null;
  readonly out: string;
  readonly err: string;
  readonly milliseconds: number;
}

/** Runs the real command in a folder of its own, without the environment's own Temporal settings. */
function ecluse(
  args: readonly string[],
  {
    folder = mkdtempSync(join(tmpdir(), 'ecluse-line-')),
    env = {},
    node = [launcher],
  }: { folder?: string; env?: Record<string, string>; node?: string[] } = {},
): Promise<Ended> {
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(TEMPORAL|ECLUSE)_/.test(name)));
  const started = performance.now();
  return new Promise((settle, reject) => {
    const child = spawn(process.execPath, [...node, ...args], { cwd: folder, env: { ...inherited, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk) => (out += chunk));
    child.stderr.on('data', (chunk) => (err += chunk));
    child.on('error', reject);
    child.on('close', (exit) => settle({ exit, out, err, milliseconds: performance.now() - started }));
  });
}

function project(address: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'ecluse line é-'));
  writeFileSync(join(folder, 'ecluse.yaml'), configText.replace('project: demo', `project: demo\ntemporal: { address: '${address}' }`));
  writeFileSync(join(folder, 'plan.yaml'), planYaml);
  return folder;
}

/** A port of this machine where nobody listens. */
async function deadAddress(): Promise<string> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  return `127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
}

describe('the command line', () => {
  it('helps: with every command, and with each command’s own page', async () => {
    const whole = await ecluse(['--help']);
    expect(whole.exit).toBe(0);
    for (const { name } of commands) expect(whole.out).toContain(name.split(' ')[0]);
    expect(whole.out).toContain('3 waiting for a person');
    const one = await ecluse(['plan', 'diff', '--help']);
    expect(one).toMatchObject({ exit: 0, err: '' });
    expect(one.out).toContain('which approvals lapse');
  });

  it.each([
    [['statsu'], 'Did you mean status?'],
    [['approve', 'nonsense', 'photos'], 'Allowed choices are loss, rehearsal, cutover, finalize, discard'],
    [['approve'], "missing required argument 'gate'"],
    [['ledger', 'init', '--class', 'test'], 'Allowed choices are lab, production'],
    [['status', '--wtch'], 'Did you mean --watch?'],
    [['worker', 'cook'], 'Allowed choices are control, transfer, ledger'],
    [['ledger'], 'Usage: ecluse ledger'],
    [[], 'Usage: ecluse'],
  ])('%j is wrong usage: 2', async (args, said) => {
    const { exit, out, err } = await ecluse(args);
    expect({ exit, out }).toEqual({ exit: 2, out: '' });
    expect(err).toContain(said);
  });

  it('hands everything behind "witness" to the controller’s own program, as it is', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ecluse-line-'));
    const help = await ecluse(['witness', '--help']);
    expect(help).toMatchObject({ exit: 0, err: '' });
    for (const word of ['init', 'add-log', 'serve', 'status', 'export']) expect(help.out).toContain(`node witness.mjs ${word}`);
    expect(await ecluse(['witness', 'nonsense'])).toMatchObject({ exit: 2, out: '' });
    const made = await ecluse(['witness', 'init', '--dir', 'w', '--name', 'witness.example/w1'], { folder });
    expect(made).toMatchObject({ exit: 0, out: expect.stringMatching(/^witness\.example\/w1\+[0-9a-f]{8}\+\S+$/m) });
    expect(statSync(join(folder, 'w', 'key.pem')).mode & 0o077).toBe(0);
  });

  it('answers wrong usage as JSON when asked', async () => {
    const { exit, out } = await ecluse(['status', '--nonsense', '--json']);
    expect(exit).toBe(2);
    expect(JSON.parse(out)).toMatchObject({ error: { code: 'USAGE' } });
  });

  it('without ecluse.yaml says how to make one: 2', async () => {
    const { exit, err } = await ecluse(['status']);
    expect(exit).toBe(2);
    expect(err).toMatch(/ecluse: CONFIG_INVALID\n {2}doing {3}read .*ecluse\.yaml\n {2}answer .*there is no such file.*`ecluse init`/);
    expect(err).not.toMatch(/\n\s+at /);
  });

  it('with an unreachable Temporal fails within 5 s, names the address and what to type: 1', async () => {
    const address = await deadAddress();
    const { exit, err, milliseconds } = await ecluse(['status'], { folder: project(address) });
    expect(exit).toBe(1);
    expect(milliseconds).toBeLessThan(5_500);
    expect(err).toBe(`ecluse: TEMPORAL_UNREACHABLE
  doing   connect to Temporal
  from    Temporal at ${address}, namespace default
  answer  no answer within 5 seconds
  next    ecluse lab up
          another address: \`temporal.address\` in ecluse.yaml, or TEMPORAL_ADDRESS
`);
  }, 20_000);

  it('under an old Node says which one it needs: 2', async () => {
    const old = `Object.defineProperty(process.versions, 'node', { value: '20.11.1' }); await import(${JSON.stringify(pathToFileURL(launcher).href)})`;
    const { exit, err } = await ecluse([], { node: ['--input-type=module', '-e', old] });
    expect(exit).toBe(2);
    expect(err).toContain('ecluse needs Node 22.19 or newer; this is Node 20.11.1');
  });

  it('shows where a failure came from only when asked', async () => {
    expect((await ecluse(['status'], { env: { ECLUSE_DEBUG: '1' } })).err).toMatch(/\n\s+at /);
  });
});

describe('docs/commands.md', () => {
  it('names every command, argument and option', () => {
    const page = commandReference();
    for (const { name, options = [] } of commands) {
      expect(page).toContain(`## ecluse ${name}\n`);
      for (const { flags } of options) expect(page).toContain(`| \`${flags}\` |`);
    }
  });
});
