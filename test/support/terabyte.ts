import { hash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { headOf } from '../../src/image/index.ts';
import { blockBytes, type DiskImage, type DiskPlan } from '../../src/model/disk.ts';
import type { Depot } from '../../src/ports/depot.ts';
import type { BlockPage, DiskSource } from '../../src/ports/disk-source.ts';
import { digestStream, mergeDigests } from '../../src/transfer/disk/block-digests.ts';
import { planDisk } from '../../src/transfer/disk/plan-disk.ts';

/**
 * A process of its own: a full disk of 1 TiB, and a delta of 1 % spread over all of it, through everything that walks a whole map. Says what it
 * took on one line of JSON. Argument: an empty folder.
 */
const sizeBytes = 2 ** 40;
const blocks = sizeBytes / blockBytes;
const pageBlocks = 10_000;
const everyBlock = 100;

function page(from: number, step: number): BlockPage {
  const first = Math.ceil(from / step) * step;
  const listed = Array.from({ length: Math.min(pageBlocks, Math.ceil((blocks - first) / step)) }, (_, n) => first + n * step);
  const next = first + pageBlocks * step;
  return { blocks: listed, cleared: [], sizeBytes, ...(next < blocks ? { next } : {}) };
}

const disks: DiskSource = {
  blocks: async (_, from) => page(from, 1),
  changes: async (_first, _second, from) => page(from, everyBlock),
  open: () => {
    throw new Error('nothing is read');
  },
};

/** Neither flushed nor packed: what counts here is memory. */
const plainFiles = (folder: string): Depot => ({
  put: async (bytes) => {
    const digest = hash('sha256', bytes, 'hex');
    await writeFile(join(folder, digest), bytes);
    return digest;
  },
  get: (digest) => readFile(join(folder, digest)),
  journal: () => {
    throw new Error('there is no journal');
  },
});

/** Linux lets a child inherit its parent's `maxRSS`; VmHWM is its own. */
async function peakRssBytes(): Promise<number> {
  const status = await readFile('/proc/self/status', 'utf8').catch(() => '');
  const own = /^VmHWM:\s+(\d+) kB/m.exec(status)?.[1];
  return own === undefined ? process.resourceUsage().maxRSS * 1024 : Number(own) * 1024;
}

async function main(folder: string): Promise<void> {
  const depot = plainFiles(folder);
  const signal = new AbortController().signal;
  const heartbeat = (): void => undefined;
  const planOf = async (digest: string): Promise<DiskPlan> => JSON.parse((await depot.get(digest)).toString()) as DiskPlan;
  const digestsOf = async (count: number): Promise<string[]> => {
    const files: string[] = [];
    for (let left = count; left > 0; left -= 8192) files.push(await depot.put(Buffer.alloc(Math.min(left, 8192) * 32, hash('sha256', `${left}`, 'buffer'))));
    return files;
  };
  const image = async (plan: DiskPlan, before?: DiskImage): Promise<DiskImage> => {
    let head = 0;
    for await (const cluster of headOf(plan.image, plan.map, (entries) => depot.get(entries))) head += cluster.length;
    if (head !== plan.image.dataOffset) throw new Error('metadata of another length');
    const { digests, root } = await mergeDigests(depot, plan, digestStream(depot, await digestsOf(plan.map.slots - plan.firstSlot)), before, heartbeat, signal);
    return { v: 1, key: 'k', etag: 'e', layout: plan.image, map: plan.map, digests, sourceRoot: root, imageBytes: 0 };
  };
  const request = { partCount: 10_000, hasPartCopy: true, streamedParts: true };
  const full = await planDisk({ depot, disks }, { snapshot: 'first', ...request }, heartbeat, signal);
  const base = await image(await planOf(full.digest));
  const ref = { digest: await depot.put(Buffer.from(JSON.stringify(base))), key: 'k', etag: 'e', imageBytes: 0, sizeBytes, blocks, shards: 0 };
  const delta = await planDisk({ depot, disks }, { snapshot: 'second', before: { snapshot: 'first', image: ref }, ...request }, heartbeat, signal);
  const next = await image(await planOf(delta.digest), base);
  const said = { full: full.blocks, delta: delta.blocks, kind: delta.kind, rootsDiffer: base.sourceRoot !== next.sourceRoot };
  process.stdout.write(`${JSON.stringify({ ...said, peakRssBytes: await peakRssBytes() })}\n`);
}

void main(process.argv[2] ?? '');
