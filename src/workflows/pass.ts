import type { PassSummary } from '../activities/control.ts';
import { type ErrorCode, errorCodes, isErrorCode } from '../core/error-codes.ts';
import type { Phase } from '../core/ids.ts';
import { runWindow } from '../core/window.ts';
import type { ManifestRef, RunRef } from '../model/manifest.ts';
import { type BucketRun, type PassWork, startPass } from './bucket-state.ts';
import { failure } from './failures.ts';
import { mergeLosses } from './workload-state.ts';

/** Above so many runs the catalogue is made one: each costs a shard in memory and a seek a key when it is read. */
const catalogueRuns = 8;

/**
 * One pass: list the source, compare with the catalogue, copy what differs, verify it by re-reading the target, and only then remove
 * what vanished. `last` also reads every tag again, since tagging changes neither ETag nor date. Each stage is entered again after a
 * continue-as-new; its activities find their own earlier results.
 */
export async function runPass(run: BucketRun, kind: 'copy' | 'last'): Promise<void> {
  const { state } = run;
  state.work ??= startPass();
  const { work } = state;
  if (work.stage === 'list') await list(run, work);
  if (work.stage === 'copy') await copy(run, work);
  if (work.stage === 'verify') await verify(run, work);
  if (work.stage === 'delete') await remove(run, work, kind);
  if (work.stage === 'tags') await retag(run, work);
  delete state.work;
  await finishPass(run, work);
}

async function list(run: BucketRun, work: PassWork): Promise<void> {
  const { state, hands, task, input } = run;
  const { listing, changed, deleted, unchanged } = await hands.transfer.listChanges.executeWithOptions({ summary: run.timeline.listChanges(state.pass) }, [
    { ...task, cut: input.shard, catalogue: state.catalogue },
  ]);
  refuseTooManyDeletions(run, deleted);
  state.listing = listing;
  work.unchanged = unchanged;
  planned(run, work, changed, deleted);
}

/** The first pass copies what the assessment listed: whatever changed since is the next pass's matter. */
export function startFirstPass(run: BucketRun, listing: ManifestRef): void {
  run.state.work = { ...startPass(), unchanged: { count: 0, sizeBytes: 0 } };
  planned(run, run.state.work, listing, undefined);
}

function planned(run: BucketRun, work: PassWork, changed: ManifestRef, deleted: ManifestRef | undefined): void {
  const { state } = run;
  work.changed = changed;
  if (deleted) work.deleted = deleted;
  state.passes.push({ run: state.run, pass: state.pass, copies: changed, ...(deleted ? { deletions: deleted } : {}) });
  state.lastPassObjects = changed.count + (deleted?.count ?? 0);
  run.startProgress(changed.count, changed.sizeBytes);
  enter(work, 'copy');
}

function refuseTooManyDeletions(run: BucketRun, deleted: ManifestRef): void {
  const { share, count } = run.input.entry.deleteGuard;
  if (deleted.count <= Math.max(1, Math.min(count, Math.floor(run.state.status.objects * share))) || run.state.deletionAccepted === run.state.pass) return;
  throw failure(
    'DELETE_GUARD',
    `${deleted.count} of ${run.state.status.objects} objects vanished from the source; "ecluse resolve W accept" lets Écluse remove them from the target`,
  );
}

async function copy(run: BucketRun, work: PassWork): Promise<void> {
  const changed = given(work.changed);
  const { pass } = run.state;
  if (changed.shards === 0) {
    work.verified = { objects: 0, sizeBytes: 0, open: 0, failed: 0 };
    return enter(work, 'delete');
  }
  await throughWindow(run, work, changed.shards, async (shard) => {
    const { objects, sizeBytes, outcomes } = await run.hands.transfer.copyShard.executeWithOptions(
      { summary: run.timeline.copyShard(pass, shard, changed.shards) },
      [{ ...run.task, manifest: changed.digest, shard, capabilities: given(run.state.capabilities), isFirstPass: run.state.catalogue.length === 0 }],
    );
    await run.advance({ copiedObjects: objects, copiedBytes: sizeBytes, failedObjects: outcomes.failed + outcomes.changed });
  });
  const { sealed } = await sealStage(run, changed, 'copy');
  work.copied = sealed;
  enter(work, 'verify');
}

async function verify(run: BucketRun, work: PassWork): Promise<void> {
  const copied = given(work.copied);
  const { pass } = run.state;
  await throughWindow(run, work, copied.shards, async (shard) => {
    const { objects, sizeBytes, verdicts } = await run.hands.transfer.verifyShard.executeWithOptions(
      { summary: run.timeline.verifyShard(pass, shard, copied.shards) },
      [{ ...run.task, manifest: copied.digest, shard }],
    );
    await run.advance({ verifiedObjects: objects, verifiedBytes: sizeBytes, failedObjects: verdicts.FAIL });
  });
  const summary = await sealStage(run, copied, 'verify');
  work.verified = openAfter(summary, run.state.acceptedLosses);
  enter(work, 'delete');
  await addToCatalogue(run, summary);
}

async function remove(run: BucketRun, work: PassWork, kind: 'copy' | 'last'): Promise<void> {
  const { deleted } = work;
  const { pass } = run.state;
  if (deleted)
    await throughWindow(run, work, deleted.shards, async (shard): Promise<void> => {
      await run.hands.transfer.deleteShard.executeWithOptions({ summary: run.timeline.deleteShard(pass, shard, deleted.shards) }, [
        { ...run.task, manifest: deleted.digest, shard },
      ]);
    });
  if (deleted?.shards) await addToCatalogue(run, await sealStage(run, deleted, 'delete'));
  enter(work, kind === 'last' && run.state.capabilities?.tagging ? 'tags' : 'done');
}

async function retag(run: BucketRun, work: PassWork): Promise<void> {
  const catalogue = await oneRun(run);
  run.state.catalogue = [catalogue];
  await throughWindow(run, work, catalogue.shards, async (shard): Promise<void> => {
    await run.hands.transfer.retagShard.executeWithOptions({ summary: run.timeline.retagShard(shard, catalogue.shards) }, [
      { ...run.task, manifest: catalogue.digest, shard },
    ]);
  });
  await addToCatalogue(run, await sealStage(run, catalogue, 'tags'), 'instead');
}

/** No longer open: an archived object whose absence the owner accepted, and one that vanished meanwhile (the next listing's matter). */
function openAfter({ counts, reasons }: PassSummary, acceptedLosses: readonly string[]): NonNullable<PassWork['verified']> {
  const countOf = (code: string): number => reasons.find((reason) => reason.code === code)?.count ?? 0;
  const excused = countOf('OBJECT_MISSING') + (acceptedLosses.includes('OBJECT_ARCHIVED') ? countOf('OBJECT_ARCHIVED') : 0);
  return { objects: counts.pass, sizeBytes: counts.passBytes, open: counts.fail + counts.unknown - excused, failed: counts.fail };
}

/** Few seals are read in milliseconds where the workflow runs; many get an activity that may take its time. */
const localSeals = 64;

function sealStage(run: BucketRun, manifest: ManifestRef, phase: Phase): Promise<PassSummary> {
  const hands = manifest.shards <= localSeals ? run.hands.local : run.hands.control;
  return hands.sealRun({ ...run.task, manifest, phase });
}

async function oneRun(run: BucketRun): Promise<RunRef> {
  const [only, ...more] = run.state.catalogue;
  if (only && more.length === 0) return only;
  return (await run.hands.control.sealCatalogue({ ...run.task, cut: run.input.shard, catalogue: run.state.catalogue })).sealed;
}

/** Drives the window to its end: pauses, orders and continue-as-new come in between, never in the middle of a shard. */
async function throughWindow(run: BucketRun, work: PassWork, shards: number, one: (shard: number) => Promise<void>): Promise<void> {
  while (!(await runWindow(shards, work.window, one, run.windowGate))) await run.settle();
}

async function addToCatalogue(run: BucketRun, { sealed, losses, reasons }: PassSummary, how: 'instead' | 'on top' = 'on top'): Promise<void> {
  run.state.catalogue = how === 'instead' ? [sealed] : [...run.state.catalogue, sealed];
  run.note({ losses: mergeLosses(run.state.status.losses, losses) });
  // One object that the target can never hold exactly makes the whole bucket impossible: this phase unwinds.
  const fatal = reasons.find(({ code }) => isErrorCode(code) && errorCodes[code].follows === 'unwind');
  if (fatal) throw failure(fatal.code as ErrorCode, `${fatal.count} objects`);
}

/** Every object of the listing is now either as it was, verified, or open: then the next pass tries it again, and a person looks if that changes nothing. */
async function finishPass(run: BucketRun, { unchanged, verified }: PassWork): Promise<void> {
  const { state } = run;
  const { objects, sizeBytes, open, failed } = given(verified);
  const stubborn = open > 0 && open === state.openBefore;
  state.openBefore = open;
  if (state.catalogue.length > catalogueRuns) state.catalogue = [await oneRun(run)];
  state.pass += 1;
  run.note(
    {
      objects: given(unchanged).count + objects,
      sizeBytes: given(unchanged).sizeBytes + sizeBytes,
      verdict: failed > 0 ? 'FAIL' : open > 0 ? 'UNKNOWN' : 'PASS',
    },
    ['predictedEnd'],
  );
  if (stubborn) throw failure('COPY_INCOMPLETE', `${open} objects in pass ${state.pass - 1} as in the pass before`);
}

function enter(work: PassWork, stage: PassWork['stage']): void {
  work.stage = stage;
  work.window = { next: 0, owed: [] };
}

function given<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('a pass was entered without what its earlier stage leaves');
  return value;
}
