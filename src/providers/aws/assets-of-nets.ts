import type { Address, KeyPairInfo, NetworkInterface, SecurityGroup, Subnet, Vpc } from '@aws-sdk/client-ec2';
import { named, told } from './assets-of-machines.ts';
import type { ScopedAsset } from './estate-kinds.ts';

const madeWhereNeeded = { disposition: 'mapped', reason: 'Made on the target where a machine that moves needs it.' } as const;

export function netAsset({ VpcId = '', Tags, CidrBlock, CidrBlockAssociationSet = [], IsDefault, State }: Vpc): ScopedAsset {
  const ranges = CidrBlockAssociationSet.flatMap((one) => one.CidrBlock ?? []);
  return { id: VpcId, ...named(Tags), facts: told({ state: State, range: CidrBlock, ranges, isDefault: IsDefault }), ...madeWhereNeeded };
}

export function subnetAsset({ SubnetId = '', Tags, VpcId, CidrBlock, AvailabilityZone, MapPublicIpOnLaunch }: Subnet): ScopedAsset {
  const facts = told({ vpc: VpcId, range: CidrBlock, zone: AvailabilityZone, givesPublicAddresses: MapPublicIpOnLaunch });
  return { id: SubnetId, ...named(Tags), facts, ...madeWhereNeeded };
}

export function groupAsset({ GroupId = '', GroupName, Description, VpcId, IpPermissions = [], IpPermissionsEgress = [] }: SecurityGroup): ScopedAsset {
  const facts = told({ vpc: VpcId, description: Description, inboundRules: IpPermissions.length, outboundRules: IpPermissionsEgress.length });
  return { id: GroupId, ...(GroupName ? { name: GroupName } : {}), facts, ...madeWhereNeeded };
}

export function interfaceAsset(one: NetworkInterface): ScopedAsset {
  const { NetworkInterfaceId = '', TagSet, VpcId, SubnetId, PrivateIpAddress, Association, Attachment, InterfaceType, RequesterManaged, Status } = one;
  const instance = Attachment?.InstanceId;
  const facts = told({
    state: Status,
    type: InterfaceType,
    vpc: VpcId,
    subnet: SubnetId,
    privateAddress: PrivateIpAddress,
    publicAddress: Association?.PublicIp,
    instance,
  });
  const fate =
    instance === undefined || RequesterManaged
      ? ({ disposition: 'not carried', reason: 'It hangs on no machine, or belongs to a service of AWS.' } as const)
      : ({ disposition: 'mapped', reason: 'Its machine gets another on the target; the hardware address changes.' } as const);
  return { id: NetworkInterfaceId, ...named(TagSet), facts, ...fate };
}

export function addressAsset({ AllocationId, PublicIp, InstanceId, PrivateIpAddress, Tags }: Address): ScopedAsset {
  const facts = told({ publicAddress: PublicIp, privateAddress: PrivateIpAddress, instance: InstanceId });
  const reason = 'A public address stays with its vendor: take one on the target, and change DNS and the lists that name it.';
  return { id: AllocationId ?? PublicIp ?? '', ...named(Tags), facts, disposition: 'by hand', reason };
}

export function keyPairAsset({ KeyPairId, KeyName, KeyType, KeyFingerprint }: KeyPairInfo): ScopedAsset {
  const reason = 'Import its public half on the target; keys that stand in the guests stay as they are.';
  const facts = told({ type: KeyType, fingerprint: KeyFingerprint });
  return { id: KeyPairId ?? KeyName ?? '', ...(KeyName ? { name: KeyName } : {}), facts, disposition: 'by hand', reason };
}
