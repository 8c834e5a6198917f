import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import type { WindowReport } from '../../lab/aws/counts.ts';
import { describeStores } from '../support/stores.ts';
import { disconnect } from '../workflows/stage.ts';
import { configOf, openSite, type Site, withMachineStage, writeTo } from './machine-stage.ts';

jest.setTimeout(120_000);

const rates = { blocks: 40, lists: 10, calls: 5 };
const blocks = 64;
const reader = join(import.meta.dirname, '../support/block-reader.ts');
const children: ChildProcess[] = [];
let site: Site;
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await disconnect();
  await site?.close();
});

/** A process with adapters and a pacer of its own; what it has read is counted. */
function start(name: string, loops: number, ...places: readonly string[]): { readonly child: ChildProcess; blocksRead(): number } {
  let read = 0;
  const env = { ...process.env, NODE_OPTIONS: '', AWS_ACCESS_KEY_ID: site.aws.accessKey, AWS_SECRET_ACCESS_KEY: site.aws.secretKey };
  const files = [`${site.folder}/config.json`, `${site.folder}/shared.rates`];
  const child = spawn(process.execPath, ['--no-warnings', reader, ...files, name, String(loops), ...places], { stdio: ['ignore', 'pipe', 'inherit'], env });
  child.stdout?.on('data', (said: Buffer) => {
    read += said.length;
  });
  children.push(child);
  return { child, blocksRead: () => read };
}

describeStores('one control and two transfer processes at one account', () => {
  beforeAll(async () => {
    site = await openSite('budget');
  }, 300_000);

  it('keep within its budgets together, and take over what a killed one had', () =>
    withMachineStage(site, {}, async ({ clouds, instance, data, stage }) => {
      const { machines } = clouds.source('aws');
      await writeTo(site, data, { offsetBytes: 0, lengthBytes: blocks * 524_288, fill: 1 });
      const [{ id: snapshot = '' } = {}] = await machines.snapshot(instance, [data.id], `${stage.project}/budget`);
      const cloud = configOf(site, 'unused');
      writeFileSync(`${site.folder}/config.json`, JSON.stringify({ ...cloud, clouds: { aws: { ...cloud.clouds.aws, rates } } }));
      await stage.until(({ waitingFor }) => waitingFor === 'order rehearse');
      await site.aws.control('forget', {});

      const places = [snapshot, String(blocks), instance];
      const [control, first, second] = [start('control', 1, ...places), start('first', 8, ...places), start('second', 8, ...places)];
      const during = async (ms: number): Promise<readonly number[]> => {
        const before = [control, first, second].map((one) => one.blocksRead());
        await wait(ms);
        return [control, first, second].map((one, at) => one.blocksRead() - (before[at] ?? 0));
      };
      // Leases are of 3 s here: by then the shares have settled.
      await wait(8_000);
      const [, shared = 0, other = 0] = await during(4_000);
      second.child.kill('SIGKILL');
      await wait(5_000);
      const [controls = 0, taken = 0] = await during(4_000);
      for (const child of children) child.kill('SIGKILL');

      const counts = await site.aws.control<Readonly<Record<string, WindowReport>>>('counts');
      const busiest = (action: string): number => counts[`${site.aws.account}/${site.aws.region}/${action}`]?.largest ?? 0;
      process.stderr.write(`\n${busiest('GetSnapshotBlock')} blocks in the busiest 10 s; in 4 s ${shared} and ${other}, and ${taken} after one died\n`);
      expect(busiest('GetSnapshotBlock')).toBeLessThanOrEqual(rates.blocks * 10);
      expect(busiest('GetSnapshotBlock')).toBeGreaterThan(rates.blocks * 6);
      expect(busiest('DescribeInstances')).toBeLessThanOrEqual(rates.calls * 10);
      expect(Math.abs(shared - other)).toBeLessThan(0.4 * shared);
      expect(taken).toBeGreaterThan(1.3 * shared);
      expect(controls).toBeGreaterThan(0);
    }));
});
