import type { TargetNetwork } from '../../ports/machine-target.ts';
import { claim, claimIn, claimsOf, netClaim, subnetClaim } from './claims.ts';
import type { Cloud } from './cloud.ts';
import { deleted, findOrMake, idOf, only } from './ensure.ts';
import { keyOf, markOf, markTag, tag } from './mark.ts';
import type { OscNet } from './shapes.ts';

export async function ensureNet(cloud: Cloud, { net, mark }: TargetNetwork, signal: AbortSignal | undefined): Promise<OscNet & { readonly NetId: string }> {
  if ('id' in net) {
    const given = (await cloud.client.list('ReadNets', { NetIds: [net.id] }, signal))[0];
    if (!given) throw cloud.failure('TARGET_INVALID', 'ReadNets', 'NET_MISSING');
    return { ...given, NetId: net.id };
  }
  const found = (await findNet(cloud, mark, signal)) ?? (await makeNet(cloud, net.range, mark, signal));
  const NetId = idOf(found.NetId, cloud.asked('ReadNets'));
  if (markOf(found) === undefined) await tag(cloud.client, [NetId], mark, signal);
  return { ...found, NetId };
}

/** By its tag; or by its claim, where a crash came before the tag. */
async function findNet(cloud: Cloud, mark: string, signal: AbortSignal | undefined): Promise<OscNet | undefined> {
  const tagged = only(await cloud.client.list('ReadNets', { Tags: [`${markTag}=${mark}`] }, signal), cloud.asked('ReadNets'));
  if (tagged) return tagged;
  const claims = (await claimsOf(cloud, mark, signal)).filter(({ SecurityGroupName }) => SecurityGroupName === netClaim);
  const claimed = only(claims, cloud.asked('ReadSecurityGroups'))?.NetId;
  return claimed === undefined ? undefined : (await cloud.client.list('ReadNets', { NetIds: [claimed] }, signal))[0];
}

/** A crash between create and claim, or an answer that is lost, leaves a bare net; it is taken up here before another is made. */
async function makeNet(cloud: Cloud, range: string, mark: string, signal: AbortSignal | undefined): Promise<OscNet> {
  const made = await findOrMake(
    () => bareNet(cloud, range, signal),
    () => cloud.client.call('CreateNet', { IpRange: range }, signal),
  );
  const id = idOf(made.NetId, cloud.asked('CreateNet'));
  if (!(await claim(cloud, id, netClaim, mark, signal))) throw cloud.failure('TARGET_BUSY', 'CreateSecurityGroup', 'NET_CLAIMED');
  // Two of ours may have made one each at the same moment: who sees both gives its own back, and comes again.
  const claims = (await claimsOf(cloud, mark, signal)).filter(({ SecurityGroupName }) => SecurityGroupName === netClaim);
  if (claims.length < 2) return made;
  const own = claims.find(({ NetId }) => NetId === id);
  await cloud.client.call('DeleteSecurityGroup', { SecurityGroupId: own?.SecurityGroupId }, signal);
  await deleted(() => cloud.client.call('DeleteNet', { NetId: id }, signal));
  throw cloud.failure('TARGET_BUSY', 'CreateNet', 'MADE_TWICE');
}

/** Of exactly this range, and with nothing in it: no tag, no subnet, no group but the net's own, no way out. */
async function bareNet(cloud: Cloud, range: string, signal: AbortSignal | undefined): Promise<OscNet | undefined> {
  const nets = await cloud.client.list('ReadNets', { IpRanges: [range], States: ['available'] }, signal);
  for (const net of nets) {
    if ((net.Tags ?? []).length > 0 || net.NetId === undefined) continue;
    const inside = { NetIds: [net.NetId] };
    if ((await cloud.client.list('ReadSubnets', inside, signal)).length > 0) continue;
    const groups = await cloud.client.list('ReadSecurityGroups', inside, signal);
    if (groups.some(({ SecurityGroupName }) => SecurityGroupName !== 'default')) continue;
    if (await hasWayOut(cloud, net, signal)) continue;
    return net;
  }
  return undefined;
}

/** One that stands there without our claim is used as it is, and never removed. */
export async function ensureSubnet(cloud: Cloud, net: string, { subnet, subregion, mark }: TargetNetwork, signal: AbortSignal | undefined): Promise<string> {
  if ('id' in subnet) return subnet.id;
  const { range } = subnet;
  const find = async () => only(await cloud.client.list('ReadSubnets', { NetIds: [net], IpRanges: [range] }, signal), cloud.asked('ReadSubnets'));
  const there = await find();
  const claimed = (await claimIn(cloud, net, subnetClaim(range), signal))?.Description;
  if (!there && claimed === undefined && !(await claim(cloud, net, subnetClaim(range), mark, signal)))
    throw cloud.failure('TARGET_BUSY', 'CreateSecurityGroup', 'SUBNET_CLAIMED');
  if (!there && claimed !== undefined && claimed !== keyOf(mark)) throw cloud.failure('TARGET_BUSY', 'ReadSubnets', 'SUBNET_CLAIMED');
  const isOurs = !there || claimed === keyOf(mark);
  const request = { NetId: net, IpRange: range, SubregionName: subregion };
  const made = there ?? (await findOrMake(find, () => cloud.client.call('CreateSubnet', request, signal)));
  const id = idOf(made.SubnetId, cloud.asked('CreateSubnet'));
  if (isOurs && markOf(made) === undefined) await tag(cloud.client, [id], mark, signal);
  return id;
}

/** An internet service, a propagating gateway, or a route to anywhere but the net itself. */
export async function hasWayOut(cloud: Cloud, { NetId, IpRange }: OscNet, signal: AbortSignal | undefined): Promise<boolean> {
  if ((await cloud.client.list('ReadInternetServices', { LinkNetIds: [NetId] }, signal)).length > 0) return true;
  const tables = await cloud.client.list('ReadRouteTables', { NetIds: [NetId] }, signal);
  return tables.some(
    ({ Routes = [], RoutePropagatingVirtualGateways = [] }) =>
      RoutePropagatingVirtualGateways.length > 0 || Routes.some((route) => route.DestinationIpRange !== IpRange || leads.some((field) => route[field])),
  );
}

const leads = ['NatServiceId', 'NetAccessPointId', 'NetPeeringId', 'NicId', 'VmId', 'DestinationServiceId'] as const;
