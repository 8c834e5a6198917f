import { common, holds, rangeOf } from './addresses.ts';
import type { Cloud } from './cloud.ts';
import { refused } from './oapi-error.ts';
import type { Rule, Vm } from './records.ts';

/** What may pass: a protocol (`-1`: any) and its ports (−1: all), to or from a range. */
export interface Passage {
  readonly range: string;
  readonly via: 'net' | 'internet';
  readonly protocol: string;
  readonly fromPort: number;
  readonly toPort: number;
}

export interface Reachable {
  readonly vm: string;
  readonly net?: string;
  readonly subnet?: string;
  readonly privateIp: string;
  readonly routes: readonly { readonly range: string; readonly via: 'net' | 'internet' }[];
  /** No route leads beyond the net. */
  readonly isIsolated: boolean;
  /** What it can begin to talk to: its outbound rules, as far as a route goes. */
  readonly out: readonly Passage[];
  /** Who can begin to talk to it: its inbound rules, as far as a route comes. From the internet: as if it had a public address. */
  readonly in: readonly Passage[];
  /** The other VMs that are not terminated, with what passes both rules. */
  readonly peers: readonly { readonly vm: string; readonly canBeReached: boolean; readonly canReachIt: boolean }[];
}

/** Answers from nets, subnets, route tables and security rules what a VM can reach and who can reach it; no packet is sent. */
export function reachableOf(cloud: Cloud, id: string): Reachable {
  const vm = cloud.state.vms[id];
  if (!vm) throw refused(5063, `There is no ${id}.`);
  const routes = routesOf(cloud, vm);
  const others = Object.values(cloud.state.vms).filter((other) => other.id !== id && other.state !== 'terminated');
  return {
    vm: id,
    ...(vm.net !== undefined && { net: vm.net }),
    ...(vm.subnet !== undefined && { subnet: vm.subnet }),
    privateIp: vm.privateIp,
    routes,
    isIsolated: !routes.some(({ via }) => via === 'internet'),
    out: passages(cloud, vm, 'outbound', routes),
    in: passages(cloud, vm, 'inbound', routes),
    peers: others.map((other) => ({ vm: other.id, canBeReached: talks(cloud, vm, other), canReachIt: talks(cloud, other, vm) })),
  };
}

function routesOf(cloud: Cloud, vm: Vm): Reachable['routes'] {
  // A VM outside any net lies in the vendor's public cloud.
  if (vm.net === undefined) return [{ range: '0.0.0.0/0', via: 'internet' }];
  const tables = Object.values(cloud.state.routeTables).filter(({ net }) => net === vm.net);
  return tables.flatMap(({ routes }) => routes.map(({ range, gateway }) => ({ range, via: gateway === undefined ? ('net' as const) : ('internet' as const) })));
}

function passages(cloud: Cloud, vm: Vm, flow: 'inbound' | 'outbound', routes: Reachable['routes']): readonly Passage[] {
  return rulesOf(cloud, vm, flow).flatMap(({ protocol, fromPort, toPort, ...rule }) =>
    rangesOf(cloud, rule).flatMap((allowed) =>
      routes.flatMap(({ range: routed, via }) => {
        const range = common(allowed, routed);
        return range === undefined ? [] : [{ range, via, protocol, fromPort, toPort }];
      }),
    ),
  );
}

const rulesOf = (cloud: Cloud, vm: Vm, flow: 'inbound' | 'outbound'): readonly Rule[] =>
  vm.securityGroups.flatMap((id) => cloud.state.securityGroups[id]?.[flow] ?? []);

/** A rule's ranges, and its groups as the addresses of their members. */
function rangesOf(cloud: Cloud, { ranges, groups }: Pick<Rule, 'ranges' | 'groups'>): readonly string[] {
  const members = Object.values(cloud.state.vms).filter((vm) => vm.state !== 'terminated' && vm.securityGroups.some((id) => groups.includes(id)));
  return [...ranges, ...members.map(({ privateIp }) => `${privateIp}/32`)];
}

/** `from` may begin to talk to `to`: a route, an outbound rule and an inbound rule that fit each other. */
function talks(cloud: Cloud, from: Vm, to: Vm): boolean {
  if (from.net !== to.net) return false;
  const lets = (rules: readonly Rule[], address: string): readonly Rule[] =>
    rules.filter((rule) => rangesOf(cloud, rule).some((range) => holds(rangeOf(range), rangeOf(`${address}/32`))));
  const out = lets(rulesOf(cloud, from, 'outbound'), to.privateIp);
  const into = lets(rulesOf(cloud, to, 'inbound'), from.privateIp);
  return out.some((a) => into.some((b) => meets(a, b)));
}

function meets(a: Rule, b: Rule): boolean {
  if (a.protocol === '-1' || b.protocol === '-1') return true;
  if (a.protocol !== b.protocol) return false;
  return a.protocol === 'icmp' || (a.fromPort <= b.toPort && b.fromPort <= a.toPort);
}
