import { CancelledFailure, isCancellation } from '@temporalio/workflow';
import { isFinal } from '../core/lifecycle.ts';
import { atStart, runPhase } from '../core/saga.ts';
import type { WorkloadState, WorkloadStatus } from '../model/status.ts';
import { passGate } from './gate.ts';
import { vmPhases } from './vm-phases.ts';
import { newVmState, type VmInput, type VmPhase, type VmRun } from './vm-state.ts';
import { WorkloadRun } from './workload-run.ts';
import { shownAnew } from './workload-state.ts';

const hourMs = 3_600_000;

/**
 * A virtual machine from its assessment to its last gate. Each turn runs one phase from the table in vm-phases.ts, or waits for a person or the next
 * delta. Source and target never run at once after the cutover began.
 */
export async function vm(input: VmInput): Promise<WorkloadStatus> {
  const run: VmRun = new WorkloadRun(input, input.carried ?? newVmState(input, new Date().toISOString()));
  while (!isFinal(run.state.status.state)) await nextTurn(run);
  await run.show({ condition: 'done' }, ['waitingFor', 'step', 'gate']);
  return run.state.status;
}

async function nextTurn(run: VmRun): Promise<void> {
  const { state } = run;
  if (state.phase) return goOn(run, state.phase.name);
  if (run.mustContinue) await run.continueAsNew();
  if (state.paused && !run.isOrderedBack) return run.settle();
  switch (state.status.state) {
    case 'not ready':
      return Object.keys(state.standing).length === 0 && !state.status.reason ? begin(run, 'replicate') : afterUnwind(run);
    case 'replicating':
      return begin(run, 'replicate');
    case 'ready for test':
      return state.rehearsal ? rehearsing(run) : readyForTest(run);
    case 'tested':
      return tested(run);
    case 'ready for cutover':
      return readyForCutover(run);
    case 'cut over':
      return afterCutover(run);
    case 'rolled back':
      return afterRollback(run);
    default:
      throw new Error(`a machine cannot stand at ${state.status.state}`);
  }
}

/** Where a phase leads: while it runs, when it has ended, and when it was undone. Undefined: where it was. */
interface Way {
  readonly during?: WorkloadState;
  readonly after?: WorkloadState;
  readonly unwound?: WorkloadState;
}

const waysOf = (run: VmRun): Readonly<Record<VmPhase, Way>> => ({
  replicate: { during: 'replicating', after: run.input.entry.rehearsal.required ? 'ready for test' : 'ready for cutover', unwound: 'not ready' },
  delta: {},
  rehearse: {},
  'end rehearsal': {},
  'make ready': { after: 'ready for cutover' },
  cutover: { during: 'cutting over', after: 'cut over', unwound: 'ready for cutover' },
  finalize: { after: 'finalized' },
  rollback: { after: 'rolled back' },
  discard: { after: 'discarded' },
});

async function begin(run: VmRun, name: VmPhase): Promise<void> {
  const { state } = run;
  state.turn += 1;
  if (name === 'rehearse' || name === 'cutover') state.makes += 1;
  state.phase = { name, position: atStart(), hadCopies: Object.keys(state.standing).length > 0 };
  const { during } = waysOf(run)[name];
  if (during) await run.moveTo(during);
  await goOn(run, name);
}

async function goOn(run: VmRun, name: VmPhase): Promise<void> {
  const { state } = run;
  const error = await runPhase(vmPhases[name], run, state.phase?.position ?? atStart(), run.effects);
  delete state.phase;
  if (error !== undefined && isCancellation(error)) throw new CancelledFailure('cancelled by a person: the phase under way was unwound');
  const { after, unwound } = waysOf(run)[name];
  if (error === undefined) return arrive(run, name, after ?? state.status.state);
  // The failed phase is undone; why stays visible until a person acts. An order to go back that stopped it is carried out next.
  if (!run.isOrderedBack || unwound === 'not ready' || name === 'rollback') delete state.order;
  delete state.rehearsal;
  await run.show({ ...(unwound ? { state: unwound } : {}), condition: 'waiting' }, ['waitingFor', 'gate', 'step']);
}

function arrive(run: VmRun, name: VmPhase, to: WorkloadState): void {
  const { state } = run;
  if (name === 'cutover') state.wasCutOver = true;
  if (name === 'rehearse' && state.rehearsal) state.rehearsal.until = new Date(Date.now() + run.input.entry.rehearsal.keepHours * hourMs).toISOString();
  // What was approved was approved for the way that was taken back: another time is another decision.
  if (name === 'rollback') {
    state.approved = {};
    state.shown = shownAnew(state.shown);
  }
  // Another order may have come while the phase ended: it is carried out next.
  if (state.order?.order === name || (name === 'rehearse' && state.order?.order === 'rehearse')) delete state.order;
  run.arriveAt(to);
}

/** The replication was undone. A person resumes it from the start, or discards the workload. */
async function afterUnwind(run: VmRun): Promise<void> {
  const { state } = run;
  delete state.answer;
  await run.waitFor(`resume or discard after ${state.status.reason?.code ?? 'an unwind'}`, () => state.answer === 'again' || state.order?.order === 'discard');
  if (state.order?.order === 'discard') return begin(run, 'discard');
  restart(run);
  run.note({ losses: [] }, ['reason']);
}

/** Waits for the order of the rehearsal, with a delta pass every so often. */
async function readyForTest(run: VmRun): Promise<void> {
  const { state, input } = run;
  const isOrdered = (): boolean => state.order !== undefined || state.paused;
  const ordered = await run.waitFor('order rehearse', isOrdered, input.entry.deltaEveryMinutes * 60_000);
  if (run.isOrderedBack) return begin(run, 'rollback');
  if (!ordered) return begin(run, 'delta');
  if (state.order?.order === 'rehearse') return begin(run, 'rehearse');
  delete state.order;
}

/** The test machine stands for its owner: only their word makes it `tested`. Without an answer in its time it is removed. */
async function rehearsing(run: VmRun): Promise<void> {
  const { state, hands, task } = run;
  const { rehearsal } = state;
  const until = Date.parse(rehearsal?.until ?? '');
  const { scope } = await run.mended('open gate rehearsal', () =>
    hands.local.openRehearsal({ ...task, machine: rehearsal?.machine ?? '', console: rehearsal?.console ?? '', until: rehearsal?.until ?? '' }),
  );
  const answered = (): boolean => state.approved.rehearsal?.scope === scope || state.rejected?.scope === scope;
  const left = Math.max(until - Date.now(), 1);
  await run.waitFor('acceptance of the rehearsal', () => answered() || run.isOrderedBack || state.paused, left, { gate: { gate: 'rehearsal', scope } });
  if (run.isOrderedBack) return begin(run, 'rollback');
  if (state.paused && !answered()) return;
  const by = state.approved.rehearsal?.scope === scope ? state.approved.rehearsal.by : undefined;
  if (by !== undefined) await run.mended('accept rehearsal', () => hands.local.acceptRehearsal({ ...task, scope, by }));
  const rejectedBy = state.rejected?.scope === scope ? state.rejected.by : undefined;
  if (by === undefined && rejectedBy !== undefined) await run.mended('reject rehearsal', () => hands.local.rejectRehearsal({ ...task, scope, by: rejectedBy }));
  delete state.rejected;
  delete state.approved.rehearsal;
  await begin(run, 'end rehearsal');
  // The removal may have been ordered back, or is stuck with a person: then this is looked at again.
  if (by !== undefined && !state.rehearsal) await run.moveTo('tested');
}

/** One more pass and the preflight make it ready. What they meet waits for a person: a blocker that nobody mends would be met for ever. */
async function tested(run: VmRun): Promise<void> {
  const { state } = run;
  if (run.isOrderedBack) return begin(run, 'rollback');
  if (!state.status.reason) return begin(run, 'make ready');
  delete state.answer;
  await run.waitFor(`resume after ${state.status.reason.code}`, () => state.answer === 'again' || state.order !== undefined);
  if (run.isOrderedBack) return begin(run, 'rollback');
  if (state.order?.order === 'rehearse') return begin(run, 'rehearse');
  delete state.order;
  run.note({}, ['reason']);
}

/** Waits for the approval and the order of the cutover, with a delta pass every so often so that the last one stays short. */
async function readyForCutover(run: VmRun): Promise<void> {
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

async function afterCutover(run: VmRun): Promise<void> {
  const { state } = run;
  const isOrdered = (): boolean => state.order !== undefined || state.paused;
  const gate = await passGate(run, 'finalize', { until: isOrdered });
  if (gate === 'approved') await run.waitFor('order finalize or rollback', isOrdered);
  if (run.isOrderedBack) return begin(run, 'rollback');
  if (gate === 'approved' && state.order?.order === 'finalize') return begin(run, 'finalize');
  delete state.order;
}

/** The source serves again. What was copied stays until a person discards it, or starts the replication anew. */
async function afterRollback(run: VmRun): Promise<void> {
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

function restart(run: VmRun): void {
  run.state.run += 1;
  run.state.pass = 0;
  run.state.lastPassBytes = 0;
}
