import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import { compareBuckets } from '../../lab/compare/compare-buckets.ts';
import { oddKeys } from '../../lab/seed/keys.ts';
import { createLabStore, type LabPlace } from '../../lab/seed/lab-store.ts';
import { listObjects } from '../../lab/seed/listing.ts';
import { seedOddKeys } from '../../lab/seed/seed.ts';
import { motoStore } from '../support/stores.ts';

jest.setTimeout(60_000);

describe('the odd keys on moto’s S3', () => {
  let place: LabPlace;

  beforeAll(async () => {
    place = await motoStore();
  }, 300_000);

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
