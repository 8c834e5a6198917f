import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type EstimatedDisk, estimateCopy } from '../../../src/core/estimate.ts';
import { Prices } from '../../../src/model/prices.ts';

const block = 524_288;
const gibibyte = 2 ** 30;
const priced = (prices: object, rates: object = {}): Prices => Prices.parse({ v: 1, currency: 'EUR', asOf: '2026-01-01', source: 'a page', prices, rates });

describe('the estimate of a first copy', () => {
  it('counts blocks and listings of what the snapshots hold', () => {
    const estimate = estimateCopy(
      [
        { sizeBytes: 100 * gibibyte, usedBytes: 10 * gibibyte },
        { sizeBytes: gibibyte, usedBytes: 1 },
      ],
      { blocksPerSecond: 500 },
    );
    expect(estimate).toMatchObject({ isExact: true, blockRequests: 20_481, readBytes: 20_481 * block, listRequests: 4 });
    expect(estimate.hours['account quota']).toBeCloseTo(20_481 / 500 / 3600);
    expect(estimate.hours['snapshot quota']).toBeCloseTo(20_480 / 1000 / 3600);
  });

  it('is an upper bound where a disk was not listed', () => {
    expect(estimateCopy([{ sizeBytes: gibibyte }, { sizeBytes: gibibyte, usedBytes: 0 }], { blocksPerSecond: 500 })).toMatchObject({
      isExact: false,
      blockRequests: 2048,
    });
  });

  it('names the limit that binds, and those that nobody knows', () => {
    const disks = [{ sizeBytes: 100 * gibibyte }];
    expect(estimateCopy(disks, { blocksPerSecond: 500 })).toMatchObject({ binds: 'account quota', unknown: ['network', 'target'] });
    expect(estimateCopy(disks, { blocksPerSecond: 5000 })).toMatchObject({ binds: 'snapshot quota' });
    const slow = estimateCopy(disks, { blocksPerSecond: 500, prices: priced({}, { networkMebibytes: 10, targetMebibytes: 100 }) });
    expect(slow).toMatchObject({ binds: 'network', unknown: [] });
    expect(slow.hours.network).toBeCloseTo((100 * 1024) / 10 / 3600);
  });

  it('gives a sum only of what has a price, and says what has none', () => {
    const disks = [{ sizeBytes: gibibyte }];
    expect(estimateCopy(disks, { blocksPerSecond: 500 }).cost).toBeUndefined();
    expect(estimateCopy(disks, { blocksPerSecond: 500, prices: priced({}) }).cost).toBeUndefined();
    const { cost } = estimateCopy(disks, {
      blocksPerSecond: 500,
      prices: priced({ readBlock: { per: 1000, price: 0.003 }, egressGib: { per: 1, price: 0.09 } }),
    });
    expect(cost).toMatchObject({ currency: 'EUR', asOf: '2026-01-01', source: 'a page', withoutPrice: ['listBlocks'] });
    expect(cost?.sum).toBeCloseTo((2048 / 1000) * 0.003 + 0.09);
  });

  it('never grows by listing a disk, and reads whole blocks', () => {
    const disk = fc
      .nat(100_000)
      .chain((mebibytes) =>
        fc.nat(mebibytes).map((used): EstimatedDisk & { readonly usedBytes: number } => ({ sizeBytes: mebibytes * 2 ** 20, usedBytes: used * 2 ** 20 })),
      );
    fc.assert(
      fc.property(fc.array(disk, { maxLength: 5 }), (disks) => {
        const exact = estimateCopy(disks, { blocksPerSecond: 500 });
        const bound = estimateCopy(
          disks.map(({ sizeBytes }) => ({ sizeBytes })),
          { blocksPerSecond: 500 },
        );
        expect(exact.readBytes).toBeLessThanOrEqual(bound.readBytes);
        expect(exact.readBytes % block).toBe(0);
        expect(exact.readBytes).toBeGreaterThanOrEqual(disks.reduce((sum, { usedBytes }) => sum + usedBytes, 0));
      }),
    );
  });
});
