import { adoptVolume } from './act.ts';
import { ensureDisk } from './disk-image.ts';
import { instanceRecord } from './instance.ts';
import { askMoto, type Params, usualAccount } from './moto-call.ts';
import { volumeRecord } from './snapshot.ts';
import type { Extras, Place, World } from './world.ts';
import { all, child, textAt, type Value } from './xml.ts';

export interface RuleSpec {
  /** `tcp`, `udp`, `icmp`, `-1`. */
  readonly protocol: string;
  readonly fromPort?: number;
  readonly toPort?: number;
  readonly ranges?: readonly string[];
  /** Another group of the net, by name. */
  readonly group?: string;
}

export interface NetSpec {
  readonly name: string;
  readonly range: string;
  readonly subnets: readonly { readonly name: string; readonly range: string; readonly zone?: string }[];
  readonly securityGroups?: readonly {
    readonly name: string;
    readonly description?: string;
    readonly inbound?: readonly RuleSpec[];
    /** Absent: everything, as AWS begins. */
    readonly outbound?: readonly RuleSpec[];
  }[];
}

export interface DiskSpec {
  readonly device: string;
  readonly sizeGiB: number;
  /** A raw image that it begins as; absent: empty. */
  readonly image?: string;
  readonly type?: string;
  readonly isEncrypted?: boolean;
  readonly keyId?: string;
  readonly isShared?: boolean;
  readonly extras?: Extras;
}

export interface InstanceSpec {
  readonly name: string;
  readonly subnet: string;
  readonly securityGroups?: readonly string[];
  readonly type?: string;
  readonly bootMode?: 'legacy-bios' | 'uefi';
  readonly architecture?: string;
  readonly privateAddress?: string;
  readonly keyPair?: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** Tags that only AWS sets, such as `aws:autoscaling:groupName`. */
  readonly systemTags?: Readonly<Record<string, string>>;
  readonly productCodes?: readonly { readonly productCode: string; readonly type: string }[];
  /** Fields of DescribeInstances as its XML names them: `{ tpmSupport: 'v2.0', hibernationOptions: { configured: true } }`. */
  readonly extras?: Extras;
  /** The first is the root. */
  readonly disks: readonly DiskSpec[];
}

export interface EstateSpec extends Partial<Place> {
  readonly nets: readonly NetSpec[];
  readonly instances: readonly InstanceSpec[];
}

export interface MadeEstate {
  readonly nets: Readonly<Record<string, string>>;
  readonly subnets: Readonly<Record<string, string>>;
  readonly securityGroups: Readonly<Record<string, string>>;
  readonly instances: Readonly<
    Record<string, { readonly id: string; readonly disks: Readonly<Record<string, { readonly id: string; readonly file: string }>> }>
  >;
}

interface Names {
  nets: Record<string, string>;
  subnets: Record<string, string>;
  securityGroups: Record<string, string>;
}

/** Makes everything of it anew: asked twice, there are two. Names are looked up within this estate only. */
export async function makeEstate(world: World, { account = usualAccount, region = 'eu-west-3', nets, instances }: EstateSpec): Promise<MadeEstate> {
  const place = { account, region };
  const names: Names = { nets: {}, subnets: {}, securityGroups: {} };
  for (const net of nets) await makeNet(world, place, net, names);
  const made: Record<string, MadeEstate['instances'][string]> = {};
  for (const instance of instances) made[instance.name] = await makeInstance(world, place, instance, names);
  world.save();
  return { ...names, instances: made };
}

async function makeNet(world: World, place: Place, net: NetSpec, names: Names): Promise<void> {
  const made = await askMoto(world, place, { Action: 'CreateVpc', CidrBlock: net.range, ...tagsFor('vpc', { Name: net.name }) });
  const id = textAt(made, 'vpc/vpcId');
  names.nets[net.name] = id;
  for (const { name, range, zone = `${place.region}a` } of net.subnets) {
    const subnet = await askMoto(world, place, {
      Action: 'CreateSubnet',
      VpcId: id,
      CidrBlock: range,
      AvailabilityZone: zone,
      ...tagsFor('subnet', { Name: name }),
    });
    names.subnets[name] = textAt(subnet, 'subnet/subnetId');
  }
  const groups = net.securityGroups ?? [];
  for (const { name, description = name } of groups) {
    const group = await askMoto(world, place, { Action: 'CreateSecurityGroup', GroupName: name, GroupDescription: description, VpcId: id });
    names.securityGroups[name] = textAt(group, 'groupId');
  }
  // Rules come when every group that they may name is there.
  for (const { name, inbound = [], outbound } of groups) {
    const GroupId = names.securityGroups[name] ?? '';
    if (inbound.length > 0) await askMoto(world, place, { Action: 'AuthorizeSecurityGroupIngress', GroupId, ...rules(inbound, names) });
    if (outbound === undefined) continue;
    await askMoto(world, place, { Action: 'RevokeSecurityGroupEgress', GroupId, ...rules([{ protocol: '-1', ranges: ['0.0.0.0/0'] }], names) });
    if (outbound.length > 0) await askMoto(world, place, { Action: 'AuthorizeSecurityGroupEgress', GroupId, ...rules(outbound, names) });
  }
}

function rules(specs: readonly RuleSpec[], names: Names): Params {
  const pairs = specs.flatMap(({ protocol, fromPort, toPort, ranges = [], group }, at): [string, string][] => {
    const under = `IpPermissions.${at + 1}`;
    return [
      [`${under}.IpProtocol`, protocol],
      ...(fromPort === undefined ? [] : [[`${under}.FromPort`, String(fromPort)] as [string, string]]),
      ...(toPort === undefined ? [] : [[`${under}.ToPort`, String(toPort)] as [string, string]]),
      ...ranges.map((range, n): [string, string] => [`${under}.IpRanges.${n + 1}.CidrIp`, range]),
      ...(group === undefined ? [] : [[`${under}.Groups.1.GroupId`, names.securityGroups[group] ?? ''] as [string, string]]),
    ];
  });
  return Object.fromEntries(pairs);
}

function tagsFor(type: string, tags: Readonly<Record<string, string>>, at = 1): Params {
  const under = `TagSpecification.${at}`;
  const pairs = Object.entries(tags).flatMap(([key, value], n) => [
    [`${under}.Tag.${n + 1}.Key`, key],
    [`${under}.Tag.${n + 1}.Value`, value],
  ]);
  return Object.fromEntries([[`${under}.ResourceType`, type], ...pairs]) as Params;
}

async function makeInstance(world: World, place: Place, spec: InstanceSpec, names: Names): Promise<MadeEstate['instances'][string]> {
  const answer = await askMoto(world, place, runParams(spec, names));
  const item = all(answer, 'instancesSet')[0]?.children[0];
  if (!item) throw new Error('moto ran no instance');
  const id = textAt(item, 'instanceId');
  Object.assign(instanceRecord(world, id), { place, systemTags: spec.systemTags ?? {}, extras: extrasOf(spec) });
  const disks: Record<string, { id: string; file: string }> = {};
  for (const mapping of child(item, 'blockDeviceMapping')?.children ?? []) {
    const disk = spec.disks.find(({ device }) => device === textAt(mapping, 'deviceName'));
    if (disk) disks[disk.device] = await makeDisk(world, place, textAt(mapping, 'ebs/volumeId'), disk);
  }
  return { id, disks };
}

function runParams(spec: InstanceSpec, names: Names): Params {
  const disks = spec.disks.flatMap((disk, at): [string, string][] => {
    const under = `BlockDeviceMapping.${at + 1}`;
    return [
      [`${under}.DeviceName`, disk.device],
      [`${under}.Ebs.VolumeSize`, String(disk.sizeGiB)],
      [`${under}.Ebs.VolumeType`, disk.type ?? 'gp3'],
      [`${under}.Ebs.DeleteOnTermination`, String(at === 0)],
      ...(disk.isEncrypted ? [[`${under}.Ebs.Encrypted`, 'true'] as [string, string]] : []),
      ...(disk.keyId ? [[`${under}.Ebs.KmsKeyId`, disk.keyId] as [string, string]] : []),
    ];
  });
  return {
    Action: 'RunInstances',
    MinCount: '1',
    MaxCount: '1',
    ImageId: 'ami-0123456789abcdef0',
    InstanceType: spec.type ?? 't3.small',
    SubnetId: names.subnets[spec.subnet] ?? '',
    ...Object.fromEntries((spec.securityGroups ?? []).map((name, at) => [`SecurityGroupId.${at + 1}`, names.securityGroups[name] ?? ''])),
    ...(spec.privateAddress && { PrivateIpAddress: spec.privateAddress }),
    ...(spec.keyPair && { KeyName: spec.keyPair }),
    ...Object.fromEntries(disks),
    ...tagsFor('instance', { Name: spec.name, ...spec.tags }),
  };
}

/** Moto knows no boot mode, and calls every machine's root /dev/sda1 and its virtualization paravirtual. */
function extrasOf({ bootMode = 'legacy-bios', architecture = 'x86_64', disks, productCodes, extras }: InstanceSpec): Record<string, Value> {
  return {
    architecture,
    currentInstanceBootMode: bootMode,
    bootMode: bootMode === 'uefi' ? 'uefi-preferred' : 'legacy-bios',
    rootDeviceName: disks[0]?.device ?? '/dev/xvda',
    virtualizationType: 'hvm',
    enaSupport: true,
    platformDetails: 'Linux/UNIX',
    usageOperation: 'RunInstances',
    ...(productCodes && { productCodes: productCodes.map((code) => ({ ...code })) }),
    ...extras,
  };
}

async function makeDisk(world: World, place: Place, id: string, spec: DiskSpec): Promise<{ id: string; file: string }> {
  adoptVolume(world, id, place);
  volumeRecord(world, id, place).extras = { ...(spec.isShared && { multiAttachEnabled: true }), ...spec.extras };
  const file = world.volumeFile(id);
  await ensureDisk(file, spec.sizeGiB * 2 ** 30, spec.image);
  return { id, file };
}
