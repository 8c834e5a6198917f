import { isMigrationError } from '../../core/migration-error.ts';
import type { StoredPart } from '../../ports/object-store.ts';
import { persist } from '../persist.ts';
import type { DiskDeps } from './disk-files.ts';

/** A part whose storing is known: durable in a journal only after the store's answer. */
export interface PartOfUpload extends StoredPart {
  readonly upload: string;
}

/**
 * Of the parts that a journal names, those that the store still names with the same ETag and size; undefined when the upload is gone: completed
 * before, aborted, or forgotten by the store.
 */
export async function stillStored<P extends PartOfUpload>(
  deps: Pick<DiskDeps, 'target' | 'clock' | 'flight'>,
  { key, upload }: { readonly key: string; readonly upload: string },
  rows: readonly P[],
  signal: AbortSignal,
): Promise<Map<number, P> | undefined> {
  const known = new Map(rows.filter((row) => row.upload === upload).map((row) => [row.part, row]));
  if (known.size === 0) return known; // nothing to compare: the first part that is sent tells whether the upload is there
  try {
    const stored = new Map((await persist({ ...deps, signal }, () => deps.target.listParts(key, upload, signal))).map((part) => [part.part, part]));
    for (const [part, { etag, sizeBytes }] of known) {
      const there = stored.get(part);
      if (there?.etag !== etag || there.sizeBytes !== sizeBytes) known.delete(part);
    }
    return known;
  } catch (error) {
    if (isMigrationError(error, 'UPLOAD_MISSING')) return undefined;
    throw error;
  }
}
