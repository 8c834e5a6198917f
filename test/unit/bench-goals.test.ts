import { describe, expect, it } from '@jest/globals';
import { type Comparison, fastHashMibPerSecond, judge } from '../../bench/goals.ts';
import { loads, rateOf } from '../../bench/load.ts';

const row = 'ecluse without verification';
const measured = (place: 'lab' | 'null', load: string, rateRatio: number, cpuRatio = 1): Comparison => ({ place, load, row, rateRatio, cpuRatio });
const verdicts = (comparisons: readonly Comparison[], hashMibPerSecond = 1650): readonly string[] =>
  judge(comparisons, hashMibPerSecond).map(({ verdict }) => verdict);

describe('judge', () => {
  it('passes what reaches every goal', () => {
    expect(verdicts([measured('lab', 'small', 0.95), measured('null', 'small', 1.01), measured('null', 'large', 1.01)])).toEqual(['PASS', 'PASS', 'PASS']);
  });

  it('fails each goal just below it: as fast as rclone is not faster', () => {
    expect(verdicts([measured('lab', 'small', 0.949), measured('null', 'small', 1), measured('null', 'large', 1)])).toEqual(['FAIL', 'FAIL', 'FAIL']);
  });

  it('never passes what was not measured', () => {
    expect(verdicts([])).toEqual(['NOT MEASURED', 'NOT MEASURED', 'NOT MEASURED']);
  });

  it('judges the row without verification only', () => {
    expect(verdicts([{ ...measured('lab', 'small', 2), row: 'ecluse' }])[0]).toBe('NOT MEASURED');
  });

  it('does not take one place for the other', () => {
    expect(verdicts([measured('null', 'small', 2)])[0]).toBe('NOT MEASURED');
  });

  it('compares CPU instead of rate on the large object where SHA-256 is slow', () => {
    const slow = fastHashMibPerSecond - 1;
    expect(verdicts([measured('null', 'large', 0.5, 1)], slow)[2]).toBe('PASS');
    expect(verdicts([measured('null', 'large', 2, 1.01)], slow)[2]).toBe('FAIL');
    expect(verdicts([measured('null', 'large', 0.5, 1)], fastHashMibPerSecond)[2]).toBe('FAIL');
  });

  it('says which figures it judged', () => {
    expect(judge([measured('lab', 'small', 1.234, 0.5)], 1650)[0]?.detail).toBe('rate 1.23 ×, CPU 0.50 ×');
  });
});

describe('rateOf', () => {
  const [small, , large] = loads;

  it('counts small objects by number and large ones by MiB', () => {
    expect(small && rateOf(small, 2)).toBe(2500);
    expect(large && rateOf(large, 2)).toBe(512);
  });
});
