import type { Instance } from '@aws-sdk/client-ec2';
import { isMigrationError, MigrationError } from '../../core/migration-error.ts';
import type { MachineState } from '../../model/machine.ts';
import type { MachineSource, SourceAct } from '../../ports/machine-source.ts';
import type { Control, Permission } from './control.ts';
import { describeMachine } from './describe-machine.ts';
import { machineState } from './machine-traits.ts';
import { type Snapshots, tagged } from './snapshots.ts';

export type FindInstance = (id: string, signal?: AbortSignal) => Promise<Instance>;

/** One instance by its id, shown also where the account hides machines that a service runs. MACHINE_MISSING when there is none. */
export function createFindInstance(control: Control, place: string): FindInstance {
  return async (id, signal) => {
    const { Reservations } = await control.call('DescribeInstances', { InstanceIds: [id], IncludeManagedResources: true }, signal);
    const found = Reservations?.[0]?.Instances?.[0];
    if (!found) throw new MigrationError('MACHINE_MISSING', { operation: 'DescribeInstances', source: place });
    return found;
  };
}

export interface MachineSourceParts {
  readonly control: Control;
  readonly place: string;
  readonly instance: FindInstance;
  readonly snapshots: Snapshots;
}

/** EC2 instances of one account and region. */
export function createMachineSource({ control, place, instance, snapshots }: MachineSourceParts): MachineSource {
  async function state(machine: string, signal?: AbortSignal): ReturnType<MachineSource['state']> {
    const found = await instance(machine, signal);
    return { state: machineState(found), launchedAt: (found.LaunchTime ?? new Date(0)).toISOString() };
  }

  /** EC2 takes an order that is carried out already; in a state where it does not, what is there decides. */
  async function ordered(order: Promise<unknown>, machine: string, enough: readonly MachineState[], signal: AbortSignal | undefined): Promise<void> {
    try {
      await order;
    } catch (error) {
      if (!isMigrationError(error, 'TARGET_BUSY') || !enough.includes((await state(machine, signal)).state)) throw error;
    }
  }

  const asks: Readonly<Record<SourceAct, (machine: string, signal: AbortSignal | undefined) => Promise<Permission>>> = {
    // With the tag, since the right may hang on it.
    snapshot: (machine, signal) =>
      control.mayCall('CreateSnapshots', { InstanceSpecification: { InstanceId: machine }, TagSpecifications: tagged('dry-run') }, signal),
    stop: (machine, signal) => control.mayCall('StopInstances', { InstanceIds: [machine] }, signal),
    start: (machine, signal) => control.mayCall('StartInstances', { InstanceIds: [machine] }, signal),
    // The right hangs on our tag, so only a snapshot that carries it can be asked about.
    async 'delete snapshot'(_machine, signal) {
      const [ours] = await snapshots.marked('', signal);
      return ours ? control.mayCall('DeleteSnapshot', { SnapshotId: ours.id }, signal) : 'unknown';
    },
  };

  return {
    async describe(machine, signal) {
      const found = await instance(machine, signal);
      const now = machineState(found);
      if (now === 'terminated' || now === 'terminating')
        throw new MigrationError('MACHINE_MISSING', { operation: 'DescribeInstances', source: place, detail: now });
      return describeMachine(control, found, signal);
    },
    state,
    snapshot: snapshots.snapshot,
    snapshots: snapshots.snapshots,
    deleteSnapshot: snapshots.deleteSnapshot,
    marked: snapshots.marked,
    // Without Force: a guest that does not shut down is a person's case.
    stop: (machine, signal) => ordered(control.call('StopInstances', { InstanceIds: [machine] }, signal), machine, ['stopping', 'stopped'], signal),
    start: (machine, signal) => ordered(control.call('StartInstances', { InstanceIds: [machine] }, signal), machine, ['pending', 'running'], signal),
    async mayDo(operations, machine, signal) {
      const answers: { act: SourceAct; allowed: Permission }[] = [];
      for (const act of operations) answers.push({ act, allowed: await asks[act](machine, signal) });
      return answers;
    },
  };
}
