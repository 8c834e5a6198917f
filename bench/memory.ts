import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EcluseOrder, ecluseClient } from './client.ts';
import { probeTarget } from './ecluse-stores.ts';
import { madeUpBucket } from './load.ts';
import { startNullPlace } from './null-place.ts';
import { buildTools } from './null-tools.ts';
import { type Place, withTargetBucket } from './place.ts';

const limitMib = 400;
const targetBucket = 'memory';

interface Case {
  readonly title: string;
  readonly count: number;
  readonly sizeBytes: number;
  readonly until: EcluseOrder['until'];
}

const cases: readonly Case[] = [
  { title: 'list 1,000,000 keys', count: 1_000_000, sizeBytes: 1024, until: 'listed' },
  { title: 'copy and verify 20,000 × 16 KiB', count: 20_000, sizeBytes: 16 * 1024, until: 'verified' },
  // Four full shards at once, as a worker takes them.
  { title: 'copy and verify 60,000 × 16 KiB', count: 60_000, sizeBytes: 16 * 1024, until: 'verified' },
  { title: 'copy and verify 100 × 8 MiB', count: 100, sizeBytes: 8 * 1024 ** 2, until: 'verified' },
  { title: 'copy and verify 1 × 1 GiB', count: 1, sizeBytes: 1024 ** 3, until: 'verified' },
];

/** Peak RSS of the transfer engine in a process of its own, with Temporal's core loaded; ends with 1 when a case exceeds the limit. */
async function main(): Promise<void> {
  buildTools();
  const place = await startNullPlace();
  const scratch = mkdtempSync(join(tmpdir(), 'ecluse-memory-'));
  try {
    for (const one of cases) {
      const peakMib = await peakOf(place, scratch, one);
      const isBelow = peakMib <= limitMib;
      console.log(`${isBelow ? 'PASS' : 'FAIL'}  ${one.title}: peak RSS ${peakMib.toFixed(0)} MiB (limit ${limitMib})`);
      if (!isBelow) process.exitCode = 1;
    }
  } finally {
    await place.stop();
    rmSync(scratch, { recursive: true });
  }
}

async function peakOf(place: Place, scratch: string, { count, sizeBytes, until }: Case): Promise<number> {
  const capabilities = await withTargetBucket(place.target, targetBucket, () => probeTarget(scratch, place.target, targetBucket));
  const client = ecluseClient({ until, capabilities, withTemporal: true, makeFolder: () => mkdtempSync(join(scratch, 'run-')) });
  const usage = await withTargetBucket(place.target, targetBucket, () => client.copy(place, madeUpBucket({ count, sizeBytes }), targetBucket));
  return usage.peakRssBytes / 2 ** 20;
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
});
