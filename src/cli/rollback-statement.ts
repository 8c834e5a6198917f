import { mayOrder } from '../core/lifecycle.ts';
import { localTime } from '../core/local-time.ts';
import type { ProjectStatus, WorkloadState, WorkloadStatus } from '../model/status.ts';
import type { CommandContext } from './context.ts';
import { plannedWorkloads, runningPlan } from './running-plan.ts';

/** What going back takes and costs, for one virtual machine, before the order is sent. */
export interface RollbackStatement {
  readonly workload: string;
  readonly state: WorkloadState;
  /** Absent: not known beforehand, or nothing has to stop. */
  readonly minutes?: number;
  readonly stopMinutes?: number;
  /** RFC 3339: what the target wrote from here on is not on the source. Absent: not known, or nothing is lost. */
  readonly since?: string;
  readonly loss: 'none' | 'what was written on the target';
  readonly text: string;
}

/** No vendor publishes them: a snapshot of a volume that was imported hours ago, and a start until it is seen running. */
const snapshotMinutes = 3;
const startMinutes = 3;
/** Records are read from the newest on: a cutover that stands before so many is told without its time. */
const pagesAtMost = 20;
const pageRecords = 250;
/** Going back waits for nobody: a ledger worker that does not answer by then costs the time in the sentence, not the order. */
const patienceMs = 10_000;

/** Of the machines among them; buckets have none. Never fails: what cannot be read is not told. */
export async function rollbackStatements(context: CommandContext, status: ProjectStatus, chosen: readonly WorkloadStatus[]): Promise<RollbackStatement[]> {
  const machines = chosen.filter(({ kind, state }) => kind === 'vm' && mayOrder('rollback', state));
  const cutOver = machines.filter(({ state }) => state === 'cut over').map(({ workload }) => workload);
  if (cutOver.length === 0) return machines.map((each) => statementOf(context, each, undefined, undefined));
  const stops = await stopMinutesOf(context, status);
  const times = await inTime(cutoverTimes(context, new Set(cutOver)));
  return machines.map((each) => statementOf(context, each, stops.get(each.workload), times.get(each.workload)));
}

function statementOf(
  { words, config }: CommandContext,
  { workload, state, objects: disks }: WorkloadStatus,
  stopMinutes: number | undefined,
  since: string | undefined,
): RollbackStatement {
  const said = words.machines.rollback;
  if (state === 'cutting over') return { workload, state, loss: 'none', text: said.cuttingOver(workload) };
  if (state !== 'cut over') return { workload, state, loss: 'none', text: said.before(workload) };
  const time = stopMinutes === undefined ? undefined : { stopMinutes, minutes: stopMinutes + disks * snapshotMinutes + startMinutes };
  return {
    workload,
    state,
    ...time,
    ...(since === undefined ? {} : { since }),
    loss: 'what was written on the target',
    text: said.cutOver(workload, time, since && localTime(since, config().timezone)),
  };
}

async function stopMinutesOf(context: CommandContext, status: ProjectStatus): Promise<ReadonlyMap<string, number>> {
  try {
    const planned = plannedWorkloads(await runningPlan(context, status));
    return new Map(planned.flatMap(({ entry }) => (entry.kind === 'vm' ? [[entry.name, entry.stopMinutes] as const] : [])));
  } catch {
    return new Map();
  }
}

type Times = ReadonlyMap<string, string>;

/** What the record of each says: from when on the target served. */
async function cutoverTimes(context: CommandContext, workloads: ReadonlySet<string>): Promise<Times> {
  const client = await context.client();
  const { project } = context.config();
  const times = new Map<string, string>();
  const page = (fromSeq: number, limit: number) => client.errand('ledgerShow', { project, fromSeq, limit }, `rollback/${fromSeq}-${limit}`);
  let before = (await page(0, 1)).size;
  for (let n = 0; n < pagesAtMost && before > 0 && times.size < workloads.size; n++) {
    const from = Math.max(0, before - pageRecords);
    const { lines } = await page(from, before - from);
    for (const line of [...lines].reverse()) {
      const { event, unit, act, time } = JSON.parse(line) as Readonly<{ event: string; time: string; unit?: { ref: string }; act?: { name: string } }>;
      const isCutOver = event === 'step.succeeded' && act?.name === 'cut-over' && unit !== undefined && workloads.has(unit.ref);
      if (isCutOver && !times.has(unit.ref)) times.set(unit.ref, time);
    }
    before = from;
  }
  return times;
}

async function inTime(reading: Promise<Times>): Promise<Times> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Times>((resolve) => {
    timer = setTimeout(() => resolve(new Map()), patienceMs);
  });
  try {
    return await Promise.race([reading.catch(() => new Map()), late]);
  } finally {
    clearTimeout(timer);
  }
}
