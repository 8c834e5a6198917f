import { eachOf } from './each-of.ts';
import { made, taggedObjects } from './estate.ts';
import { createLabStore, type LabPlace } from './lab-store.ts';
import { listObjects } from './listing.ts';
import { putObject, putTags } from './put-object.ts';

/** How many objects get new content, are new, go, or only get new tags (at most 20). */
export interface Changes {
  readonly change?: number;
  readonly add?: number;
  readonly remove?: number;
  readonly retag?: number;
}

/** Keys that a round of changes touched. */
export interface Changed {
  readonly changed: readonly string[];
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly retagged: readonly string[];
}

/**
 * What users do to a source while it is moved. Deterministic: it changes the first `modules/` keys in the order of the listing's UTF-16 units,
 * removes the last ones, adds `added/<round>/…`; the same round on the same bucket writes the same bytes.
 */
export async function changeSource(options: LabPlace & { bucket: string; round: number } & Changes): Promise<Changed> {
  const { bucket, round, change = 0, add = 0, remove = 0, retag = 0 } = options;
  const store = createLabStore(options, { connections: 16 });
  try {
    const keys = (await listObjects(store, bucket)).map(({ key }) => key).filter((key) => key.startsWith('modules/'));
    keys.sort((a, b) => (a < b ? -1 : 1));
    if (keys.length < change + remove) throw new RangeError('the source holds fewer objects than shall change');
    const changed = keys.slice(0, change).map((key, index) => made(key, 1_000 + round + index, { user: { round: String(round) } }));
    const added = Array.from({ length: add }, (_, index) => made(`added/${round}/${index}.txt`, 500 + index, { tags: { round: String(round) } }));
    const removed = keys.slice(keys.length - remove);
    const retagged = taggedObjects()
      .slice(0, retag)
      .map((object) => ({ ...object, tags: { round: String(round) } }));
    await eachOf([...changed, ...added], 16, (object) => putObject(store, bucket, object));
    await eachOf(removed, 16, async (key) => void (await store.call({ method: 'DELETE', bucket, key })));
    await eachOf(retagged, 16, (object) => putTags(store, bucket, object));
    return { changed: changed.map(({ key }) => key), added: added.map(({ key }) => key), removed, retagged: retagged.map(({ key }) => key) };
  } finally {
    store.close();
  }
}
