import { describe, expect, it } from '@jest/globals';
import { median, pairedRatio, rotated } from '../../bench/statistics.ts';

describe('median', () => {
  it('is the middle of an odd number of values, in whatever order', () => {
    expect(median([9, 1, 5])).toBe(5);
  });

  it('is the mean of the two in the middle of an even number', () => {
    expect(median([10, 1, 2, 4])).toBe(3);
  });

  it('compares numbers as numbers', () => {
    expect(median([100, 9, 20])).toBe(20);
  });

  it('leaves its argument as it was', () => {
    const values = [3, 1, 2];
    median(values);
    expect(values).toEqual([3, 1, 2]);
  });

  it('invents nothing for no values', () => {
    expect(() => median([])).toThrow(RangeError);
  });
});

describe('pairedRatio', () => {
  it('compares each round with itself: one slow minute for both changes nothing', () => {
    expect(pairedRatio([2, 20, 2], [1, 10, 1])).toBe(2);
  });

  it('is the median of the ratios, not the ratio of the medians', () => {
    expect(pairedRatio([1, 4, 9], [1, 1, 9])).toBe(1);
  });

  it('refuses rounds that have no partner', () => {
    expect(() => pairedRatio([1, 2], [1])).toThrow(RangeError);
  });
});

describe('rotated', () => {
  it('lets another client begin each round', () => {
    expect([0, 1, 2, 3].map((round) => rotated(['a', 'b', 'c'], round).join(''))).toEqual(['abc', 'bca', 'cab', 'abc']);
  });

  it('accepts an empty list', () => {
    expect(rotated([], 3)).toEqual([]);
  });
});
