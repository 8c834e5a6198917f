import { ApplicationFailure } from '@temporalio/workflow';
import { mayOrder, statesForOrder } from '../core/lifecycle.ts';
import type { Workload } from '../model/plan.ts';
import type { WorkloadStatus } from '../model/status.ts';
import type * as messages from './messages.ts';

/** What a validator may look at. It changes nothing: a refused message leaves no event. */
export interface Asked {
  readonly input: { readonly workloads: readonly messages.PlannedWorkload[] };
  readonly started: ReadonlySet<string>;
  /** Throws for a workload that the plan does not know. */
  statusOf(workload: string): WorkloadStatus;
}

/** Who gave it stands in the ledger: an opaque id, in its form. */
export function named<T extends { readonly by: string }>(message: T): T {
  if (!/^[A-Za-z0-9][A-Za-z0-9_.:/-]{0,127}$/.test(message.by)) refuse('"by" must be an opaque id of letters, digits and _ . : / -, not a name');
  return message;
}

const refuse = (message: string): never => {
  throw ApplicationFailure.nonRetryable(message, 'CONFIG_INVALID');
};

export function refuseUnknown(room: Asked, workload: string | undefined): void {
  if (workload !== undefined) room.statusOf(workload);
}

export function refuseWrongGate(room: Asked, { workload, gate, scope }: messages.Approval): void {
  const open = room.statusOf(workload).gate;
  if (!open) refuse(`no gate of "${workload}" is open`);
  else if (open.gate !== gate) refuse(`the open gate of "${workload}" is ${open.gate}, not ${gate}`);
  else if (open.scope !== scope) refuse(`the scope of gate ${gate} is now ${open.scope}: what you approved is no longer what would happen`);
}

export function refuseWrongOrder(room: Asked, { workload, order, frozenByHand }: messages.OrderGiven): void {
  const { state, condition: how, gate } = room.statusOf(workload);
  if (!mayOrder(order, state)) refuse(`"${workload}" is ${state}: ${order} is possible only when ${statesForOrder(order).join(' or ')}`);
  if (how === 'paused') refuse(`"${workload}" is paused: resume it first`);
  if (gate?.gate === order) refuse(`gate ${order} of "${workload}" waits for its approval`);
  const planned = room.input.workloads.find(({ entry }) => entry.name === workload)?.entry;
  if (order === 'cutover' && planned?.kind === 'bucket' && planned.freeze === 'manual' && !frozenByHand)
    refuse(`"${workload}" is frozen by hand: say that its writers are stopped (--frozen)`);
}

export function refuseNotStuck(room: Asked, workload: string): void {
  const { condition: how } = room.statusOf(workload);
  if (how !== 'stuck' && how !== 'held') refuse(`"${workload}" is ${how}: there is nothing to resolve`);
}

export function refuseWrongPlan(room: Asked, plan: messages.PlanApplied): void {
  const names = new Set(plan.workloads.map(({ entry }) => entry.name));
  for (const name of room.started) if (!names.has(name)) refuse(`"${name}" has started: it cannot leave the plan (roll it back and discard it instead)`);
  for (const { entry } of plan.workloads) {
    const before = room.input.workloads.find((planned) => planned.entry.name === entry.name)?.entry;
    const moved = before && room.started.has(entry.name) && JSON.stringify(fixed(before)) !== JSON.stringify(fixed(entry));
    if (moved) refuse(`"${entry.name}" has started: its source, target, into and versions cannot change`);
  }
}

/** What stays as it is once a workload has started. Where a machine will stand on the target may still change: nothing of it is there before the cutover. */
function fixed(entry: Workload): unknown[] {
  if (entry.kind === 'bucket') return [entry.source, entry.target, entry.into, entry.versions];
  return [entry.kind, entry.source, entry.target.at];
}
