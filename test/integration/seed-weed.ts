import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LabPlace } from '../../lab/seed/lab-store.ts';

/** A SeaweedFS of this suite's own, in a folder that goes with it. */
export interface SeedWeed extends LabPlace {
  stop(): Promise<void>;
}

const keys = { accessKey: 'seedkey', secretKey: 'seedsecret', region: 'us-east-1' };

export async function startSeedWeed(binary: string): Promise<SeedWeed> {
  const folder = await mkdtemp(join(tmpdir(), 'seed-weed-'));
  const config = join(folder, 's3.json');
  const credentials = [{ accessKey: keys.accessKey, secretKey: keys.secretKey }];
  await writeFile(config, JSON.stringify({ identities: [{ name: 'seed', credentials, actions: ['Admin', 'Read', 'Write', 'List', 'Tagging'] }] }));
  const [s3 = 0, master = 0, volume = 0, filer = 0] = await freePorts(4);
  const ports = [`-s3.port=${s3}`, `-master.port=${master}`, `-volume.port=${volume}`, `-filer.port=${filer}`, '-s3.port.iceberg=0', '-s3.port.lance=0'];
  // Each bucket grows volumes of its own, several at a time: 50 of them are used up by some seven buckets.
  const rest = ['-ip=127.0.0.1', '-ip.bind=127.0.0.1', '-filer', '-s3', `-s3.config=${config}`, '-volume.max=500', '-master.telemetry=false'];
  const child = spawn(binary, ['server', `-dir=${folder}`, ...rest, ...ports], { stdio: 'ignore' });
  const endpoint = `http://127.0.0.1:${s3}`;
  await answered(endpoint, child);
  return {
    ...keys,
    endpoint,
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Ports free now, whose twins at +10000 (gRPC) are free too. */
async function freePorts(count: number): Promise<readonly number[]> {
  const found: number[] = [];
  for (let port = 21_000 + (process.pid % 500) * 20; found.length < count; port += 1) {
    if ((await isFree(port)) && (await isFree(port + 10_000))) found.push(port);
  }
  return found;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve((server.address() as AddressInfo | null) === null)));
  });
}

/** Any answer will do: the store is up when it speaks HTTP. */
async function answered(endpoint: string, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 150; tries += 1) {
    if (child.exitCode !== null) throw new Error(`the store ended with ${child.exitCode}`);
    const isUp = await fetch(endpoint).then(
      (answer) => answer.text().then(() => true),
      () => false,
    );
    if (isUp) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error('the store did not answer within 30 s');
}
