/** The parts of the API's answers that are read; every field may be missing (the specification requires none). */
export interface Tagged {
  readonly Tags?: readonly { readonly Key: string; readonly Value: string }[];
}

export interface OscSnapshot extends Tagged {
  readonly SnapshotId?: string;
  readonly State?: string;
  readonly Progress?: number;
  readonly VolumeSize?: number;
  readonly AccountId?: string;
}

export interface OscImage extends Tagged {
  readonly ImageId?: string;
  readonly State?: string;
}

export interface OscNet extends Tagged {
  readonly NetId?: string;
  readonly IpRange?: string;
  readonly State?: string;
}

export interface OscSubnet extends Tagged {
  readonly SubnetId?: string;
  readonly NetId?: string;
  readonly IpRange?: string;
  readonly State?: string;
}

export interface OscRule {
  readonly FromPortRange?: number;
  readonly ToPortRange?: number;
  readonly IpProtocol?: string;
  readonly IpRanges?: readonly string[];
  readonly SecurityGroupsMembers?: readonly { readonly AccountId?: string; readonly SecurityGroupId?: string }[];
  readonly ServiceIds?: readonly string[];
}

export interface OscGroup extends Tagged {
  readonly SecurityGroupId?: string;
  readonly SecurityGroupName?: string;
  readonly Description?: string;
  readonly NetId?: string;
  readonly InboundRules?: readonly OscRule[];
  readonly OutboundRules?: readonly OscRule[];
}

export interface OscRouteTable {
  readonly Routes?: readonly Readonly<Record<string, string | undefined>>[];
  readonly RoutePropagatingVirtualGateways?: readonly unknown[];
}

export interface OscVm extends Tagged {
  readonly VmId?: string;
  readonly State?: string;
  readonly PrivateIp?: string;
  readonly SubnetId?: string;
  readonly SecurityGroups?: readonly { readonly SecurityGroupId?: string }[];
  readonly BlockDeviceMappings?: readonly { readonly DeviceName?: string; readonly Bsu?: { readonly VolumeId?: string } }[];
}

export interface OscVolume extends Tagged {
  readonly VolumeId?: string;
  readonly State?: string;
  readonly Size?: number;
  readonly SnapshotId?: string;
}

export interface OscQuotaType {
  readonly QuotaType?: string;
  readonly Quotas?: readonly { readonly Name?: string; readonly MaxValue?: number; readonly UsedValue?: number }[];
}

/** What each action gives, without its envelope. */
export interface Answers {
  readonly ReadAccounts: readonly { readonly AccountId?: string }[];
  readonly ReadQuotas: readonly OscQuotaType[];
  readonly CreateTags: undefined;
  readonly ReadSnapshots: readonly OscSnapshot[];
  readonly CreateSnapshot: OscSnapshot;
  readonly DeleteSnapshot: undefined;
  readonly ReadImages: readonly OscImage[];
  readonly CreateImage: OscImage;
  readonly DeleteImage: undefined;
  readonly ReadNets: readonly OscNet[];
  readonly CreateNet: OscNet;
  readonly DeleteNet: undefined;
  readonly ReadSubnets: readonly OscSubnet[];
  readonly CreateSubnet: OscSubnet;
  readonly DeleteSubnet: undefined;
  readonly ReadSecurityGroups: readonly OscGroup[];
  readonly CreateSecurityGroup: OscGroup;
  readonly DeleteSecurityGroup: undefined;
  readonly CreateSecurityGroupRule: undefined;
  readonly DeleteSecurityGroupRule: undefined;
  readonly ReadInternetServices: readonly { readonly InternetServiceId?: string }[];
  readonly ReadRouteTables: readonly OscRouteTable[];
  readonly ReadVms: readonly OscVm[];
  readonly CreateVms: readonly OscVm[];
  readonly StopVms: undefined;
  readonly StartVms: undefined;
  readonly DeleteVms: undefined;
  readonly ReadConsoleOutput: string;
  readonly ReadVolumes: readonly OscVolume[];
  readonly DeleteVolume: undefined;
}

/** Lists that come in pages. */
export type ListOperation = { [K in keyof Answers]: K extends `Read${string}` ? (Answers[K] extends readonly unknown[] ? K : never) : never }[keyof Answers];
