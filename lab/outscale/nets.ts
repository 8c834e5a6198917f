import { addressText, holds, overlaps, rangeOf } from './addresses.ts';
import { action, type Cloud, find, newId, ownedBy, tagsOf } from './cloud.ts';
import { refused } from './oapi-error.ts';
import { needQuota } from './quotas.ts';
import { list, one, pageOf, type ReadRequest, readShape, tagFilters } from './reading.ts';
import type { InternetService, Net, RouteTable, Subnet } from './records.ts';
import { addGroup } from './security-groups.ts';
import { checkSubregion } from './volumes.ts';

type NetView = ReturnType<typeof netView>;
type SubnetView = ReturnType<typeof subnetView>;
type TableView = ReturnType<typeof tableView>;
type ServiceView = ReturnType<typeof serviceView>;

const netFilters = {
  ...tagFilters,
  NetIds: list(({ NetId }: NetView) => [NetId], 'id:vpc'),
  IpRanges: list(({ IpRange }: NetView) => [IpRange]),
  States: list(({ State }: NetView) => [State]),
};
const subnetFilters = {
  ...tagFilters,
  SubnetIds: list(({ SubnetId }: SubnetView) => [SubnetId], 'id:subnet'),
  NetIds: list(({ NetId }: SubnetView) => [NetId], 'id:vpc'),
  IpRanges: list(({ IpRange }: SubnetView) => [IpRange]),
  States: list(({ State }: SubnetView) => [State]),
  SubregionNames: list(({ SubregionName }: SubnetView) => [SubregionName]),
  AvailableIpsCounts: list(({ AvailableIpsCount }: SubnetView) => [AvailableIpsCount], 'integer'),
};
const tableFilters = {
  ...tagFilters,
  RouteTableIds: list(({ RouteTableId }: TableView) => [RouteTableId], 'id:rtb'),
  NetIds: list(({ NetId }: TableView) => [NetId], 'id:vpc'),
  LinkRouteTableMain: one(({ LinkRouteTables }: TableView) => LinkRouteTables[0]?.Main),
  // Subnets have no tables of their own here: all use the main one.
  LinkSubnetIds: list((_view: TableView) => [], 'id:subnet'),
  RouteGatewayIds: list(({ Routes }: TableView) => Routes.map((route) => ('GatewayId' in route ? route.GatewayId : undefined))),
  RouteDestinationIpRanges: list(({ Routes }: TableView) => Routes.map(({ DestinationIpRange }) => DestinationIpRange)),
};
const serviceFilters = {
  ...tagFilters,
  InternetServiceIds: list(({ InternetServiceId }: ServiceView) => [InternetServiceId], 'id:igw'),
  LinkNetIds: list(({ NetId }: ServiceView) => [NetId], 'id:vpc'),
  LinkStates: list(({ State }: ServiceView) => [State]),
};

export const netActions = {
  CreateNet: action<{ readonly IpRange: string; readonly Tenancy?: string }>({ 'IpRange!': 'string', Tenancy: 'string' }, (cloud, { IpRange }, { account }) => {
    const { bits, first } = rangeOf(IpRange);
    if (bits < 16 || bits > 28) throw refused(4015, 'A Net is between /16 and /28.');
    if (first < 2 ** 24 || first >= 224 * 2 ** 24) throw refused(9050, 'The range is reserved.');
    needQuota(cloud, account, { vpc_limit: 1 });
    return { Net: netView(cloud, addNet(cloud, account, IpRange)) };
  }),
  ReadNets: action<ReadRequest>(readShape(netFilters), (cloud, request, { account }) => {
    const views = ownedBy(cloud.state.nets, account).map((net) => netView(cloud, net));
    return pageOf(cloud, 'Nets', request, views, netFilters);
  }),
  DeleteNet: action<{ readonly NetId: string }>({ 'NetId!': 'id:vpc' }, (cloud, { NetId }, { account }) => {
    find(cloud.state.nets, NetId, account, 5065);
    deleteNet(cloud, NetId);
    return {};
  }),
  CreateSubnet: action<{ readonly IpRange: string; readonly NetId: string; readonly SubregionName?: string }>(
    { 'IpRange!': 'string', 'NetId!': 'id:vpc', SubregionName: 'string' },
    (cloud, { IpRange, NetId, SubregionName = `${cloud.settings.region}a` }, { account }) => {
      const net = find(cloud.state.nets, NetId, account, 5065);
      checkSubregion(cloud, SubregionName);
      const range = rangeOf(IpRange);
      if (range.bits > 29) throw refused(4015, 'The smallest Subnet is a /29.');
      if (!holds(rangeOf(net.range), range)) throw refused(9044, 'The range is not inside the Net.');
      if (subnetsOf(cloud, NetId).some((subnet) => overlaps(rangeOf(subnet.range), range))) throw refused(9058, 'The range overlaps another Subnet.');
      const subnet: Subnet = { id: newId('subnet'), account, net: NetId, range: IpRange, subregion: SubregionName };
      cloud.state.subnets[subnet.id] = subnet;
      return { Subnet: subnetView(cloud, subnet) };
    },
  ),
  ReadSubnets: action<ReadRequest>(readShape(subnetFilters), (cloud, request, { account }) => {
    const views = ownedBy(cloud.state.subnets, account).map((subnet) => subnetView(cloud, subnet));
    return pageOf(cloud, 'Subnets', request, views, subnetFilters);
  }),
  DeleteSubnet: action<{ readonly SubnetId: string }>({ 'SubnetId!': 'id:subnet' }, (cloud, { SubnetId }, { account }) => {
    find(cloud.state.subnets, SubnetId, account, 5057);
    if (usedAddresses(cloud, SubnetId).length > 0) throw refused(9059, 'There are VMs in the Subnet.');
    delete cloud.state.subnets[SubnetId];
    delete cloud.state.tags[SubnetId];
    return {};
  }),
  ReadRouteTables: action<ReadRequest>(readShape(tableFilters), (cloud, request, { account }) => {
    const views = ownedBy(cloud.state.routeTables, account).map((table) => tableView(cloud, table));
    return pageOf(cloud, 'RouteTables', request, views, tableFilters);
  }),
  ReadInternetServices: action<ReadRequest>(readShape(serviceFilters), (cloud, request, { account }) => {
    const views = ownedBy(cloud.state.internetServices, account).map((service) => serviceView(cloud, service));
    return pageOf(cloud, 'InternetServices', request, views, serviceFilters);
  }),
};

/** With what comes along: a default security group and a main route table that knows the net only. */
export function addNet(cloud: Cloud, account: string, range: string): Net {
  const net: Net = { id: newId('vpc'), account, range };
  cloud.state.nets[net.id] = net;
  const table: RouteTable = { id: newId('rtb'), account, net: net.id, link: newId('rtbassoc'), routes: [{ range }] };
  cloud.state.routeTables[table.id] = table;
  addGroup(cloud, { account, name: 'default', description: 'default security group', net: net.id, isDefault: true });
  return net;
}

function deleteNet(cloud: Cloud, id: string): void {
  const groups = Object.values(cloud.state.securityGroups).filter(({ net }) => net === id);
  const hasService = Object.values(cloud.state.internetServices).some(({ net }) => net === id);
  if (subnetsOf(cloud, id).length > 0 || groups.some(({ isDefault }) => !isDefault) || hasService) throw refused(9066, 'The Net still has something in it.');
  const tables = Object.values(cloud.state.routeTables).filter(({ net }) => net === id);
  for (const group of groups) delete cloud.state.securityGroups[group.id];
  for (const table of tables) delete cloud.state.routeTables[table.id];
  for (const { id: gone } of [...groups, ...tables, { id }]) delete cloud.state.tags[gone];
  delete cloud.state.nets[id];
}

const subnetsOf = (cloud: Cloud, net: string): readonly Subnet[] => Object.values(cloud.state.subnets).filter((subnet) => subnet.net === net);

const usedAddresses = (cloud: Cloud, subnet: string): readonly string[] =>
  Object.values(cloud.state.vms)
    .filter((vm) => vm.subnet === subnet && vm.state !== 'terminated')
    .map(({ privateIp }) => privateIp);

/** The wished address, else the first free one: the first four and the last of a subnet are the vendor's. */
export function takeAddress(cloud: Cloud, subnet: Subnet, wished?: string): string {
  const { first, last } = rangeOf(subnet.range);
  const used = new Set(usedAddresses(cloud, subnet.id));
  if (wished !== undefined) {
    const address = rangeOf(`${wished}/32`).first;
    if (address < first + 4 || address >= last) throw refused(4030, `${wished} is not free in the Subnet.`);
    if (used.has(wished)) throw refused(9031, `${wished} is taken.`);
    return wished;
  }
  for (let address = first + 4; address < last; address += 1) if (!used.has(addressText(address))) return addressText(address);
  throw refused(10_021, 'The Subnet is full.');
}

function netView(cloud: Cloud, net: Net) {
  return { NetId: net.id, IpRange: net.range, State: 'available', Tenancy: 'default', DhcpOptionsSetId: 'dopt-00000001', Tags: tagsOf(cloud, net.id) };
}

function subnetView(cloud: Cloud, { id, net, range, subregion }: Subnet) {
  const { first, last } = rangeOf(range);
  return {
    SubnetId: id,
    NetId: net,
    IpRange: range,
    SubregionName: subregion,
    State: 'available',
    MapPublicIpOnLaunch: false,
    AvailableIpsCount: last - first + 1 - 5 - usedAddresses(cloud, id).length,
    Tags: tagsOf(cloud, id),
  };
}

function tableView(cloud: Cloud, { id, net, link, routes }: RouteTable) {
  return {
    RouteTableId: id,
    NetId: net,
    Routes: routes.map(({ range, gateway }) => ({
      DestinationIpRange: range,
      ...(gateway !== undefined && { GatewayId: gateway }),
      CreationMethod: gateway === undefined ? 'CreateRouteTable' : 'CreateRoute',
      State: 'active',
    })),
    LinkRouteTables: [{ LinkRouteTableId: link, Main: true, RouteTableId: id, NetId: net }],
    RoutePropagatingVirtualGateways: [],
    Tags: tagsOf(cloud, id),
  };
}

function serviceView(cloud: Cloud, { id, net }: InternetService) {
  return { InternetServiceId: id, NetId: net, State: 'available', Tags: tagsOf(cloud, id) };
}
