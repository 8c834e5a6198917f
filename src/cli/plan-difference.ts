import type { BucketWorkload, Plan } from '../model/plan.ts';
import type { Gate, WorkloadStatus } from '../model/status.ts';

export interface PlanChange {
  /** `workload photos`, `wave of photos`, `window`. */
  readonly what: string;
  readonly before: string;
  readonly after: string;
  /** The gate whose approval (given or asked for) covers another scope after this change. */
  readonly lapses?: Gate;
}

/** What an approval covers; all other fields are operating fields. */
const gateFields = ['source', 'target', 'into', 'versions', 'freeze'] as const;
const operatingFields = ['deleteGuard', 'deltaEveryMinutes'] as const;

/** What `after` changes against `before`, and which approvals an edit of an entry makes lapse. */
export function planDifference(before: Plan, after: Plan, statuses: readonly WorkloadStatus[]): PlanChange[] {
  const [old, young] = [entriesOf(before), entriesOf(after)];
  const removed = [...old].filter(([name]) => !young.has(name)).map(([name, { entry }]) => ({ what: `workload ${name}`, before: places(entry), after: '' }));
  return [
    ...(['window', 'parallelWorkloads', 'shard', 'patience'] as const).flatMap((field) => changed(field, before[field], after[field])),
    ...removed,
    ...[...young].flatMap(([name, { wave, entry }]): PlanChange[] => {
      const was = old.get(name);
      if (!was) return [{ what: `workload ${name}`, before: '', after: `wave ${wave}: ${places(entry)}` }];
      const gated = gateFields.flatMap((field) => changed(`${field} of ${name}`, was.entry[field], entry[field]));
      const status = statuses.find(({ workload }) => workload === name);
      const gate = status && lapsing(status);
      return [
        ...changed(`wave of ${name}`, was.wave, wave),
        ...gated.map((change) => (gate ? { ...change, lapses: gate } : change)),
        ...operatingFields.flatMap((field) => changed(`${field} of ${name}`, was.entry[field], entry[field])),
      ];
    }),
  ];
}

/** The gate that is open, or that the state shows as passed and not yet used up. */
function lapsing({ gate, state }: WorkloadStatus): Gate | undefined {
  if (gate) return gate.gate;
  if (state === 'ready for cutover') return 'cutover';
  if (state === 'cut over') return 'finalize';
  return state === 'replicating' ? 'loss' : undefined;
}

function entriesOf({ waves }: Plan): Map<string, { wave: number; entry: BucketWorkload }> {
  return new Map(waves.flatMap(({ wave, workloads }) => workloads.map((entry) => [entry.name, { wave, entry }] as const)));
}

function changed(what: string, before: unknown, after: unknown): PlanChange[] {
  const [old, young] = [text(before), text(after)];
  return old === young ? [] : [{ what, before: old, after: young }];
}

const places = ({ source, target }: BucketWorkload): string => `${text(source)} → ${text(target)}`;

function text(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  if ('at' in value && 'bucket' in value) return `${value.at}/${value.bucket}`;
  return Object.entries(value)
    .map(([key, inner]) => `${key} ${String(inner)}`)
    .join(', ');
}
