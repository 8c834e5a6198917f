import type { Client } from './client.ts';
import { type Load, rateOf } from './load.ts';
import type { Usage } from './null-tools.ts';
import { contentsOf, controlClient, type Place, type Traffic, withTargetBucket } from './place.ts';
import { median, pairedRatio, rotated } from './statistics.ts';

/** One client's run of one load. */
export interface Run {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakRssBytes: number;
  readonly traffic: Traffic;
}

/** A line of the table: medians over the rounds, and ratios to rclone paired by round. */
export interface Summary {
  readonly row: string;
  readonly rate: number;
  readonly cpuSeconds: number;
  readonly peakRssBytes: number;
  readonly traffic: Traffic;
  readonly rateRatio?: number;
  readonly cpuRatio?: number;
  readonly runs: readonly Run[];
}

let runs = 0;

/** One run into a bucket of its own, checked for completeness and dropped. Throws when anything is missing at the target. */
export async function runOnce(place: Place, load: Load, sourceBucket: string, client: Client): Promise<Usage & { traffic: Traffic }> {
  runs += 1;
  const targetBucket = `bench-${process.pid}-${runs}`;
  return withTargetBucket(place.target, targetBucket, async () => {
    const before = await place.traffic();
    const usage = await client.copy(place, sourceBucket, targetBucket);
    const after = await place.traffic();
    const control = controlClient(place.target);
    const held = await contentsOf(control, targetBucket);
    control.destroy();
    if (held.count !== load.count || held.sizeBytes !== load.count * load.sizeBytes)
      throw new Error(`${client.row} left ${held.count} objects of ${held.sizeBytes} bytes in all at the target: not the load`);
    return { ...usage, traffic: difference(before, after) };
  });
}

/** Rounds of every client after another, each round begun by the next one. */
export async function runRounds(place: Place, load: Load, sourceBucket: string, clients: readonly Client[], rounds: number): Promise<readonly Summary[]> {
  const measured = new Map<string, Run[]>(clients.map(({ row }) => [row, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const client of rotated(clients, round)) {
      const usage = await runOnce(place, load, sourceBucket, client);
      measured.get(client.row)?.push({
        seconds: usage.workSeconds,
        cpuSeconds: usage.userSeconds + usage.sysSeconds,
        peakRssBytes: usage.peakRssBytes,
        traffic: usage.traffic,
      });
    }
  }
  return summarise(load, measured);
}

function summarise(load: Load, measured: ReadonlyMap<string, readonly Run[]>): readonly Summary[] {
  const peer = measured.get('rclone');
  return [...measured].map(([row, runs]) => {
    return {
      row,
      rate: rateOf(load, median(runs.map(({ seconds }) => seconds))),
      cpuSeconds: median(runs.map(({ cpuSeconds }) => cpuSeconds)),
      peakRssBytes: median(runs.map(({ peakRssBytes }) => peakRssBytes)),
      runs,
      traffic: medianTraffic(runs.map(({ traffic }) => traffic)),
      ...(peer && row !== 'rclone' && ratios(runs, peer)),
    };
  });
}

/** A rate's ratio is the inverse of the seconds'. */
function ratios(ours: readonly Run[], peer: readonly Run[]): { rateRatio: number; cpuRatio: number } {
  const of = (runs: readonly Run[], field: 'seconds' | 'cpuSeconds'): number[] => runs.map((run) => run[field]);
  return { rateRatio: pairedRatio(of(peer, 'seconds'), of(ours, 'seconds')), cpuRatio: pairedRatio(of(ours, 'cpuSeconds'), of(peer, 'cpuSeconds')) };
}

const mapTraffic = (value: (field: keyof Traffic) => number): Traffic => ({
  sourceBytes: value('sourceBytes'),
  targetBytes: value('targetBytes'),
  requests: value('requests'),
  storesCpuSeconds: value('storesCpuSeconds'),
});

const difference = (before: Traffic, after: Traffic): Traffic => mapTraffic((field) => after[field] - before[field]);

const medianTraffic = (all: readonly Traffic[]): Traffic => mapTraffic((field) => median(all.map((traffic) => traffic[field])));
