import type { Phase } from '../core/ids.ts';
import type { ManifestRef, RunRef } from '../model/manifest.ts';
import type { LossCount } from '../model/status.ts';
import { mergeCatalogue, readIndex, runBatches, type ShardCut, salvageRun, sealRun, type Totals } from '../transfer/index.ts';
import { attempt } from './boundary.ts';
import { type BucketTask, batchSaid, once, type PassPlace, type RecordDeps, record, turnName } from './recording.ts';

/** What a stage of a pass left: its run, and counts that a workflow can judge. No names. */
export interface PassSummary {
  readonly sealed: RunRef;
  readonly counts: { readonly pass: number; readonly fail: number; readonly unknown: number; readonly passBytes: number };
  readonly reasons: readonly LossCount[];
  readonly losses: readonly LossCount[];
}

export type PassActivities = ReturnType<typeof createPassActivities>;

/** Between the stages of a pass: which rows belong together. They read and write the depot only. */
export const createPassActivities = (deps: RecordDeps) => ({
  /** Collects what the shards of one stage sealed. */
  sealRun: (task: BucketTask & { manifest: ManifestRef; phase: Phase }): Promise<PassSummary> =>
    attempt(async () => summary(await sealRun(deps.depot, task.manifest, shardless(task.place, task.phase)))),

  /** What a stage that was given up got done, so that the next pass knows what stands on the target. */
  salvageRun: (task: BucketTask & { manifest: ManifestRef; phase: Phase }): Promise<{ sealed: RunRef }> =>
    attempt(async () => {
      const salvaged = await once(deps.depot, turnName(task.place, `salvage-${task.phase}`), async () => ({
        sealed: (await salvageRun(deps.depot, task.manifest, shardless(task.place, task.phase))).run,
      }));
      await restate(deps, task, `salvage-${task.phase}`, salvaged.sealed);
      return salvaged;
    }),

  /** One run instead of many. */
  sealCatalogue: (task: BucketTask & { cut: ShardCut; catalogue: readonly RunRef[] }): Promise<{ sealed: RunRef }> =>
    attempt(() => once(deps.depot, turnName(task.place, 'catalogue'), async () => ({ sealed: await mergeCatalogue(deps.depot, task.catalogue, task.cut) }))),
});

/** Rows that no comparison made, bound as they stand: without their record nobody could tell where an object ended. */
async function restate(deps: RecordDeps, task: BucketTask, what: string, run: RunRef): Promise<void> {
  const { shards } = await readIndex(deps.depot, run.digest);
  for await (const { shard, rows, totals } of runBatches(deps.depot, run)) {
    const said = await batchSaid(deps.depot, task.entry, rows, totals, shards[shard]?.entries);
    await record(deps, task, 'batch.restated', `${what}/${shard}`, said);
  }
}

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
