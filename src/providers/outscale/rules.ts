import type { SecurityRule } from '../../model/machine.ts';
import type { OscGroup, OscRule } from './shapes.ts';

export type Flow = 'Inbound' | 'Outbound';

/** One rule of one peer, so that two lists can be compared: `text` is the same where both allow the same. */
export interface SingleRule {
  readonly flow: Flow;
  readonly text: string;
  /** As the API takes it to add or to take away. */
  readonly rule: OscRule;
}

export const flows = ['Inbound', 'Outbound'] as const;

/** `idOfGroup` gives the id of a group of the same network by its name. */
export function wantedRules(rules: readonly SecurityRule[], idOfGroup: (name: string) => string): readonly SingleRule[] {
  return rules.flatMap(({ flow, protocol, fromPort, toPort, ranges, group }) => {
    const ports = portsOf(protocol, fromPort, toPort);
    const direction = flow === 'inbound' ? 'Inbound' : 'Outbound';
    const peers: readonly OscRule[] = [
      ...ranges.map((range) => ({ IpRanges: [range] })),
      ...(group === undefined ? [] : [{ SecurityGroupsMembers: [{ SecurityGroupId: idOfGroup(group) }] }]),
    ];
    return peers.map((peer) => single(direction, { ...ports, IpProtocol: protocol, ...peer }));
  });
}

export const existingRules = ({ InboundRules = [], OutboundRules = [] }: OscGroup): readonly SingleRule[] => [
  ...InboundRules.flatMap((rule) => singles('Inbound', rule)),
  ...OutboundRules.flatMap((rule) => singles('Outbound', rule)),
];

/** The API groups peers under one rule, and takes away what is named exactly. */
function singles(
  flow: Flow,
  { FromPortRange, ToPortRange, IpProtocol = '-1', IpRanges = [], SecurityGroupsMembers = [], ServiceIds = [] }: OscRule,
): SingleRule[] {
  const ports = portsOf(IpProtocol, FromPortRange, ToPortRange);
  const peers: readonly OscRule[] = [
    ...IpRanges.map((range) => ({ IpRanges: [range] })),
    ...SecurityGroupsMembers.map(({ AccountId, SecurityGroupId = '' }) => ({
      SecurityGroupsMembers: [{ ...(AccountId ? { AccountId } : {}), SecurityGroupId }],
    })),
    ...ServiceIds.map((service) => ({ ServiceIds: [service] })),
  ];
  return peers.map((peer) => single(flow, { ...ports, IpProtocol, ...peer }));
}

function single(flow: Flow, rule: OscRule): SingleRule {
  const { FromPortRange, ToPortRange, IpProtocol, IpRanges, SecurityGroupsMembers, ServiceIds } = rule;
  const peer = IpRanges?.[0] ?? SecurityGroupsMembers?.[0]?.SecurityGroupId ?? ServiceIds?.[0];
  return { flow, text: [flow, IpProtocol, FromPortRange, ToPortRange, peer].join(' '), rule };
}

/** All protocols have no ports: the API writes −1 for both. */
function portsOf(protocol: string, from: number | undefined, to: number | undefined): { readonly FromPortRange: number; readonly ToPortRange: number } {
  if (protocol === '-1') return { FromPortRange: -1, ToPortRange: -1 };
  return { FromPortRange: from ?? (protocol === 'icmp' ? -1 : 0), ToPortRange: to ?? (protocol === 'icmp' ? -1 : 65_535) };
}
