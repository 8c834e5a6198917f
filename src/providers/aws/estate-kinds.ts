import type { Asset } from '../../model/estate.ts';
import { imageAsset, instanceAsset, keyAsset, profileAsset, snapshotAsset, volumeAsset } from './assets-of-machines.ts';
import { addressAsset, groupAsset, interfaceAsset, keyPairAsset, netAsset, subnetAsset } from './assets-of-nets.ts';
import type { Control } from './control.ts';

/** An asset without its scope, which the caller knows. */
export type ScopedAsset = Omit<Asset, 'account' | 'region' | 'kind'>;
export type ListKind = (control: Control, signal: AbortSignal | undefined) => AsyncIterable<readonly ScopedAsset[]>;

const MaxResults = 1_000;

/** What EC2 tells of a scope, by the kinds of model/estate.ts. Lists without pages (addresses, key pairs) are one page here. */
export const ec2Kinds: Readonly<Record<string, ListKind>> = {
  async *instance(control, signal) {
    for await (const { Reservations = [] } of control.pages('DescribeInstances', { MaxResults, IncludeManagedResources: true }, signal))
      yield Reservations.flatMap(({ Instances = [] }) => Instances.map(instanceAsset));
  },
  async *volume(control, signal) {
    for await (const { Volumes = [] } of control.pages('DescribeVolumes', { MaxResults }, signal)) yield Volumes.map(volumeAsset);
  },
  async *snapshot(control, signal) {
    // Our own only: without OwnerIds EC2 answers with everybody's public ones.
    for await (const { Snapshots = [] } of control.pages('DescribeSnapshots', { OwnerIds: ['self'], MaxResults }, signal)) yield Snapshots.map(snapshotAsset);
  },
  async *image(control, signal) {
    for await (const { Images = [] } of control.pages(
      'DescribeImages',
      { Owners: ['self'], IncludeDeprecated: true, IncludeDisabled: true, MaxResults },
      signal,
    ))
      yield Images.map(imageAsset);
  },
  async *vpc(control, signal) {
    for await (const { Vpcs = [] } of control.pages('DescribeVpcs', { MaxResults }, signal)) yield Vpcs.map(netAsset);
  },
  async *subnet(control, signal) {
    for await (const { Subnets = [] } of control.pages('DescribeSubnets', { MaxResults }, signal)) yield Subnets.map(subnetAsset);
  },
  async *'security group'(control, signal) {
    for await (const { SecurityGroups = [] } of control.pages('DescribeSecurityGroups', { MaxResults }, signal)) yield SecurityGroups.map(groupAsset);
  },
  async *interface(control, signal) {
    for await (const { NetworkInterfaces = [] } of control.pages('DescribeNetworkInterfaces', { MaxResults }, signal))
      yield NetworkInterfaces.map(interfaceAsset);
  },
  async *address(control, signal) {
    yield ((await control.call('DescribeAddresses', {}, signal)).Addresses ?? []).map(addressAsset);
  },
  async *'key pair'(control, signal) {
    yield ((await control.call('DescribeKeyPairs', {}, signal)).KeyPairs ?? []).map(keyPairAsset);
  },
  /** Those that machines use; one that none uses is nobody's loss. */
  async *'instance profile'(control, signal) {
    const seen = new Set<string>();
    for await (const { IamInstanceProfileAssociations = [] } of control.pages('DescribeIamInstanceProfileAssociations', { MaxResults }, signal))
      yield firsts(seen, IamInstanceProfileAssociations.map(profileAsset));
  },
  /** Those under which disks are encrypted, as the volumes name them. */
  async *key(control, signal) {
    const seen = new Set<string>();
    const input = { Filters: [{ Name: 'encrypted', Values: ['true'] }], MaxResults };
    for await (const { Volumes = [] } of control.pages('DescribeVolumes', input, signal)) yield firsts(seen, Volumes.flatMap(keyAsset));
  },
};

function firsts(seen: Set<string>, assets: readonly ScopedAsset[]): readonly ScopedAsset[] {
  return assets.filter(({ id }) => id !== '' && !seen.has(id) && seen.add(id));
}
