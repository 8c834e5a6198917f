import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { consoleFile } from '../hypervisor.ts';
import { action, type Cloud, find, ownedBy, tagsOf, timeText } from './cloud.ts';
import { refused } from './oapi-error.ts';
import { list, one, pageOf, type ReadRequest, readShape, tagFilters } from './reading.ts';
import type { Vm } from './records.ts';
import { vmFolder } from './vm-power.ts';
import { volumesOf } from './volumes.ts';

type View = ReturnType<typeof vmView>;
type StateView = ReturnType<typeof stateView>;

const filters = {
  ...tagFilters,
  VmIds: list(({ VmId }: View) => [VmId], 'id:i'),
  ClientTokens: list(({ ClientToken }: View) => [ClientToken]),
  VmStateNames: list(({ State }: View) => [State]),
  VmTypes: list(({ VmType }: View) => [VmType]),
  ImageIds: list(({ ImageId }: View) => [ImageId], 'id:ami'),
  NetIds: list((view: View) => [view.NetId], 'id:vpc'),
  SubnetIds: list((view: View) => [view.SubnetId], 'id:subnet'),
  SubregionNames: list(({ Placement }: View) => [Placement.SubregionName]),
  KeypairNames: list((view: View) => [view.KeypairName]),
  PrivateIps: list(({ PrivateIp }: View) => [PrivateIp]),
  BootModes: list(({ BootMode }: View) => [BootMode], 'one:uefi|legacy'),
  SecurityGroupIds: list(({ SecurityGroups }: View) => SecurityGroups.map(({ SecurityGroupId }) => SecurityGroupId), 'id:sg'),
  VmSecurityGroupIds: list(({ SecurityGroups }: View) => SecurityGroups.map(({ SecurityGroupId }) => SecurityGroupId), 'id:sg'),
  BlockDeviceMappingVolumeIds: list(({ BlockDeviceMappings }: View) => BlockDeviceMappings.map(({ Bsu }) => Bsu.VolumeId), 'id:vol'),
  BlockDeviceMappingDeviceNames: list(({ BlockDeviceMappings }: View) => BlockDeviceMappings.map(({ DeviceName }) => DeviceName)),
  TpmEnabled: one(({ TpmEnabled }: View) => TpmEnabled),
};
const stateFilters = {
  VmIds: list(({ VmId }: StateView) => [VmId], 'id:i'),
  VmStates: list(({ VmState }: StateView) => [VmState]),
  SubregionNames: list(({ SubregionName }: StateView) => [SubregionName]),
};

const consoleBytes = 64 * 1024;

export const vmReads = {
  // Unlike the other reads it refuses an id that it does not know. Terminated VMs are shown for a while.
  ReadVms: action<ReadRequest>(readShape(filters), (cloud, request, { account }) => {
    const asked = request.Filters?.VmIds;
    for (const id of Array.isArray(asked) ? asked : []) find(cloud.state.vms, String(id), account, 5063);
    const views = ownedBy(cloud.state.vms, account).map((vm) => vmView(cloud, vm));
    return pageOf(cloud, 'Vms', request, views, filters);
  }),
  ReadVmsState: action<ReadRequest & { readonly AllVms?: boolean }>({ ...readShape(stateFilters), AllVms: 'boolean' }, (cloud, request, { account }) => {
    const vms = ownedBy(cloud.state.vms, account).filter(({ state }) => request.AllVms || state === 'running');
    return pageOf(cloud, 'VmStates', request, vms.map(stateView), stateFilters);
  }),
  ReadConsoleOutput: action<{ readonly VmId: string }>({ 'VmId!': 'id:i' }, (cloud, { VmId }, { account }) => {
    const vm = find(cloud.state.vms, VmId, account, 5063);
    return { VmId, ConsoleOutput: consoleOf(cloud, vm).toString('base64') };
  }),
};

/** The console as it was at the last refresh. */
function consoleOf(cloud: Cloud, { id }: Vm): Buffer {
  const shown = cloud.consoles.get(id);
  if (shown && cloud.nowMs() - shown.atMs < cloud.settings.times.consoleRefresh) return shown.bytes;
  const bytes = tailOf(consoleFile(vmFolder(cloud, id)));
  cloud.consoles.set(id, { atMs: cloud.nowMs(), bytes });
  return bytes;
}

function tailOf(file: string): Buffer {
  try {
    const handle = openSync(file, 'r');
    try {
      const length = Math.min(fstatSync(handle).size, consoleBytes);
      const buffer = Buffer.alloc(length);
      return buffer.subarray(0, readSync(handle, buffer, 0, length, fstatSync(handle).size - length));
    } finally {
      closeSync(handle);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
    throw refused(2000, 'The console cannot be read.');
  }
}

export function vmView(cloud: Cloud, vm: Vm) {
  const SecurityGroups = vm.securityGroups.map((id) => ({ SecurityGroupId: id, SecurityGroupName: cloud.state.securityGroups[id]?.name ?? '' }));
  const PrivateDnsName = `ip-${vm.privateIp.replaceAll('.', '-')}.${cloud.settings.region}.compute.internal`;
  return {
    VmId: vm.id,
    State: vm.state,
    StateReason: vm.stateReason,
    VmType: vm.type,
    ImageId: vm.image,
    ...(vm.token !== undefined && { ClientToken: vm.token }),
    CreationDate: timeText(vm.createdAtMs),
    Architecture: vm.architecture,
    BootMode: vm.bootMode,
    TpmEnabled: vm.hasTpm,
    RootDeviceName: vm.rootDevice,
    RootDeviceType: 'ebs',
    BlockDeviceMappings: volumesOf(cloud, vm.id).map(({ id, state, link }) => ({
      DeviceName: link?.device ?? '',
      Bsu: {
        VolumeId: id,
        State: state === 'in-use' ? 'attached' : 'attaching',
        DeleteOnVmDeletion: link?.deleteOnVmDeletion ?? true,
        LinkDate: timeText(link?.atMs ?? vm.createdAtMs),
      },
    })),
    Placement: { SubregionName: vm.subregion, Tenancy: 'default' },
    ...(vm.net !== undefined && { NetId: vm.net }),
    ...(vm.subnet !== undefined && { SubnetId: vm.subnet }),
    ...(vm.keypair !== undefined && { KeypairName: vm.keypair }),
    PrivateIp: vm.privateIp,
    PrivateDnsName,
    SecurityGroups,
    Nics: nicsOf(vm, SecurityGroups, PrivateDnsName),
    UserData: vm.userData,
    VmInitiatedShutdownBehavior: vm.shutdownBehaviour,
    DeletionProtection: vm.isDeletionProtected,
    BsuOptimized: false,
    NestedVirtualization: false,
    IsSourceDestChecked: true,
    Hypervisor: 'xen',
    LaunchNumber: 0,
    Performance: 'high',
    ProductCodes: ['0001'],
    ReservationId: `r-${vm.id.slice(2)}`,
    ActionsOnNextBoot: { SecureBoot: 'none' },
    Tags: tagsOf(cloud, vm.id),
  };
}

function nicsOf(vm: Vm, SecurityGroups: readonly object[], PrivateDnsName: string) {
  if (vm.nic === undefined || vm.net === undefined || vm.subnet === undefined || vm.state === 'terminated') return [];
  const digits = vm.id.slice(2).match(/../g) ?? [];
  return [
    {
      NicId: vm.nic,
      NetId: vm.net,
      SubnetId: vm.subnet,
      AccountId: vm.account,
      Description: 'Primary network interface',
      State: 'in-use',
      IsSourceDestChecked: true,
      MacAddress: ['AA', 'A0', ...digits].join(':').toUpperCase(),
      PrivateDnsName,
      LinkNic: { LinkNicId: `eni-attach-${vm.nic.slice(4)}`, DeviceNumber: 0, State: 'attached', DeleteOnVmDeletion: true },
      PrivateIps: [{ PrivateIp: vm.privateIp, PrivateDnsName, IsPrimary: true }],
      SecurityGroups,
    },
  ];
}

function stateView(vm: Vm) {
  return { VmId: vm.id, VmState: vm.state, SubregionName: vm.subregion, MaintenanceEvents: [] };
}
