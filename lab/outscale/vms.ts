import { action, type Call, type Cloud, changed, find, madeBefore, newId, ownedBy, remember } from './cloud.ts';
import { type BsuRequest, bsuShape, checkVolume, diskOf, sizeOf } from './disks.ts';
import { takeAddress } from './nets.ts';
import { refused } from './oapi-error.ts';
import { needQuota } from './quotas.ts';
import type { Disk, Image, Subnet, Vm } from './records.ts';
import { powerOff, powerOn, turnVm } from './vm-power.ts';
import { vmView } from './vm-view.ts';
import { addVolume, checkSubregion } from './volumes.ts';

interface CreateVms {
  readonly BlockDeviceMappings?: readonly { readonly DeviceName?: string; readonly NoDevice?: string; readonly Bsu?: BsuRequest }[];
  readonly BootMode?: string;
  readonly BootOnCreation?: boolean;
  readonly ClientToken?: string;
  readonly DeletionProtection?: boolean;
  readonly ImageId: string;
  readonly KeypairName?: string;
  readonly MaxVmsCount?: number;
  readonly MinVmsCount?: number;
  readonly Nics?: readonly unknown[];
  readonly Placement?: { readonly SubregionName?: string; readonly Tenancy?: string };
  readonly PrivateIps?: readonly string[];
  readonly SecurityGroupIds?: readonly string[];
  readonly SecurityGroups?: readonly string[];
  readonly SubnetId?: string;
  readonly TpmEnabled?: boolean;
  readonly UserData?: string;
  readonly VmInitiatedShutdownBehavior?: string;
  readonly VmType?: string;
}

interface Several {
  readonly VmIds: readonly string[];
  readonly ForceStop?: boolean;
}

export const vmActions = {
  CreateVms: action<CreateVms>(
    {
      ActionsOnNextBoot: { SecureBoot: 'one:enable|disable|setup-mode|none|restore-factory-keys' },
      BlockDeviceMappings: [{ Bsu: bsuShape, DeviceName: 'string', NoDevice: 'string', VirtualDeviceName: 'string' }],
      BootMode: 'one:uefi|legacy',
      BootOnCreation: 'boolean',
      BsuOptimized: 'boolean',
      ClientToken: 'string',
      DeletionProtection: 'boolean',
      'ImageId!': 'id:ami',
      KeypairName: 'string',
      MaxVmsCount: 'integer',
      MinVmsCount: 'integer',
      NestedVirtualization: 'boolean',
      Nics: [{}],
      Performance: 'one:medium|high|highest',
      Placement: { SubregionName: 'string', Tenancy: 'string' },
      PrivateIps: ['string'],
      SecurityGroupIds: ['id:sg'],
      SecurityGroups: ['string'],
      SubnetId: 'id:subnet',
      TpmEnabled: 'boolean',
      UserData: 'string',
      VmInitiatedShutdownBehavior: 'string',
      VmType: 'string',
    },
    (cloud, request, call) => {
      const known = madeBefore(cloud, call, 'CreateVms', request, cloud.state.vms);
      return { Vms: [vmView(cloud, known ?? create(cloud, request, call))] };
    },
  ),
  StartVms: action<Several>({ 'VmIds!': ['id:i'] }, (cloud, { VmIds }, call) =>
    each(cloud, VmIds, call, (vm) => {
      if (vm.state === 'running' || vm.state === 'pending') return;
      if (vm.state !== 'stopped') throw refused(6003, `${vm.id} is ${vm.state}.`);
      if (!Object.values(cloud.state.volumes).some(({ link }) => link?.vm === vm.id && link.device === vm.rootDevice))
        throw refused(6003, `${vm.id} has no root.`);
      turnVm(cloud, vm, 'pending');
      powerOn(cloud, vm, faultsOf(call));
    }),
  ),
  StopVms: action<Several>({ 'VmIds!': ['id:i'], ForceStop: 'boolean' }, (cloud, { VmIds, ForceStop = false }, call) =>
    each(cloud, VmIds, call, (vm) => {
      if (vm.state === 'stopped' || vm.state === 'stopping') return;
      if (vm.state !== 'running') throw refused(6003, `${vm.id} is ${vm.state}.`);
      turnVm(cloud, vm, 'stopping');
      powerOff(cloud, vm, ForceStop ? 0 : cloud.settings.times.stopGrace, 'vm stopped');
    }),
  ),
  DeleteVms: action<Several>({ 'VmIds!': ['id:i'] }, (cloud, { VmIds }, call) =>
    each(cloud, VmIds, call, (vm) => {
      if (vm.state === 'terminated' || vm.state === 'shutting-down') return;
      if (vm.isDeletionProtected) throw refused(8018, `${vm.id} is protected against deletion.`);
      turnVm(cloud, vm, 'shutting-down');
      powerOff(cloud, vm, 0, 'vm terminated');
    }),
  ),
};

const faultsOf = ({ fault }: Call) => ({ isStuck: fault === 'stuck pending', isUnbootable: fault === 'no boot' });

/** All of them or, where one is not there, none. */
function each(cloud: Cloud, ids: readonly string[], { account }: Call, act: (vm: Vm) => void) {
  const vms = ids.map((id) => find(cloud.state.vms, id, account, 5063));
  return {
    Vms: vms.map((vm) => {
      const PreviousState = vm.state;
      act(vm);
      return { VmId: vm.id, PreviousState, CurrentState: vm.state };
    }),
  };
}

function create(cloud: Cloud, request: CreateVms, call: Call): Vm {
  const { account } = call;
  if (request.Nics ?? request.SecurityGroups) throw refused(8000, 'This stand-in takes SubnetId and SecurityGroupIds.');
  if ((request.MaxVmsCount ?? 1) !== 1 || (request.MinVmsCount ?? 1) !== 1) throw refused(4018, 'This stand-in makes one VM a call.');
  const image = usableImage(cloud, request.ImageId, account);
  const disks = disksOf(cloud, request, image, account);
  const place = placeOf(cloud, request, account);
  const { VmType: type = 't2.small', UserData: userData = '', KeypairName: keypair } = request;
  const bootMode = request.BootMode ?? image.bootModes[0] ?? 'legacy';
  if (!image.bootModes.includes(bootMode)) throw refused(4047, `The image does not boot in ${bootMode} mode.`);
  if (keypair !== undefined && !ownedBy(cloud.state.keypairs, account).some(({ name }) => name === keypair)) throw refused(5071, 'There is no such keypair.');
  if (userData.length > 500 * 1024) throw refused(4106, 'The user data are too long.');
  const cores = coresOf(type);
  needQuota(cloud, account, {
    vm_limit: 1,
    core_limit: cores,
    volume_limit: disks.length,
    volume_size_limit: disks.reduce((sum, { sizeGib }) => sum + sizeGib, 0),
    iops_limit: disks.reduce((sum, { iops = 0 }) => sum + iops, 0),
  });
  const isOn = request.BootOnCreation ?? true;
  const vm: Vm = {
    id: newId('i'),
    account,
    ...(request.ClientToken !== undefined && { token: request.ClientToken }),
    createdAtMs: cloud.nowMs(),
    image: image.id,
    type,
    cores,
    architecture: image.architecture,
    rootDevice: image.rootDevice,
    bootMode,
    ...place,
    ...(keypair !== undefined && { keypair }),
    userData,
    shutdownBehaviour: request.VmInitiatedShutdownBehavior ?? 'stop',
    isDeletionProtected: request.DeletionProtection ?? false,
    hasTpm: request.TpmEnabled ?? image.isTpmMandatory,
    state: isOn ? 'pending' : 'stopped',
    stateReason: '',
    ...faultsOf(call),
  };
  cloud.state.vms[vm.id] = vm;
  remember(cloud, call, 'CreateVms', request, vm.id);
  changed(cloud, { kind: 'vm', id: vm.id, to: vm.state, isOn });
  for (const disk of disks) {
    const { snapshot, iops, device, deleteOnVmDeletion, ...rest } = disk;
    const volume = addVolume(cloud, account, {
      ...rest,
      subregion: vm.subregion,
      ...(snapshot !== undefined && { SnapshotId: snapshot }),
      ...(iops !== undefined && { Iops: iops }),
    });
    volume.link = { vm: vm.id, device, deleteOnVmDeletion, atMs: cloud.nowMs() };
  }
  powerOn(cloud, vm, faultsOf(call));
  return vm;
}

function usableImage(cloud: Cloud, id: string, account: string): Image {
  const image = cloud.state.images[id];
  if (!image || (image.account !== account && !image.isPublic)) throw refused(5023, `There is no ${id}.`);
  if (image.state !== 'available') throw refused(6001, `${id} is ${image.state}.`);
  return image;
}

/** The image's disks under those of the request, root first. */
function disksOf(cloud: Cloud, request: CreateVms, image: Image, account: string): readonly (Disk & { readonly sizeGib: number })[] {
  const disks = new Map<string, Disk>(image.disks.map((disk) => [disk.device, disk]));
  for (const { DeviceName: device, NoDevice, Bsu } of request.BlockDeviceMappings ?? []) {
    if (device === undefined) throw refused(4011, 'A mapping needs DeviceName.');
    if (NoDevice !== undefined) disks.delete(device);
    else if (Bsu === undefined) throw refused(4011, 'A mapping needs Bsu or NoDevice.');
    else disks.set(device, diskOf(cloud, account, device, Bsu, disks.get(device)));
  }
  if (!disks.has(image.rootDevice)) throw refused(4057, 'The root device is gone.');
  if (disks.size > 40) throw refused(4011, 'A VM has at most 40 volumes.');
  return [...disks.values()]
    .sort((a, b) => Number(b.device === image.rootDevice) - Number(a.device === image.rootDevice))
    .map((disk) => {
      const sizeGib = sizeOf(cloud, disk);
      checkVolume(disk.type, sizeGib, disk.iops);
      return { ...disk, sizeGib };
    });
}

function placeOf(cloud: Cloud, request: CreateVms, account: string): Pick<Vm, 'subregion' | 'net' | 'subnet' | 'nic' | 'privateIp' | 'securityGroups'> {
  const subnet: Subnet | undefined = request.SubnetId === undefined ? undefined : find(cloud.state.subnets, request.SubnetId, account, 5057);
  const subregion = request.Placement?.SubregionName ?? subnet?.subregion ?? `${cloud.settings.region}a`;
  checkSubregion(cloud, subregion);
  if (subnet && subnet.subregion !== subregion) throw refused(9071, 'The Subnet lies in another subregion.');
  const groups = (request.SecurityGroupIds ?? []).map((id) => find(cloud.state.securityGroups, id, account, 5020));
  if (groups.some(({ net }) => net !== subnet?.net)) throw refused(5022, 'A security group is of another Net.');
  const standard = Object.values(cloud.state.securityGroups).filter(({ isDefault, net }) => isDefault && net === subnet?.net);
  const securityGroups = (groups.length > 0 ? groups : standard).map(({ id }) => id);
  if (!subnet) return { subregion, privateIp: '10.255.255.254', securityGroups };
  const privateIp = takeAddress(cloud, subnet, request.PrivateIps?.[0]);
  return { subregion, net: subnet.net, subnet: subnet.id, nic: newId('eni'), privateIp, securityGroups };
}

/** Of the vendor's own types, and of the few old names that it still takes. */
function coresOf(type: string): number {
  const [, cores] = /^tinav\d+\.c(\d{1,3})r\d{1,4}(?:p[123])?$/.exec(type) ?? [];
  if (cores !== undefined) return Number(cores);
  if (/^(t2|m[34]|c[34])\.(nano|micro|small|medium|large)$/.test(type)) return 1;
  throw refused(5024, `There is no type ${type}.`);
}
