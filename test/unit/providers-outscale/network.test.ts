import { describe, expect, it } from '@jest/globals';
import { answeringCloud } from './answering-cloud.ts';
import { isolatedRequest, machineRequest, networkRequest } from './requests.ts';
import type { SmallCloud } from './small-cloud.ts';

const groupsOf = (cloud: SmallCloud) => cloud.of('SecurityGroup').filter(({ fields }) => !/^(default|ecluse )/.test(String(fields.SecurityGroupName)));

describe('ensureNetwork', () => {
  it('makes exactly the rules that are given: nothing in by default, nothing out but those', async () => {
    const { target, cloud } = answeringCloud();
    const { securityGroups } = await target.ensureNetwork(networkRequest);
    const [web, db] = groupsOf(cloud);
    expect(securityGroups).toEqual([web?.id, db?.id]);
    expect(web?.fields).toMatchObject({
      SecurityGroupName: 'web (shop/web/cutover/m1/network)',
      Description: 'front',
      InboundRules: [
        { IpProtocol: 'tcp', FromPortRange: 443, ToPortRange: 443, IpRanges: ['0.0.0.0/0'] },
        { IpProtocol: 'tcp', FromPortRange: 443, ToPortRange: 443, IpRanges: ['10.9.0.0/16'] },
      ],
      OutboundRules: [{ IpProtocol: 'tcp', FromPortRange: 5432, ToPortRange: 5432, SecurityGroupsMembers: [{ SecurityGroupId: db?.id }] }],
    });
    expect(db?.fields.OutboundRules).toEqual([]);
  });

  it('is shared by all who say the same mark, also at the same moment', async () => {
    const { target, cloud } = answeringCloud();
    const [first, second] = await Promise.all([target.ensureNetwork(networkRequest), target.ensureNetwork(networkRequest)]);
    expect(first).toEqual(second);
    expect([cloud.of('Net').length, cloud.of('Subnet').length, groupsOf(cloud).length]).toEqual([1, 1, 2]);
  });

  it('is one, also when two processes make it at the same moment: who sees two gives its own back, and comes again', async () => {
    const one = answeringCloud();
    const other = answeringCloud(one.cloud);
    const [first, second] = await Promise.allSettled([one.target.ensureNetwork(networkRequest), other.target.ensureNetwork(networkRequest)]);
    const codes = [first, second].flatMap((one) => (one.status === 'rejected' ? (one.reason as { code?: string }).code : []));
    expect(codes.length).toBeGreaterThan(0);
    expect(new Set(codes)).toEqual(new Set(['TARGET_BUSY']));
    expect(await one.target.ensureNetwork(networkRequest)).toEqual(await other.target.ensureNetwork(networkRequest));
    expect([one.cloud.of('Net').length, groupsOf(one.cloud).length]).toEqual([1, 2]);
  });

  it('gives two marks two nets, even of one range', async () => {
    const { target } = answeringCloud();
    const first = await target.ensureNetwork(isolatedRequest);
    const second = await target.ensureNetwork({ ...isolatedRequest, mark: 'shop/db/rehearsal/m1/network' });
    expect(first.net).not.toBe(second.net);
  });

  it('never takes a net that somebody uses for its own', async () => {
    const { target, cloud } = answeringCloud();
    const tagged = cloud.add('Net', 'vpc', { IpRange: '10.0.0.0/16' });
    tagged.Tags.push({ Key: 'Name', Value: 'theirs' });
    const used = cloud.add('Net', 'vpc', { IpRange: '10.0.0.0/16' });
    cloud.add('Subnet', 'subnet', { NetId: used.id, IpRange: '10.0.9.0/24' });
    const { net } = await target.ensureNetwork(networkRequest);
    expect([tagged.id, used.id]).not.toContain(net);
  });

  it('uses what is given, and never removes it', async () => {
    const { target, cloud } = answeringCloud();
    const net = cloud.add('Net', 'vpc', { IpRange: '10.0.0.0/16' });
    const subnet = cloud.add('Subnet', 'subnet', { NetId: net.id, IpRange: '10.0.1.0/24' });
    const group = cloud.add('SecurityGroup', 'sg', { NetId: net.id, SecurityGroupName: 'theirs', InboundRules: [], OutboundRules: [] });
    const given = { ...networkRequest, net: { id: net.id }, securityGroups: [{ id: group.id }, ...networkRequest.securityGroups] };
    // Once by its range, once by its id.
    expect((await target.ensureNetwork(given)).subnet).toBe(subnet.id);
    const made = await target.ensureNetwork({ ...given, subnet: { id: subnet.id } });
    expect(made).toMatchObject({ net: net.id, subnet: subnet.id });
    expect(made.securityGroups[0]).toBe(group.id);
    expect(await target.remove('network', networkRequest.mark)).toBe('gone');
    expect(cloud.things.map(({ id }) => id)).toEqual([net.id, subnet.id, group.id]);
    await expect(target.ensureNetwork({ ...given, net: { id: 'vpc-ffffffff' } })).rejects.toMatchObject({ code: 'TARGET_INVALID' });
  });

  it('makes its own subnet in a given net, and removes that', async () => {
    const { target, cloud } = answeringCloud();
    const net = cloud.add('Net', 'vpc', { IpRange: '10.0.0.0/16' });
    await target.ensureNetwork({ ...networkRequest, net: { id: net.id } });
    expect(cloud.of('Subnet')).toHaveLength(1);
    expect(await target.remove('network', networkRequest.mark)).toBe('gone');
    expect(cloud.things.map(({ id }) => id)).toEqual([net.id]);
  });

  it('leaves a port that a person opened, but not in an isolated net', async () => {
    for (const [request, left] of [
      [{ ...networkRequest, securityGroups: [{ name: 'g', description: 'g', rules: [] }] }, true],
      [isolatedRequest, false],
    ] as const) {
      const { target, cloud } = answeringCloud();
      await target.ensureNetwork(request);
      const [group] = groupsOf(cloud);
      const opened = { IpProtocol: 'tcp', FromPortRange: 22, ToPortRange: 22, IpRanges: ['192.0.2.1/32'] };
      if (group) Object.assign(group.fields, { InboundRules: [opened], OutboundRules: [opened] });
      await target.ensureNetwork(request);
      expect(group?.fields).toMatchObject({ InboundRules: left ? [opened] : [], OutboundRules: [] });
    }
  });

  it('is not isolated with a way out, or with a group that others rule', async () => {
    const { target, cloud } = answeringCloud();
    const { net } = await target.ensureNetwork(isolatedRequest);
    const refused = () => expect(target.ensureNetwork(isolatedRequest)).rejects.toMatchObject({ code: 'TARGET_INVALID' });
    const service = cloud.add('InternetService', 'igw', { NetId: net });
    await refused();
    cloud.drop(service);
    const [table] = cloud.of('RouteTable');
    const routes = table?.fields.Routes as unknown[];
    for (const route of [
      { DestinationIpRange: '0.0.0.0/0', GatewayId: 'igw-00000001' },
      { DestinationIpRange: '192.168.250.0/24', NetPeeringId: 'pcx-00000001' },
    ]) {
      routes.push(route);
      await refused();
      routes.pop();
    }
    await target.ensureNetwork(isolatedRequest);
    const withGroup = { ...isolatedRequest, securityGroups: [{ id: 'sg-00000099' }] };
    await expect(target.ensureNetwork(withGroup)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  it('refuses a rule for a group that is not of its list', async () => {
    const { target } = answeringCloud();
    const rules = [{ flow: 'inbound', protocol: '-1', ranges: [], group: 'nobody' }] as const;
    const request = { ...networkRequest, securityGroups: [{ name: 'a', description: 'a', rules }] };
    await expect(target.ensureNetwork(request)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  it('waits with its removal for the machines in it, whose rules stay', async () => {
    const { target, cloud } = answeringCloud();
    const { subnet, securityGroups } = await target.ensureNetwork(networkRequest);
    await target.ensureMachine({ ...machineRequest, subnet, securityGroups });
    expect(await target.remove('network', networkRequest.mark)).toBe('waiting');
    expect(groupsOf(cloud)[0]?.fields.OutboundRules).toHaveLength(1);
    for (let n = 0; n < 2; n++) await target.remove('machine', machineRequest.mark);
    expect(await target.remove('network', networkRequest.mark)).toBe('gone');
  });
});
