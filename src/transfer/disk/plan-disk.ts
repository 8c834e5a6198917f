import { MigrationError } from '../../core/migration-error.ts';
import { encodeSegment, hasRoom, imageBytesOf, leastPartBytes, mergeSegment, partsOfPass, planLayout } from '../../image/index.ts';
import { type BlockMap, blockBytes, type DiskImage, type DiskPlan, type DiskPlanRef, type ImageLayout, type ImageRef } from '../../model/disk.ts';
import type { Depot } from '../../ports/depot.ts';
import type { BlockPage } from '../../ports/disk-source.ts';
import { type DiskDeps, encodeBlocks, inMemoryBytes, putJson, readImage, readSegment } from './disk-files.ts';
import { type ListedSegment, segmentsListed } from './list-blocks.ts';

export interface PlanInput {
  readonly snapshot: string;
  /** What the pass before left, if there was one. */
  readonly before?: { readonly snapshot: string; readonly image: ImageRef };
  readonly partCount: number;
  /** The target takes parts over from another of its objects. */
  readonly hasPartCopy: boolean;
  /** The target takes parts that come as they are read. */
  readonly streamedParts: boolean;
  readonly shardBytes?: number;
}

type PlanDeps = Pick<DiskDeps, 'depot' | 'disks'>;

interface Listed {
  readonly map: BlockMap;
  readonly changed: DiskPlan['changed'];
  readonly reads: number;
  readonly cleared: number;
}

const [MiB, GiB] = [2 ** 20, 2 ** 30];
const shardsAbout = 16;
const [leastShardBytes, largestShardBytes] = [64 * MiB, 4 * GiB]; // below, the journal costs more than it saves; above, progress stands still

/**
 * Lists what a pass must read and where it goes, page by page and segment by segment: never a whole map in memory. `full` when there is no image to
 * append to, the disk has another size by now, the image has no room left, the target cannot take parts over, or there is less to take over than
 * the least part. The same snapshot and the same image before give the same plan. UNSUPPORTED when parts would be larger than memory may hold and the
 * target takes none that are streamed.
 */
export async function planDisk(deps: PlanDeps, input: PlanInput, heartbeat: () => void, signal: AbortSignal): Promise<DiskPlanRef> {
  return (await planDelta(deps, input, heartbeat, signal)) ?? (await planFull(deps, input, heartbeat, signal));
}

async function planDelta(deps: PlanDeps, input: PlanInput, heartbeat: () => void, signal: AbortSignal): Promise<DiskPlanRef | undefined> {
  const { before, snapshot, hasPartCopy, partCount } = input;
  if (!before || !hasPartCopy) return undefined;
  const image = await readImage(deps.depot, before.image.digest);
  if (image.map.slots * blockBytes < leastPartBytes) return undefined;
  const listed = await mergePages(deps.depot, image.map, heartbeat, signal, (from) => deps.disks.changes(before.snapshot, snapshot, from, signal));
  if (!listed || !hasRoom(image.layout, listed.map.slots, partCount, image.map.slots)) return undefined;
  return put(deps.depot, input, listed, image.layout, { image, ref: before.image });
}

async function planFull(deps: PlanDeps, input: PlanInput, heartbeat: () => void, signal: AbortSignal): Promise<DiskPlanRef> {
  const { snapshot, partCount } = input;
  const first = await deps.disks.blocks(snapshot, 0, signal);
  const empty: BlockMap = { v: 1, sizeBytes: first.sizeBytes, blocks: 0, slots: 0, segments: [] };
  const listed = await mergePages(deps.depot, empty, heartbeat, signal, async (from) => (from === 0 ? first : deps.disks.blocks(snapshot, from, signal)));
  if (!listed) throw new MigrationError('UNEXPECTED', { operation: 'list blocks', detail: 'a snapshot changed its size' });
  const { sizeBytes, slots } = listed.map;
  return put(deps.depot, input, listed, planLayout({ sizeBytes, slots, partCount }));
}

/** Takes the listing into the map; undefined as soon as a page is of a disk of another size. */
async function mergePages(
  depot: Depot,
  before: BlockMap,
  heartbeat: () => void,
  signal: AbortSignal,
  page: (from: number) => Promise<BlockPage>,
): Promise<Listed | undefined> {
  const segments = new Map(before.segments.map((one) => [one.segment, one]));
  const changed: { blocks: string; count: number }[] = [];
  let [slots, cleared] = [before.slots, 0];
  for await (const listed of segmentsListed(before.sizeBytes, page, heartbeat, signal)) {
    if (listed === 'resized') return undefined;
    const merged = await mergeInto(depot, before, listed, slots);
    if (merged.entry) segments.set(listed.segment, merged.entry);
    else segments.delete(listed.segment);
    if (listed.changed.length > 0) changed.push({ blocks: await depot.put(encodeBlocks(merged.numbers)), count: listed.changed.length });
    slots += listed.changed.length;
    cleared += merged.cleared;
    heartbeat();
  }
  const all = [...segments.values()].sort((a, b) => a.segment - b.segment);
  const blocks = all.reduce((sum, one) => sum + one.blocks, 0);
  return { map: { ...before, blocks, slots, segments: all }, changed, reads: slots - before.slots, cleared };
}

async function mergeInto(depot: Depot, before: BlockMap, { segment, firstBlock, changed, cleared }: ListedSegment, firstSlot: number) {
  const merged = mergeSegment(await readSegment(depot, before, segment), changed, firstSlot, cleared);
  const blocks = merged.segment.blocks.length;
  return {
    cleared: merged.cleared,
    numbers: changed.map((block) => firstBlock + block),
    entry: blocks > 0 ? { segment, entries: await depot.put(encodeSegment(merged.segment)), blocks } : undefined,
  };
}

async function put(
  depot: Depot,
  { shardBytes, streamedParts, partCount }: PlanInput,
  { map, changed, reads, cleared }: Listed,
  layout: ImageLayout,
  before?: { readonly image: DiskImage; readonly ref: ImageRef },
): Promise<DiskPlanRef> {
  const firstSlot = before?.image.map.slots ?? 0;
  const readBytes = reads * blockBytes;
  const largestBytes = Math.min(layout.partBytes, readBytes);
  if (largestBytes > inMemoryBytes && !streamedParts) {
    const detail = `${partCount} parts make parts of ${largestBytes / MiB} MiB; above ${inMemoryBytes / MiB} MiB they must be streamed, which this target does not take`;
    throw new MigrationError('UNSUPPORTED', { operation: 'plan disk', detail });
  }
  const wanted = shardBytes ?? Math.min(largestShardBytes, Math.max(leastShardBytes, readBytes / shardsAbout));
  const shardParts = Math.max(1, Math.ceil(wanted / layout.partBytes));
  const kind = before ? 'delta' : 'full';
  const plan: DiskPlan = { v: 1, kind, map, firstSlot, changed, cleared, image: layout, shardParts, ...(before ? { before: before.ref } : {}) };
  return {
    digest: await putJson(depot, plan),
    kind,
    shards: Math.ceil(partsOfPass(layout, firstSlot, map.slots).data / shardParts),
    blocks: reads,
    readBytes,
    cleared,
    sizeBytes: map.sizeBytes,
    imageBytes: imageBytesOf(layout, map.slots),
    sentBytes: layout.dataOffset + readBytes,
  };
}
