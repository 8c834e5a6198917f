import { none, type StepTable } from '../core/saga.ts';
import { acceptLosses } from './gate.ts';
import { abandonPass, begunAnew, planPass, runDiskPass, standingDisks } from './vm-pass.ts';
import type { MadeMachine, VmPhase, VmRun } from './vm-state.ts';
import { mergeLosses } from './workload-state.ts';

/** After so many passes the source changes as fast as it is copied: more passes gain nothing, the cutover window decides. */
const convergencePasses = 4;
const mebibyte = 2 ** 20;

/** The life of a machine, phase by phase. A failure undoes only its own phase; what an earlier one verified stays. */
export const vmPhases: Readonly<Record<VmPhase, StepTable<VmRun>>> = {
  replicate: [
    { name: 'assess', action: assess, undo: none('it only reads') },
    { name: 'prepare target', action: prepareTarget, undo: none('an empty bucket of ours; it goes with the last workload') },
    { name: 'snapshot disks', action: (run) => begunAnew(run, () => planPass(run, 'running')), undo: takeBack },
    { name: 'inspect guest', action: (run) => begunAnew(run, () => inspectGuest(run)), undo: none('it only reads') },
    { name: 'accept losses', action: acceptLosses, undo: none('an acceptance lapses by its digest') },
    { name: 'copy', action: (run) => copyOnce(run), undo: none('its copies go with the snapshots') },
    { name: 'converge', action: converge, undo: none('its copies go with the snapshots') },
  ],
  delta: [
    { name: 'assess', action: assess, undo: none('it only reads') },
    { name: 'delta', action: (run) => runDiskPass(run, 'running'), undo: abandonPass },
  ],
  rehearse: [
    { name: 'import images', action: (run) => importImages(run, 'rehearsal'), undo: (run) => removeMade(run, 'rehearsal') },
    { name: 'isolated network', action: (run) => network(run, 'rehearsal'), undo: none('it goes with what stands in it') },
    { name: 'test machine', action: (run) => machine(run, 'rehearsal'), undo: none('it goes with its images') },
    { name: 'boot check', action: (run) => bootCheck(run, 'rehearsal'), undo: none('it only looks') },
  ],
  'end rehearsal': [{ name: 'remove rehearsal', action: endRehearsal, undo: none('what was tested can be made again from the images') }],
  'make ready': [
    { name: 'assess', action: assess, undo: none('it only reads') },
    { name: 'delta', action: (run) => runDiskPass(run, 'running'), undo: abandonPass },
    { name: 'converge', action: converge, undo: abandonPass },
    { name: 'preflight', action: preflight, undo: none('it only asks') },
  ],
  cutover: [
    { name: 'assess', action: assess, undo: none('it only reads') },
    { name: 'accept losses', action: acceptLosses, undo: none('an acceptance lapses by its digest') },
    { name: 'freeze source', action: stopSource, undo: startSource },
    { name: 'last delta', action: lastDelta, undo: abandonPass },
    { name: 'close source', action: closeSource, undo: none('it only reads') },
    { name: 'import images', action: (run) => importImages(run, 'cutover'), undo: (run) => removeMade(run, 'cutover') },
    { name: 'target network', action: (run) => network(run, 'cutover'), undo: none('other machines may stand in it; it goes with a discard') },
    { name: 'target machine', action: (run) => machine(run, 'cutover'), undo: none('it goes with its images, before the source starts') },
    { name: 'boot check', action: (run) => bootCheck(run, 'cutover'), undo: none('it only looks') },
    { name: 'close target', action: closeTarget, undo: none('it only reads') },
    { name: 'cut over', action: (run) => run.hands.machine.markMachineCutOver(run.task), undo: none('a record; the source is started by its own step') },
  ],
  finalize: [{ name: 'let go', action: (run) => run.hands.machine.finalizeMachine(run.task), undo: none('from here on the target is the owner’s') }],
  rollback: [
    { name: 'stop target', action: stopTarget, undo: startTarget },
    { name: 'keep target disks', action: keepTargetDisks, undo: none('snapshots of ours; they go with a discard') },
    { name: 'remove rehearsal', action: endRehearsal, undo: none('what was tested can be made again from the images') },
    { name: 'start source', action: startStopped, undo: none('the source serves again: there is nothing to go back to') },
    { name: 'record rollback', action: recordRollback, undo: none('a record') },
  ],
  discard: [{ name: 'remove copies', action: (run) => discard(run, 'ORDERED'), undo: none('approved as irreversible: the source still holds everything') }],
};

async function assess(run: VmRun): Promise<void> {
  const { state, hands, task } = run;
  const { disks, wasRunning, losses, machine } = await hands.machine.assessMachine(task);
  // A disk that grew, came or went since is the next pass's matter; whether the machine ran is asked before we stop it.
  state.disks = disks;
  if (state.stoppedAt === undefined) state.wasRunning = wasRunning;
  await hands.transfer.sealDisks({ ...task, disks });
  run.note({
    objects: disks.length,
    sizeBytes: disks.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    losses: mergeLosses(state.status.losses, losses),
    evidence: { ...state.status.evidence, machine },
  });
}

async function prepareTarget(run: VmRun): Promise<void> {
  run.state.capabilities = (await run.hands.machine.prepareStaging(run.task)).capabilities;
}

async function inspectGuest(run: VmRun): Promise<void> {
  // Done already, unless its snapshots were lost meanwhile.
  await planPass(run, 'running');
  const { state, hands, task } = run;
  const { taken, planned } = state.work ?? {};
  const disks = state.disks.flatMap((disk) => {
    const snapshot = taken?.find((one) => one.disk === disk.disk)?.snapshot;
    const plan = planned?.[disk.label]?.plan.digest;
    return snapshot && plan ? [{ disk, snapshot, plan }] : [];
  });
  const { losses, report } = await hands.transfer.inspectGuest({ ...task, disks });
  run.note({ losses: mergeLosses(state.status.losses, losses), evidence: { ...state.status.evidence, guest: report } });
}

/** The pass that was planned before the gate; done already when this step is entered again. */
async function copyOnce(run: VmRun): Promise<void> {
  if (run.state.work || Object.keys(run.state.standing).length === 0) await runDiskPass(run, 'running');
}

async function converge(run: VmRun): Promise<void> {
  const { state, input } = run;
  const small = input.entry.convergedMebibytes * mebibyte;
  for (let passes = 0; passes < convergencePasses && (state.work !== undefined || state.lastPassBytes > small); passes++) await runDiskPass(run, 'running');
}

/** Rights, quotas and room, asked while the source still runs. */
async function preflight(run: VmRun): Promise<void> {
  await run.hands.machine.preflightMachine(run.task);
}

async function stopSource(run: VmRun): Promise<void> {
  const { state, hands, task } = run;
  const by = state.order?.by ?? 'unknown';
  const { launchedAt } = await hands.machine.stopSource.executeWithOptions({ summary: run.timeline.stopSource }, [{ ...task, by }]);
  state.stoppedAt = launchedAt;
}

async function startSource(run: VmRun): Promise<void> {
  await run.hands.machine.startSource({ ...run.task, wasRunning: run.state.wasRunning });
  delete run.state.stoppedAt;
}

/** On the way back: a source that we did not stop is its owner's matter. */
async function startStopped(run: VmRun): Promise<void> {
  if (run.state.stoppedAt !== undefined) await startSource(run);
}

async function lastDelta(run: VmRun): Promise<void> {
  await runDiskPass(run, 'stopped');
  await run.hands.transfer.sealLastDisks({ ...run.task, disks: standingDisks(run) });
}

async function closeSource(run: VmRun): Promise<void> {
  await run.hands.machine.closeSourceMachine({ ...run.task, launchedAt: run.state.stoppedAt ?? '', disks: standingDisks(run) });
}

type Purpose = 'rehearsal' | 'cutover';

/** What is made for this purpose; a new try has a number of its own, so that it never finds what an earlier one left. */
function madeFor(run: VmRun, purpose: Purpose): MadeMachine {
  const { state } = run;
  const place = purpose === 'rehearsal' ? 'rehearsal' : 'target';
  if (!state[place] || state[place].makes !== state.makes) state[place] = { makes: state.makes };
  return state[place];
}

const makingTask = (run: VmRun, purpose: Purpose) => ({ ...run.task, purpose, makes: madeFor(run, purpose).makes });

async function importImages(run: VmRun, purpose: Purpose): Promise<void> {
  const made = madeFor(run, purpose);
  const summary = run.timeline.importImages[purpose];
  made.imported = await run.hands.machine.importImages.executeWithOptions({ summary }, [{ ...makingTask(run, purpose), disks: standingDisks(run) }]);
}

async function network(run: VmRun, purpose: Purpose): Promise<void> {
  madeFor(run, purpose).network = await run.hands.machine.ensureNetwork(makingTask(run, purpose));
}

async function machine(run: VmRun, purpose: Purpose): Promise<void> {
  const made = madeFor(run, purpose);
  const { imported = {}, network: where = { net: '', subnet: '', securityGroups: [] } } = made;
  const { stoppedAt } = run.state;
  const task = {
    ...makingTask(run, purpose),
    disks: standingDisks(run),
    imported,
    network: where,
    ...(stoppedAt === undefined ? {} : { launchedAt: stoppedAt }),
  };
  made.machine = (await run.hands.machine.ensureMachine(task)).machine;
}

async function bootCheck(run: VmRun, purpose: Purpose): Promise<void> {
  const made = madeFor(run, purpose);
  const summary = run.timeline.bootCheck[purpose];
  const { console } = await run.hands.machine.bootCheck.executeWithOptions({ summary }, [{ ...makingTask(run, purpose), machine: made.machine ?? '' }]);
  made.console = console;
  run.note({ evidence: { ...run.state.status.evidence, [`console ${purpose}`]: console } });
}

async function closeTarget(run: VmRun): Promise<void> {
  const { state, hands } = run;
  const task = { ...makingTask(run, 'cutover'), machine: state.target?.machine ?? '', sizes: state.disks.map(({ sizeBytes }) => sizeBytes) };
  await hands.machine.closeTargetMachine({ ...task, acceptedLosses: state.acceptedLosses });
}

async function removeMade(run: VmRun, purpose: Purpose): Promise<void> {
  await run.hands.machine.removeMade({ ...makingTask(run, purpose), disks: run.state.disks });
  if (purpose === 'cutover') delete run.state.target;
}

async function endRehearsal(run: VmRun): Promise<void> {
  const { rehearsal } = run.state;
  if (!rehearsal) return;
  await run.hands.machine.removeMade({ ...run.task, purpose: 'rehearsal', makes: rehearsal.makes, disks: run.state.disks });
  delete run.state.rehearsal;
}

async function stopTarget(run: VmRun): Promise<void> {
  const { state, hands, task } = run;
  await hands.machine.beginMachineRollback({ ...task, by: state.order?.by ?? 'unknown' });
  if (state.target) await hands.machine.stopTarget({ ...task, purpose: 'cutover', makes: state.target.makes });
}

async function startTarget(run: VmRun): Promise<void> {
  const { state, hands, task } = run;
  if (state.target && state.stoppedAt !== undefined)
    await hands.machine.startTarget({ ...task, purpose: 'cutover', makes: state.target.makes, launchedAt: state.stoppedAt });
}

/** What the target wrote since the cutover is lost to the source: it stays in these snapshots until a person discards them. */
async function keepTargetDisks(run: VmRun): Promise<void> {
  const { state, hands, task } = run;
  if (state.target && state.wasCutOver) await hands.machine.keepTargetDisks({ ...task, purpose: 'cutover', makes: state.target.makes });
}

async function recordRollback(run: VmRun): Promise<void> {
  await run.hands.machine.finishMachineRollback({ ...run.task, acceptedLosses: run.state.acceptedLosses });
}

/** Over copies that an earlier replication verified only the pass under way is given up. */
async function takeBack(run: VmRun): Promise<void> {
  if (run.state.phase?.hadCopies) return abandonPass(run);
  await discard(run, 'UNWIND');
}

async function discard(run: VmRun, why: 'ORDERED' | 'UNWIND'): Promise<void> {
  const { state, hands, task } = run;
  const { report } = await hands.machine.discardMachine({ ...task, why, acceptedLosses: state.acceptedLosses });
  run.note({ evidence: { ...state.status.evidence, 'left on the target': report }, verdict: 'UNKNOWN', objects: 0, sizeBytes: 0 });
  state.standing = {};
  state.catalogue = [];
  delete state.work;
  delete state.target;
  delete state.rehearsal;
}
