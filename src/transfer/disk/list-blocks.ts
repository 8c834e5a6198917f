import { MigrationError } from '../../core/migration-error.ts';
import { blockBytes, segmentBlocks } from '../../model/disk.ts';
import type { BlockPage } from '../../ports/disk-source.ts';

/** What a listing says of one segment: blocks within it, ascending. */
export interface ListedSegment {
  readonly segment: number;
  /** Number of the segment's first block on the disk. */
  readonly firstBlock: number;
  readonly changed: Uint32Array;
  readonly cleared: Uint32Array;
}

/** Blocks of one kind that wait until their segment is whole. */
interface Column {
  readonly within: Uint32Array;
  count: number;
  last: number;
}

/**
 * The pages of a listing, cut anew into segments of the map; segments of which nothing is listed are left out. Holds one segment and one page. Ends
 * with 'resized' at a page of a disk of another size. A listing that does not ascend, or leaves the disk, is UNEXPECTED: nothing is guessed.
 */
export async function* segmentsListed(
  sizeBytes: number,
  page: (from: number) => Promise<BlockPage>,
  heartbeat: () => void,
  signal: AbortSignal,
): AsyncGenerator<ListedSegment | 'resized'> {
  const columns = { changed: column(), cleared: column() };
  let segment = 0;
  for (let from: number | undefined = 0; from !== undefined; ) {
    signal.throwIfAborted();
    const listed: BlockPage = await page(from);
    heartbeat();
    if (listed.sizeBytes !== sizeBytes) return yield 'resized';
    const iterators = { changed: after(columns.changed, listed.blocks, sizeBytes), cleared: after(columns.cleared, listed.cleared, sizeBytes) };
    // A page of one segment is the usual case, a page of many that of a sparse disk.
    for (let left = true; left; ) {
      iterators.changed.take(segment);
      iterators.cleared.take(segment);
      const next = Math.min(iterators.changed.segment(), iterators.cleared.segment());
      left = next !== Number.POSITIVE_INFINITY;
      if (!left) break;
      yield* whole(segment, columns);
      segment = next;
    }
    if (listed.next !== undefined && listed.next < from) throw disordered(`a page from ${from} is followed by one from ${listed.next}`);
    from = listed.next;
  }
  yield* whole(segment, columns);
}

const column = (): Column => ({ within: new Uint32Array(segmentBlocks), count: 0, last: -1 });

function* whole(segment: number, { changed, cleared }: { readonly changed: Column; readonly cleared: Column }): Generator<ListedSegment> {
  if (changed.count + cleared.count === 0) return;
  yield { segment, firstBlock: segment * segmentBlocks, changed: changed.within.slice(0, changed.count), cleared: cleared.within.slice(0, cleared.count) };
  changed.count = 0;
  cleared.count = 0;
}

/** Walks the blocks of one page into a column, segment by segment. */
function after(into: Column, blocks: readonly number[], sizeBytes: number) {
  let at = 0;
  const segmentOf = (block: number | undefined): number => (block === undefined ? Number.POSITIVE_INFINITY : Math.floor(block / segmentBlocks));
  return {
    segment: () => segmentOf(blocks[at]),
    take: (segment: number) => {
      for (let block = blocks[at]; block !== undefined && segmentOf(block) <= segment; block = blocks[at]) {
        if (block <= into.last || segmentOf(block) < segment || block * blockBytes >= sizeBytes) throw disordered(`block ${block} behind ${into.last}`);
        into.within[into.count] = block % segmentBlocks;
        into.count += 1;
        into.last = block;
        at += 1;
      }
    },
  };
}

const disordered = (detail: string): MigrationError => new MigrationError('UNEXPECTED', { operation: 'list blocks', detail });
