import { assessMachine } from '../../core/assess-machine.ts';
import { MigrationError } from '../../core/migration-error.ts';
import { isDeclarable } from '../../core/vm-findings.ts';
import type { Digest } from '../../model/digest.ts';
import type { Check, DescribeErrand, DescribeResult, Finding } from '../../model/errand.ts';
import type { Machine, MachineDisk } from '../../model/machine.ts';
import type { LossCount } from '../../model/status.ts';
import { attempt } from '../boundary.ts';
import { once, turnName } from '../recording.ts';
import { type MachineDeps, type MovedDisk, sourceOf, targetOf, type VmTask } from './task.ts';

export interface AssessedMachine {
  readonly disks: readonly MovedDisk[];
  readonly wasRunning: boolean;
  readonly losses: readonly LossCount[];
  readonly findings: readonly Finding[];
  /** Depot file: the machine as its cloud describes it. */
  readonly machine: Digest;
}

/** What is known of a machine before anything is made. Reads only. */
export const createMachineAssessing = (deps: MachineDeps) => ({
  /** NOT_ASSESSED names the blockers (a `look` only tells them); warnings become the loss report. Made once a turn: a resumed workload is looked at anew. */
  assessMachine: (task: VmTask & { readonly look?: true }): Promise<AssessedMachine> =>
    attempt(({ signal }) =>
      once(deps.depot, turnName(task.place, 'machine'), async () => {
        const machine = await sourceOf(deps, task).machines.describe(task.entry.source.instance, signal);
        const findings = assessMachine(machine, task.entry);
        if (!task.look) refuseBlockers(findings, task);
        return {
          disks: movedDisks(machine, task),
          wasRunning: machine.state === 'running' || machine.state === 'pending',
          losses: lossesOf(findings, task),
          findings,
          machine: await deps.depot.put(Buffer.from(JSON.stringify(machine))),
        };
      }),
    ),

  describeMachine: ({ at, account, region, machine }: DescribeErrand): Promise<DescribeResult> =>
    attempt(async ({ signal }) => {
      const found = await deps.clouds.source(at, { account, region }).machines.describe(machine, signal);
      return { digest: await deps.depot.put(Buffer.from(JSON.stringify(found))) };
    }),

  checkMachine: (task: VmTask): Promise<readonly Check[]> => attempt(({ signal }) => machineChecks(deps, task, signal)),

  /** Every right that a cutover needs, and room on the target, asked without doing anything. PERMISSION_DENIED or QUOTA_EXCEEDED hold. */
  preflightMachine: (task: VmTask): Promise<readonly Check[]> =>
    attempt(async ({ signal }) => {
      const checks = await machineChecks(deps, task, signal);
      const failed = checks.filter(({ verdict }) => verdict === 'FAIL');
      if (failed.length > 0)
        throw new MigrationError(failed.some(({ id }) => id.startsWith('quota')) ? 'QUOTA_EXCEEDED' : 'PERMISSION_DENIED', {
          operation: `preflight ${task.entry.name}`,
          detail: failed.map(({ id, detail }) => `${id}: ${detail}`).join('; '),
        });
      return checks;
    }),
});

/** UNKNOWN where a vendor does not say without doing it. */
export async function machineChecks(deps: Pick<MachineDeps, 'clouds'>, task: VmTask, signal: AbortSignal): Promise<Check[]> {
  const source = await sourceOf(deps, task).machines.mayDo(['snapshot', 'stop', 'start', 'delete snapshot'], task.entry.source.instance, signal);
  const target = await targetOf(deps, task).machines.mayDo(undefined, signal);
  const verdict = (allowed: boolean | 'unknown'): Check['verdict'] => (allowed === 'unknown' ? 'UNKNOWN' : allowed ? 'PASS' : 'FAIL');
  return [
    ...source.map(({ act, allowed }) => ({ id: `source ${act}`, verdict: verdict(allowed), detail: task.entry.source.instance })),
    ...target.map(({ id, allowed, detail }) => ({ id, verdict: verdict(allowed), detail })),
  ];
}

export function movedDisks({ disks }: Pick<Machine, 'disks'>, { entry }: VmTask): MovedDisk[] {
  return disks.filter(({ id }) => !entry.source.withoutDisks.includes(id)).map(movedDisk);
}

const movedDisk = ({ id, device, isRoot, sizeBytes }: MachineDisk): MovedDisk => ({
  disk: id,
  device,
  label: device.replace(/^.*\//, ''),
  isRoot,
  sizeBytes,
});

/** A person who declares that the drivers are there takes a blocker about them for a warning. */
const levelOf = ({ id, level }: Finding, { entry }: VmTask): Finding['level'] =>
  level === 'blocker' && entry.driversDeclared && isDeclarable(id) ? 'warning' : level;

export function refuseBlockers(findings: readonly Finding[], task: VmTask): void {
  const blockers = findings.filter((finding) => levelOf(finding, task) === 'blocker');
  if (blockers.length > 0)
    throw new MigrationError('NOT_ASSESSED', {
      operation: `assess ${task.entry.name}`,
      detail: `${[...new Set(blockers.map(({ id }) => id))].join(', ')}; "ecluse assess ${task.entry.name}" says more`,
    });
}

export function lossesOf(findings: readonly Finding[], task: VmTask): LossCount[] {
  const counts = new Map<string, number>();
  for (const finding of findings) if (levelOf(finding, task) === 'warning') counts.set(finding.id, (counts.get(finding.id) ?? 0) + (finding.count ?? 1));
  return [...counts].map(([code, count]) => ({ code, count })).sort((a, b) => (a.code < b.code ? -1 : 1));
}
