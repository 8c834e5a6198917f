import { execFile, spawn } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { cloneFolder } from '../../lab/folders.ts';

/** A clone with nothing but the bootstrap, and a machine that has only what a test puts on its PATH. */
let box: string;
let clone: string;
let bin: string;

const lock = { packages: { '': {}, 'node_modules/node': { version: '24.1.0' }, 'node_modules/for-macs': { version: '1.0.0', optional: true } } };

function script(file: string, body: string): void {
  writeFileSync(file, `#!/bin/sh\n${body}\n`);
  chmodSync(file, 0o755);
}

/** An npm that installs: it writes down what it was asked, and leaves what npm leaves. Without scripts the Node is missing. */
function npm(options: { scripts: boolean }): void {
  const installed = JSON.stringify({ packages: { 'node_modules/node': { version: '24.1.0' } } });
  const node = `printf '#!/bin/sh\\nif [ "$1" = --version ]; then echo v24.1.0; else shift; exec "${process.execPath}" "$0.js" "$@"; fi\\n' > node_modules/.bin/node; chmod +x node_modules/.bin/node`;
  script(
    `${bin}/npm`,
    `echo "$*" >> '${box}/npm-calls'; mkdir -p node_modules/.bin; ${options.scripts ? node : ':'}; echo '${installed}' > node_modules/.package-lock.json`,
  );
}

/** What the command itself does, in place of the demo. */
const command = (body: string): void => {
  mkdirSync(`${clone}/node_modules/.bin`, { recursive: true });
  writeFileSync(`${clone}/node_modules/.bin/node.js`, body);
};

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const environment = (): NodeJS.ProcessEnv => ({ PATH: `${bin}:/usr/bin:/bin`, HOME: box });

function start(...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [`${clone}/lab/start.mjs`, ...args], { env: environment() }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

beforeEach(() => {
  box = mkdtempSync(`${tmpdir()}/écluse start `);
  clone = `${box}/un clone é`;
  bin = `${box}/bin`;
  mkdirSync(`${clone}/lab`, { recursive: true });
  mkdirSync(bin);
  for (const file of ['start.mjs', 'floor.cjs', 'packages.cjs']) cpSync(`${cloneFolder}/lab/${file}`, `${clone}/lab/${file}`);
  writeFileSync(`${clone}/package-lock.json`, JSON.stringify(lock));
  script(`${bin}/python3`, 'echo 3.11');
});

afterEach(() => rmSync(box, { recursive: true, force: true }));

describe('the start of a clone', () => {
  it('shows the floor, installs once, and hands over arguments and exit code', async () => {
    npm({ scripts: true });
    command('console.log(process.argv.slice(2).join("|")); process.exitCode = 4;');
    const first = await start('demo', '--rollback', 'a b');
    expect(first).toMatchObject({ code: 4, stdout: '--rollback|a b\n' });
    expect(first.stderr).toMatch(/system .*\n.*Node .*\n.*Python +3\.11 with pip\n.*disk .*\n.*rights/);
    expect((await start('demo')).code).toBe(4);
    expect(readFileSync(`${box}/npm-calls`, 'utf8')).toBe('ci --loglevel=error\n');
  });

  it('installs again when the lock names another version', async () => {
    npm({ scripts: true });
    command('');
    await start('demo');
    writeFileSync(`${clone}/package-lock.json`, JSON.stringify({ packages: { 'node_modules/node': { version: '24.2.0' } } }));
    await start('demo');
    expect(readFileSync(`${box}/npm-calls`, 'utf8').match(/ci/g)).toHaveLength(2);
  });

  it('says in one line that scripts were off, and what mends it', async () => {
    npm({ scripts: false });
    const { code, stderr } = await start('demo');
    expect(code).toBe(1);
    expect(stderr).toContain('npm was told to run no install scripts');
    expect(stderr).toContain('Type: npm rebuild node --ignore-scripts=false');
  });

  it('names one command when there is no Python, and installs nothing', async () => {
    npm({ scripts: true });
    for (const name of ['python3', 'python']) script(`${bin}/${name}`, 'exit 1');
    const { code, stderr } = await start('demo');
    expect(code).toBe(1);
    expect(stderr).toMatch(/Python +3\.9 or newer with pip is needed\n +Type: \S+/);
    expect(existsSync(`${box}/npm-calls`)).toBe(false);
  });

  it('is silent before a command whose output programs read', async () => {
    npm({ scripts: true });
    command('console.log("{}")');
    await start('ecluse');
    expect(await start('ecluse', '--json')).toEqual({ code: 0, stdout: '{}\n', stderr: '' });
  });

  it('refuses an unknown command with 2', async () => {
    expect((await start('dmeo')).code).toBe(2);
  });

  it('hands an interrupt on and ends as the command ends', async () => {
    npm({ scripts: true });
    command('process.on("SIGTERM", () => process.exit(7)); setInterval(() => {}, 1000); console.log("ready");');
    const child = spawn(process.execPath, [`${clone}/lab/start.mjs`, 'ecluse'], { env: environment(), stdio: ['ignore', 'pipe', 'ignore'] });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    child.kill('SIGTERM');
    expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(7);
  });
});
