import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { hasRoom, imageBytesOf, largestPartBytes, leastPartBytes, partsOfPass, planLayout, slotOffset } from '../../../src/image/index.ts';
import { blockBytes } from '../../../src/model/disk.ts';

const [MiB, GiB, TiB] = [2 ** 20, 2 ** 30, 2 ** 40];

describe('the layout of an image', () => {
  it('puts slots behind the metadata of the whole disk, in whole clusters', () => {
    const layout = planLayout({ sizeBytes: GiB, slots: 100, partCount: 10_000 });
    expect(layout).toEqual({ sizeBytes: GiB, reservedSlots: 2048 + 100, dataOffset: 5 * MiB, partBytes: 16 * MiB });
    expect(slotOffset(layout, 3)).toBe(5 * MiB + 3 * blockBytes);
    expect(imageBytesOf(layout, 100)).toBe(55 * MiB);
  });

  it('spends 24 MiB of metadata on a full disk of 1 TiB with as much again in reserve, and the same part count for a rewrite of all of it', () => {
    const full = TiB / blockBytes;
    const layout = planLayout({ sizeBytes: TiB, slots: full, partCount: 10_000 });
    expect(layout.dataOffset).toBe((2 + 17 + 1 + 32) * blockBytes);
    expect(hasRoom(layout, 2 * full, 10_000, full)).toBe(true);
    expect(hasRoom(layout, 2 * full + 1, 10_000, full)).toBe(false); // no refcounts
    expect(hasRoom(layout, full, 1_000)).toBe(false); // another target's part count
  });

  it('refuses what no part size can hold, and a disk that is not of whole blocks', () => {
    const slots = (16 * TiB) / blockBytes;
    expect(() => planLayout({ sizeBytes: 16 * TiB, slots, partCount: 1_000 })).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }));
    expect(planLayout({ sizeBytes: 16 * TiB, slots, partCount: 10_000 }).partBytes).toBeLessThan(largestPartBytes);
    expect(() => planLayout({ sizeBytes: GiB + 1, slots: 0, partCount: 10_000 })).toThrow(RangeError);
  });

  it('cuts every pass into parts that S3 takes and that cover the file without gap', () => {
    const cases = fc.record({
      blocks: fc.integer({ min: 1, max: 2 ** 22 }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
      rewritten: fc.double({ min: 0, max: 1, noNaN: true }),
      partCount: fc.constantFrom(1_000, 10_000),
    });
    fc.assert(
      fc.property(cases, ({ blocks, share, rewritten, partCount }) => {
        const slots = Math.floor(blocks * share);
        const layout = planLayout({ sizeBytes: blocks * blockBytes, slots, partCount });
        const fresh = Math.floor(slots * rewritten);
        const passes = [
          { firstSlot: 0, slots },
          { firstSlot: slots, slots: slots + fresh },
        ];
        for (const pass of passes) {
          expect(hasRoom(layout, pass.slots, partCount, pass.firstSlot)).toBe(true);
          const { head, taken, data } = partsOfPass(layout, pass.firstSlot, pass.slots);
          let at = 0;
          for (const range of [...head, ...taken]) {
            expect(range.start).toBe(at);
            expect(range.lengthBytes % blockBytes).toBe(0);
            expect(range.lengthBytes).toBeLessThanOrEqual(largestPartBytes);
            if (slots >= 10) expect(range.lengthBytes).toBeGreaterThanOrEqual(leastPartBytes);
            at += range.lengthBytes;
          }
          expect(at).toBe(slotOffset(layout, pass.firstSlot));
          expect(data * layout.partBytes).toBeGreaterThanOrEqual((pass.slots - pass.firstSlot) * blockBytes);
        }
      }),
    );
  });
});
