import type { GoalResult } from './goals.ts';
import type { Host } from './host.ts';
import { type Load, rateOf } from './load.ts';
import type { Ceiling } from './null-tools.ts';
import type { Place } from './place.ts';
import { rcloneFlags } from './rclone.ts';
import type { Summary } from './rounds.ts';

/** All that was measured of one load between one pair of stores. */
export interface Section {
  readonly place: Place['name'];
  readonly load: Load;
  readonly transfers: number;
  /** Only between null stores: what they reach without a client worth the name. */
  readonly ceiling?: Ceiling & { readonly storesCpuSeconds: number };
  readonly rows: readonly Summary[];
}

const bottleneckMargin = 1.5; // client and stores share the cores, so a fast client takes them from the stores

const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);

export function headerLines(host: Host, rclone: string, rounds: number): readonly string[] {
  const hash = `SHA-256 ${host.hashMibPerSecond.toFixed(0)} MiB/s per core, ${host.hasShaExtensions ? 'with' : 'without'} SHA extensions`;
  return [
    `${host.processor}, ${host.cores} cores; ${hash}`,
    `${host.platform}, Node ${host.node}, ${rclone}, load average ${host.loadAverage.map((value) => value.toFixed(2)).join(' ')}`,
    `rclone copy ${rcloneFlags('N').join(' ')}, AWS_CA_BUNDLE unset; N is tuned for each load and place`,
    `medians of ${rounds} alternating rounds; ratios are medians of the rounds’ own ratios to rclone`,
  ];
}

const columns = ['load', 'client', 'rate', 'unit', 'CPU s', 'peak RSS MiB', 'source MiB', 'target MiB', 'requests', 'stores’ CPU s', 'rate ratio', 'CPU ratio'];

/** The table of one place. `–` stands where there is nothing to compare with. */
export function tableLines(sections: readonly Section[]): readonly string[] {
  const cells = [columns, ...sections.flatMap((section) => [...ceilingCells(section), ...section.rows.map((row) => rowCells(section, row))])];
  const widths = columns.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)));
  return cells.map((line) => line.map((cell, column) => (column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  '));
}

function rowCells({ load, transfers }: Section, row: Summary): readonly string[] {
  const name = row.row === 'rclone' ? `rclone, N = ${transfers}` : row.row;
  return [
    load.title,
    name,
    row.rate.toFixed(0),
    load.unit,
    row.cpuSeconds.toFixed(2),
    mebibytes(row.peakRssBytes),
    mebibytes(row.traffic.sourceBytes),
    mebibytes(row.traffic.targetBytes),
    row.traffic.requests.toFixed(0),
    row.traffic.storesCpuSeconds.toFixed(2),
    row.rateRatio ? `${row.rateRatio.toFixed(2)} ×` : '–',
    row.cpuRatio ? `${row.cpuRatio.toFixed(2)} ×` : '–',
  ];
}

function ceilingCells({ load, ceiling }: Section): readonly (readonly string[])[] {
  if (!ceiling) return [];
  const rate = rateOf(load, ceiling.seconds).toFixed(0);
  return [
    [load.title, '(ceiling of the stores)', rate, load.unit, ceiling.cpuSeconds.toFixed(2), '–', '–', '–', '–', ceiling.storesCpuSeconds.toFixed(2), '–', '–'],
  ];
}

/** How far the stores' ceiling stands above the fastest client of each load: near 1, the stores and not the clients would be measured. */
export function ceilingLines(sections: readonly Section[]): readonly string[] {
  return sections.flatMap(({ load, ceiling, rows }) => {
    if (!ceiling) return [];
    const margin = rateOf(load, ceiling.seconds) / Math.max(...rows.map(({ rate }) => rate));
    const verdict = margin >= bottleneckMargin ? 'the stores are not the bottleneck' : 'THE STORES MAY BE THE BOTTLENECK';
    return [`${load.title}: ceiling ${margin.toFixed(1)} × the fastest client: ${verdict}`];
  });
}

export const goalLines = (results: readonly GoalResult[]): readonly string[] =>
  results.map(({ verdict, goal, detail }) => `${verdict.padEnd(12)}  ${goal}${detail ? ` (${detail})` : ''}`);
