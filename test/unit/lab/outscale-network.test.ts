import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { addressText, common, rangeOf } from '../../../lab/outscale/addresses.ts';
import { type InProcess, startInProcess } from './outscale-client.ts';

let cloud: InProcess;
beforeEach(async () => {
  cloud = await startInProcess();
});
afterEach(() => cloud.stop());

const makeNet = async (IpRange = '10.9.0.0/16'): Promise<string> => (await cloud.ask('CreateNet', { IpRange })).Net.NetId;
const makeSubnet = async (NetId: string, IpRange: string): Promise<string> => (await cloud.ask('CreateSubnet', { NetId, IpRange })).Subnet.SubnetId;
const makeGroup = async (NetId: string, name: string): Promise<string> =>
  (await cloud.ask('CreateSecurityGroup', { NetId, SecurityGroupName: name, Description: 'd' })).SecurityGroup.SecurityGroupId;
const rule = (SecurityGroupId: string, more: object) => ({ SecurityGroupId, Flow: 'Inbound', IpProtocol: 'tcp', FromPortRange: 22, ToPortRange: 22, ...more });
const everythingOut = (SecurityGroupId: string) => ({ SecurityGroupId, Flow: 'Outbound', IpProtocol: '-1', IpRange: '0.0.0.0/0' });

async function makeVm(SubnetId: string, groups: readonly string[], more: object = {}): Promise<string> {
  const [{ publicImage } = { publicImage: '' }] = await cloud.lab.existing();
  return String((await cloud.ask('CreateVms', { ImageId: publicImage, SubnetId, SecurityGroupIds: groups, ...more })).Vms[0]?.VmId);
}

async function terminate(id: string): Promise<void> {
  await cloud.ask('DeleteVms', { VmIds: [id] });
  cloud.wait(1_000);
}

describe('ranges', () => {
  it('are the vendor’s CIDR notation and nothing else', () => {
    expect(rangeOf('10.9.1.0/24')).toEqual({ first: 168362240, last: 168362495, bits: 24 });
    expect(addressText(168362244)).toBe('10.9.1.4');
    for (const bad of ['10.9.1.1/24', '10.9.1.0', '10.9.1.0/33', '300.0.0.0/8', 'x']) expect(() => rangeOf(bad)).toThrow();
    expect(common('0.0.0.0/0', '10.0.0.0/8')).toBe('10.0.0.0/8');
    expect(common('10.0.0.0/8', '11.0.0.0/8')).toBeUndefined();
  });
});

describe('nets and subnets', () => {
  it('keep to their limits, and go only when they are empty', async () => {
    const NetId = await makeNet('10.9.0.0/24');
    const SubnetId = await makeSubnet(NetId, '10.9.0.0/28');
    expect(await cloud.refusal('CreateSubnet', { NetId, IpRange: '10.9.0.8/29' })).toBe('409 9058 ResourceConflict');
    expect(await cloud.refusal('CreateSubnet', { NetId, IpRange: '10.9.0.16/30' })).toBe('400 4015 InvalidParameterValue');
    expect(await cloud.refusal('CreateSubnet', { NetId, IpRange: '10.8.0.0/28' })).toBe('409 9044 ResourceConflict');
    const id = await makeVm(SubnetId, [], { PrivateIps: ['10.9.0.7'] });
    expect(await cloud.ask('ReadVms')).toMatchObject({ Vms: [{ PrivateIp: '10.9.0.7', SubnetId, NetId, Nics: [{ State: 'in-use' }] }] });
    expect(await cloud.ask('ReadSubnets', { Filters: { NetIds: [NetId] } })).toMatchObject({ Subnets: [{ AvailableIpsCount: 10 }] });
    expect(await cloud.refusal('CreateVms', { ImageId: 'ami-00000000', SubnetId })).toBe('400 5023 InvalidResource');
    expect(await cloud.refusal('DeleteSubnet', { SubnetId })).toBe('409 9059 ResourceConflict');
    await terminate(id);
    expect(await cloud.refusal('DeleteNet', { NetId })).toBe('409 9066 ResourceConflict');
    await cloud.ask('DeleteSubnet', { SubnetId });
    await cloud.ask('DeleteNet', { NetId });
    for (const read of ['ReadSecurityGroups', 'ReadRouteTables']) {
      const answer = await cloud.ask(read, { Filters: { NetIds: [NetId] } });
      expect(Object.values(answer)).toContainEqual([]);
    }
  });

  it('give the first four and the last address to nobody', async () => {
    const SubnetId = await makeSubnet(await makeNet('10.9.0.0/24'), '10.9.0.0/29');
    for (const address of ['10.9.0.3', '10.9.0.7', '10.9.0.8'])
      expect(await cloud.refusal('CreateVms', { ImageId: (await cloud.lab.existing())[0]?.publicImage, SubnetId, PrivateIps: [address] })).toBe(
        '400 4030 InvalidParameterValue',
      );
    for (const _ of [4, 5, 6]) await makeVm(SubnetId, []);
    const { Vms } = await cloud.ask('ReadVms');
    expect(Vms.map(({ PrivateIp }) => PrivateIp)).toEqual(['10.9.0.4', '10.9.0.5', '10.9.0.6']);
    expect(await cloud.refusal('CreateVms', { ImageId: (await cloud.lab.existing())[0]?.publicImage, SubnetId })).toMatch(/^400 10021/);
  });
});

describe('security groups', () => {
  it('are made with everything out and nothing in; their rules are added and taken away', async () => {
    const NetId = await makeNet();
    const id = await makeGroup(NetId, 'web');
    const read = async () => ((await cloud.ask('ReadSecurityGroups', { Filters: { SecurityGroupIds: [id] } })).SecurityGroups as object[])[0];
    expect(await read()).toMatchObject({
      InboundRules: [],
      OutboundRules: [{ IpProtocol: '-1', FromPortRange: -1, ToPortRange: -1, IpRanges: ['0.0.0.0/0'] }],
    });
    await cloud.ask('DeleteSecurityGroupRule', everythingOut(id));
    await cloud.ask('CreateSecurityGroupRule', rule(id, { IpRange: '10.0.0.0/8' }));
    await cloud.ask('CreateSecurityGroupRule', {
      SecurityGroupId: id,
      Flow: 'Inbound',
      Rules: [{ IpProtocol: 'tcp', FromPortRange: 22, ToPortRange: 22, IpRanges: ['192.168.0.0/16'] }],
    });
    expect(await read()).toMatchObject({ InboundRules: [{ FromPortRange: 22, IpRanges: ['10.0.0.0/8', '192.168.0.0/16'] }], OutboundRules: [] });
    expect(await cloud.refusal('CreateSecurityGroupRule', rule(id, { IpRange: '10.0.0.0/8' }))).toBe('409 9011 ResourceConflict');
    expect(await cloud.refusal('DeleteSecurityGroupRule', rule(id, { IpRange: '10.0.0.0/16' }))).toBe('400 5008 InvalidResource');
    expect(await cloud.refusal('CreateSecurityGroupRule', rule(id, { IpRange: '10.0.0.0/8', Rules: [] }))).toBe('400 3002 InvalidParameter');
    expect(await cloud.refusal('CreateSecurityGroupRule', rule(id, { IpRange: '10.0.0.0/8', Flow: 'in' }))).toBe('400 4047 InvalidParameterValue');
    expect(await cloud.refusal('CreateSecurityGroup', { NetId, SecurityGroupName: 'web', Description: '' })).toBe('409 9008 ResourceConflict');
  });

  it('stay while a VM or another group needs them', async () => {
    const NetId = await makeNet();
    const [a, b] = [await makeGroup(NetId, 'a'), await makeGroup(NetId, 'b')];
    const vm = await makeVm(await makeSubnet(NetId, '10.9.1.0/24'), [a]);
    await cloud.ask('CreateSecurityGroupRule', rule(a, { SecurityGroupNameToLink: b }));
    for (const SecurityGroupId of [a, b]) expect(await cloud.refusal('DeleteSecurityGroup', { SecurityGroupId })).toBe('409 9029 ResourceConflict');
    await terminate(vm);
    for (const SecurityGroupId of [a, b]) await cloud.ask('DeleteSecurityGroup', { SecurityGroupId });
  });
});

describe('what a VM can reach', () => {
  it('in a net without exit is its net at most, by its rules', async () => {
    const NetId = await makeNet();
    const SubnetId = await makeSubnet(NetId, '10.9.1.0/24');
    const group = await makeGroup(NetId, 'rehearsal');
    const vm = await makeVm(SubnetId, [group]);
    expect(await cloud.lab.reachable(vm)).toMatchObject({
      isIsolated: true,
      routes: [{ range: '10.9.0.0/16', via: 'net' }],
      out: [{ range: '10.9.0.0/16', via: 'net', protocol: '-1' }],
      in: [],
    });
    await cloud.ask('DeleteSecurityGroupRule', everythingOut(group));
    await cloud.ask('CreateSecurityGroupRule', rule(group, { IpRange: '10.9.2.0/24' }));
    expect(await cloud.lab.reachable(vm)).toMatchObject({ out: [], in: [{ range: '10.9.2.0/24', via: 'net', protocol: 'tcp', fromPort: 22, toPort: 22 }] });
  });

  it('in a net with an exit is the internet, and peers both of whose rules agree', async () => {
    const [{ net, subnet } = { net: '', subnet: '' }] = await cloud.lab.existing();
    const [client, server] = [await makeGroup(net, 'client'), await makeGroup(net, 'server')];
    const [a, b] = [await makeVm(subnet, [client]), await makeVm(subnet, [server])];
    expect(await cloud.lab.reachable(a)).toMatchObject({ isIsolated: false, peers: [{ vm: b, canBeReached: false, canReachIt: false }] });
    await cloud.ask('CreateSecurityGroupRule', rule(server, { SecurityGroupNameToLink: client }));
    expect(await cloud.lab.reachable(a)).toMatchObject({
      out: [
        { range: '10.0.0.0/16', via: 'net' },
        { range: '0.0.0.0/0', via: 'internet' },
      ],
      peers: [{ vm: b, canBeReached: true, canReachIt: false }],
    });
    expect(await cloud.lab.reachable(b)).toMatchObject({ in: [{ range: '10.0.1.4/32', via: 'net' }, { via: 'internet' }], peers: [{ canReachIt: true }] });
  });
});
