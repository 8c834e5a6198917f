import { rangeOf } from './addresses.ts';
import { action, type Cloud, find, newId, ownedBy, tagsOf } from './cloud.ts';
import { refused } from './oapi-error.ts';
import { needQuota } from './quotas.ts';
import { list, pageOf, type ReadRequest, readShape, tagFilters } from './reading.ts';
import type { Rule, SecurityGroup } from './records.ts';
import type { Fields } from './shape.ts';

interface RuleRequest {
  readonly FromPortRange?: number;
  readonly ToPortRange?: number;
  readonly IpProtocol?: string;
  readonly IpRanges?: readonly string[];
  readonly ServiceIds?: readonly string[];
  readonly SecurityGroupsMembers?: readonly { readonly SecurityGroupId?: string; readonly SecurityGroupName?: string }[];
}

interface RuleChange extends RuleRequest {
  readonly Flow: string;
  readonly SecurityGroupId: string;
  readonly IpRange?: string;
  readonly SecurityGroupNameToLink?: string;
  readonly SecurityGroupNameToUnlink?: string;
  readonly Rules?: readonly RuleRequest[];
}

type View = ReturnType<typeof viewOf>;
type Flow = 'inbound' | 'outbound';

const ruleFilters = (side: Flow) => {
  const rules = (view: View) => (side === 'inbound' ? view.InboundRules : view.OutboundRules);
  return {
    FromPortRanges: list((view: View) => rules(view).map(({ FromPortRange }) => FromPortRange), 'integer'),
    ToPortRanges: list((view: View) => rules(view).map(({ ToPortRange }) => ToPortRange), 'integer'),
    IpRanges: list((view: View) => rules(view).flatMap(({ IpRanges = [] }) => IpRanges)),
    Protocols: list((view: View) => rules(view).map(({ IpProtocol }) => IpProtocol)),
  };
};
const named = <T>(prefix: string, table: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(Object.entries(table).map(([name, filter]) => [prefix + name, filter]));

const filters = {
  ...tagFilters,
  SecurityGroupIds: list(({ SecurityGroupId }: View) => [SecurityGroupId], 'id:sg'),
  SecurityGroupNames: list(({ SecurityGroupName }: View) => [SecurityGroupName]),
  Descriptions: list(({ Description }: View) => [Description]),
  NetIds: list((view: View) => [view.NetId], 'id:vpc'),
  ...named('InboundRule', ruleFilters('inbound')),
  ...named('OutboundRule', ruleFilters('outbound')),
};

const ruleShape = {
  FromPortRange: 'integer',
  ToPortRange: 'integer',
  IpProtocol: 'string',
  IpRanges: ['string'],
  SecurityGroupRuleId: 'string',
  SecurityGroupsMembers: [{ AccountId: 'string', SecurityGroupId: 'string', SecurityGroupName: 'string' }],
  ServiceIds: ['string'],
} as const satisfies Fields;

const changeShape = (verb: 'Link' | 'Unlink'): Fields => ({
  'SecurityGroupId!': 'id:sg',
  'Flow!': 'string',
  FromPortRange: 'integer',
  ToPortRange: 'integer',
  IpProtocol: 'string',
  IpRange: 'string',
  Rules: [ruleShape],
  [`SecurityGroupAccountIdTo${verb}`]: 'string',
  [`SecurityGroupNameTo${verb}`]: 'string',
});

export const securityGroupActions = {
  CreateSecurityGroup: action<{ readonly SecurityGroupName: string; readonly Description: string; readonly NetId?: string }>(
    { 'SecurityGroupName!': 'string', 'Description!': 'string', NetId: 'id:vpc' },
    (cloud, { SecurityGroupName: name, Description: description, NetId: net }, { account }) => {
      if (net !== undefined) find(cloud.state.nets, net, account, 5065);
      if (!/^(?!sg-)[a-zA-Z0-9 _.\-:/()#,@[\]+=&;{}!$*]{1,255}$/.test(name)) throw refused(4043, 'The name of the security group does not fit.');
      if (description.length > 255) throw refused(4106, 'The description is too long.');
      if (ownedBy(cloud.state.securityGroups, account).some((group) => group.name === name && group.net === net))
        throw refused(9008, 'There is a security group of this name.');
      needQuota(cloud, account, { sg_limit: 1 });
      return { SecurityGroup: viewOf(cloud, addGroup(cloud, { account, name, description, ...(net !== undefined && { net }), isDefault: false })) };
    },
  ),
  ReadSecurityGroups: action<ReadRequest>(readShape(filters), (cloud, request, { account }) => {
    const views = ownedBy(cloud.state.securityGroups, account).map((group) => viewOf(cloud, group));
    return pageOf(cloud, 'SecurityGroups', request, views, filters);
  }),
  DeleteSecurityGroup: action<{ readonly SecurityGroupId?: string; readonly SecurityGroupName?: string }>(
    { SecurityGroupId: 'id:sg', SecurityGroupName: 'string' },
    (cloud, request, { account }) => {
      const group = ownedBy(cloud.state.securityGroups, account).find(
        ({ id, name, net }) =>
          id === request.SecurityGroupId || (request.SecurityGroupId === undefined && net === undefined && name === request.SecurityGroupName),
      );
      if (!group) throw refused(5020, 'There is no such security group.');
      if (group.isDefault) throw refused(9051, 'The default security group stays.');
      const isUsed = Object.values(cloud.state.vms).some(({ state, securityGroups }) => state !== 'terminated' && securityGroups.includes(group.id));
      const isNamed = Object.values(cloud.state.securityGroups).some(
        (other) => other !== group && [...other.inbound, ...other.outbound].some(({ groups }) => groups.includes(group.id)),
      );
      if (isUsed || isNamed) throw refused(9029, 'The security group is in use.');
      delete cloud.state.securityGroups[group.id];
      delete cloud.state.tags[group.id];
      return {};
    },
  ),
  CreateSecurityGroupRule: action<RuleChange>(changeShape('Link'), (cloud, request, { account }) => {
    const group = find(cloud.state.securityGroups, request.SecurityGroupId, account, 5020);
    const flow = flowOf(request.Flow);
    const rules = rulesOf(cloud, request, account);
    for (const rule of rules) if (group[flow].some((known) => isWithin(rule, known))) throw refused(9011, 'There is such a rule.');
    for (const rule of rules) group[flow] = merged(group[flow], rule);
    return { SecurityGroup: viewOf(cloud, group) };
  }),
  DeleteSecurityGroupRule: action<RuleChange>(changeShape('Unlink'), (cloud, request, { account }) => {
    const group = find(cloud.state.securityGroups, request.SecurityGroupId, account, 5020);
    const flow = flowOf(request.Flow);
    for (const rule of rulesOf(cloud, request, account)) {
      if (!group[flow].some((known) => isWithin(rule, known))) throw refused(5008, 'There is no such rule.');
      group[flow] = group[flow].flatMap((known) => without(known, rule));
    }
    return { SecurityGroup: viewOf(cloud, group) };
  }),
};

const everything: Rule = { protocol: '-1', fromPort: -1, toPort: -1, ranges: ['0.0.0.0/0'], groups: [] };

/** A new group lets everything out and nothing in; a net's default one also lets its own members in. */
export function addGroup(cloud: Cloud, group: Omit<SecurityGroup, 'id' | 'inbound' | 'outbound'>): SecurityGroup {
  const id = newId('sg');
  const made: SecurityGroup = { id, ...group, inbound: group.isDefault ? [{ ...everything, ranges: [], groups: [id] }] : [], outbound: [everything] };
  cloud.state.securityGroups[id] = made;
  return made;
}

function flowOf(text: string): Flow {
  if (text === 'Inbound') return 'inbound';
  if (text === 'Outbound') return 'outbound';
  throw refused(4047, 'Flow is Inbound or Outbound.');
}

/** One rule from the flat parameters, or several from `Rules`; never both. */
function rulesOf(cloud: Cloud, request: RuleChange, account: string): readonly Rule[] {
  const other = request.SecurityGroupNameToLink ?? request.SecurityGroupNameToUnlink;
  const isFlat = [request.IpRange, other, request.IpProtocol, request.FromPortRange, request.ToPortRange].some((field) => field !== undefined);
  if (request.Rules && isFlat) throw refused(3002, 'Rules go alone.');
  const rules = request.Rules ?? [
    {
      ...request,
      IpRanges: request.IpRange === undefined ? [] : [request.IpRange],
      SecurityGroupsMembers: other === undefined ? [] : [{ SecurityGroupId: other }],
    },
  ];
  return rules.map((rule) => ruleOf(cloud, rule, account));
}

function ruleOf(cloud: Cloud, rule: RuleRequest, account: string): Rule {
  const {
    IpProtocol: protocol = '-1',
    FromPortRange: fromPort = -1,
    ToPortRange: toPort = -1,
    IpRanges: ranges = [],
    SecurityGroupsMembers: members = [],
  } = rule;
  if (rule.ServiceIds) throw refused(8000, 'This stand-in has no service ids.');
  if (ranges.length === 0 && members.length === 0) throw refused(7000, 'IpRanges or SecurityGroupsMembers are missing.');
  if (ranges.length > 0 && members.length > 0) throw refused(3002, 'Either ranges or security groups.');
  if (!/^(tcp|udp|icmp|-1|\d{1,3})$/.test(protocol)) throw refused(4053, `${protocol} is no protocol.`);
  if (protocol === 'tcp' || protocol === 'udp') {
    if (fromPort < 0 || toPort > 65_535 || fromPort > toPort) throw refused(4051, 'The ports do not fit.');
  }
  for (const range of ranges) rangeOf(range);
  const groups = members.map(({ SecurityGroupId: id = '' }) => find(cloud.state.securityGroups, id, account, 5020).id);
  return protocol === '-1' ? { protocol, fromPort: -1, toPort: -1, ranges, groups } : { protocol, fromPort, toPort, ranges, groups };
}

const isAlike = (a: Rule, b: Rule): boolean => a.protocol === b.protocol && a.fromPort === b.fromPort && a.toPort === b.toPort;
const isWithin = (part: Rule, whole: Rule): boolean =>
  isAlike(part, whole) && part.ranges.every((range) => whole.ranges.includes(range)) && part.groups.every((group) => whole.groups.includes(group));

/** Rules of one protocol and ports are one rule with several ranges. */
function merged(rules: readonly Rule[], rule: Rule): readonly Rule[] {
  const known = rules.find((other) => isAlike(other, rule));
  if (!known) return [...rules, rule];
  const union = (a: readonly string[], b: readonly string[]): readonly string[] => [...new Set([...a, ...b])];
  return rules.map((other) => (other === known ? { ...known, ranges: union(known.ranges, rule.ranges), groups: union(known.groups, rule.groups) } : other));
}

function without(known: Rule, rule: Rule): readonly Rule[] {
  if (!isAlike(known, rule)) return [known];
  const ranges = known.ranges.filter((range) => !rule.ranges.includes(range));
  const groups = known.groups.filter((group) => !rule.groups.includes(group));
  return ranges.length + groups.length > 0 ? [{ ...known, ranges, groups }] : [];
}

function ruleView(cloud: Cloud, { protocol, fromPort, toPort, ranges, groups }: Rule) {
  return {
    IpProtocol: protocol,
    FromPortRange: fromPort,
    ToPortRange: toPort,
    ...(ranges.length > 0 && { IpRanges: ranges }),
    ...(groups.length > 0 && {
      SecurityGroupsMembers: groups.map((id) => ({
        SecurityGroupId: id,
        SecurityGroupName: cloud.state.securityGroups[id]?.name ?? '',
        AccountId: cloud.state.securityGroups[id]?.account ?? '',
      })),
    }),
  };
}

function viewOf(cloud: Cloud, group: SecurityGroup) {
  return {
    SecurityGroupId: group.id,
    SecurityGroupName: group.name,
    Description: group.description,
    AccountId: group.account,
    ...(group.net !== undefined && { NetId: group.net }),
    InboundRules: group.inbound.map((rule) => ruleView(cloud, rule)),
    OutboundRules: group.outbound.map((rule) => ruleView(cloud, rule)),
    Tags: tagsOf(cloud, group.id),
  };
}
