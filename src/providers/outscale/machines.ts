import { isMigrationError } from '../../core/migration-error.ts';
import { bytesOf } from '../../core/outscale-limits.ts';
import type { MachineTarget, TargetMachine, TargetMachineRequest } from '../../ports/machine-target.ts';
import type { RequestBody } from './call.ts';
import type { Cloud } from './cloud.ts';
import { deleted, findOrMake, idOf, only } from './ensure.ts';
import { isNotThere } from './errors.ts';
import { rootDevice, volumeRequest } from './images.ts';
import { keyOf, markOf, markTag, tag } from './mark.ts';
import type { OscVm, OscVolume } from './shapes.ts';

type Machines = Pick<MachineTarget, 'ensureMachine' | 'machine' | 'console' | 'stop' | 'start'>;

const consoleBytes = 65_536;

export function createMachines(cloud: Cloud): Machines {
  async function state(id: string, signal: AbortSignal | undefined): Promise<TargetMachine['state']> {
    const vm = await readVm(cloud, id, signal);
    if (!vm || stateOf(vm) === 'terminated') throw cloud.failure('MACHINE_MISSING', 'ReadVms');
    return stateOf(vm);
  }

  return {
    async ensureMachine(request, signal) {
      const vm = await findOrMake(
        () => findVm(cloud, request.mark, signal),
        async () => (await cloud.client.call('CreateVms', machineRequest(request), signal))[0] ?? {},
      );
      const volumes = await volumesOf(cloud, vm, signal);
      // One that ends or has ended is answered as it is: its token is used up, and the caller comes back with another mark.
      if (!stateOf(vm).startsWith('terminat')) await tagMachine(cloud, { vm, volumes }, request.mark, signal, { Name: request.name });
      return machineOf(cloud, vm, volumes);
    },
    async machine(by, signal) {
      const vm = 'id' in by ? await readVm(cloud, by.id, signal) : await findVm(cloud, by.mark, signal);
      return vm && stateOf(vm) !== 'terminated' ? machineOf(cloud, vm, await volumesOf(cloud, vm, signal)) : undefined;
    },
    async console(id, signal) {
      try {
        const output = await cloud.client.call('ReadConsoleOutput', { VmId: id }, signal);
        return Buffer.from(output ?? '', 'base64').subarray(-consoleBytes);
      } catch (error) {
        // A machine that is still being made has no console.
        if (isMigrationError(error, 'TARGET_BUSY')) return Buffer.alloc(0);
        throw error;
      }
    },
    async stop(id, signal) {
      const now = await state(id, signal);
      if (now === 'stopped' || now === 'stopping') return;
      await cloud.client.call('StopVms', { VmIds: [id] }, signal);
    },
    async start(id, signal) {
      const now = await state(id, signal);
      if (now === 'running' || now === 'pending') return;
      await cloud.client.call('StartVms', { VmIds: [id] }, signal);
    },
  };
}

/**
 * The machine first; its volumes once it has let go of them. They are tagged before the machine is deleted, for nothing else would tell later that
 * they were its. Gone when neither is there any more.
 */
export async function removeMachine(cloud: Cloud, mark: string, signal: AbortSignal | undefined): Promise<'gone' | 'waiting'> {
  const vm = await findVm(cloud, mark, signal);
  if (vm && stateOf(vm) !== 'terminated') {
    await tagMachine(cloud, { vm, volumes: await volumesOf(cloud, vm, signal) }, mark, signal, {});
    await deleted(() => cloud.client.call('DeleteVms', { VmIds: [vm.VmId] }, signal));
    return 'waiting';
  }
  const volumes = await markedVolumes(cloud, mark, signal);
  for (const { VolumeId, State } of volumes)
    if (State === 'available' || State === 'error') await deleted(() => cloud.client.call('DeleteVolume', { VolumeId }, signal));
  return volumes.length === 0 || (await markedVolumes(cloud, mark, signal)).length === 0 ? 'gone' : 'waiting';
}

const markedVolumes = (cloud: Cloud, mark: string, signal: AbortSignal | undefined): Promise<readonly OscVolume[]> =>
  cloud.client.list('ReadVolumes', { Tags: [`${markTag}=${mark}`] }, signal);

/** By token; a living one before a terminated one, which is still shown for about an hour. */
async function findVm(cloud: Cloud, mark: string, signal: AbortSignal | undefined): Promise<OscVm | undefined> {
  const found = await cloud.client.list('ReadVms', { ClientTokens: [keyOf(mark)] }, signal);
  const living = found.filter((vm) => stateOf(vm) !== 'terminated');
  return only(living, cloud.asked('ReadVms')) ?? found[0];
}

async function readVm(cloud: Cloud, id: string, signal: AbortSignal | undefined): Promise<OscVm | undefined> {
  try {
    return (await cloud.client.list('ReadVms', { VmIds: [id] }, signal))[0];
  } catch (error) {
    if (isNotThere(error)) return undefined;
    throw error;
  }
}

export function machineRequest(request: TargetMachineRequest): RequestBody {
  const { mark, image, type, bootMode, subregion, subnet, securityGroups, privateAddress, keyPair, rootBytes, volumeType, iops, dataDisks } = request;
  const root = volumeRequest({ sizeBytes: rootBytes, volumeType, ...(iops === undefined ? {} : { iops }) });
  return {
    ClientToken: keyOf(mark),
    ImageId: image,
    VmType: type,
    BootMode: bootMode,
    BootOnCreation: true,
    MinVmsCount: 1,
    MaxVmsCount: 1,
    Placement: { SubregionName: subregion },
    SubnetId: subnet,
    SecurityGroupIds: securityGroups,
    DeletionProtection: false,
    VmInitiatedShutdownBehavior: 'stop',
    BlockDeviceMappings: [
      { DeviceName: rootDevice, Bsu: root },
      ...dataDisks.map((disk) => ({ DeviceName: disk.device, Bsu: { SnapshotId: disk.snapshot, ...volumeRequest(disk) } })),
    ],
    ...(keyPair === undefined ? {} : { KeypairName: keyPair }),
    ...(privateAddress === undefined ? {} : { PrivateIps: [privateAddress] }),
  };
}

/** The machine and its volumes, those that lack it. A young machine may not show its volumes yet: each later call, and its removal, looks again. */
async function tagMachine(
  cloud: Cloud,
  { vm, volumes }: Found,
  mark: string,
  signal: AbortSignal | undefined,
  more: Readonly<Record<string, string>>,
): Promise<void> {
  const all = [{ id: vm.VmId, mark: markOf(vm) }, ...volumes.map((volume) => ({ id: volume.VolumeId, mark: markOf(volume) }))];
  const bare = all.filter((one) => one.mark === undefined).map(({ id }) => idOf(id, cloud.asked('ReadVms')));
  await tag(cloud.client, bare, mark, signal, more);
}

interface Found {
  readonly vm: OscVm;
  readonly volumes: readonly OscVolume[];
}

async function volumesOf(cloud: Cloud, vm: OscVm, signal: AbortSignal | undefined): Promise<readonly OscVolume[]> {
  const ids = (vm.BlockDeviceMappings ?? []).flatMap(({ Bsu }) => Bsu?.VolumeId ?? []);
  return ids.length === 0 ? [] : cloud.client.list('ReadVolumes', { VolumeIds: ids }, signal);
}

function machineOf(cloud: Cloud, vm: OscVm, found: readonly OscVolume[]): TargetMachine {
  const known = new Map(found.map((volume) => [volume.VolumeId, volume]));
  const volumes = (vm.BlockDeviceMappings ?? []).flatMap(({ DeviceName = '', Bsu }) => {
    const { Size, SnapshotId } = known.get(Bsu?.VolumeId) ?? {};
    if (!Bsu?.VolumeId) return [];
    return [
      {
        id: Bsu.VolumeId,
        device: DeviceName,
        ...(Size === undefined ? {} : { sizeBytes: bytesOf(Size) }),
        ...(SnapshotId ? { snapshot: SnapshotId } : {}),
      },
    ];
  });
  return {
    id: idOf(vm.VmId, cloud.asked('ReadVms')),
    state: stateOf(vm),
    volumes,
    ...(vm.PrivateIp ? { privateAddress: vm.PrivateIp } : {}),
    ...(vm.SubnetId ? { subnet: vm.SubnetId } : {}),
  };
}

/** A state that is not published is taken for one that something is under way in. */
function stateOf({ State = '' }: OscVm): TargetMachine['state'] {
  if (State === 'shutting-down') return 'terminating';
  return states.find((state) => state === State) ?? 'pending';
}

const states = ['pending', 'running', 'stopping', 'stopped', 'terminated', 'quarantine'] as const;
