import type { SecurityGroup as Ec2Group, IpPermission } from '@aws-sdk/client-ec2';
import type { SecurityGroup, SecurityRule } from '../../model/machine.ts';
import type { Control } from './control.ts';

/** The groups with their rules; a rule that names another group tells it by name, so those are looked up as well, where they can be seen. */
export async function securityGroups(control: Control, ids: readonly string[], signal: AbortSignal | undefined): Promise<readonly SecurityGroup[]> {
  const groups = await byId(control, ids, signal);
  const others = groups.flatMap(referenced).filter((id) => !ids.includes(id));
  const named = new Map([...groups, ...(await byId(control, [...new Set(others)], signal))].map((group) => [group.GroupId ?? '', group]));
  return groups.map((group) => mappedGroup(group, named));
}

/** By filter: a group of another account, or one deleted since, is then left out rather than refused. */
async function byId(control: Control, ids: readonly string[], signal: AbortSignal | undefined): Promise<readonly Ec2Group[]> {
  const found: Ec2Group[] = [];
  if (ids.length === 0) return found;
  const input = { Filters: [{ Name: 'group-id', Values: [...ids] }], MaxResults: 1_000 };
  for await (const page of control.pages('DescribeSecurityGroups', input, signal)) found.push(...(page.SecurityGroups ?? []));
  return found;
}

const referenced = ({ IpPermissions = [], IpPermissionsEgress = [] }: Ec2Group): readonly string[] =>
  [...IpPermissions, ...IpPermissionsEgress].flatMap(({ UserIdGroupPairs }) => (UserIdGroupPairs ?? []).flatMap(({ GroupId }) => GroupId ?? []));

function mappedGroup(group: Ec2Group, named: ReadonlyMap<string, Ec2Group>): SecurityGroup {
  let unmapped = 0;

  const rulesOf = (flow: SecurityRule['flow'], { IpProtocol = '-1', FromPort, ToPort, ...to }: IpPermission): readonly SecurityRule[] => {
    const ports = IpProtocol === '-1' ? {} : { ...(FromPort === undefined ? {} : { fromPort: FromPort }), ...(ToPort === undefined ? {} : { toPort: ToPort }) };
    const rule = { flow, protocol: IpProtocol, ...ports };
    const ranges = [...(to.IpRanges ?? []).flatMap(({ CidrIp }) => CidrIp ?? []), ...(to.Ipv6Ranges ?? []).flatMap(({ CidrIpv6 }) => CidrIpv6 ?? [])];
    unmapped += to.PrefixListIds?.length ?? 0;
    const toGroups = (to.UserIdGroupPairs ?? []).flatMap(({ GroupId = '' }): readonly SecurityRule[] => {
      const other = named.get(GroupId);
      if (other?.GroupName !== undefined && other.VpcId === group.VpcId) return [{ ...rule, ranges: [], group: other.GroupName }];
      unmapped++;
      return [];
    });
    return [...(ranges.length > 0 ? [{ ...rule, ranges }] : []), ...toGroups];
  };

  const rules = [
    ...(group.IpPermissions ?? []).flatMap((permission) => rulesOf('inbound', permission)),
    ...(group.IpPermissionsEgress ?? []).flatMap((permission) => rulesOf('outbound', permission)),
  ];
  return { id: group.GroupId ?? '', name: group.GroupName ?? '', description: group.Description ?? '', rules, unmapped };
}
