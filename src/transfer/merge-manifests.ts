import { compareKeys } from '../core/compare-keys.ts';
import type { ManifestRef } from '../model/manifest.ts';
import type { ObjectEntry } from '../model/object-entry.ts';
import type { ObjectRow } from '../model/row.ts';
import type { Depot } from '../ports/depot.ts';
import { linesOf } from './json-lines.ts';
import { corrupt, type IndexShard, readIndex } from './manifest-files.ts';

/** One line of one of the merged lists; `of` says which list. */
export interface MergedItem {
  readonly of: number;
  readonly entry: ObjectEntry;
  readonly row?: ObjectRow;
}

/** Everything that the lists say about one key: lists in their given order, versions oldest first. */
export interface KeyGroup {
  readonly key: string;
  readonly items: readonly MergedItem[];
}

/**
 * Walks several manifests or runs at once, key by key in byte order. A shard is opened when its [first, last] range is reached, so lists
 * in order cost one open shard each; lists in no order are still merged rightly, at the cost of more open shards.
 */
export async function* mergeManifests(depot: Depot, refs: readonly ManifestRef[]): AsyncGenerator<KeyGroup> {
  const closed = await shardsByFirstKey(depot, refs);
  const open = createHeap();
  let nextClosed = 0;
  for (;;) {
    for (let shard = closed[nextClosed]; shard && isDue(shard, open.top()); shard = closed[nextClosed]) {
      nextClosed += 1;
      const cursor = await openCursor(depot, shard);
      if (cursor) open.push(cursor);
    }
    const top = open.top();
    if (!top) return;
    const { key } = top.item.entry;
    const items: MergedItem[] = [];
    for (let cursor = open.top(); cursor && cursor.item.entry.key === key; cursor = open.top()) {
      items.push(cursor.item);
      open.pop();
      if (cursor.advance()) open.push(cursor);
    }
    yield { key, items };
  }
}

interface ClosedShard {
  readonly of: number;
  readonly order: number;
  readonly shard: IndexShard;
}

async function shardsByFirstKey(depot: Depot, refs: readonly ManifestRef[]): Promise<readonly ClosedShard[]> {
  const all: ClosedShard[] = [];
  for (const [of, ref] of refs.entries()) {
    for (const shard of (await readIndex(depot, ref.digest)).shards) all.push({ of, order: all.length, shard });
  }
  return all.sort((a, b) => compareKeys(a.shard.first, b.shard.first) || a.order - b.order);
}

const isDue = ({ shard }: ClosedShard, top: Cursor | undefined): boolean => !top || compareKeys(shard.first, top.item.entry.key) <= 0;

interface Cursor {
  readonly order: number;
  item: MergedItem;
  /** False at the end. */
  advance(): boolean;
}

async function openCursor(depot: Depot, { of, order, shard }: ClosedShard): Promise<Cursor | undefined> {
  const entries = linesOf(await depot.get(shard.entries));
  const rows = shard.rows === undefined ? undefined : linesOf(await depot.get(shard.rows));
  rows?.next(); // the salt
  let line = 0;
  const read = (): MergedItem | undefined => {
    const next = entries.next();
    if (next.done) return undefined;
    const entry = JSON.parse(next.value) as ObjectEntry;
    if (!rows) return { of, entry };
    const rowLine = rows.next();
    const row = rowLine.done ? undefined : (JSON.parse(rowLine.value) as ObjectRow);
    if (row?.i !== line) throw corrupt('a rows file does not match its entries');
    line += 1;
    return { of, entry, row };
  };
  const item = read();
  if (!item) return undefined;
  const cursor: Cursor = {
    order,
    item,
    advance: () => {
      const next = read();
      if (next) cursor.item = next;
      return next !== undefined;
    },
  };
  return cursor;
}

/** A binary heap: the least key first, then the list and shard that came first. */
function createHeap(): { top(): Cursor | undefined; push(cursor: Cursor): void; pop(): void } {
  const heap: Cursor[] = [];
  const isBefore = (a: Cursor, b: Cursor): boolean => (compareKeys(a.item.entry.key, b.item.entry.key) || a.order - b.order) < 0;
  const swap = (a: number, b: number): void => {
    const [left, right] = [heap[a], heap[b]];
    if (left && right) {
      heap[a] = right;
      heap[b] = left;
    }
  };
  const before = (a: number, b: number): boolean => {
    const [left, right] = [heap[a], heap[b]];
    return left !== undefined && right !== undefined && isBefore(left, right);
  };
  return {
    top: () => heap[0],
    push: (cursor) => {
      let at = heap.push(cursor) - 1;
      for (let parent = (at - 1) >> 1; at > 0 && before(at, parent); parent = (at - 1) >> 1) {
        swap(at, parent);
        at = parent;
      }
    },
    pop: () => {
      swap(0, heap.length - 1);
      heap.pop();
      for (let at = 0; ; ) {
        const left = at * 2 + 1;
        const least = before(left + 1, left) ? left + 1 : left;
        if (!before(least, at)) return;
        swap(at, least);
        at = least;
      }
    },
  };
}
