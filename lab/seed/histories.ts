import { eachOf } from './each-of.ts';
import { made, type SeedObject } from './estate.ts';
import type { LabStore } from './lab-store.ts';
import { type ListedVersion, listVersions } from './listing.ts';
import { etagOf, putObject } from './put-object.ts';

/** Versions oldest first; `marker` is a delete. */
type History = readonly (SeedObject | 'marker')[];

const version = (key: string, sizeBytes: number): SeedObject => made(key, sizeBytes, { user: { version: String(sizeBytes) } });

/** What versioning leaves behind: overwritten, deleted and written again, deleted for good, deleted twice. */
export const histories: ReadonlyMap<string, History> = new Map([
  ['versions/report.txt', [version('versions/report.txt', 1_000), version('versions/report.txt', 2_000), version('versions/report.txt', 3_000)]],
  ['versions/back again.txt', [version('versions/back again.txt', 500), 'marker', version('versions/back again.txt', 600)]],
  ['versions/deleted.txt', [version('versions/deleted.txt', 700), version('versions/deleted.txt', 800), 'marker']],
  ['versions/twice deleted.txt', [version('versions/twice deleted.txt', 900), 'marker', version('versions/twice deleted.txt', 901), 'marker']],
  ['versions/large.bin', [version('versions/large.bin', 1024 * 1024), version('versions/large.bin', 1024 * 1024 + 16)]],
]);

export const historyPrefix = 'versions/';

/** Writes the histories that are not there exactly; returns how many were written. */
export async function seedHistories(store: LabStore, bucket: string): Promise<number> {
  const listed = await listVersions(store, bucket, historyPrefix);
  let written = 0;
  await eachOf(histories, 4, async ([key, history]) => {
    const there = listed.filter((item) => item.key === key);
    if (await isSame(history, there)) return;
    for (const { versionId } of there) await store.call({ method: 'DELETE', bucket, key, query: { versionId } });
    for (const step of history) {
      if (step === 'marker') await store.call({ method: 'DELETE', bucket, key });
      else await putObject(store, bucket, step);
    }
    written += 1;
  });
  return written;
}

/** Markers and versions come in two lists whose times are whole seconds, so what is compared is what is there, and which is the latest. */
async function isSame(history: History, there: readonly ListedVersion[]): Promise<boolean> {
  const wanted = await Promise.all(history.map(async (step, index) => entry(step === 'marker' ? undefined : await etagOf(step), index === history.length - 1)));
  const found = there.map(({ etag, isLatest }) => entry(etag, isLatest));
  return wanted.length === found.length && wanted.sort().join() === found.sort().join();
}

function entry(etag: string | undefined, isLatest: boolean): string {
  return `${etag ?? 'marker'}${isLatest ? ' latest' : ''}`;
}
