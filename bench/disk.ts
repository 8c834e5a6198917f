import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { labEnvironment } from '../lab/environment.ts';
import { workerFlags } from '../lab/workers.ts';
import { blockBytes, type DiskPlanRef, type ImageRef } from '../src/model/disk.ts';
import type { DiskOrder } from './disk-client.ts';
import { buildDiskTools, type NullEbs, startNullEbs } from './disk-tools.ts';
import { describeHost } from './host.ts';
import { meter, type NullStore, startNullStore, type Usage } from './null-tools.ts';
import { median, pairedRatio, rotated } from './statistics.ts';

/**
 * Reads an EBS-like snapshot into an image between a null source and a null sink, against programs that do less: `bench/disk.ts [--quick]`.
 * Ends with 1 when a goal is missed. The peer `qemu-img convert` is left out, aloud, where it is not installed.
 */
const MiB = 2 ** 20;
const blocks = 4096; // 2 GiB
const goalMibPerSecond = 450;
const goalOfLoop = 0.8;
const partBlocks = 32;
const killShares = [0.13, 0.31, 0.45, 0.58, 0.69, 0.86];
const partsInFlight = 8; // the flight budget of 128 MiB in parts of 16

const shapes = ['engine', 'loop', 'coldsnap'] as const;
const titles = {
  engine: 'ecluse: source to image, each byte hashed once',
  loop: 'plain GET + SHA-256, 48 at once',
  coldsnap: 'coldsnap’s shape: 64 × 512 KiB into a file',
};

interface Bench {
  readonly source: NullEbs;
  readonly sink: NullStore;
  readonly scratch: string;
}

interface Timed {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakRssBytes: number;
}

const order = ({ source, sink }: Bench, folder: string, more: Partial<DiskOrder>): DiskOrder => {
  const target = { endpoint: sink.endpoint, accessKey: 'bench', secretKey: 'bench-secret' };
  return { shape: 'engine', source: source.endpoint, target, folder, blocks, snapshot: 'snap-0a', ...more };
};

const argumentsOf = (told: DiskOrder): string[] => [...workerFlags('transfer'), join(import.meta.dirname, 'disk-client.ts'), JSON.stringify(told)];
const timed = ({ workSeconds, userSeconds, sysSeconds, peakRssBytes }: Usage): Timed => ({
  seconds: workSeconds,
  cpuSeconds: userSeconds + sysSeconds,
  peakRssBytes,
});

function run(bench: Bench, told: DiskOrder): Promise<Usage> {
  return meter(process.execPath, argumentsOf(told), labEnvironment(), Number(new URL(bench.source.endpoint).port));
}

const folderIn = ({ scratch }: Bench): string => mkdtempSync(join(scratch, 'run-'));

async function rounds(bench: Bench, count: number): Promise<Map<string, Timed[]>> {
  const rows = new Map<string, Timed[]>();
  const keep = (row: string, one: Timed): void => void rows.set(row, [...(rows.get(row) ?? []), one]);
  for (let round = 0; round < count; round += 1) {
    for (const shape of rotated(shapes, round)) {
      const folder = folderIn(bench);
      keep(shape, timed(await run(bench, order(bench, folder, { shape }))));
      if (shape === 'coldsnap') await convert(folder, (one) => keep('qemu', one));
      rmSync(folder, { recursive: true });
    }
  }
  return rows;
}

/** The same data from file to file: no network, no hash. */
async function convert(folder: string, keep: (one: Timed) => void): Promise<void> {
  try {
    execFileSync('qemu-img', ['--version'], { stdio: 'ignore' });
  } catch {
    return;
  }
  const options = ['convert', '-f', 'raw', '-O', 'qcow2', '-o', 'cluster_size=512k', join(folder, 'disk.raw'), join(folder, 'disk.qcow2')];
  keep(timed(await meter('qemu-img', options, labEnvironment(), 0)));
}

interface Kill {
  /** Blocks read when the kill came: it must lie within the pass, or nothing was tested. */
  readonly at: number;
  /** Bytes, beyond what the image needs. */
  readonly readAgain: number;
  readonly sentAgain: number;
}

/**
 * Kills the engine once it has read so many blocks, and lets a successor end the pass. A part whose body the kill cut counts as read, not as sent: so
 * what was read again is the figure to trust. Never at a half or a quarter: there all lanes end their shards together, and nothing is in flight.
 */
async function killed(bench: Bench, share: number): Promise<Kill> {
  const folder = folderIn(bench);
  const told = order(bench, folder, {});
  const sent = (await bench.sink.counters()).takenBytes;
  const reads = async (): Promise<number> => (await bench.source.counters()).reads;
  const asked = await reads();
  const victim = spawn(process.execPath, argumentsOf(told), { env: labEnvironment(), stdio: 'ignore' });
  const ended = new Promise((resolve) => victim.once('exit', resolve));
  while ((await reads()) - asked < blocks * share) await sleep(2);
  victim.kill('SIGKILL');
  await ended;
  const at = (await reads()) - asked;
  if (at >= blocks) throw new Error('the kill came after the last read: nothing was tested');
  await run(bench, told);
  const { image } = resultOf(folder);
  const readAgain = ((await reads()) - asked - blocks) * blockBytes;
  const sentAgain = (await bench.sink.counters()).takenBytes - sent - (image?.imageBytes ?? 0);
  rmSync(folder, { recursive: true });
  return { at, readAgain, sentAgain };
}

/** A delta of 1 %: what was asked of the source, and what changed. */
async function delta(bench: Bench): Promise<{ reads: number; changed: number }> {
  const folder = folderIn(bench);
  await run(bench, order(bench, folder, {}));
  const { image } = resultOf(folder);
  if (!image) throw new Error('the base has no image');
  const before = (await bench.source.counters()).reads;
  await run(bench, order(bench, folder, { snapshot: 'snap-0b', since: { snapshot: 'snap-0a', image } }));
  const { plan } = resultOf(folder);
  if (plan.kind !== 'delta') throw new Error('the second pass is no delta');
  rmSync(folder, { recursive: true });
  return { reads: (await bench.source.counters()).reads - before, changed: Math.ceil(blocks / 100) };
}

const resultOf = (folder: string): { plan: DiskPlanRef; image?: ImageRef } =>
  JSON.parse(readFileSync(join(folder, 'result.json'), 'utf8')) as { plan: DiskPlanRef; image?: ImageRef };

const verdictOf = (isMet: boolean): string => (isMet ? 'PASS' : 'FAIL');

function report(rows: ReadonlyMap<string, readonly Timed[]>): boolean {
  const rateOf = (one: Timed): number => (blocks * blockBytes) / MiB / one.seconds;
  const title: Readonly<Record<string, string>> = { ...titles, qemu: 'qemu-img convert, file to file, no hash' };
  for (const [row, runs] of rows) {
    const rate = median(runs.map(rateOf)).toFixed(0).padStart(6);
    const cpu = (median(runs.map(({ cpuSeconds }) => cpuSeconds)) / ((blocks * blockBytes) / 2 ** 30)).toFixed(2).padStart(6);
    const rss = (Math.max(...runs.map(({ peakRssBytes }) => peakRssBytes)) / MiB).toFixed(0).padStart(5);
    console.log(`${(title[row] ?? row).padEnd(46)} ${rate} MiB/s ${cpu} CPU s/GiB  peak RSS ${rss} MiB`);
  }
  if (!rows.has('qemu')) console.log('SKIPPED qemu-img convert: qemu-img is not installed');
  const [ours, loop] = [rows.get('engine') ?? [], rows.get('loop') ?? []];
  const ratio = pairedRatio(ours.map(rateOf), loop.map(rateOf));
  const rate = median(ours.map(rateOf));
  const isMet = rate >= goalMibPerSecond || ratio >= goalOfLoop;
  console.log(
    `${verdictOf(isMet)}  speed: ≥ ${goalMibPerSecond} MiB/s or ≥ ${goalOfLoop} × the plain loop, whichever is lower (${rate.toFixed(0)} MiB/s, ${ratio.toFixed(2)} ×)`,
  );
  return isMet;
}

async function main(): Promise<void> {
  const count = process.argv.includes('--quick') ? 2 : 5;
  buildDiskTools();
  const host = describeHost();
  console.log(
    `${host.processor}, ${host.cores} cores; SHA-256 ${host.hashMibPerSecond.toFixed(0)} MiB/s per core, ${host.hasShaExtensions ? 'with' : 'without'} SHA extensions`,
  );
  console.log(
    `${host.platform}, Node ${host.node}, load average ${host.loadAverage.map((value) => value.toFixed(2)).join(' ')}; medians of ${count} paired rounds of ${blocks} blocks`,
  );
  const scratch = mkdtempSync(join(tmpdir(), 'ecluse-disk-bench-'));
  const source = await startNullEbs(blocks);
  const sink = await startNullStore();
  try {
    const bench = { source, sink, scratch };
    const isFast = report(await rounds(bench, count));
    const kills: Kill[] = [];
    for (const share of killShares) kills.push(await killed(bench, share));
    const worst = Math.max(...kills.map(({ readAgain, sentAgain }) => Math.max(readAgain, sentAgain)));
    const isWithin = worst <= partsInFlight * partBlocks * blockBytes;
    const told = kills.map(({ at, readAgain, sentAgain }) => `at block ${at}: read ${readAgain / MiB}, sent ${sentAgain / MiB}`).join('; ');
    console.log(`${verdictOf(isWithin)}  kill: a worker that was killed reads and sends again at most ${partsInFlight} parts of 16 MiB (MiB again ${told})`);
    const { reads, changed } = await delta(bench);
    console.log(`${verdictOf(reads === changed)}  delta: one of 1 % reads exactly the changed blocks (${reads} of ${changed})`);
    if (!isFast || !isWithin || reads !== changed) process.exitCode = 1;
  } finally {
    source.stop();
    sink.stop();
    rmSync(scratch, { recursive: true });
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
});
