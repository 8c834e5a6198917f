import type { IamInstanceProfileAssociation, Image, Instance, Snapshot, Tag, Volume } from '@aws-sdk/client-ec2';
import type { Asset } from '../../model/estate.ts';
import type { ScopedAsset } from './estate-kinds.ts';
import { bootMode, machineState, platform, tagsOf } from './machine-traits.ts';
import { markTag } from './mark.ts';

type Fate = Pick<Asset, 'disposition' | 'reason'>;

export const named = (tags: readonly Tag[] | undefined): { readonly name?: string } => {
  const name = tagsOf(tags).Name;
  return name ? { name } : {};
};

/** Leaves out what the vendor does not tell. */
export const told = (facts: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>): Asset['facts'] =>
  Object.fromEntries(Object.entries(facts).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])));

export function instanceAsset(instance: Instance): ScopedAsset {
  const { InstanceId = '', Tags, InstanceType, Architecture, Placement, BlockDeviceMappings, VpcId, SubnetId, SecurityGroups } = instance;
  const facts = told({
    state: machineState(instance),
    type: InstanceType,
    architecture: Architecture,
    platform: platform(instance),
    bootMode: bootMode(instance),
    zone: Placement?.AvailabilityZone,
    vpc: VpcId,
    subnet: SubnetId,
    volumes: (BlockDeviceMappings ?? []).flatMap(({ Ebs }) => Ebs?.VolumeId ?? []),
    securityGroups: (SecurityGroups ?? []).flatMap(({ GroupId }) => GroupId ?? []),
    scalingGroup: tagsOf(Tags)['aws:autoscaling:groupName'],
  });
  return { id: InstanceId, ...named(Tags), facts, ...fateOf(instance) };
}

/** Of what the assessment would refuse whatever the plan says, a person is told here already. */
function fateOf(instance: Instance): Fate {
  const state = machineState(instance);
  if (state === 'terminated' || state === 'terminating') return { disposition: 'not carried', reason: 'It is terminated.' };
  if (instance.Operator?.Managed) return { disposition: 'not carried', reason: 'A service of AWS runs it.' };
  const byHand = (reason: string): Fate => ({ disposition: 'by hand', reason });
  if (tagsOf(instance.Tags)['aws:autoscaling:groupName']) return byHand('An auto-scaling group would replace it once it stops: build its like on the target.');
  if (instance.RootDeviceType === 'instance-store') return byHand('Its root disk is an instance store, of which there is no snapshot.');
  if (instance.Architecture?.startsWith('arm64')) return byHand('The target has no processor of this architecture.');
  return { disposition: 'moved', reason: 'By a workload of the plan.' };
}

export function volumeAsset({
  VolumeId = '',
  Tags,
  Size = 0,
  VolumeType,
  Iops,
  Encrypted,
  KmsKeyId,
  MultiAttachEnabled,
  Attachments = [],
  State,
}: Volume): ScopedAsset {
  const instances = Attachments.flatMap(({ InstanceId }) => InstanceId ?? []);
  const facts = told({
    state: State,
    sizeBytes: Size * 2 ** 30,
    type: VolumeType,
    iops: Iops,
    isEncrypted: Encrypted,
    key: KmsKeyId,
    isShared: MultiAttachEnabled,
    instances,
  });
  const fate: Fate = MultiAttachEnabled
    ? { disposition: 'by hand', reason: 'Several machines share it: no snapshot is of one instant for all.' }
    : instances.length > 0
      ? { disposition: 'moved', reason: 'With its machine.' }
      : { disposition: 'by hand', reason: 'It hangs on no machine, so no workload moves it.' };
  return { id: VolumeId, ...named(Tags), facts, ...fate };
}

export function snapshotAsset({
  SnapshotId = '',
  Tags,
  State,
  VolumeId,
  VolumeSize = 0,
  StartTime,
  StorageTier,
  FullSnapshotSizeInBytes,
}: Snapshot): ScopedAsset {
  const mark = tagsOf(Tags)[markTag];
  const facts = told({
    state: State,
    volume: VolumeId,
    sizeBytes: VolumeSize * 2 ** 30,
    fullBytes: FullSnapshotSizeInBytes,
    startedAt: StartTime?.toISOString(),
    tier: StorageTier,
    mark,
  });
  const reason = mark === undefined ? 'The history of disks is not moved, only their present.' : 'Made by Écluse, and removed by it.';
  return { id: SnapshotId, ...named(Tags), facts, disposition: 'not carried', reason };
}

export function imageAsset({ ImageId = '', Name, Tags, State, CreationDate, Architecture, BootMode, Public, BlockDeviceMappings }: Image): ScopedAsset {
  const snapshots = (BlockDeviceMappings ?? []).flatMap(({ Ebs }) => Ebs?.SnapshotId ?? []);
  const facts = told({ state: State, createdAt: CreationDate, architecture: Architecture, bootMode: BootMode, isPublic: Public, snapshots });
  const name = Name ?? tagsOf(Tags).Name;
  return { id: ImageId, ...(name ? { name } : {}), facts, disposition: 'not carried', reason: 'Images on the target are made anew from the disks that move.' };
}

export function profileAsset({ IamInstanceProfile, InstanceId, State }: IamInstanceProfileAssociation): ScopedAsset {
  const reason = 'The target gives machines no role: software that relies on it needs keys of its own.';
  return { id: IamInstanceProfile?.Arn ?? '', facts: told({ state: State, firstInstance: InstanceId }), disposition: 'by hand', reason };
}

export const keyAsset = ({ KmsKeyId, VolumeId }: Volume): readonly ScopedAsset[] =>
  KmsKeyId === undefined
    ? []
    : [
        {
          id: KmsKeyId,
          facts: told({ firstVolume: VolumeId }),
          disposition: 'not carried',
          reason: 'Disks are read decrypted, and encrypted by the target under its own key.',
        },
      ];
