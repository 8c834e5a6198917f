import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { isRunning, type ProcessRecord } from '../../lab/process.ts';
import { createLabStore } from '../../lab/seed/lab-store.ts';
import { runFolder } from '../support/run.ts';
import { describeStores } from '../support/stores.ts';

type LabModule = typeof import('../../lab/lab.ts');

jest.setTimeout(90_000);

/** A lab of this suite's own, so that one that somebody uses is left alone. */
const folder = mkdtempSync(`${runFolder()}/lab-`);

interface Noted {
  readonly servers: Record<string, { record?: ProcessRecord; ports: number[] }>;
  readonly workers: readonly { role: string; record: ProcessRecord }[];
}
const noted = (): Noted => JSON.parse(readFileSync(`${folder}/state.json`, 'utf8')) as Noted;
const pids = (): readonly (number | undefined)[] => Object.values(noted().servers).map(({ record }) => record?.pid);
const portOf = (name: string): number => noted().servers[name]?.ports[0] ?? 0;

/** Answers when it is gone: the signal returns before the process ends. */
async function kill(record: ProcessRecord | undefined): Promise<void> {
  if (!record) throw new Error('nothing to kill');
  process.kill(record.pid, 'SIGKILL');
  while (isRunning(record)) await pause(5);
}

function listen(port: number): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer().listen(port, '127.0.0.1', () => resolve(server));
  });
}

describeStores('the lab', () => {
  let lab: LabModule;

  beforeAll(async () => {
    // The folder is read when the module is loaded, and the support of the suites has loaded it already.
    process.env.ECLUSE_LAB_FOLDER = folder;
    jest.resetModules();
    lab = await import('../../lab/lab.ts');
  });

  afterAll(async () => {
    await lab.down();
    delete process.env.ECLUSE_LAB_FOLDER;
    rmSync(folder, { recursive: true, force: true });
  });

  it('comes up once, and a second time reuses all of it within 3 s', async () => {
    await lab.up({ workers: false });
    const first = pids();
    const begun = performance.now();
    await lab.up({ workers: false });
    expect(performance.now() - begun).toBeLessThan(3_000);
    expect(pids()).toEqual(first);
  });

  it('heals on the same ports after its servers were killed, and the stores keep what they held', async () => {
    const { stores } = await lab.up({ workers: false });
    const store = createLabStore(stores.source, { connections: 1 });
    await store.call({ method: 'PUT', bucket: 'kept' });
    await store.call({ method: 'PUT', bucket: 'kept', key: 'é', body: Buffer.from('here') });
    store.close();
    const before = noted().servers;
    await kill(before.source?.record);
    await kill(before.temporal?.record);
    expect((await lab.status()).servers.filter(({ isUp }) => isUp).map(({ name }) => name)).toEqual(['target']);

    const healed = await lab.up({ workers: false });
    expect([portOf('source'), portOf('temporal')]).toEqual([before.source?.ports[0], before.temporal?.ports[0]]);
    expect(noted().servers.target?.record).toEqual(before.target?.record);
    const again = createLabStore(healed.stores.source, { connections: 1 });
    expect((await again.call({ method: 'GET', bucket: 'kept', key: 'é' })).body.toString()).toBe('here');
    again.close();
  });

  it('takes the next free port when its own was taken while it was down, and still holds its data', async () => {
    await lab.up({ workers: false });
    await lab.down();
    expect((await lab.status()).servers.some(({ isUp }) => isUp)).toBe(false);
    const port = portOf('source');
    const intruder = await listen(port);
    const { stores } = await lab.up({ workers: false });
    intruder.close();
    expect(portOf('source')).not.toBe(port);
    const store = createLabStore(stores.source, { connections: 1 });
    expect((await store.call({ method: 'GET', bucket: 'kept', key: 'é' })).body.toString()).toBe('here');
    store.close();
  });

  it('stops what it started when it is interrupted, and leaves what ran before', async () => {
    await lab.up({ workers: false });
    const before = noted().servers;
    await kill(before.source?.record);
    const interrupted = new AbortController();
    const coming = lab.up({ workers: false, signal: interrupted.signal });
    setTimeout(() => interrupted.abort(), 800);
    await expect(coming).rejects.toThrow();
    expect((await lab.status()).servers.map(({ name, isUp }) => [name, isUp])).toEqual([
      ['temporal', true],
      ['source', false],
      ['target', true],
    ]);
    expect(readdirSync(folder)).not.toContain('lock');
  });

  it('runs the workers of every role, and replaces only the one that died', async () => {
    const { workers } = await lab.up({ workers: true });
    expect(workers.map(({ role }) => role).sort()).toEqual(['control', 'ledger', 'transfer', 'transfer']);
    const victim = workers.find(({ role }) => role === 'transfer');
    await kill(victim?.record);
    const healed = await lab.up({ workers: true });
    const survivors = workers.filter((worker) => worker !== victim).map(({ record }) => record.pid);
    expect(healed.workers.map(({ record }) => record.pid)).toEqual(expect.arrayContaining(survivors));
    expect(healed.workers).toHaveLength(4);
    expect(healed.workers.map(({ record }) => record.pid)).not.toContain(victim?.record.pid);
  });
});

describe('the lab’s environment', () => {
  it('hides proxies, clouds and servers of the machine, and keeps the rest', async () => {
    const { labEnvironment } = await import('../../lab/environment.ts');
    const from = {
      PATH: '/bin',
      AWS_PROFILE: 'prod',
      https_proxy: 'http://p:1',
      HTTP_PROXY: 'x',
      TEMPORAL_ADDRESS: 'far:7233',
      NO_PROXY: '*',
      ECLUSE_LOG: 'debug',
    };
    expect(labEnvironment({ HOME: '/h' }, from)).toEqual({ PATH: '/bin', ECLUSE_LOG: 'debug', HOME: '/h' });
  });
});
