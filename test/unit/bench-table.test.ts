import { describe, expect, it } from '@jest/globals';
import { type Load, loads } from '../../bench/load.ts';
import type { Summary } from '../../bench/rounds.ts';
import { ceilingLines, type Section, tableLines } from '../../bench/table.ts';

const small = loads[0] as Load;
const traffic = { sourceBytes: 78 * 2 ** 20, targetBytes: 156 * 2 ** 20, requests: 15_006, storesCpuSeconds: 0.44 };
const row: Summary = { row: 'rclone', rate: 2500, cpuSeconds: 1.5, peakRssBytes: 100 * 2 ** 20, traffic, runs: [] };
const section = (ceilingSeconds: number): Section => ({
  place: 'null',
  load: small,
  transfers: 32,
  ceiling: { seconds: ceilingSeconds, cpuSeconds: 0.1, storesCpuSeconds: 0.2 },
  rows: [row],
});

describe('tableLines', () => {
  it('aligns every line and leaves no cell empty', () => {
    const lines = tableLines([section(0.2)]);
    expect(new Set(lines.map((line) => line.length)).size).toBe(1);
    expect(lines[2]).toContain('rclone, N = 32');
    expect(lines[2]).toMatch(/2500 +objects\/s +1\.50 +100 +78 +156 +15006 +0\.44 +– +–$/);
  });

  it('shows the ceiling of the stores before the clients', () => {
    expect(tableLines([section(0.2)])[1]).toMatch(/ceiling.* 25000 +objects\/s +0\.10 .* 0\.20 /);
  });
});

describe('ceilingLines', () => {
  it('says that the stores are fast enough, or warns', () => {
    expect(ceilingLines([section(0.2)])[0]).toContain('10.0 × the fastest client: the stores are not');
    expect(ceilingLines([section(1.9)])[0]).toContain('1.1 × the fastest client: THE STORES MAY BE');
  });
});
