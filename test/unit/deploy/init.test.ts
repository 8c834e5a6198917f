import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { containerOwner, deploymentFiles, deploymentFolders } from '../../../deploy/deployment.ts';
import { Config } from '../../../src/model/config.ts';
import { root, service, text } from './compose-file.ts';

const files = deploymentFiles({ uid: 1, gid: 1 }, (sizeBytes) => Buffer.alloc(sizeBytes));
let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'écluse init '));
  writeFileSync(join(folder, 'docker-compose.yml'), '');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const init = (...options: string[]) => spawnSync(process.execPath, [join(root, 'deploy/init.ts'), '--folder', folder, ...options], { encoding: 'utf8' });
const read = (path: string): string => readFileSync(join(folder, path), 'utf8');
const modeOf = (path: string): number => statSync(join(folder, path)).mode & 0o777;
const everything = (): Record<string, string> => Object.fromEntries(files.map(({ path }) => [path, read(path)]));

describe('deploy:init', () => {
  it('makes every file with its mode, for an owner who is not root', () => {
    const { status, stdout } = init();
    expect(status).toBe(0);
    for (const name of deploymentFolders) expect([name, modeOf(name)]).toEqual([name, 0o700]);
    for (const { path, mode } of files) {
      expect([path, modeOf(path)]).toEqual([path, mode]);
      expect(statSync(join(folder, path)).uid).toBe(process.getuid?.() || containerOwner.uid);
      expect(stdout).toContain(path);
    }
    expect(read('.env')).toContain(`ECLUSE_UID=${process.getuid?.() || containerOwner.uid}\n`);
    for (const { path, mode } of files.filter(({ path }) => path.startsWith('deploy/secrets/'))) expect([path, mode]).toEqual([path, 0o600]);
  });

  it('makes secrets of 32 random bytes, other ones each time', () => {
    init();
    const first = everything();
    for (const { path } of files) rmSync(join(folder, path));
    init();
    expect(Buffer.from(read('deploy/secrets/postgres.password'), 'base64url')).toHaveLength(32);
    expect(Buffer.from(read('deploy/secrets/reference.key').trim(), 'base64')).toHaveLength(32);
    expect(read('deploy/secrets/postgres.password')).not.toBe(first['deploy/secrets/postgres.password']);
    expect(read('deploy/secrets/reference.key')).not.toBe(first['deploy/secrets/reference.key']);
  });

  it('refuses a second time with exit 2, names the files and what to do, and changes nothing', () => {
    init();
    const first = everything();
    const { status, stderr, stdout } = init();
    expect(status).toBe(2);
    for (const { path } of files) expect(stderr).toContain(path);
    expect(stderr).toContain('--missing');
    expect(stdout).toBe('');
    expect(everything()).toEqual(first);
  });

  it('writes nothing at all when one file is there', () => {
    writeFileSync(join(folder, '.env'), 'MINE=1\n');
    const { status, stderr } = init();
    expect([status, read('.env')]).toEqual([2, 'MINE=1\n']);
    expect(stderr).not.toContain('  deploy/secrets/postgres.password');
    expect(() => statSync(join(folder, 'deploy'))).toThrow();
  });

  it('makes only what is missing when told to', () => {
    init();
    const first = everything();
    rmSync(join(folder, 'deploy/secrets/reference.key'));
    expect(init('--missing').status).toBe(0);
    const second = everything();
    expect(second['deploy/secrets/reference.key']).not.toBe(first['deploy/secrets/reference.key']);
    expect({ ...second, 'deploy/secrets/reference.key': '' }).toEqual({ ...first, 'deploy/secrets/reference.key': '' });
  });

  it('prints no secret', () => {
    const { stdout, stderr } = init();
    for (const path of ['deploy/secrets/postgres.password', 'deploy/secrets/reference.key']) expect(stdout + stderr).not.toContain(read(path).trim());
  });

  it('makes no signing key: that is for "ledger init" in the container of the ledger worker, and says so', () => {
    const { stdout } = init('--missing');
    expect(readdirSync(join(folder, 'deploy/secrets/ledger'))).toEqual([]);
    expect(stdout).toContain('docker compose run --rm --no-deps ledger ledger init');
    writeFileSync(join(folder, 'deploy/secrets/ledger/policy.json'), '{}');
    init('--missing');
    expect(read('deploy/secrets/ledger/policy.json')).toBe('{}');
  });

  it('explains itself, and refuses what it does not know or a folder that is not the project', () => {
    expect(init('--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('--missing') });
    expect(init('--force')).toMatchObject({ status: 2, stderr: expect.stringContaining('--force') });
    rmSync(join(folder, 'docker-compose.yml'));
    expect(init()).toMatchObject({ status: 2, stderr: expect.stringContaining('no docker-compose.yml') });
  });
});

describe('what it makes', () => {
  it('is a valid ecluse.yaml that fits docker-compose.yml', () => {
    init();
    const config = Config.parse(parse(read('deploy/project/ecluse.yaml')));
    const { environment, volumes = [] } = service('control');
    expect(config.temporal).toMatchObject({ address: environment.TEMPORAL_ADDRESS, namespace: environment.TEMPORAL_NAMESPACE });
    const targets = volumes.map((volume) => (typeof volume === 'string' ? volume : volume.target));
    expect(targets).toContain('/var/lib/ecluse/depot');
    expect(config.depot).toEqual({ folder: '/var/lib/ecluse/depot' });
    expect(config.ledger.sqlite?.startsWith('/var/lib/ecluse/ledger/')).toBe(true);
    // Keys and policy: where the ledger worker alone has a folder, which stands under deploy/secrets.
    expect(config.ledger).toMatchObject({ keys: '/var/lib/ecluse/signer/keys', policy: '/var/lib/ecluse/signer/policy.json' });
    const seen = ['control', 'transfer', 'ledger', 'ecluse'].filter((name) => JSON.stringify(service(name).volumes).includes('/var/lib/ecluse/signer'));
    expect(seen).toEqual(['ledger']);
    expect(service('ledger').volumes).toContainEqual(expect.objectContaining({ source: './deploy/secrets/ledger', target: '/var/lib/ecluse/signer' }));
    expect(config.referenceKey).toBe('/run/secrets/reference.key');
    for (const { profile } of Object.values(config.stores)) expect(read('deploy/secrets/transfer.credentials')).toContain(`[${profile}]`);
  });

  it('is ignored by git', () => {
    const ignored = text('.gitignore').split('\n');
    expect(ignored).toContain('/.env');
    for (const name of deploymentFolders) expect(ignored.some((line) => line.endsWith('/') && `${name}/`.startsWith(line))).toBe(true);
    for (const { path } of files) expect(path === '.env' || deploymentFolders.some((name) => path.startsWith(`${name}/`))).toBe(true);
  });
});
