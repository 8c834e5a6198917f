import { link, readdir, readFile, rename, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { MigrationError } from '../core/migration-error.ts';
import type { Depot, Journal } from '../ports/depot.ts';
import { ensureFolder, errnoOf, fileFailure, removeTemporary, sweepTemporaries, syncFolder, writeTemporary } from './durable-file.ts';
import { digestOf, missing, objectPath, packed, unpacked } from './packing.ts';
import { checkJournalName, openSegment, sealSegment, segmentName, segmentNumbers } from './segment.ts';

interface Ground {
  readonly root: string;
  readonly temporaries: string;
  /** Makes a folder and its way durable, once in the life of this process. */
  readonly ensure: (folder: string) => Promise<void>;
}

/**
 * A depot in a folder of one file system that many processes may share: `objects/ab/<digest>.gz`, `journals/<name>/<number>`.
 * Makes the folder where it is missing. Throws at once when it may not be written to (PERMISSION_DENIED, DEPOT_FULL).
 */
export function openFolderDepot(folder: string): Depot {
  const root = resolve(folder);
  const temporaries = join(root, 'tmp');
  const ensured = new Set<string>();
  const ensure = async (place: string): Promise<void> => {
    if (ensured.has(place)) return;
    await ensureFolder(root, place);
    ensured.add(place);
  };
  try {
    sweepTemporaries(temporaries);
  } catch (error) {
    throw fileFailure('open depot', error);
  }
  const ground = { root, temporaries, ensure };
  return {
    put: (bytes) => mapped('put', putObject(ground, bytes)),
    get: (digest) => mapped('get', getObject(ground, digest)),
    journal: (name) => openJournal(ground, checkJournalName(name)),
  };
}

async function putObject({ root, temporaries, ensure }: Ground, bytes: Uint8Array): Promise<string> {
  const digest = digestOf(bytes);
  const path = join(root, objectPath(digest));
  await ensure(dirname(path));
  if (!(await exists(path))) {
    const temporary = await writeTemporary(temporaries, await packed(bytes));
    // Who comes second replaces the first one's file by the same bytes.
    await rename(temporary, path);
  }
  // Also when it stood there: who made it may have died before this flush.
  await syncFolder(dirname(path));
  return digest;
}

async function getObject({ root }: Ground, digest: string): Promise<Buffer> {
  const stored = await readFile(join(root, objectPath(digest))).catch(absent);
  if (!stored) throw missing(digest);
  return unpacked(digest, stored);
}

function openJournal({ root, temporaries, ensure }: Ground, name: string): Journal {
  const folder = join(root, 'journals', name);
  const segment = (n: number): string => join(folder, segmentName(n));
  const read = async (): Promise<readonly Buffer[]> => {
    const numbers = await segmentNumbers(name, async () => (await readdir(folder).catch(absent)) ?? []);
    const segments: Buffer[] = [];
    for (const n of numbers) segments.push(openSegment(name, n, await readFile(segment(n))));
    return segments;
  };
  const append = async (n: number, bytes: Uint8Array): Promise<void> => {
    await ensure(folder);
    const temporary = await writeTemporary(temporaries, sealSegment(name, n, bytes));
    try {
      // The one call that gives a whole file a name only if the name is free; rename would replace the other attempt's segment.
      await link(temporary, segment(n));
    } catch (error) {
      throw errnoOf(error) === 'EEXIST' ? new MigrationError('FENCED', { operation: 'append', detail: `segment ${n} of ${name}`, cause: error }) : error;
    } finally {
      await removeTemporary(temporary);
    }
    await syncFolder(folder);
  };
  return { read: () => mapped('read journal', read()), append: (n, bytes) => mapped('append', append(n, bytes)) };
}

const exists = (path: string): Promise<boolean> =>
  stat(path)
    .then(() => true, absent)
    .then(Boolean);

function absent(error: unknown): undefined {
  if (errnoOf(error) !== 'ENOENT') throw error;
}

const mapped = <T>(operation: string, work: Promise<T>): Promise<T> =>
  work.catch((error: unknown) => {
    throw fileFailure(operation, error);
  });
