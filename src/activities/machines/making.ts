import { machineMark, ownerMarker } from '../../core/ids.ts';
import { MigrationError } from '../../core/migration-error.ts';
import { targetDevice } from '../../core/outscale-limits.ts';
import type { TargetCapabilities } from '../../model/bucket.ts';
import type { TargetSnapshot } from '../../ports/machine-target.ts';
import { attempt } from '../boundary.ts';
import { recorded } from '../recording.ts';
import { refuseRunningSource } from './stopping.ts';
import { type MachineDeps, type StagedDisk, stagingOf, targetOf, until, type VmTask } from './task.ts';

export type Purpose = 'rehearsal' | 'cutover';

/** What is made for one purpose; `makes` counts, so that nothing of an earlier try is found again. */
export interface MakingTask extends VmTask {
  readonly purpose: Purpose;
  readonly makes: number;
}

export interface MadeNetwork {
  readonly net: string;
  readonly subnet: string;
  readonly securityGroups: readonly string[];
}

/** Target snapshot by label of its disk. */
export type Imported = Readonly<Record<string, string>>;

const hourMs = 3_600_000;
const minuteMs = 60_000;
const gibibyte = 2 ** 30;

export const makingMark = ({ place, purpose, makes }: MakingTask, ...what: readonly string[]): string => machineMark(place, purpose, `m${makes}`, ...what);

/** What stands on the target for a rehearsal or a cutover. Every call finds what an earlier one made, by its mark. */
export const createMakingActivities = (deps: MachineDeps) => ({
  /** The bucket in which images stand: made or found, and asked what it can do. It is the project's, not one workload's. */
  prepareStaging: (task: VmTask): Promise<{ readonly capabilities: TargetCapabilities }> =>
    attempt(({ signal }) =>
      recorded(deps, task, 'prepare target', async () => {
        const staging = stagingOf(deps, task);
        await staging.ensureBucket(stagingMarker(task), signal);
        return { capabilities: await staging.probe(`${machineMark(task.place)}/.probe/`, signal) };
      }),
    ),

  /** The target reads each image by a signed address, which stays in this process. IMPORT_FAILED: it ended in error, or vanished; the image is kept. */
  importImages: (task: MakingTask & { readonly disks: readonly StagedDisk[] }): Promise<Imported> =>
    attempt(({ signal }) =>
      recorded(deps, task, `import images ${task.purpose}`, async () => {
        const imported = await Promise.all(task.disks.map(async (disk) => [disk.label, (await importedDisk(deps, task, disk, signal)).id] as const));
        return Object.fromEntries(imported);
      }),
    ),

  ensureNetwork: (task: MakingTask): Promise<MadeNetwork> =>
    attempt(({ signal }) =>
      recorded(deps, task, `network ${task.purpose}`, async () => {
        const { network, subregion } = task.entry.target;
        const { rehearsal } = task.entry;
        const { machines } = targetOf(deps, task);
        if (task.purpose === 'cutover') return machines.ensureNetwork({ mark: networkMark(task), ...network, subregion, isIsolated: false }, signal);
        const group = { name: 'rehearsal', description: 'Only what the plan lets in and out of a rehearsal', rules: rehearsal.rules };
        return machines.ensureNetwork(
          {
            mark: networkMark(task),
            net: { range: rehearsal.net },
            subnet: { range: rehearsal.subnet },
            subregion,
            securityGroups: [group],
            isIsolated: true,
          },
          signal,
        );
      }),
    ),

  /**
   * Image and machine, seen running. A cutover's machine is made only while the source is seen stopped, by the start that we ended: right before the
   * call, so that both never run at once.
   */
  ensureMachine: (
    task: MakingTask & { readonly disks: readonly StagedDisk[]; readonly imported: Imported; readonly network: MadeNetwork; readonly launchedAt?: string },
  ): Promise<{ readonly machine: string }> =>
    attempt(({ signal }) =>
      recorded(deps, task, `machine ${task.purpose}`, async () => {
        const { machines } = targetOf(deps, task);
        const image = await imageOf(deps, task, signal);
        if (task.purpose === 'cutover') await refuseRunningSource(deps, task, task.launchedAt ?? '', signal);
        const made = await machines.ensureMachine(requestOf(task, image), signal);
        await until(deps.clock, async () => runningOf(await machines.machine({ id: made.id }, signal), task), { signal });
        return { machine: made.id };
      }),
    ),

  /** Waits until the console shows all that the plan expects. BOOT_FAILED after the plan's time, with what was seen kept in the depot. */
  bootCheck: (task: MakingTask & { readonly machine: string }): Promise<{ readonly console: string }> =>
    attempt(({ signal }) =>
      recorded(deps, task, `boot check ${task.purpose}`, async () => {
        const { machines } = targetOf(deps, task);
        const { expect, timeoutMinutes } = task.entry.bootCheck;
        let seen: Buffer = Buffer.alloc(0);
        const missing = (): string[] => expect.filter((text) => !seen.includes(text));
        // Names and addresses may stand on a console: it stays in the depot, and errors name its digest.
        const look = async (): Promise<true | undefined> => {
          seen = await machines.console(task.machine, signal);
          return missing().length === 0 ? true : undefined;
        };
        const deadline = deps.clock.now() + timeoutMinutes * minuteMs;
        const isBooted = await until(deps.clock, async () => (await look()) ?? (deps.clock.now() > deadline ? false : undefined), { signal });
        const console = await deps.depot.put(seen);
        if (!isBooted) throw notBooted(task, missing().length, console);
        return { console };
      }),
    ),
});

async function importedDisk(deps: MachineDeps, task: MakingTask, { label, image }: StagedDisk, signal: AbortSignal): Promise<TargetSnapshot> {
  const { machines, importHours } = targetOf(deps, task);
  const mark = makingMark(task, label);
  // Asked for again, it is the one that stands under the mark: also one that a crash left without its tag, which it gets now.
  const url = await stagingOf(deps, task).presign(image.key, importHours * 3600);
  const begun = await machines.importSnapshot({ mark, url, sizeBytes: image.sizeBytes }, signal);
  const failed = (detail: string): MigrationError => new MigrationError('IMPORT_FAILED', { operation: `import ${label}`, target: begun.id, detail });
  return until(
    deps.clock,
    async () => {
      const now = await machines.snapshot({ id: begun.id }, signal);
      if (!now) throw failed('it is not there any more');
      if (now.state === 'error') throw failed('the target says error');
      return now.state === 'completed' ? now : undefined;
    },
    { signal, deadline: deps.clock.now() + importHours * hourMs, late: () => failed(`not done after ${importHours} hours`) },
  );
}

async function imageOf(
  deps: MachineDeps,
  task: MakingTask & { readonly disks: readonly StagedDisk[]; readonly imported: Imported },
  signal: AbortSignal,
): Promise<string> {
  const { machines } = targetOf(deps, task);
  const { bootMode } = task.entry.target;
  const root = task.disks.find(({ isRoot }) => isRoot);
  if (!root) throw new MigrationError('UNSUPPORTED', { operation: 'make image', detail: 'the root disk is not among the disks' });
  const request = {
    mark: makingMark(task, 'image'),
    rootSnapshot: task.imported[root.label] ?? '',
    rootBytes: root.sizeBytes,
    bootMode,
    ...volumeOf(task, root),
  };
  const { id } = await until(
    deps.clock,
    async () => {
      const image = await machines.ensureImage(request, signal);
      if (image.state === 'failed') throw new MigrationError('IMPORT_FAILED', { operation: 'make image', target: image.id });
      return image.state === 'available' ? image : undefined;
    },
    { signal },
  );
  return id;
}

function requestOf(task: MakingTask & { readonly disks: readonly StagedDisk[]; readonly imported: Imported; readonly network: MadeNetwork }, image: string) {
  const { target, name } = task.entry;
  const root = task.disks.find(({ isRoot }) => isRoot);
  const isRehearsal = task.purpose === 'rehearsal';
  return {
    mark: makingMark(task, 'machine'),
    name: isRehearsal ? `${name}-rehearsal` : name,
    image,
    type: target.type,
    bootMode: target.bootMode,
    subregion: target.subregion,
    subnet: task.network.subnet,
    securityGroups: task.network.securityGroups,
    ...(target.network.privateAddress !== undefined && !isRehearsal ? { privateAddress: target.network.privateAddress } : {}),
    ...(target.keyPair === undefined ? {} : { keyPair: target.keyPair }),
    rootBytes: root?.sizeBytes ?? gibibyte,
    ...volumeOf(task, root),
    dataDisks: task.disks
      .filter(({ isRoot }) => !isRoot)
      .map((disk, n) => ({ device: targetDevice(n + 1), snapshot: task.imported[disk.label] ?? '', sizeBytes: disk.sizeBytes, ...volumeOf(task, disk) })),
  };
}

function volumeOf({ entry: { target } }: VmTask, disk: StagedDisk | undefined) {
  const own = disk ? target.disks[disk.device] : undefined;
  return { volumeType: own?.volumeType ?? target.volumeType, ...(own?.iops === undefined ? {} : { iops: own.iops }) };
}

function runningOf(found: { readonly state: string } | undefined, task: MakingTask): true | undefined {
  if (!found || found.state === 'terminated' || found.state === 'quarantine')
    throw new MigrationError('BOOT_FAILED', { operation: `machine ${task.purpose}`, detail: `it is ${found?.state ?? 'not there any more'}` });
  return found.state === 'running' ? true : undefined;
}

const notBooted = (task: MakingTask & { readonly machine: string }, missing: number, console: string): MigrationError =>
  new MigrationError('BOOT_FAILED', {
    operation: `boot check ${task.purpose}`,
    target: task.machine,
    detail: `${missing} of ${task.entry.bootCheck.expect.length} expected texts were not on the console after ${task.entry.bootCheck.timeoutMinutes} minutes; console in the depot: ${console}`,
  });

/** Of a cutover: shared by every machine of the project that asks for the same; a rehearsal has its own. */
function networkMark(task: MakingTask): string {
  if (task.purpose === 'rehearsal') return makingMark(task, 'network');
  const { net } = task.entry.target.network;
  return `${task.place.project}/network/${'id' in net ? net.id : net.range}`;
}

export { networkMark };

/** On the staging bucket: it is the project's, not one workload's. */
export const stagingMarker = ({ place: { project } }: VmTask): string => ownerMarker(project, 'staging');
