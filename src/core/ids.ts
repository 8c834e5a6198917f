/** Every id is made here and nowhere else: the same inputs are the same id on any worker, after any restart. */

export type Role = 'control' | 'transfer' | 'ledger';
export type Phase = 'copy' | 'verify' | 'delete' | 'tags' | 'remove' | 'restore';

export const taskQueue = (project: string, role: Role): string => `${project}/${role}`;
export const projectWorkflowId = (project: string): string => `project/${project}`;
export const workloadWorkflowId = (project: string, kind: 'bucket' | 'vm', workload: string): string => `project/${project}/${kind}/${workload}`;
export const errandWorkflowId = (project: string, errand: string): string => `project/${project}/${errand}`;

/** Where one shard of one pass keeps its journal. `run` counts restarts of the workload, `pass` its copy and delta passes. */
export interface ShardPlace {
  readonly project: string;
  readonly workload: string;
  readonly run: number;
  readonly pass: number;
  readonly phase: Phase;
  readonly shard: number;
}

export const journalName = (place: ShardPlace): string => `${place.project}/${place.workload}/${place.run}/${place.pass}/${place.phase}/${place.shard}`;

/** The journal of one segment that says a shard is done: the digest of its rows file and its counts. */
export const sealName = (place: ShardPlace): string => `${journalName(place)}/sealed`;

/** Deterministic ledger event id: `project/unit/step/phase[/n]`. */
export const eventId = (project: string, unit: string, step: string, phase: string, ...n: readonly (string | number)[]): string =>
  [project, unit, step, phase, ...n].join('/');

/** The mark on everything that we make in a target: which workload it is for. */
export const ownerMarker = (project: string, workload: string): string => `${project}/${workload}`;

/** The mark on what is made for a machine, on either cloud: everything of a workload begins with its owner's mark and a slash. */
export const machineMark = ({ project, workload }: { readonly project: string; readonly workload: string }, ...what: readonly (string | number)[]): string =>
  [ownerMarker(project, workload), ...what].join('/');

/** Where the image of one disk of one pass stands in the staging bucket. */
export const imageKey = ({ project, workload, run, pass }: Omit<ShardPlace, 'phase' | 'shard'>, label: string): string =>
  `${project}/${workload}/r${run}/p${pass}/${label}.qcow2`;
