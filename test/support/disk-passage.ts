import { createCipheriv, hash } from 'node:crypto';
import type { Phase, ShardPlace } from '../../src/core/ids.ts';
import { MigrationError } from '../../src/core/migration-error.ts';
import { blockBytes, type DiskPlanRef, type ImageRef } from '../../src/model/disk.ts';
import type { BlockPage, DiskSource } from '../../src/ports/disk-source.ts';
import {
  copyDiskShard,
  createFlightBudget,
  type DiskDeps,
  type DiskTotals,
  type ImageVerdict,
  openImage,
  type PlanInput,
  planDisk,
  sealImage,
  sealVerification,
  verifyImageShard,
} from '../../src/transfer/index.ts';
import { createMemoryDepot, type MemoryDepot } from './memory-depot.ts';
import { copyOfDisk, differingBlocks, emptyDisk, type MemoryDisk } from './memory-disk.ts';
import { createMemoryStore, type MemoryStore, type MemoryStoreOptions } from './memory-store.ts';
import { fastClock, never, noProgress } from './passage.ts';

/** A block of random bytes that a seed determines. */
export const randomBlock = (seed: number): Buffer =>
  createCipheriv('aes-128-ctr', Buffer.alloc(16, seed % 256), Buffer.alloc(16, (seed >> 8) % 256)).update(Buffer.alloc(blockBytes));

/** Snapshots in memory. `connect`: one process's view; its hook sees each read first and may throw. */
export interface MemoryDisks extends DiskSource {
  readonly snapshots: Map<string, MemoryDisk>;
  /** Blocks read so far. */
  readonly reads: number[];
  connect(hook: (block: number) => void): DiskSource;
}

/** Empty pages come in between, which are not the end. */
export function createMemoryDisks(pageBlocks = 7): MemoryDisks {
  const snapshots = new Map<string, MemoryDisk>();
  const reads: number[] = [];
  const found = (id: string): MemoryDisk => {
    const disk = snapshots.get(id);
    if (!disk) throw new MigrationError('SNAPSHOT_MISSING', { operation: 'GetSnapshotBlock' });
    return disk;
  };
  const page = (all: readonly number[], from: number, { sizeBytes, blocks }: MemoryDisk): BlockPage => {
    const rest = all.filter((block) => block >= from);
    const [first] = rest;
    if (first !== undefined && first > from + 50) return { blocks: [], cleared: [], next: first - 1, sizeBytes };
    const shown = rest.slice(0, pageBlocks);
    const last = shown.at(-1);
    const isEnd = rest.length <= pageBlocks || last === undefined;
    return { blocks: shown.filter((n) => blocks.has(n)), cleared: shown.filter((n) => !blocks.has(n)), ...(isEnd ? {} : { next: last + 1 }), sizeBytes };
  };
  const connect: MemoryDisks['connect'] = (hook) => ({
    blocks: async (id, from) =>
      page(
        [...found(id).blocks.keys()].sort((a, b) => a - b),
        from,
        found(id),
      ),
    changes: async (first, second, from) => page(differingBlocks(found(first), found(second)), from, found(second)),
    open: (id, since) => ({
      read: async (block, into, signal) => {
        hook(block);
        await new Promise((resolve) => setImmediate(resolve));
        signal?.throwIfAborted();
        const content = found(id).blocks.get(block);
        if (!content) throw new MigrationError('UNEXPECTED', { operation: 'GetSnapshotBlock', detail: `block ${block} is not there` });
        if (since !== undefined && found(since).blocks.get(block)?.equals(content)) throw new Error(`block ${block} has not changed`);
        reads.push(block);
        content.copy(into);
        return hash('sha256', content, 'hex');
      },
    }),
  });
  return { ...connect(() => undefined), snapshots, reads, connect };
}

export interface DiskPassage extends DiskDeps {
  readonly disks: MemoryDisks;
  readonly depot: MemoryDepot;
  readonly target: MemoryStore;
  /** Of the live volume, which `snapshot` copies. */
  readonly volume: MemoryDisk;
  snapshot(id: string): void;
}

export function createDiskPassage(sizeBytes = 2 ** 30, target: MemoryStoreOptions = {}): DiskPassage {
  const disks = createMemoryDisks();
  const volume = emptyDisk(sizeBytes);
  return {
    disks,
    volume,
    depot: createMemoryDepot(),
    target: createMemoryStore(target),
    clock: fastClock(),
    flight: createFlightBudget(),
    snapshot: (id) => disks.snapshots.set(id, copyOfDisk(volume)),
  };
}

/** Writes random blocks, different each time. */
let writes = 0;
export function write({ volume }: DiskPassage, ...blocks: readonly number[]): void {
  for (const block of blocks) {
    writes += 1;
    volume.blocks.set(block, randomBlock(writes));
  }
}

export const blocksFrom = (first: number, count: number): number[] => Array.from({ length: count }, (_, n) => first + n);

export interface Staged {
  readonly snapshot: string;
  readonly image: ImageRef;
}

export const diskPlaceOf = (snapshot: string, phase: Phase, shard = 0): ShardPlace => ({
  project: 'p',
  workload: `w/${snapshot}`,
  run: 1,
  pass: 1,
  phase,
  shard,
});
export const keyOf = (snapshot: string): string => `${snapshot}.qcow2`;

export const plan = (passage: DiskDeps, snapshot: string, before?: Staged, more: Partial<PlanInput> = {}): Promise<DiskPlanRef> =>
  planDisk(passage, { snapshot, partCount: 10_000, hasPartCopy: true, streamedParts: true, ...(before ? { before } : {}), ...more }, noProgress, never());

export interface Copying {
  readonly snapshot: string;
  readonly planned: DiskPlanRef;
  readonly upload: string;
  readonly since?: string;
  /** Of the target; it does, unless said. */
  readonly streamedParts?: boolean;
}

export const copyOneShard = (process: DiskDeps, { snapshot, planned, upload, since, streamedParts = true }: Copying, shard: number): Promise<DiskTotals> => {
  const input = { plan: planned.digest, key: keyOf(snapshot), upload, shard, snapshot, streamedParts, ...(since === undefined ? {} : { since }) };
  return copyDiskShard(process, diskPlaceOf(snapshot, 'copy', shard), input, noProgress, never());
};

export const sealOne = (process: DiskDeps, { snapshot, planned, upload }: Copying): Promise<ImageRef> =>
  sealImage(process, { plan: planned.digest, key: keyOf(snapshot), upload, place: diskPlaceOf(snapshot, 'copy') }, noProgress, never());

/** Every shard and the seal, as a process does it that carries on from whatever it finds. */
export async function copyImage(process: DiskDeps, copying: Copying): Promise<Staged> {
  for (let shard = 0; shard < copying.planned.shards; shard += 1) await copyOneShard(process, copying, shard);
  return { snapshot: copying.snapshot, image: await sealOne(process, copying) };
}

export const open = (process: DiskDeps, snapshot: string, { digest }: DiskPlanRef): Promise<string> =>
  openImage(process, { plan: digest, key: keyOf(snapshot) }, never());

/** Plan, upload, copy and seal of one snapshot. */
export async function stage(
  passage: DiskPassage,
  snapshot: string,
  before?: Staged,
  more: Partial<PlanInput> = {},
): Promise<Staged & { planned: DiskPlanRef }> {
  const planned = await plan(passage, snapshot, before, more);
  const upload = await open(passage, snapshot, planned);
  const since = planned.kind === 'delta' && before ? { since: before.snapshot } : {};
  return { planned, ...(await copyImage(passage, { snapshot, planned, upload, ...since })) };
}

export async function verify(process: DiskDeps, { snapshot, image }: Staged): Promise<ImageVerdict> {
  for (let shard = 0; shard < image.shards; shard += 1) await verifyShard(process, { snapshot, image }, shard);
  return sealVerification(process, { image: image.digest, place: diskPlaceOf(snapshot, 'verify') }, noProgress, never());
}

export const verifyShard = (process: DiskDeps, { snapshot, image }: Staged, shard: number): Promise<DiskTotals> =>
  verifyImageShard(process, diskPlaceOf(snapshot, 'verify', shard), { image: image.digest, shard }, noProgress, never());
