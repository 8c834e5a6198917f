import { machineMark } from '../../core/ids.ts';
import { MigrationError } from '../../core/migration-error.ts';
import type { MachineState } from '../../model/machine.ts';
import { attempt } from '../boundary.ts';
import { evidenceOf, record, recorded } from '../recording.ts';
import { movedDisks } from './assessing.ts';
import { type MachineDeps, type MovedDisk, type StagedDisk, sourceOf, targetOf, until, type VmTask } from './task.ts';

export interface StoppedSource {
  /** When it last started: another start after this is somebody's. */
  readonly launchedAt: string;
}

const minuteMs = 60_000;

/** The source machine: stopped for the cutover, started again on the way back. Source and target never run at once. */
export const createStoppingActivities = (deps: MachineDeps) => ({
  /** Orders the stop and waits until it is seen stopped. Never forced: STOP_TIMEOUT holds, and the machine may still stop meanwhile. */
  stopSource: (task: VmTask & { readonly by: string }): Promise<StoppedSource> =>
    attempt(({ signal }) =>
      recorded(
        deps,
        task,
        'freeze source',
        async () => {
          const { machines } = sourceOf(deps, task);
          const { instance } = task.entry.source;
          await machines.stop(instance, signal);
          const stopped = await until(
            deps.clock,
            async () => {
              const now = await machines.state(instance, signal);
              return now.state === 'stopped' ? now : undefined;
            },
            { signal, deadline: deps.clock.now() + task.entry.stopMinutes * minuteMs, late: () => late(task) },
          );
          return { launchedAt: stopped.launchedAt };
        },
        { by: task.by },
      ),
    ),

  /**
   * The way back: started and seen running. Refused while anything of ours may run on the target, so that both never run at once, at whatever
   * point the worker before this one died.
   */
  startSource: (task: VmTask & { readonly wasRunning: boolean }): Promise<void> =>
    attempt(({ signal }) =>
      recorded(
        deps,
        task,
        'freeze source',
        async () => {
          await refuseRunningTarget(deps, task, signal);
          // It was stopped when we came: it is left as it was found.
          if (!task.wasRunning) return;
          const { machines } = sourceOf(deps, task);
          const { instance } = task.entry.source;
          await machines.start(instance, signal);
          await until(deps.clock, async () => ((await machines.state(instance, signal)).state === 'running' ? true : undefined), { signal });
        },
        { kind: 'undo' },
      ),
    ),

  /** After the last pass: still stopped, not started since, the same disks of the same sizes. FREEZE_BROKEN otherwise. */
  closeSourceMachine: (task: VmTask & { readonly launchedAt: string; readonly disks: readonly StagedDisk[] }): Promise<void> =>
    attempt(async ({ signal }) => {
      const machine = await sourceOf(deps, task).machines.describe(task.entry.source.instance, signal);
      const now = movedDisks(machine, task);
      const differences = {
        not_stopped: machine.state === 'stopped' ? 0 : 1,
        started_since: machine.launchedAt === task.launchedAt ? 0 : 1,
        missing: task.disks.filter(({ disk }) => !now.some((found) => found.disk === disk)).length,
        extra: now.filter(({ disk }) => !task.disks.some((moved) => moved.disk === disk)).length,
        differs: now.filter((found) => task.disks.some((moved) => moved.disk === found.disk && moved.sizeBytes !== found.sizeBytes)).length,
      };
      const sum = Object.values(differences).reduce((a, b) => a + b, 0);
      const report = await deps.depot.put(Buffer.from(JSON.stringify({ v: 1, state: machine.state, launchedAt: machine.launchedAt, disks: now })));
      await record(deps, task, 'listing.compared', `compare/source/${report.slice(0, 16)}`, {
        counts: differences,
        verdict: sum === 0 ? 'PASS' : 'FAIL',
        evidence: [await evidenceOf(deps.depot, 'differences', report, { confidential: true })],
      });
      if (sum > 0)
        throw new MigrationError('FREEZE_BROKEN', { operation: 'close source', source: task.entry.source.instance, detail: JSON.stringify(differences) });
    }),

  /** Which of these snapshots still stand: what somebody removed, no delta can be read against. */
  standingSnapshots: (task: VmTask & { readonly snapshots: readonly string[] }): Promise<readonly string[]> =>
    attempt(async ({ signal }) => {
      const { machines } = sourceOf(deps, task);
      const standing: string[] = [];
      for (const id of task.snapshots) {
        const [found] = await machines.snapshots([id], signal).catch((error: unknown) => {
          if (error instanceof MigrationError && error.code === 'SNAPSHOT_MISSING') return [];
          throw error;
        });
        if (found?.state === 'completed') standing.push(id);
      }
      return standing;
    }),
});

/** FREEZE_BROKEN unless the source is stopped and was not started since we stopped it: asked right before a target machine is made or started. */
export async function refuseRunningSource(deps: MachineDeps, task: VmTask, launchedAt: string, signal: AbortSignal): Promise<void> {
  const { instance } = task.entry.source;
  const now = await sourceOf(deps, task).machines.state(instance, signal);
  if (now.state !== 'stopped' || now.launchedAt !== launchedAt)
    throw new MigrationError('FREEZE_BROKEN', {
      operation: 'start target machine',
      source: instance,
      detail: `the source is ${now.state}, or somebody started it since: go back (ecluse rollback), and cut over again`,
    });
}

const atRest: ReadonlySet<MachineState | string> = new Set(['stopped', 'terminated']);

/** TARGET_BUSY while a machine of this workload that is not of a rehearsal may run on the target. */
async function refuseRunningTarget(deps: MachineDeps, task: VmTask, signal: AbortSignal): Promise<void> {
  const found = await targetOf(deps, task).machines.marked(`${machineMark(task.place)}/cutover/`, signal);
  const running = found.filter(({ kind, state }) => kind === 'machine' && !atRest.has(state));
  if (running.length > 0)
    throw new MigrationError('TARGET_BUSY', { operation: 'start source', target: running[0]?.id, detail: `the target machine is ${running[0]?.state}` });
}

const late = ({ entry: { source, stopMinutes } }: VmTask): MigrationError =>
  new MigrationError('STOP_TIMEOUT', { operation: 'stop source', source: source.instance, detail: `not stopped after ${stopMinutes} minutes` });

export type { MovedDisk };
