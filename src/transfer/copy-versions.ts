import { isStanding } from '../core/delta.ts';
import type { ObjectEntry } from '../model/object-entry.ts';
import type { ObjectRow } from '../model/row.ts';
import { type CopyAttempt, type CopyLane, type Job, rowOf } from './copy-attempt.ts';
import { persist } from './persist.ts';
import { listVersionsOf } from './target-versions.ts';

/**
 * The versions of one key in order, one after another, delete markers among them: their order on the target is the order of writing. After a version
 * that could not be copied the later ones wait for the next pass, because one written afterwards would stand above them.
 */
export async function copyVersions(c: CopyLane, jobs: readonly Job[], copy: (c: CopyLane, job: Job) => Promise<ObjectRow>): Promise<void> {
  const [first] = jobs;
  if (!first) return;
  const earlier = rowsBefore(c, first);
  let broken = earlier.find(isBroken);
  const left = c.journal.isResumed ? await leftBehind(c, jobs, earlier) : [];
  for (const job of jobs) {
    const row: ObjectRow = broken
      ? { ...rowOf(c, job), outcome: 'failed', verdict: 'UNKNOWN', reason: broken.reason ?? 'COPY_INCOMPLETE' }
      : job.entry.isDeleteMarker
        ? await layMarker(c, job, left)
        : await copy(c, { ...job, left });
    if (isBroken(row)) broken ??= row;
    // The new version stands, the one it replaces still does. A crash here finds the new one by its content and removes the old one then.
    if (isStanding(row)) await removeReplaced(c, job);
    c.settle(row);
  }
}

const isBroken = ({ outcome }: ObjectRow): boolean => outcome === 'failed' || outcome === 'changed';

function rowsBefore(c: CopyAttempt, { i, entry }: Job): readonly ObjectRow[] {
  const rows: ObjectRow[] = [];
  for (let at = i - 1; c.entries[at]?.key === entry.key; at -= 1) {
    const line = c.journal.rows.get(at);
    if (line !== undefined) rows.push(JSON.parse(line) as ObjectRow);
  }
  return rows;
}

/**
 * Versions on the target that no row knows, oldest first: what a killed attempt wrote in its last second. They are the newest ones, at most
 * as many as there are entries without a row.
 */
async function leftBehind(c: CopyAttempt, jobs: readonly Job[], earlier: readonly ObjectRow[]): Promise<ObjectEntry[]> {
  const known = new Set(earlier.map(({ targetVersionId }) => targetVersionId));
  for (const { entry } of jobs) known.add(entry.replacesVersion);
  const there = await listVersionsOf(c.target, c, jobs[0]?.entry.key ?? '');
  return there
    .filter(({ versionId }) => !known.has(versionId))
    .slice(0, jobs.length)
    .reverse();
}

async function layMarker(c: CopyAttempt, job: Job, left: ObjectEntry[]): Promise<ObjectRow> {
  const found = left.findIndex(({ isDeleteMarker }) => isDeleteMarker);
  const [laid] = found < 0 ? [] : left.splice(found, 1);
  const versionId = laid ? laid.versionId : (await persist(c, () => c.target.remove(job.entry.key, {}, c.signal))).versionId;
  return { ...rowOf(c, job), outcome: laid ? 'adopted' : 'copied', ...(versionId === undefined ? {} : { targetVersionId: versionId }), verdict: 'UNKNOWN' };
}

async function removeReplaced(c: CopyAttempt, { entry }: Job): Promise<void> {
  const { key, replacesVersion: versionId } = entry;
  if (versionId !== undefined) await persist(c, () => c.target.remove(key, { versionId }, c.signal));
}
