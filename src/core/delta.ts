import type { ObjectEntry } from '../model/object-entry.ts';
import type { ObjectRow } from '../model/row.ts';
import { compareKeys } from './compare-keys.ts';

/** An object as the catalogue knows it: what was listed, and what became of it. */
export interface Catalogued {
  readonly entry: ObjectEntry;
  readonly row: ObjectRow;
}

export interface KeyDelta {
  readonly changed: readonly ObjectEntry[];
  readonly deleted: readonly ObjectEntry[];
  readonly unchanged: { readonly count: number; readonly sizeBytes: number };
}

/** True when the row says that our copy stands on the target: it was written by us, or found there equal. */
export const isStanding = (row: ObjectRow): boolean => row.outcome === 'copied' || row.outcome === 'adopted';

/**
 * True when the copy need not be made again: it stands and was compared. A copy that verification refused, could not judge, or never
 * reached because its pass was given up is made again, and verified then.
 */
export const isSound = (row: ObjectRow): boolean => isStanding(row) && row.verdict === 'PASS';

/**
 * What stands on the target for one key, one item a version, from its history in the runs, oldest first. Rows that changed nothing there
 * (failed, changed, vanished) leave what an earlier run wrote; `deleted` takes it away.
 */
export function standing(history: readonly Catalogued[]): readonly Catalogued[] {
  const [only] = history;
  if (!only) return [];
  if (history.length === 1) return isStanding(only.row) ? history : [];
  const versions = new Map<string, Catalogued>();
  for (const item of history) {
    const version = item.entry.versionId ?? '';
    if (item.row.outcome === 'deleted') versions.delete(version);
    else if (isStanding(item.row)) {
      versions.delete(version); // the newest write stands last
      versions.set(version, item);
    }
  }
  return [...versions.values()];
}

/** True when a listing shows exactly what we read. Both times are whole seconds, so that a GET and a listing compare equal. */
export const isSameAsRead = (listed: ObjectEntry, { entry, row }: Catalogued): boolean =>
  listed.etag === row.sourceEtag &&
  listed.sizeBytes === row.sizeBytes &&
  listed.lastModified === row.sourceLastModified &&
  (listed.isDeleteMarker ?? false) === (entry.isDeleteMarker ?? false);

/**
 * What a new listing of one key asks for. Changed entries say what they replace on the target, deleted ones what is to be removed there.
 * Versions are compared one by one, oldest first; after the first that must be written, all later ones are written again, because a version
 * written afterwards would stand above them. Without versions both sides hold at most one item.
 */
export function deltaOfKey(listed: readonly ObjectEntry[], there: readonly Catalogued[]): KeyDelta {
  const known = new Map(there.map((item) => [item.entry.versionId ?? '', item]));
  const changed: ObjectEntry[] = [];
  const unchanged = { count: 0, sizeBytes: 0 };
  for (const entry of listed) {
    const version = entry.versionId ?? '';
    const item = known.get(version);
    known.delete(version);
    if (!item) changed.push(entry);
    else if (changed.length > 0 || !isSameAsRead(entry, item) || !isSound(item.row)) changed.push(replacing(entry, item.row));
    else {
      unchanged.count += 1;
      unchanged.sizeBytes += entry.sizeBytes;
    }
  }
  return { changed, deleted: [...known.values()].map(({ entry, row }) => replacing(entry, row)), unchanged };
}

const replacing = (entry: ObjectEntry, row: ObjectRow): ObjectEntry => ({
  ...entry,
  ...(row.targetEtag === undefined ? {} : { replaces: row.targetEtag }),
  ...(row.targetVersionId === undefined ? {} : { replacesVersion: row.targetVersionId }),
});

/** Order of a manifest: by key, then oldest version first. The sort is stable: versions of one second keep the order they came in. */
export const compareEntries = (a: ObjectEntry, b: ObjectEntry): number =>
  compareKeys(a.key, b.key) || (a.lastModified < b.lastModified ? -1 : a.lastModified > b.lastModified ? 1 : 0);
