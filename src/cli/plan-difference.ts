import type { Plan, Workload } from '../model/plan.ts';
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
const gateFields = ['kind', 'source', 'target', 'into', 'versions', 'freeze', 'driversDeclared', 'rehearsal', 'bootCheck'] as const;
const operatingFields = ['deleteGuard', 'deltaEveryMinutes', 'stopMinutes', 'convergedMebibytes'] as const;
const field = (entry: Workload, name: (typeof gateFields | typeof operatingFields)[number]): unknown => (entry as Readonly<Record<string, unknown>>)[name];

/** What `after` changes against `before`, and which approvals an edit of an entry makes lapse. */
export function planDifference(before: Plan, after: Plan, statuses: readonly WorkloadStatus[]): PlanChange[] {
  const [old, young] = [entriesOf(before), entriesOf(after)];
  const removed = [...old].filter(([name]) => !young.has(name)).map(([name, { entry }]) => ({ what: `workload ${name}`, before: places(entry), after: '' }));
  return [
    ...(['window', 'parallelWorkloads', 'shard', 'patience'] as const).flatMap((each) => changed(each, before[each], after[each])),
    ...removed,
    ...[...young].flatMap(([name, { wave, entry }]): PlanChange[] => {
      const was = old.get(name);
      if (!was) return [{ what: `workload ${name}`, before: '', after: `wave ${wave}: ${places(entry)}` }];
      const gated = gateFields.flatMap((each) => changed(`${each} of ${name}`, field(was.entry, each), field(entry, each)));
      const status = statuses.find(({ workload }) => workload === name);
      const gate = status && lapsing(status);
      return [
        ...changed(`wave of ${name}`, was.wave, wave),
        ...gated.map((change) => (gate ? { ...change, lapses: gate } : change)),
        ...operatingFields.flatMap((each) => changed(`${each} of ${name}`, field(was.entry, each), field(entry, each))),
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

function entriesOf({ waves }: Plan): Map<string, { wave: number; entry: Workload }> {
  return new Map(waves.flatMap(({ wave, workloads }) => workloads.map((entry) => [entry.name, { wave, entry }] as const)));
}

function changed(what: string, before: unknown, after: unknown): PlanChange[] {
  const [old, young] = [text(before), text(after)];
  return old === young ? [] : [{ what, before: old, after: young }];
}

const places = ({ source, target }: Workload): string => `${text(source)} → ${text(target)}`;

function text(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  if ('at' in value && 'bucket' in value) return `${value.at}/${value.bucket}`;
  return Object.entries(value)
    .map(([key, inner]) => `${key} ${typeof inner === 'object' ? JSON.stringify(inner) : String(inner)}`)
    .join(', ');
}
