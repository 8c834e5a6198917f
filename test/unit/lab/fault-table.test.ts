import { describe, expect, it } from '@jest/globals';
import { createFaultTable, internalError, slowDown } from '../../../lab/proxy/fault.ts';

const get = (key: string) => ({ operation: 'GetObject', bucket: 'b', key });
const put = { operation: 'PutObject', bucket: 'b', key: 'k' };

describe('createFaultTable', () => {
  it('hits only the operations and keys it names', () => {
    const table = createFaultTable([{ operations: ['GetObject'], key: (key) => key === 'k', action: slowDown }], () => 0);
    expect(table.next(put)).toBeUndefined();
    expect(table.next(get('other'))).toBeUndefined();
    expect(table.next(get('k'))).toBe(slowDown);
  });

  it('begins at the nth match and ends after so many', () => {
    const table = createFaultTable([{ operations: ['GetObject'], from: 2, times: 2, action: slowDown }], () => 0);
    expect([1, 2, 3, 4].map(() => table.next(get('k')) !== undefined)).toEqual([false, true, true, false]);
    expect(table.hits()).toEqual([2]);
  });

  it('ends a while after the first match', () => {
    let now = 5_000;
    const table = createFaultTable([{ forMs: 1_000, action: slowDown }], () => now);
    expect(table.next(put)).toBe(slowDown);
    now = 5_999;
    expect(table.next(put)).toBe(slowDown);
    now = 6_000;
    expect(table.next(put)).toBeUndefined();
  });

  it('hands out the first fault in force, and counts matches of the others', () => {
    const faults = [
      { times: 1, action: slowDown },
      { from: 2, times: 1, action: internalError },
    ];
    const table = createFaultTable(faults, () => 0);
    expect([1, 2, 3].map(() => table.next(put))).toEqual([slowDown, internalError, undefined]);
    expect(table.hits()).toEqual([1, 1]);
  });

  it('refuses only what is beyond the rate', () => {
    let now = 0;
    const table = createFaultTable([{ action: { kind: 'throttle', requestsPerSecond: 2 } }], () => now);
    const isRefused = () => table.next(put) !== undefined;
    expect([isRefused(), isRefused(), isRefused()]).toEqual([false, false, true]);
    now = 500;
    expect([isRefused(), isRefused()]).toEqual([false, true]);
    now = 60_000;
    expect([isRefused(), isRefused(), isRefused()]).toEqual([false, false, true]);
  });
});
