import { describe, expect, it } from '@jest/globals';
import { MigrationError } from '../../../src/core/migration-error.ts';
import { openBucketDepot } from '../../../src/depot/bucket.ts';
import { keyedStore } from './keyed-store.ts';

const lost = (): never => {
  throw new MigrationError('UNAVAILABLE', { operation: 'PutObject', retryAfterMs: 0 });
};

describe('a depot in a bucket', () => {
  it('knows its own segment when the answer was lost and the write was sent again', async () => {
    const store = keyedStore();
    const { put } = store;
    // As the wire does it: the first write took effect, its answer was lost, the second was refused.
    store.put = async (...call) => {
      await put(...call);
      return put(...call);
    };
    const journal = openBucketDepot(store, '').journal('a');
    await journal.append(0, Buffer.from('rows'));
    expect((await journal.read()).map(String)).toEqual(['rows']);
    await expect(openBucketDepot(store, '').journal('a').append(0, Buffer.from('rows'))).rejects.toMatchObject({ code: 'FENCED' });
  });

  it('reads again when a connection is lost, and not for ever', async () => {
    const store = keyedStore();
    const depot = openBucketDepot(store, '');
    const digest = await depot.put(Buffer.from('bytes'));
    let faults = 2;
    store.fault = (operation, moment) => operation === 'read' && moment === 'after' && faults-- > 0 && lost();
    expect(String(await depot.get(digest))).toBe('bytes');
    faults = 99;
    await expect(depot.get(digest)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(faults).toBe(96);
  });

  it('does not try again what a person must mend', async () => {
    const store = keyedStore();
    let asked = 0;
    store.fault = () => {
      asked += 1;
      throw new MigrationError('CREDENTIALS_REFUSED', { operation: 'ListObjectsV2' });
    };
    await expect(openBucketDepot(store, '').journal('a').read()).rejects.toMatchObject({ code: 'CREDENTIALS_REFUSED' });
    expect(asked).toBe(1);
  });

  it('says DEPOT_FULL when the quota is used up', async () => {
    const store = keyedStore();
    store.fault = () => {
      throw new MigrationError('QUOTA_EXCEEDED', { operation: 'PutObject' });
    };
    await expect(openBucketDepot(store, '').put(Buffer.from('x'))).rejects.toMatchObject({ code: 'DEPOT_FULL' });
  });
});
