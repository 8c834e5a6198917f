import type { MarkedThing } from '../model/errand.ts';
import type { WorkloadState } from '../model/status.ts';

/**
 * What keeps a thing that carries our mark. `workload`: it is under way. `in service`: finalized. `shared`: a network of machines under way.
 * For a person: `kept disks` of a rollback, a machine that `may serve`, what a finalized workload `left behind`. Removable: `discarded`, `unknown`.
 */
export type Keeper = 'workload' | 'in service' | 'shared' | 'kept disks' | 'may serve' | 'left behind' | 'discarded' | 'unknown';

export interface Swept {
  /** Absent: shared by machines of the project. */
  readonly workload?: string;
  /** Absent: the running project does not know it. */
  readonly workloadState?: WorkloadState;
  readonly keeper: Keeper;
  readonly verdict: 'kept' | 'look' | 'removable';
}

const verdicts: Readonly<Record<Keeper, Swept['verdict']>> = {
  workload: 'kept',
  'in service': 'kept',
  shared: 'kept',
  'kept disks': 'look',
  'may serve': 'look',
  'left behind': 'look',
  discarded: 'removable',
  unknown: 'removable',
};

const served: ReadonlySet<MarkedThing['kind']> = new Set(['machine', 'volume', 'network']);

/** By its mark, `project/workload/what/…`, and the states of the machines that the running project knows. */
export function sweptOf({ kind, mark }: Pick<MarkedThing, 'kind' | 'mark'>, states: Readonly<Record<string, WorkloadState>>): Swept {
  const [, name = '', what] = mark.split('/');
  // A cutover's network is the project's: its mark ends where another's workload stands.
  if (what === undefined) {
    const isUsed = Object.values(states).some((state) => state !== 'discarded');
    return judged(isUsed ? 'shared' : 'discarded', {});
  }
  const state = Object.hasOwn(states, name) ? states[name] : undefined;
  return judged(keeperOf(kind, what, state), { workload: name, ...(state === undefined ? {} : { workloadState: state }) });
}

const judged = (keeper: Keeper, about: Pick<Swept, 'workload' | 'workloadState'>): Swept => ({ ...about, keeper, verdict: verdicts[keeper] });

function keeperOf(kind: MarkedThing['kind'], what: string, state: WorkloadState | undefined): Keeper {
  const isOver = state === undefined || state === 'discarded' || state === 'finalized' || state === 'decommissioned';
  if (!isOver) return 'workload';
  // Only a person's discard takes away what a rollback kept.
  if (what === 'kept') return 'kept disks';
  if (state === 'discarded') return 'discarded';
  // A project before this one may have finalized it: its machine is somebody's by now.
  if (state === undefined) return what === 'cutover' && served.has(kind) ? 'may serve' : 'unknown';
  return served.has(kind) && what === 'cutover' ? 'in service' : 'left behind';
}
