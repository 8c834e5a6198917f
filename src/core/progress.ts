import type { Progress, WorkloadStatus } from '../model/status.ts';

/** A small object costs about as much as 64 KiB: without this weight a million tiny objects would look like nothing. */
const objectWeightBytes = 65_536;

/** Share of the pass under way, 0 to 1: copying is one half, re-reading the other. An empty pass is done. */
export function doneShare({ totalObjects, totalBytes, copiedObjects, copiedBytes, verifiedObjects, verifiedBytes }: Progress): number {
  const weight = (objects: number, bytes: number): number => bytes + objects * objectWeightBytes;
  const total = 2 * weight(totalObjects, totalBytes);
  return total === 0 ? 1 : Math.min(1, (weight(copiedObjects, copiedBytes) + weight(verifiedObjects, verifiedBytes)) / total);
}

/** Whole per cent, rounded down so that 100 means all; undefined before the first listing told how much there is. */
export function percentDone({ pass, progress }: Pick<WorkloadStatus, 'pass' | 'progress'>): number | undefined {
  return pass === 0 && progress.totalObjects === 0 ? undefined : Math.floor(doneShare(progress) * 100);
}
