import type { Phase } from '../core/ids.ts';
import type { ManifestRef, RunRef } from '../model/manifest.ts';
import type { LossCount } from '../model/status.ts';
import { mergeCatalogue, type ShardCut, salvageRun, sealRun, type Totals } from '../transfer/index.ts';
import { attempt } from './boundary.ts';
import { type BucketTask, once, type PassPlace, type RecordDeps, turnName } from './recording.ts';

/** What a stage of a pass left: its run, and counts that a workflow can judge. No names. */
export interface PassSummary {
  readonly sealed: RunRef;
  readonly counts: { readonly pass: number; readonly fail: number; readonly unknown: number; readonly passBytes: number };
  readonly reasons: readonly LossCount[];
  readonly losses: readonly LossCount[];
}

export type PassActivities = ReturnType<typeof createPassActivities>;

/** Between the stages of a pass: which rows belong together. They read and write the depot only. */
export const createPassActivities = ({ depot }: RecordDeps) => ({
  /** Collects what the shards of one stage sealed. */
  sealRun: (task: BucketTask & { manifest: ManifestRef; phase: Phase }): Promise<PassSummary> =>
    attempt(async () => summary(await sealRun(depot, task.manifest, shardless(task.place, task.phase)))),

  /** What a stage that was given up got done, so that the next pass knows what stands on the target. */
  salvageRun: (task: BucketTask & { manifest: ManifestRef; phase: Phase }): Promise<{ sealed: RunRef }> =>
    attempt(() =>
      once(depot, turnName(task.place, `salvage-${task.phase}`), async () => ({
        sealed: (await salvageRun(depot, task.manifest, shardless(task.place, task.phase))).run,
      })),
    ),

  /** One run instead of many. */
  sealCatalogue: (task: BucketTask & { cut: ShardCut; catalogue: readonly RunRef[] }): Promise<{ sealed: RunRef }> =>
    attempt(() => once(depot, turnName(task.place, 'catalogue'), async () => ({ sealed: await mergeCatalogue(depot, task.catalogue, task.cut) }))),
});

const shardless = ({ project, workload, run, pass }: PassPlace, phase: Phase) => ({ project, workload, run, pass, phase });

const counted = (counts: Readonly<Record<string, number>>): LossCount[] =>
  Object.entries(counts)
    .map(([code, count]) => ({ code, count }))
    .sort((a, b) => (a.code < b.code ? -1 : 1));

const summary = ({ run, totals: { verdicts, passBytes, reasons, losses } }: { run: RunRef; totals: Totals }): PassSummary => ({
  sealed: run,
  counts: { pass: verdicts.PASS, fail: verdicts.FAIL, unknown: verdicts.UNKNOWN, passBytes },
  reasons: counted(reasons),
  losses: counted(losses),
});
