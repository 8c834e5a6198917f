import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { root, text } from './compose-file.ts';

const scripts = readdirSync(join(root, 'deploy')).filter((name) => name.endsWith('.sh'));
let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'écluse deploy '));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A program on PATH that writes its arguments to `calls` and then runs `body`, with `$1…` as it was called. */
function fake(name: string, body: string): void {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\necho "${name} $*" >> '${join(folder, 'calls')}'\n${body}\n`);
  chmodSync(path, 0o755);
}
const calls = (): string[] => (existsSync(join(folder, 'calls')) ? readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n') : []);
const run = (script: string, environment: Record<string, string>, ...parameters: string[]) =>
  spawnSync('/bin/sh', [join(root, 'deploy', script), ...parameters], {
    encoding: 'utf8',
    env: { PATH: `${folder}:${process.env.PATH}`, RETRY_SECONDS: '0', ...environment },
  });

describe.each(scripts)('deploy/%s', (name) => {
  it('is POSIX sh that stops at the first error', () => {
    expect(spawnSync('/bin/sh', ['-n', join(root, 'deploy', name)], { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
    expect(text(`deploy/${name}`)).toMatch(/^#!\/bin\/sh\n(#.*\n)*set -eu\n/);
  });
});

describe('schema.sh', () => {
  const start = () => {
    writeFileSync(join(folder, 'password'), 'pässword');
    return run('schema.sh', { SQL_PASSWORD_FILE: join(folder, 'password') });
  };

  it('makes and upgrades both databases, in order', () => {
    fake('temporal-sql-tool', '');
    expect(start().status).toBe(0);
    const schemas = '/etc/temporal/schema/postgresql/v12';
    expect(calls()).toEqual([
      'temporal-sql-tool --db temporal create-database',
      'temporal-sql-tool --db temporal setup-schema -v 0.0',
      `temporal-sql-tool --db temporal update-schema -d ${schemas}/temporal/versioned`,
      'temporal-sql-tool --db temporal_visibility create-database',
      'temporal-sql-tool --db temporal_visibility setup-schema -v 0.0',
      `temporal-sql-tool --db temporal_visibility update-schema -d ${schemas}/visibility/versioned`,
    ]);
  });

  it('hands the password over in the environment, never in arguments', () => {
    fake('temporal-sql-tool', `[ "$SQL_PASSWORD" = 'pässword' ]`);
    expect(start().status).toBe(0);
    expect(calls().join()).not.toContain('pässword');
  });

  it('waits for PostgreSQL, but not for ever', () => {
    fake('temporal-sql-tool', `[ "$(grep -c create-database '${join(folder, 'calls')}')" -gt 3 ]`);
    expect(start().status).toBe(0);
    fake('temporal-sql-tool', 'false');
    rmSync(join(folder, 'calls'));
    expect(start()).toMatchObject({ status: 1, stderr: expect.stringContaining('docker compose logs postgresql') });
    expect(calls()).toHaveLength(30);
  });

  it('stops when a step fails', () => {
    fake('temporal-sql-tool', '[ "$3" != setup-schema ]');
    expect(start().status).not.toBe(0);
    expect(calls()).toHaveLength(2);
  });
});

describe('namespace.sh', () => {
  const environment = {
    TEMPORAL_ADDRESS: 'temporal:7233',
    TEMPORAL_NAMESPACE: 'ecluse',
    RETENTION: '365d',
    SEARCH_ATTRIBUTES: 'EcluseWave=Int EcluseState=Keyword',
  };
  const server = (state: { healthy?: boolean; namespace?: boolean; attributes?: string }) =>
    fake(
      'temporal',
      `case "$2 $3" in
        'cluster health') ${state.healthy === false ? 'exit 1' : 'exit 0'} ;;
        'namespace describe') ${state.namespace ? 'exit 0' : 'exit 1'} ;;
        'search-attribute list') printf '${state.attributes ?? ''}' ;;
      esac`,
    );
  const changes = (): string[] => calls().filter((call) => / (create|update) /.test(call));

  it('makes the namespace and its search attributes', () => {
    server({});
    expect(run('namespace.sh', environment).status).toBe(0);
    expect(changes()).toEqual([
      'temporal operator namespace create --namespace ecluse --retention 365d',
      'temporal operator search-attribute create --namespace ecluse --name EcluseWave --type Int',
      'temporal operator search-attribute create --namespace ecluse --name EcluseState --type Keyword',
    ]);
  });

  it('finds what is there and adds only what is missing', () => {
    server({ namespace: true, attributes: '  Name        Type\\n  EcluseWave  Int  \\n  EcluseStateOld  Text\\n' });
    expect(run('namespace.sh', environment).status).toBe(0);
    expect(changes()).toEqual([
      'temporal operator namespace update --namespace ecluse --retention 365d',
      'temporal operator search-attribute create --namespace ecluse --name EcluseState --type Keyword',
    ]);
  });

  it('stops at a search attribute of another type', () => {
    server({ namespace: true, attributes: 'EcluseWave Keyword\\n' });
    expect(run('namespace.sh', environment)).toMatchObject({ status: 1, stderr: expect.stringContaining('EcluseWave is Keyword') });
  });

  it('gives up on a server that never becomes healthy', () => {
    server({ healthy: false });
    expect(run('namespace.sh', environment)).toMatchObject({ status: 1, stderr: expect.stringContaining('docker compose logs temporal') });
    expect(calls()).toHaveLength(60);
  });
});

describe('entry.sh', () => {
  it('starts a worker, or else the ecluse command, and hands over all arguments', () => {
    fake('node', '');
    run('entry.sh', {}, 'worker', 'control');
    run('entry.sh', {}, 'status', '--wave', '3');
    run('entry.sh', {});
    expect(calls().map((call) => call.trim())).toEqual([
      'node --import /app/deploy/alive.ts /app/src/workers/main.ts control',
      'node /app/src/cli/ecluse.mjs status --wave 3',
      'node /app/src/cli/ecluse.mjs',
    ]);
  });

  it('runs the command that package.json names', () => {
    expect(text('deploy/entry.sh')).toContain(`node /app/${(JSON.parse(text('package.json')) as { bin: { ecluse: string } }).bin.ecluse} `);
  });

  it.each(['src/workers/main.ts', 'src/workers/bundle.ts', 'src/cli/ecluse.mjs'])('finds %s, which the image runs', (path) => {
    expect(text('deploy/entry.sh') + text('Dockerfile')).toContain(path);
    expect(existsSync(join(root, path))).toBe(true);
  });
});

describe('alive.ts', () => {
  it('touches its file at once and lets the process end', () => {
    const file = join(folder, 'alive');
    const { status } = spawnSync(process.execPath, ['--import', join(root, 'deploy/alive.ts'), '-e', ''], { env: { ECLUSE_ALIVE_FILE: file } });
    expect(status).toBe(0);
    expect(statSync(file).isFile()).toBe(true);
  });

  it('never ends a worker, not even where it cannot write', () => {
    const { status } = spawnSync(process.execPath, ['--import', join(root, 'deploy/alive.ts'), '-e', 'process.exitCode = 7'], {
      env: { ECLUSE_ALIVE_FILE: join(folder, 'no', 'folder') },
    });
    expect(status).toBe(7);
  });
});
