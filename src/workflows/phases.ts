import { patched } from '@temporalio/workflow';
import type { Closing } from '../activities/listing.ts';
import { none, type StepTable } from '../core/saga.ts';
import { runWindow } from '../core/window.ts';
import type { BucketRun, PhaseName } from './bucket-state.ts';
import { failure } from './failures.ts';
import { acceptLosses } from './gate.ts';
import { runPass, startFirstPass } from './pass.ts';
import { evidencePatch } from './policies.ts';
import { mergeLosses } from './workload-state.ts';

/** A pass that changed so few objects counts as converged: the next one falls into the cutover. */
const convergedObjects = 100;
/** After so many passes the source changes as fast as it is copied: more passes gain nothing, the cutover window decides. */
const convergencePasses = 5;
/** Deltas after the freeze before it counts as broken: uploads that were under way may still end once. */
const deltasAfterFreeze = 2;

/** The life of a bucket, phase by phase. A failure undoes only its own phase; what an earlier one verified stays. */
export const phases: Readonly<Record<PhaseName, StepTable<BucketRun>>> = {
  replicate: [
    { name: 'assess', action: assess, undo: none('it only reads; the listing stays in the depot') },
    { name: 'accept losses', action: acceptLosses, undo: none('an acceptance lapses by its digest') },
    { name: 'note what stands there', action: noteForeign, undo: none('it only reads') },
    { name: 'prepare target', action: prepareTarget, undo: (run) => run.hands.control.removeTarget(run.task) },
    { name: 'copy', action: copyOnce, undo: takeBackCopies },
    { name: 'converge', action: converge, undo: none('its copies go with those of the step copy') },
  ],
  delta: [{ name: 'delta', action: (run) => runPass(run, 'copy'), undo: salvage }],
  cutover: [
    { name: 'accept losses', action: acceptLosses, undo: none('an acceptance lapses by its digest') },
    { name: 'freeze source', action: freeze, undo: liftFreeze },
    { name: 'last delta', action: (run) => runPass(run, 'last'), undo: salvage },
    { name: 'close source', action: closeSource, undo: salvage },
    { name: 'close target', action: closeTarget, undo: none('it reads, and aborts uploads that nobody can complete') },
    {
      name: 'cut over',
      action: markCutOver,
      undo: none('a record; the freeze is lifted by its own step'),
    },
  ],
  finalize: [{ name: 'switch on lifecycle rules', action: finalize, undo: none('from here on the target is the owner’s') }],
  rollback: [
    { name: 'deny target writes', action: denyTarget, undo: allowTarget },
    { name: 'list target writes', action: listTargetWrites, undo: none('it only reads') },
    { name: 'lift freeze', action: liftFreeze, undo: none('the source serves again: there is nothing to go back to') },
    {
      name: 'record rollback',
      action: (run) => run.hands.control.finishRollback({ ...run.task, acceptedLosses: run.state.acceptedLosses }),
      undo: none('a record'),
    },
  ],
  discard: [
    { name: 'allow target writes', action: allowTarget, undo: none('a discarded bucket needs no protection') },
    { name: 'remove copies', action: (run) => removeCopies(run, 'ORDERED'), undo: none('approved as irreversible: the source still holds everything') },
    { name: 'remove target bucket', action: (run) => run.hands.control.removeTarget(run.task), undo: none('only an empty bucket of ours is removed') },
  ],
};

async function assess(run: BucketRun): Promise<void> {
  const { state, hands, task } = run;
  const { manifest, tally, inventory } = await hands.transfer.listSource.executeWithOptions({ summary: run.timeline.listSource }, [
    { ...task, cut: run.input.shard, catalogue: [] },
  ]);
  const { configuration, losses, samples } = await hands.control.assessBucket({
    ...task,
    listing: manifest,
    inventory,
    tally,
    hasCopies: state.catalogue.length > 0,
  });
  state.listing = manifest;
  state.configuration = configuration;
  const evidence = { ...state.status.evidence, configuration, assessment: samples };
  run.note({ objects: manifest.count, sizeBytes: manifest.sizeBytes, losses: mergeLosses([], losses), evidence });
}

async function noteForeign(run: BucketRun): Promise<void> {
  if (run.input.entry.into !== 'existing' || run.state.foreign) return;
  run.state.foreign = (await run.hands.transfer.listTarget({ ...run.task, cut: run.input.shard, catalogue: [] })).manifest;
}

async function prepareTarget(run: BucketRun): Promise<void> {
  const { state } = run;
  // After a rollback writes on the target are denied; a new replication needs them.
  await allowTarget(run);
  const { capabilities, losses } = await run.hands.control.prepareTarget({ ...run.task, configuration: state.configuration ?? '' });
  state.capabilities = capabilities;
  run.note({ losses: mergeLosses(state.status.losses, losses) });
}

async function copyOnce(run: BucketRun): Promise<void> {
  const { state } = run;
  if (!state.work && state.catalogue.length === 0 && state.listing) startFirstPass(run, state.listing);
  await runPass(run, 'copy');
}

async function converge(run: BucketRun): Promise<void> {
  for (let passes = 0; passes < convergencePasses && (run.state.lastPassObjects > convergedObjects || run.state.openBefore > 0 || run.state.work); passes++)
    await runPass(run, 'copy');
  if (run.state.openBefore > 0) throw failure('COPY_INCOMPLETE', `${run.state.openBefore} objects`);
  await acceptLosses(run);
}

async function freeze(run: BucketRun): Promise<void> {
  const { receipt } = await run.hands.control.freeze({
    ...run.task,
    ...(run.state.order?.frozenByHand ? { frozenByHand: true } : {}),
    by: run.state.order?.by ?? 'unknown',
  });
  if (receipt) run.state.receipt = receipt;
}

async function liftFreeze(run: BucketRun): Promise<void> {
  await run.hands.control.liftFreeze({ ...run.task, ...(run.state.receipt ? { receipt: run.state.receipt } : {}) });
  delete run.state.receipt;
}

/** The closing listing of the source must equal the last manifest, else somebody wrote after the freeze. */
async function closeSource(run: BucketRun): Promise<void> {
  const { state, hands } = run;
  for (let deltas = 0; ; deltas++) {
    if (!state.work) {
      const task = { ...run.task, cut: run.input.shard, catalogue: state.catalogue, acceptedLosses: state.acceptedLosses };
      const { equal, differences, report } = await hands.transfer.closeSource.executeWithOptions({ summary: run.timeline.closeSource }, [task]);
      run.note({ evidence: { ...state.status.evidence, 'closing source': report } });
      if (equal) return;
      if (deltas >= deltasAfterFreeze) throw failure('FREEZE_BROKEN', `${differences} objects differ after ${deltas} deltas under the freeze`);
    }
    await runPass(run, 'last');
  }
}

async function closeTarget(run: BucketRun): Promise<void> {
  const { listing } = run.state;
  // Uploads that a dead worker opened and could not write down: nothing of ours is under way any more.
  const isOwn = listing !== undefined && run.input.entry.into === 'new';
  if (isOwn && !patched(evidencePatch)) await run.hands.transfer.abortUploads({ ...run.task, manifest: listing.digest });
  const { equal, differences, merged, report } = await listTarget(run, 'closing');
  run.note({ evidence: { ...run.state.status.evidence, 'closing target': report } });
  if (merged > 0) throw failure('KEYS_MERGED', `${merged} objects`);
  if (!equal) throw failure('TARGET_DIFFERS', `${differences} objects`);
}

const listTarget = (run: BucketRun, purpose: 'closing' | 'rollback'): Promise<Closing> => {
  const { foreign, catalogue, acceptedLosses, listing } = run.state;
  const mayHoldUploads = purpose === 'closing' && listing !== undefined && run.input.entry.into === 'new';
  const task = {
    ...run.task,
    cut: run.input.shard,
    catalogue,
    purpose,
    acceptedLosses,
    ...(foreign ? { foreign } : {}),
    ...(mayHoldUploads ? { written: listing.digest } : {}),
  };
  return run.hands.transfer.closeTarget.executeWithOptions({ summary: run.timeline.closeTarget[purpose] }, [task]);
};

/** From this record on the target serves: two records, no call, so it runs where the workflow runs. */
async function markCutOver(run: BucketRun): Promise<void> {
  const hands = patched(evidencePatch) ? run.hands.local : run.hands.control;
  await hands.markCutOver({ ...run.task, catalogue: run.state.catalogue });
}

async function finalize(run: BucketRun): Promise<void> {
  const { losses } = await run.hands.control.finalize({ ...run.task, configuration: run.state.configuration ?? '' });
  run.note({ losses: mergeLosses(run.state.status.losses, losses) });
}

async function denyTarget(run: BucketRun): Promise<void> {
  const { receipt } = await run.hands.control.denyTarget({ ...run.task, wasCutOver: run.state.wasCutOver, by: run.state.order?.by ?? 'unknown' });
  if (receipt) run.state.targetReceipt = receipt;
}

async function allowTarget(run: BucketRun): Promise<void> {
  if (run.state.targetReceipt) await run.hands.control.allowTarget({ ...run.task, receipt: run.state.targetReceipt });
  delete run.state.targetReceipt;
}

async function listTargetWrites(run: BucketRun): Promise<void> {
  if (!run.state.wasCutOver) return;
  const { report } = await listTarget(run, 'rollback');
  run.note({ evidence: { ...run.state.status.evidence, 'written since cutover': report } });
}

/**
 * A pass that is given up stays where it got to: what it wrote is newer source content, and taking it back would lose what an earlier
 * pass verified. Its rows join the catalogue, so that the next pass knows what stands there, and verifies it.
 */
async function salvage(run: BucketRun): Promise<void> {
  const { state, hands } = run;
  const { work } = state;
  if (!work) return;
  const { changed, deleted, stage } = work;
  if (changed && (stage === 'copy' || stage === 'verify'))
    state.catalogue.push((await hands.control.salvageRun({ ...run.task, manifest: changed, phase: 'copy' })).sealed);
  if (deleted && stage === 'delete') state.catalogue.push((await hands.control.salvageRun({ ...run.task, manifest: deleted, phase: 'delete' })).sealed);
  delete state.work;
  state.pass += 1;
}

async function takeBackCopies(run: BucketRun): Promise<void> {
  if (!run.state.phase?.hadCopies) return removeCopies(run, 'UNWIND');
  // Over copies that an earlier replication verified nothing is removed; what this one wrote joins them, or no record would tell of it.
  if (patched(evidencePatch)) await salvage(run);
}

/**
 * Removes exactly what the journals and rows of this workload say was written and nobody changed since, newest pass first; the rest is
 * listed with the reason. Each shard is found done when it is taken again, so a crash in the middle costs nothing.
 */
async function removeCopies(run: BucketRun, why: 'ORDERED' | 'UNWIND'): Promise<void> {
  const { state, hands } = run;
  const sum = { removed: 0, gone: 0, left: 0, reports: [] as string[] };
  const { acceptedLosses } = state;
  await hands.control.beginRemoval({ ...run.task, why, acceptedLosses });
  for (const { run: number, pass, copies, deletions } of [...state.passes].reverse()) {
    const of = { place: { ...run.place, run: number, pass }, entry: run.input.entry, ...(state.foreign ? { foreign: state.foreign } : {}) };
    for (const [what, manifest] of [['delete', deletions] as const, ['copy', copies] as const]) {
      if (!manifest) continue;
      const one = async (shard: number): Promise<void> => {
        const summary = run.timeline.removeShard(pass, what, shard, manifest.shards);
        const { removed, gone, left, report } = await hands.transfer.removeShard.executeWithOptions({ summary }, [
          { ...of, manifest: manifest.digest, shard, of: what },
        ]);
        sum.removed += removed;
        sum.gone += gone;
        sum.left += left;
        if (report) sum.reports.push(report);
      };
      await runWindow(manifest.shards, { next: 0, owed: [] }, one, { ...run.windowGate, mayStart: () => true });
    }
    if (run.input.entry.into === 'new') await hands.transfer.abortUploads({ ...of, manifest: copies.digest });
  }
  const { report } = await hands.control.endRemoval({ ...run.task, ...sum, why, acceptedLosses });
  run.note({ evidence: { ...state.status.evidence, 'left on the target': report } });
  // What is not there any more was not proven to be there.
  run.note({ verdict: 'UNKNOWN', objects: 0, sizeBytes: 0 });
  state.passes = [];
  state.catalogue = [];
  delete state.work;
}
