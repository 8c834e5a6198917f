import { CancelledFailure, isCancellation } from '@temporalio/workflow';
import { errorCodes } from '../core/error-codes.ts';
import { isFinal } from '../core/lifecycle.ts';
import { atStart, runPhase } from '../core/saga.ts';
import type { WorkloadState, WorkloadStatus } from '../model/status.ts';
import { type BucketInput, type BucketRun, newBucketState, type PhaseName } from './bucket-state.ts';
import { passGate } from './gate.ts';
import { phases } from './phases.ts';
import { WorkloadRun } from './workload-run.ts';
import { shownAnew } from './workload-state.ts';

/**
 * A bucket from its assessment to its last gate. Each turn runs one phase from the table in phases.ts, or waits for a person or the
 * next delta. Nothing irreversible happens without an order, and no phase that fails touches what an earlier phase verified.
 */
export async function bucket(input: BucketInput): Promise<WorkloadStatus> {
  const run: BucketRun = new WorkloadRun(input, input.carried ?? newBucketState(input, new Date().toISOString()));
  while (!isFinal(run.state.status.state)) await nextTurn(run);
  await run.show({ condition: 'done' }, ['waitingFor', 'step', 'gate']);
  return run.state.status;
}

async function nextTurn(run: BucketRun): Promise<void> {
  const { state } = run;
  if (state.phase) return goOn(run, state.phase.name);
  if (run.mustContinue) await run.continueAsNew();
  if (state.paused && !run.isOrderedBack) return run.settle();
  switch (state.status.state) {
    case 'not ready':
      return state.passes.length === 0 && !state.status.reason ? begin(run, 'replicate') : afterUnwind(run);
    case 'replicating':
      return begin(run, 'replicate');
    case 'ready for cutover':
      return readyForCutover(run);
    case 'cut over':
      return afterCutover(run);
    case 'rolled back':
      return afterRollback(run);
    default:
      throw new Error(`a bucket cannot stand at ${state.status.state}`);
  }
}

const during: Readonly<Record<PhaseName, WorkloadState | undefined>> = {
  replicate: 'replicating',
  delta: undefined,
  cutover: 'cutting over',
  finalize: undefined,
  rollback: undefined,
  discard: undefined,
};
const after: Readonly<Record<PhaseName, WorkloadState>> = {
  replicate: 'ready for cutover',
  delta: 'ready for cutover',
  cutover: 'cut over',
  finalize: 'finalized',
  rollback: 'rolled back',
  discard: 'discarded',
};
const unwound: Readonly<Record<PhaseName, WorkloadState | undefined>> = {
  replicate: 'not ready',
  delta: undefined,
  cutover: 'ready for cutover',
  finalize: undefined,
  rollback: undefined,
  discard: undefined,
};

async function begin(run: BucketRun, name: PhaseName): Promise<void> {
  run.state.turn += 1;
  run.state.phase = { name, position: atStart(), hadCopies: run.state.catalogue.length > 0 };
  const state = during[name];
  if (state) await run.moveTo(state);
  await goOn(run, name);
}

async function goOn(run: BucketRun, name: PhaseName): Promise<void> {
  const { state } = run;
  const error = await runPhase(phases[name], run, state.phase?.position ?? atStart(), run.effects);
  delete state.phase;
  delete state.work;
  if (error !== undefined && isCancellation(error)) throw new CancelledFailure('cancelled by a person: the phase under way was unwound');
  if (error === undefined) {
    if (name === 'cutover') state.wasCutOver = true;
    // What was approved was approved for the way that was taken back: another time is another decision.
    if (name === 'rollback') {
      state.approved = {};
      state.shown = shownAnew(state.shown);
    }
    // Another order may have come while the phase ended: it is carried out next.
    if (state.order?.order === name) delete state.order;
    return run.arriveAt(after[name]);
  }
  // The failed phase is undone; why stays visible until a person acts. An order to go back that stopped it is carried out next.
  const back = unwound[name];
  if (!run.isOrderedBack || back === 'not ready' || name === 'rollback') delete state.order;
  await run.show({ ...(back ? { state: back } : {}), condition: 'waiting' }, ['waitingFor', 'gate', 'step']);
}

/** The replication was undone. A person resumes it from the start, or discards the workload. */
async function afterUnwind(run: BucketRun): Promise<void> {
  const { state } = run;
  const code = state.status.reason?.code;
  delete state.answer;
  await run.waitFor(
    `resume or discard${code && code in errorCodes ? ` after ${code}` : ''}`,
    () => state.answer === 'again' || state.order?.order === 'discard',
  );
  if (state.order?.order === 'discard') return begin(run, 'discard');
  restart(run);
  run.note({}, ['reason']);
}

/** Waits for the approval and the order of the cutover, with a delta pass every so often so that the last one stays short. */
async function readyForCutover(run: BucketRun): Promise<void> {
  const { state, input } = run;
  const timeoutMs = input.entry.deltaEveryMinutes * 60_000;
  const isOrdered = (): boolean => state.order !== undefined || state.paused;
  const approvedEntry = input.entry;
  const gate = await passGate(run, 'cutover', { until: isOrdered, timeoutMs });
  const ordered = gate === 'approved' && (await run.waitFor('order cutover', isOrdered, timeoutMs));
  if (run.isOrderedBack) return begin(run, 'rollback');
  if (gate === 'timeout' || (gate === 'approved' && !ordered)) return begin(run, 'delta');
  // An edited entry is another scope: it goes through its own gate first.
  if (gate === 'approved' && input.entry !== approvedEntry) return;
  if (gate === 'approved' && state.order?.order === 'cutover') return begin(run, 'cutover');
  delete state.order;
}

async function afterCutover(run: BucketRun): Promise<void> {
  const { state } = run;
  const isOrdered = (): boolean => state.order !== undefined || state.paused;
  const gate = await passGate(run, 'finalize', { until: isOrdered });
  if (gate === 'approved') await run.waitFor('order finalize or rollback', isOrdered);
  if (run.isOrderedBack) return begin(run, 'rollback');
  if (gate === 'approved' && state.order?.order === 'finalize') return begin(run, 'finalize');
  delete state.order;
}

/** The source serves again. What was copied stays until a person discards it, or starts the replication anew over it. */
async function afterRollback(run: BucketRun): Promise<void> {
  const { state } = run;
  delete state.answer;
  const isDecided = (): boolean => state.answer === 'again' || state.order?.order === 'discard' || state.paused;
  const gate = await passGate(run, 'discard', { until: isDecided });
  if (gate === 'approved') await run.waitFor('order discard, or resume', isDecided);
  if (gate === 'approved' && state.order?.order === 'discard') return begin(run, 'discard');
  delete state.order;
  if (state.answer !== 'again') return;
  state.wasCutOver = false;
  await run.moveTo('replicating');
}

function restart(run: BucketRun): void {
  run.state.run += 1;
  run.state.pass = 0;
  run.state.openBefore = 0;
  run.state.lastPassObjects = 0;
}
