import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodeSegment, encodeSegment, type MapSegment, mergeSegment, placeOf } from '../../../src/image/index.ts';
import { segmentBlocks } from '../../../src/model/disk.ts';

const segmentOf = (entries: readonly (readonly [number, number])[]): MapSegment => ({
  blocks: Uint32Array.from(entries.map(([block]) => block)),
  slots: Float64Array.from(entries.map(([, slot]) => slot)),
});
const entriesOf = ({ blocks, slots }: MapSegment): [number, number][] => [...blocks].map((block, n) => [block, slots[n] ?? -1]);
const ascending = fc.uniqueArray(fc.integer({ min: 0, max: 60 }), { maxLength: 40 }).map((blocks) => Uint32Array.from(blocks).sort());

describe('a segment of a block map', () => {
  it('is 12 bytes a block: block (uint32 LE), slot (uint48 LE), two zero bytes', () => {
    const segment = segmentOf([
      [1, 5],
      [segmentBlocks - 1, 2 ** 47 + 2 ** 32 + 3],
    ]);
    const bytes = encodeSegment(segment);
    expect(bytes.toString('hex')).toBe('010000000500000000000000ffff000003000000018000' + '00');
    expect(decodeSegment(bytes)).toEqual(segment);
  });

  it('is refused when it is cut, or its blocks do not ascend within the segment', () => {
    const wrong = [
      [
        [2, 0],
        [2, 1],
      ],
      [
        [2, 0],
        [1, 1],
      ],
      [[segmentBlocks, 0]],
    ] as const;
    for (const entries of wrong) expect(() => decodeSegment(encodeSegment(segmentOf(entries)))).toThrow(RangeError);
    expect(() => decodeSegment(Buffer.alloc(13))).toThrow(RangeError);
  });

  it('takes a pass in as a map would: changed blocks move to new slots, cleared ones go, the rest stays', () => {
    fc.assert(
      fc.property(ascending, ascending, ascending, (old, changed, cleared) => {
        const before = segmentOf([...old].map((block, slot) => [block, slot]));
        const expected = new Map(entriesOf(before));
        const gone = [...cleared].filter((block) => expected.has(block) && !changed.includes(block));
        for (const block of gone) expected.delete(block);
        for (const [n, block] of changed.entries()) expected.set(block, 100 + n);
        const merged = mergeSegment(before, changed, 100, cleared);
        expect(entriesOf(merged.segment)).toEqual([...expected].sort(([a], [b]) => a - b));
        expect(merged.cleared).toBe(gone.length);
        for (let block = 0; block <= 61; block += 1) expect(placeOf(merged.segment, block) >= 0).toBe(expected.has(block));
      }),
    );
  });
});
