import { type ChildProcess, spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { compareBuckets } from '../../lab/compare/compare-buckets.ts';
import { oddKeys } from '../../lab/seed/keys.ts';
import { createLabStore } from '../../lab/seed/lab-store.ts';
import { listObjects } from '../../lab/seed/listing.ts';
import { seedOddKeys } from '../../lab/seed/seed.ts';

const motoBinary = process.env.ECLUSE_MOTO_BIN;
const withMoto = motoBinary === undefined ? describe.skip : describe;
if (motoBinary === undefined) console.warn('skipped: ECLUSE_MOTO_BIN names no moto_server');

jest.setTimeout(60_000);

withMoto('the odd keys on moto’s S3', () => {
  const port = 19_000 + (process.pid % 900);
  const place = { endpoint: `http://127.0.0.1:${port}`, accessKey: 'test', secretKey: 'test', region: 'us-east-1' };
  let moto: ChildProcess;

  beforeAll(async () => {
    moto = spawn(motoBinary ?? '', ['-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' });
    const isUp = (): Promise<boolean> =>
      fetch(`${place.endpoint}/moto-api/data.json`).then(
        (answer) => answer.ok,
        () => false,
      );
    while (moto.exitCode === null && !(await isUp())) await new Promise((resolve) => setTimeout(resolve, 200));
  });

  afterAll(async () => {
    const ended = new Promise((resolve) => moto.once('exit', resolve));
    moto.kill('SIGKILL');
    await ended;
  });

  it('are kept exactly, and found again', async () => {
    expect(await seedOddKeys({ ...place, bucket: 'odd' })).toMatchObject({ objects: oddKeys.length, written: oddKeys.length });
    expect(await seedOddKeys({ ...place, bucket: 'odd' })).toMatchObject({ written: 0, removed: 0 });
    const store = createLabStore(place, { connections: 1 });
    const keys = (await listObjects(store, 'odd')).map(({ key }) => key);
    store.close();
    expect([...keys].sort()).toEqual([...oddKeys].sort());
  });

  it('are compared one by one', async () => {
    await seedOddKeys({ ...place, bucket: 'odd-copy' });
    const [a, b] = [
      { ...place, bucket: 'odd' },
      { ...place, bucket: 'odd-copy' },
    ];
    expect(await compareBuckets(a, b)).toMatchObject({ compared: oddKeys.length, differences: [] });
    const store = createLabStore(place, { connections: 1 });
    await store.call({ method: 'DELETE', bucket: 'odd-copy', key: 'a//b' });
    store.close();
    expect((await compareBuckets(a, b)).differences).toEqual([{ key: 'a//b', version: 0, what: 'only in a' }]);
  });
});
