import { hash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { open as openFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openFolderDepot } from '../src/depot/folder.ts';
import { blockBytes, type ImageRef } from '../src/model/disk.ts';
import type { DiskSource } from '../src/ports/disk-source.ts';
import { createDiskSource } from '../src/providers/aws/disk-source.ts';
import { createEbsCaller } from '../src/providers/aws/ebs-call.ts';
import { rememberCredentials } from '../src/providers/s3/credentials.ts';
import { copyDiskShard, createFlightBudget, type DiskDeps, openImage, planDisk, sealImage, systemClock } from '../src/transfer/index.ts';
import { createSigner, emptySha256 } from '../src/wire/sigv4.ts';
import { createSocketTransport } from '../src/wire/socket-transport.ts';
import { openEnds } from './ecluse-stores.ts';
import type { Endpoint } from './place.ts';

/** What this client is told, as JSON in its only argument. */
export interface DiskOrder {
  /** Écluse's engine; GET and SHA-256 alone; the same into a file by 64 workers, as coldsnap downloads. */
  readonly shape: 'engine' | 'loop' | 'coldsnap';
  readonly source: string;
  readonly target: Endpoint;
  /** Depot of the engine, file of coldsnap. A second order on the same folder resumes. */
  readonly folder: string;
  readonly blocks: number;
  readonly snapshot: string;
  /** Plans and copies what changed since, without its seal: the null sink takes nothing over. */
  readonly since?: { readonly snapshot: string; readonly image: ImageRef };
}

const bucket = 'images';
const key = { accessKeyId: 'bench', secretAccessKey: 'bench-secret' };
const region = 'us-east-1';
const shardsAtOnce = 4; // as a worker's activities are; the flight budget is shared
const signal = new AbortController().signal;
const quiet = (): void => undefined;
const transport = createSocketTransport();

function diskSource(endpoint: string): DiskSource {
  const free = async (): Promise<void> => undefined;
  const pace = { enter: free, enterBlock: free, throttled: quiet };
  const credentials = rememberCredentials(async () => key, Date.now);
  const caller = createEbsCaller({ endpoint, region, place: 'bench', transport, credentials, pace, nowMs: Date.now });
  return createDiskSource({ caller, whyUnread: async () => 'SNAPSHOT_MISSING' });
}

/** One pass as a transfer worker makes it, without Temporal. The plan and the upload stand in a file, as they stand in a workflow. */
async function engine({ source, target, folder, snapshot, since }: DiskOrder): Promise<void> {
  const { stores } = openEnds(folder, target, target, transport);
  const depot = openFolderDepot(join(folder, 'depot'));
  const deps: DiskDeps = { depot, clock: systemClock, flight: createFlightBudget(), disks: diskSource(source), target: stores.open('target', bucket) };
  const name = `${snapshot}.qcow2`;
  const place = { project: 'bench', workload: snapshot, run: 1, pass: 1, phase: 'copy' } as const;
  const once = async <T>(step: string, make: () => Promise<T>): Promise<T> => {
    const [kept] = await depot.journal(`${snapshot}/${step}`).read();
    if (kept) return JSON.parse(kept.toString()) as T;
    const made = await make();
    await depot.journal(`${snapshot}/${step}`).append(0, Buffer.from(JSON.stringify(made)));
    return made;
  };
  const before = since ? { before: since } : {};
  const plan = await once('plan', () => planDisk(deps, { snapshot, partCount: 10_000, hasPartCopy: true, streamedParts: true, ...before }, quiet, signal));
  const upload = await once('upload', () => openImage(deps, { plan: plan.digest, key: name }, signal));
  const shard = { plan: plan.digest, key: name, upload, snapshot, streamedParts: true, ...(since ? { since: since.snapshot } : {}) };
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let n = next++; n < plan.shards; n = next++) await copyDiskShard(deps, { ...place, shard: n }, { ...shard, shard: n }, quiet, signal);
  };
  await Promise.all(Array.from({ length: shardsAtOnce }, lane));
  const image = since ? undefined : await sealImage(deps, { plan: plan.digest, key: name, upload, place: { ...place, shard: 0 } }, quiet, signal);
  writeFileSync(join(folder, 'result.json'), JSON.stringify({ plan, image }));
}

/** What the machine gives to a program that only reads and hashes: no list, no token, no journal, no target. */
async function plainLoop({ source, blocks, snapshot, folder, shape }: DiskOrder): Promise<void> {
  const sign = createSigner({ region, service: 'ebs' });
  const { origin, host } = new URL(source);
  const file = shape === 'coldsnap' ? await openFile(join(folder, 'disk.raw'), 'w') : undefined;
  let next = 0;
  const lane = async (): Promise<void> => {
    const into = Buffer.allocUnsafeSlow(blockBytes);
    for (let block = next++; block < blocks; block = next++) {
      let filled = 0;
      const path = `/snapshots/${snapshot}/blocks/${block}`;
      const query = 'blockToken=token';
      const headers = sign({ method: 'GET', host, path, query, headers: {}, payloadSha256: emptySha256 }, key, Date.now());
      const sink = (chunk: Uint8Array): void => {
        into.set(chunk, filled);
        filled += chunk.length;
      };
      const answer = await transport.request({ method: 'GET', origin, path: `${path}?${query}`, headers, sink });
      if (filled !== blockBytes || hash('sha256', into, 'base64') !== answer.headers['x-amz-checksum']) throw new Error(`block ${block} is wrong`);
      await file?.write(into, 0, blockBytes, block * blockBytes);
    }
  };
  await Promise.all(Array.from({ length: shape === 'coldsnap' ? 64 : 48 }, lane));
  await file?.close();
}

async function main(order: DiskOrder): Promise<void> {
  await (order.shape === 'engine' ? engine(order) : plainLoop(order));
  await transport.close();
}

main(JSON.parse(process.argv[2] ?? '{}') as DiskOrder).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
