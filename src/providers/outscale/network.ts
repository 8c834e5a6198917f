import type { MachineTarget, TargetNetwork } from '../../ports/machine-target.ts';
import { claimsOf, netClaim } from './claims.ts';
import type { Cloud } from './cloud.ts';
import { deleted, idOf } from './ensure.ts';
import { dropRules, ensureGroups, groupsOf } from './groups.ts';
import { markOf, markTag, tag } from './mark.ts';
import { ensureNet, ensureSubnet, hasWayOut } from './nets.ts';
import type { OscGroup, OscNet, OscSubnet } from './shapes.ts';

/**
 * Everything is found again by tag, claim or name, so that a call goes on where the last one died. Nothing is started in it before it returns.
 * Of one process one at a time: workloads that share a network ask for it at the same moment. What two processes do at once, the claims sort out.
 */
export function createNetworks(cloud: Cloud): Pick<MachineTarget, 'ensureNetwork'> {
  let before: Promise<unknown> = Promise.resolve();

  async function ensure(request: TargetNetwork, signal: AbortSignal | undefined): ReturnType<MachineTarget['ensureNetwork']> {
    signal?.throwIfAborted();
    const net = await ensureNet(cloud, request, signal);
    const subnet = await ensureSubnet(cloud, net.NetId, request, signal);
    const securityGroups = await ensureGroups(cloud, net.NetId, request, signal);
    if (request.isIsolated && (await hasWayOut(cloud, net, signal))) throw cloud.failure('TARGET_INVALID', 'ReadRouteTables', 'NET_NOT_ISOLATED');
    return { net: net.NetId, subnet, securityGroups };
  }

  return {
    ensureNetwork(request, signal) {
      const mine = before.then(() => ensure(request, signal));
      before = mine.catch(() => undefined);
      return mine;
    },
  };
}

interface Parts {
  readonly groups: readonly OscGroup[];
  readonly subnets: readonly OscSubnet[];
  readonly claims: readonly OscGroup[];
  readonly nets: readonly OscNet[];
}

/**
 * What was made under the mark, in the order that the vendor demands: groups, subnets, their claims, nets. A net that was given is none of it.
 * Waits while a machine is in there: its groups would lose their rules under it.
 */
export async function removeNetwork(cloud: Cloud, mark: string, signal: AbortSignal | undefined): Promise<'gone' | 'waiting'> {
  const parts = await partsOf(cloud, mark, signal);
  if (await isInUse(cloud, parts, signal)) return 'waiting';
  const { client } = cloud;
  for (const group of parts.groups) await dropRules(cloud, group, signal);
  const groups = parts.groups.map(
    ({ SecurityGroupId }) =>
      () =>
        client.call('DeleteSecurityGroup', { SecurityGroupId }, signal),
  );
  const subnets = parts.subnets.map(
    ({ SubnetId }) =>
      () =>
        client.call('DeleteSubnet', { SubnetId }, signal),
  );
  const claims = parts.claims.map(
    ({ SecurityGroupId }) =>
      () =>
        client.call('DeleteSecurityGroup', { SecurityGroupId }, signal),
  );
  const nets = parts.nets.map(
    ({ NetId }) =>
      () =>
        client.call('DeleteNet', { NetId }, signal),
  );
  // Each later kind is only found by the earlier ones where its tag is missing: nothing is skipped over.
  for (const remove of [...groups, ...subnets, ...claims, ...nets]) if ((await deleted(remove)) === 'waiting') return 'waiting';
  const left = await partsOf(cloud, mark, signal);
  return left.groups.length + left.subnets.length + left.claims.length + left.nets.length === 0 ? 'gone' : 'waiting';
}

/** Claimed things that a crash left without their tag are tagged here: once their claim is gone, nothing else would find them. */
async function partsOf(cloud: Cloud, mark: string, signal: AbortSignal | undefined): Promise<Parts> {
  async function bareOf<T extends OscNet | OscSubnet>(found: readonly T[]): Promise<readonly T[]> {
    const bare = found.filter((one) => markOf(one) === undefined);
    const ids = bare.map((one: OscNet & OscSubnet) => idOf(one.SubnetId ?? one.NetId, cloud.asked('ReadSubnets')));
    await tag(cloud.client, ids, mark, signal);
    return bare;
  }
  const byTag = { Tags: [`${markTag}=${mark}`] };
  const claims = await claimsOf(cloud, mark, signal);
  const nets = [...(await cloud.client.list('ReadNets', byTag, signal))];
  const subnets = [...(await cloud.client.list('ReadSubnets', byTag, signal))];
  for (const { SecurityGroupName = '', NetId } of claims) {
    const range = SecurityGroupName.split(' ')[2];
    if (SecurityGroupName === netClaim) nets.push(...(await bareOf(await cloud.client.list('ReadNets', { NetIds: [NetId] }, signal))));
    else subnets.push(...(await bareOf(await cloud.client.list('ReadSubnets', { NetIds: [NetId], IpRanges: [range] }, signal))));
  }
  return { groups: await groupsOf(cloud, mark, signal), subnets, claims, nets };
}

async function isInUse(cloud: Cloud, { groups, subnets }: Parts, signal: AbortSignal | undefined): Promise<boolean> {
  const nets = [...new Set([...groups, ...subnets].flatMap(({ NetId }) => NetId ?? []))];
  if (nets.length === 0) return false;
  const ours = new Set([...groups.map(({ SecurityGroupId }) => SecurityGroupId), ...subnets.map(({ SubnetId }) => SubnetId)]);
  const machines = await cloud.client.list('ReadVms', { NetIds: nets }, signal);
  return machines.some(
    ({ State, SubnetId, SecurityGroups = [] }) =>
      State !== 'terminated' && (ours.has(SubnetId) || SecurityGroups.some(({ SecurityGroupId }) => ours.has(SecurityGroupId))),
  );
}
