import { describe, expect, it } from '@jest/globals';
import { bytesOf, fitsWindows, gibibytesOf, outscaleLimits, targetDevice, tinaType, volumeProblems } from '../../../src/core/outscale-limits.ts';

describe('targetDevice', () => {
  it('names each disk that a machine may have, root first', () => {
    const names = Array.from({ length: outscaleLimits.volumesPerMachine }, (_, index) => targetDevice(index));
    expect([names[0], names[1], names[25], names[26], names[39]]).toEqual(['/dev/sda1', '/dev/xvdb', '/dev/xvdz', '/dev/xvdba', '/dev/xvdbn']);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names.slice(1)) expect(name).toMatch(/^\/dev\/xvd[b-z][a-z]?$/);
    expect(targetDevice(52)).toBe('/dev/xvdca');
  });
});

describe('sizes', () => {
  it('are whole GiB, rounded up', () => {
    expect([1, bytesOf(1), bytesOf(1) + 1, bytesOf(14_901)].map(gibibytesOf)).toEqual([1, 1, 2, 14_901]);
  });
});

describe('volumeProblems', () => {
  const problems = (gibibytes: number, volumeType: 'standard' | 'gp2' | 'io1', iops?: number) =>
    volumeProblems({ sizeBytes: bytesOf(gibibytes), volumeType, ...(iops === undefined ? {} : { iops }) });

  it('lets through what the API takes', () => {
    for (const one of [problems(1, 'gp2'), problems(14_901, 'standard'), problems(4, 'io1', 1200), problems(100, 'io1', 13_000)]) expect(one).toEqual([]);
  });

  it('names everything that it refuses', () => {
    expect(problems(14_902, 'gp2')).toEqual(['too large']);
    expect(problems(0, 'gp2')).toEqual(['too small']);
    expect(problems(3, 'io1', 901)).toEqual(['too small', 'too many iops for its size']);
    expect(problems(100, 'io1', 13_001)).toEqual(['too many iops']);
    expect(problems(100, 'io1')).toEqual(['iops missing']);
    expect(problems(100, 'gp2', 100)).toEqual(['iops not provisioned']);
  });
});

describe('types of machines', () => {
  it('say generation, cores and memory', () => {
    expect(tinaType('tinav5.c4r8p2')).toEqual({ generation: 5, cores: 4, memoryGibibytes: 8 });
    expect(tinaType('tinav6.c78r468')).toEqual({ generation: 6, cores: 78, memoryGibibytes: 468 });
    for (const other of ['t2.small', 'tinav5.c4', 'tinav5.c4r8p9']) expect(tinaType(other)).toBeUndefined();
  });

  it('fit Windows from v3 with 2 cores and 4 GiB', () => {
    expect(['tinav3.c2r4p1', 'tinav2.c2r4', 'tinav5.c1r4', 'tinav5.c2r3', 't2.small'].map(fitsWindows)).toEqual([true, false, false, false, 'unknown']);
  });
});
