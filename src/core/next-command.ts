import type { WorkloadStatus } from '../model/status.ts';
import { mayOrder } from './lifecycle.ts';

/** Approved, and not open yet: the checkpoint over the approvals is being signed, cosigned and dated. Nobody has to do anything. */
export const sealWait = 'the seal of its gate: witness, timestamp';

/** What the person may type now, best first; empty when nobody has to do anything. */
export function nextCommands(status: WorkloadStatus): readonly string[] {
  const { workload, condition, gate, reason, state, startedAt, waitingFor } = status;
  const resume = `ecluse resume ${workload}`;
  if (condition === 'stuck') return [`ecluse resolve ${workload} retry --reason "…"`, `ecluse resolve ${workload} accept --reason "…"`];
  if (condition === 'held' && reason?.code === 'DELETE_GUARD') return [`ecluse resolve ${workload} accept --reason "…"`, `ecluse rollback ${workload}`];
  // Not begun and paused: it is the project that is paused.
  if (condition === 'paused' && startedAt === '') return ['ecluse resume'];
  // Two things carry one mark of ours: they must be seen before one of them can go.
  if (condition === 'held' && reason?.code === 'TARGET_AMBIGUOUS') return ['ecluse sweep', resume];
  if (condition === 'held') return [resume, ...(mayOrder('rollback', state) ? [`ecluse rollback ${workload}`] : [])];
  if (condition === 'paused') return [resume];
  if (waitingFor === sealWait) return mayOrder('rollback', state) ? [`ecluse rollback ${workload}`] : [];
  if (gate) return [`ecluse approve ${gate.gate} ${workload}`, `ecluse reject ${gate.gate} ${workload} --reason "…"`, ...besideGate(status)];
  if (condition !== 'waiting') return [];
  if (state === 'ready for test') return [`ecluse rehearse ${workload}`, `ecluse rollback ${workload}`];
  if (state === 'tested') return [resume, `ecluse rollback ${workload}`];
  if (state === 'ready for cutover') return [`ecluse cutover ${workload}`, `ecluse rollback ${workload}`];
  if (state === 'cut over') return [`ecluse finalize ${workload}`, `ecluse rollback ${workload}`];
  if (state === 'rolled back') return [`ecluse discard ${workload}`, resume];
  // One that has begun waits after its phase was undone; one that has not waits for its wave, which needs nobody.
  if (state !== 'not ready' || startedAt === '') return [];
  const look = status.kind === 'vm' && reason?.code === 'NOT_ASSESSED' ? [`ecluse assess ${workload} --remedies`] : [];
  return [...look, resume, `ecluse discard ${workload}`];
}

/** The other ways that stay open while a gate waits. */
function besideGate({ workload, state }: WorkloadStatus): string[] {
  if (state === 'cut over' || state === 'ready for cutover' || state === 'ready for test') return [`ecluse rollback ${workload}`];
  return state === 'rolled back' ? [`ecluse resume ${workload}`] : [];
}

export const waitsForPerson = (status: WorkloadStatus): boolean => status.waitingFor !== sealWait && nextCommands(status).length > 0;
