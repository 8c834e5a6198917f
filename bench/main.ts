import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Client, ecluseClient, rcloneClient, rcloneTries, tuneRclone } from './client.ts';
import { probeTarget } from './ecluse-stores.ts';
import { type Comparison, type GoalResult, judge } from './goals.ts';
import { describeHost } from './host.ts';
import { startLabPlace } from './lab-place.ts';
import { type Load, loads } from './load.ts';
import { startNullPlace } from './null-place.ts';
import { buildTools, measureCeiling } from './null-tools.ts';
import { type Place, withTargetBucket } from './place.ts';
import { findRclone, type Rclone } from './rclone.ts';
import { runOnce, runRounds } from './rounds.ts';
import { ceilingLines, goalLines, headerLines, type Section, tableLines } from './table.ts';

const usage = `npm run bench [-- --quick] [-- --only null,small] [-- --json]
  --quick   2 rounds instead of 5
  --only    places (lab, null), loads (small, medium, large) and clients (rclone, verified, unverified), separated by commas
  --json    everything measured, as JSON`;

const placeNames = ['lab', 'null'] as const;
const clientNames = ['rclone', 'verified', 'unverified'] as const;

interface Options {
  readonly rounds: number;
  readonly places: readonly Place['name'][];
  readonly loads: readonly Load[];
  readonly clients: readonly (typeof clientNames)[number][];
  readonly json: boolean;
}

/** Measures, prints, and ends with 1 when a goal is missed. */
async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  buildTools();
  const rclone = await findRclone();
  const host = describeHost();
  const print = (lines: readonly string[]): void => (options.json ? undefined : console.log(lines.join('\n')));
  print([...headerLines(host, rclone.version, options.rounds), '']);
  const sections: Section[] = [];
  for (const name of options.places) {
    const place = await (name === 'lab' ? startLabPlace(rclone) : startNullPlace());
    const leave = endOnSignal(place);
    try {
      const measured: Section[] = [];
      for (const load of options.loads) measured.push(await measure(place, load, rclone, options));
      print([place.title, ...tableLines(measured), ...ceilingLines(measured), '']);
      sections.push(...measured);
    } finally {
      leave();
      await place.stop();
    }
  }
  const goals = judge(comparisons(sections), host.hashMibPerSecond);
  print(goalLines(goals));
  if (options.json) console.log(JSON.stringify({ host, rclone: rclone.version, rounds: options.rounds, sections, goals }, null, 2));
  process.exitCode = exitCode(goals);
}

/** Ctrl-C reaches the clients by itself, but the lab's stores stand in sessions of their own. */
function endOnSignal(place: Place): () => void {
  const end = (): void => {
    void place.stop().finally(() => process.exit(130));
  };
  process.once('SIGINT', end).once('SIGTERM', end);
  return () => void process.off('SIGINT', end).off('SIGTERM', end);
}

const probeBucket = 'bench-probe';

const exitCode = (goals: readonly GoalResult[]): number => (goals.some(({ verdict }) => verdict === 'FAIL') ? 1 : 0);

async function measure(place: Place, load: Load, rclone: Rclone, options: Options): Promise<Section> {
  const bucket = await place.prepare(load);
  const { transfers } = await tuneRclone(rcloneTries, (tried) => runOnce(place, load, bucket, rcloneClient(rclone, tried)));
  const scratch = mkdtempSync(join(tmpdir(), 'ecluse-bench-'));
  try {
    const makeFolder = (): string => mkdtempSync(join(scratch, 'run-'));
    const capabilities = await withTargetBucket(place.target, probeBucket, () => probeTarget(scratch, place.target, probeBucket));
    const clients: Record<(typeof clientNames)[number], Client> = {
      rclone: rcloneClient(rclone, transfers),
      verified: ecluseClient({ until: 'verified', capabilities, makeFolder }),
      unverified: ecluseClient({ until: 'copied', capabilities, makeFolder }),
    };
    const ceiling = await ceilingOf(place, load);
    const chosen = options.clients.map((name) => clients[name]);
    const rows = await runRounds(place, load, bucket, chosen, options.rounds);
    return { place: place.name, load, transfers, rows, ...(ceiling && { ceiling }) };
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** The best of three: a ceiling is what the stores can do, not what they did while a neighbour was busy. */
async function ceilingOf(place: Place, load: Load): Promise<Section['ceiling']> {
  if (place.name !== 'null') return undefined;
  const tries: NonNullable<Section['ceiling']>[] = [];
  for (let n = 0; n < 3; n += 1) {
    const before = await place.traffic();
    const ceiling = measureCeiling(place.source.endpoint, place.target.endpoint, load.count, load.sizeBytes);
    const after = await place.traffic();
    tries.push({ ...ceiling, storesCpuSeconds: after.storesCpuSeconds - before.storesCpuSeconds });
  }
  return tries.sort((a, b) => a.seconds - b.seconds)[0];
}

function comparisons(sections: readonly Section[]): readonly Comparison[] {
  return sections.flatMap(({ place, load, rows }) =>
    rows.flatMap(({ row, rateRatio, cpuRatio }) => (rateRatio && cpuRatio ? [{ place, load: load.name, row, rateRatio, cpuRatio }] : [])),
  );
}

function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({ args: [...args], options: { quick: { type: 'boolean' }, only: { type: 'string' }, json: { type: 'boolean' } } });
  const only = values.only?.split(',') ?? [];
  const known = new Set<string>([...placeNames, ...clientNames, ...loads.map(({ name }) => name)]);
  const unknown = only.filter((word) => !known.has(word));
  if (unknown.length > 0) throw new RangeError(`--only does not know ${unknown.join(', ')}\n${usage}`);
  const chosen = <T>(all: readonly T[], name: (one: T) => string): readonly T[] => {
    const some = all.filter((one) => only.includes(name(one)));
    return some.length > 0 ? some : all;
  };
  return {
    rounds: values.quick ? 2 : 5,
    places: chosen(placeNames, (name) => name),
    loads: chosen(loads, ({ name }) => name),
    clients: chosen(clientNames, (name) => name),
    json: values.json ?? false,
  };
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
});
