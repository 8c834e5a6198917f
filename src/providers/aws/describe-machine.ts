import type { Instance, Volume } from '@aws-sdk/client-ec2';
import type { Machine, MachineDisk, MachineInterface } from '../../model/machine.ts';
import type { Control } from './control.ts';
import { bootMode, machineState, machineTraits, platform, tagsOf } from './machine-traits.ts';
import { securityGroups } from './security-groups.ts';

/** Everything that an assessment asks of one instance. Of its attributes only the shutdown behaviour is read, never the user data. */
export async function describeMachine(control: Control, instance: Instance, signal: AbortSignal | undefined): Promise<Machine> {
  const { InstanceId: id = '', InstanceType, LaunchTime, Placement, CpuOptions, Architecture = '' } = instance;
  const { InstanceTypes } = await control.call('DescribeInstanceTypes', { InstanceTypes: InstanceType ? [InstanceType] : [] }, signal);
  const type = InstanceTypes?.[0];
  const attribute = await control.call('DescribeInstanceAttribute', { InstanceId: id, Attribute: 'instanceInitiatedShutdownBehavior' }, signal);
  const tags = tagsOf(instance.Tags);
  const groups = [...(instance.SecurityGroups ?? []), ...(instance.NetworkInterfaces ?? []).flatMap(({ Groups }) => Groups ?? [])];
  const cores = (CpuOptions?.CoreCount ?? 0) * (CpuOptions?.ThreadsPerCore ?? 0);
  const virtualCpus = cores || type?.VCpuInfo?.DefaultVCpus;
  const memoryMiB = type?.MemoryInfo?.SizeInMiB;
  return {
    id,
    ...(tags.Name ? { name: tags.Name } : {}),
    state: machineState(instance),
    launchedAt: (LaunchTime ?? new Date(0)).toISOString(),
    bootMode: bootMode(instance),
    architecture: Architecture,
    platform: platform(instance),
    type: InstanceType ?? '',
    ...(virtualCpus ? { virtualCpus } : {}),
    ...(memoryMiB ? { memoryBytes: memoryMiB * 2 ** 20 } : {}),
    zone: Placement?.AvailabilityZone ?? '',
    disks: await disksOf(control, instance, signal),
    interfaces: await interfacesOf(control, instance, signal),
    securityGroups: await securityGroups(control, [...new Set(groups.flatMap(({ GroupId }) => GroupId ?? []))], signal),
    tags,
    traits: machineTraits(instance, type, attribute.InstanceInitiatedShutdownBehavior?.Value),
  };
}

async function disksOf(
  control: Control,
  { BlockDeviceMappings = [], RootDeviceName }: Instance,
  signal: AbortSignal | undefined,
): Promise<readonly MachineDisk[]> {
  const attached = new Map(BlockDeviceMappings.flatMap(({ DeviceName = '', Ebs }) => (Ebs?.VolumeId ? [[Ebs.VolumeId, DeviceName] as const] : [])));
  if (attached.size === 0) return [];
  const { Volumes = [] } = await control.call('DescribeVolumes', { VolumeIds: [...attached.keys()] }, signal);
  const disks = Volumes.map((volume) => diskOf(volume, attached.get(volume.VolumeId ?? '') ?? '', RootDeviceName));
  return disks.sort((a, b) => Number(b.isRoot) - Number(a.isRoot) || (a.device < b.device ? -1 : 1));
}

const diskOf = (
  { VolumeId = '', Size = 0, VolumeType = 'standard', Iops, Encrypted, KmsKeyId, MultiAttachEnabled }: Volume,
  device: string,
  root?: string,
): MachineDisk => ({
  id: VolumeId,
  device,
  isRoot: device === root,
  sizeBytes: Size * 2 ** 30,
  type: VolumeType,
  ...(Iops === undefined ? {} : { iops: Iops }),
  isEncrypted: Encrypted ?? false,
  ...(KmsKeyId ? { keyId: KmsKeyId } : {}),
  isShared: MultiAttachEnabled ?? false,
});

async function interfacesOf(control: Control, { NetworkInterfaces = [] }: Instance, signal: AbortSignal | undefined): Promise<readonly MachineInterface[]> {
  const ids = (pick: 'SubnetId' | 'VpcId'): string[] => [...new Set(NetworkInterfaces.flatMap((one) => one[pick] ?? []))];
  const [subnetIds, netIds] = [ids('SubnetId'), ids('VpcId')];
  const subnets = subnetIds.length > 0 ? await control.call('DescribeSubnets', { SubnetIds: subnetIds }, signal) : undefined;
  const nets = netIds.length > 0 ? await control.call('DescribeVpcs', { VpcIds: netIds }, signal) : undefined;
  const ranges = new Map([
    ...(subnets?.Subnets ?? []).map(({ SubnetId, CidrBlock }) => [SubnetId, CidrBlock] as const),
    ...(nets?.Vpcs ?? []).map(({ VpcId, CidrBlock }) => [VpcId, CidrBlock] as const),
  ]);
  return NetworkInterfaces.map(({ NetworkInterfaceId = '', SubnetId = '', VpcId = '', PrivateIpAddress, Association, Groups }) => {
    const [subnetRange, netRange] = [ranges.get(SubnetId), ranges.get(VpcId)];
    return {
      id: NetworkInterfaceId,
      subnet: SubnetId,
      ...(subnetRange ? { subnetRange } : {}),
      net: VpcId,
      ...(netRange ? { netRange } : {}),
      ...(PrivateIpAddress ? { privateAddress: PrivateIpAddress } : {}),
      ...(Association?.PublicIp ? { publicAddress: Association.PublicIp } : {}),
      securityGroups: (Groups ?? []).flatMap(({ GroupId }) => GroupId ?? []),
    };
  });
}
