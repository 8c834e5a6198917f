import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { cloneFolder } from '../../../lab/folders.ts';
import { actions } from '../../../lab/outscale/actions.ts';
import type { Fields, Shape } from '../../../lab/outscale/shape.ts';
import { loudSuite } from '../../support/loud-suite.ts';
import { outscaleSpec } from '../../support/outscale-spec.ts';
import { call, type InProcess, startInProcess } from './outscale-client.ts';

const describeSpec = loudSuite(outscaleSpec);

interface Schema {
  readonly type?: string;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly $ref?: string;
}

describeSpec('the OUTSCALE stand-in against the vendor’s specification', () => {
  let cloud: InProcess;
  let schemas: Readonly<Record<string, Schema>>;
  beforeAll(async () => {
    cloud = await startInProcess({ isRecording: true });
    const file = `${cloneFolder}/../shared/specs/outscale-oapi-1.41.0.yaml`;
    schemas = (parse(readFileSync(file, 'utf8'), { maxAliasCount: -1 }) as { components: { schemas: Record<string, Schema> } }).components.schemas;
  });
  afterAll(() => cloud.stop());

  /** What our shape of a request and the vendor's differ in; filters of the vendor's may be missing here, they are refused aloud. */
  function differences(ours: Shape, theirs: Schema, where: string): readonly string[] {
    const schema = theirs.$ref ? (schemas[theirs.$ref.split('/').at(-1) ?? ''] ?? {}) : theirs;
    if (typeof ours === 'string') {
      const kind = ours === 'integer' || ours === 'boolean' ? ours : 'string';
      return schema.type === kind ? [] : [`${where}: ${kind} here, ${schema.type} there`];
    }
    if (Array.isArray(ours)) return schema.items ? differences((ours as readonly [Shape])[0], schema.items, `${where}[]`) : [`${where}: no list there`];
    const known = Object.entries(ours as Fields).map(([name, shape]) => [name.replace('!', ''), shape, name.endsWith('!')] as const);
    const names = known.map(([name]) => name);
    const isFilter = where.endsWith('.Filters');
    return [
      ...known.flatMap(([name, shape]) =>
        schema.properties?.[name] ? differences(shape, schema.properties[name], `${where}.${name}`) : [`${where}.${name}: not there`],
      ),
      ...Object.keys(schema.properties ?? {}).flatMap((name) => (isFilter || names.includes(name) ? [] : [`${where}.${name}: not here`])),
      ...known.flatMap(([name, , isRequired]) => (isRequired === (schema.required ?? []).includes(name) ? [] : [`${where}.${name}: required differs`])),
    ];
  }

  it('takes exactly the vendor’s requests', () => {
    const found = Object.entries(actions).flatMap(([name, { shape }]) => differences(shape, schemas[`${name}Request`] ?? {}, name));
    // Nics are refused as a whole, so their fields are not told here; the shape does not know them.
    expect(found.filter((line) => !line.startsWith('CreateVms.Nics[].'))).toEqual([]);
  });

  it('answers, in every action, as the vendor’s schemas say', async () => {
    await playThrough(cloud);
    const shared = outscaleSpec();
    if (!('access' in shared)) throw new Error(shared.missing);
    const lines = readFileSync(`${cloud.folder}/exchanges.jsonl`, 'utf8').trim().split('\n');
    const exchanges = lines.map((line) => JSON.parse(line) as { action: string; request: unknown; answer: object });
    expect([...new Set(exchanges.map(({ action }) => action))].sort()).toEqual(Object.keys(actions).sort());
    const problems = exchanges.flatMap(({ action, request, answer }) => [
      ...shared.access.problems('request', action, request),
      ...shared.access.problems('response', action, { ...answer, ResponseContext: { RequestId: 'x' } }),
    ]);
    expect(problems).toEqual([]);
    // The judge can say no.
    expect(shared.access.problems('response', 'ReadVms', { Vms: [{ Vmid: 1 }] })).not.toEqual([]);
  });

  it('refuses as the vendor’s schema of errors says', async () => {
    for (const request of [{ Foo: 1 }, { Filters: { VmIds: ['i-00000000'] } }]) {
      const { body } = await call(cloud.endpoint, 'ReadVms', request);
      expect(Object.keys(body).sort()).toEqual(Object.keys(schemas.ErrorResponse?.properties ?? {}).sort());
      expect(Object.keys((body.Errors as object[])[0] ?? {}).sort()).toEqual(Object.keys(schemas.Errors?.properties ?? {}).sort());
    }
  });
});

/** Every action at least once, with as many fields as it has. */
async function playThrough(cloud: InProcess): Promise<void> {
  const settled = async (action: string, isReady: (answer: Record<string, unknown>) => boolean): Promise<void> => {
    for (let turn = 0; !isReady(await cloud.ask(action)); turn += 1) {
      if (turn > 500) throw new Error(`${action} never settled`);
      cloud.wait(50);
    }
  };
  const every =
    (key: string, ...states: readonly string[]) =>
    (answer: Record<string, unknown>) =>
      (answer[key] as { State: string }[]).every(({ State }) => states.includes(State));
  const [{ keypair } = { keypair: '' }] = await cloud.lab.existing();
  const Tags = [{ Key: 'k', Value: 'v' }];
  const NetId = (await cloud.ask('CreateNet', { IpRange: '10.9.0.0/16', Tenancy: 'default' })).Net.NetId;
  const SubnetId = (await cloud.ask('CreateSubnet', { NetId, IpRange: '10.9.1.0/24', SubregionName: 'eu-west-2b' })).Subnet.SubnetId;
  const SecurityGroupId = (await cloud.ask('CreateSecurityGroup', { NetId, SecurityGroupName: 'g', Description: 'd' })).SecurityGroup.SecurityGroupId;
  const rule = { SecurityGroupId, Flow: 'Inbound', IpProtocol: 'tcp', FromPortRange: 1, ToPortRange: 2, IpRange: '10.0.0.0/8' };
  await cloud.ask('CreateSecurityGroupRule', rule);
  const VolumeId = (await cloud.ask('CreateVolume', { SubregionName: 'eu-west-2b', Size: 4, VolumeType: 'io1', Iops: 200, ClientToken: 'v' })).Volume.VolumeId;
  await settled('ReadVolumes', every('Volumes', 'available'));
  const SnapshotId = (await cloud.ask('CreateSnapshot', { VolumeId, Description: 'd', ClientToken: 's' })).Snapshot.SnapshotId;
  const lost = (await cloud.ask('CreateSnapshot', { FileLocation: 'http://127.0.0.1:9/b/k?secret', SnapshotSize: 1 })).Snapshot.SnapshotId;
  await settled('ReadSnapshots', every('Snapshots', 'completed', 'error'));
  const disk = (DeviceName: string) => ({ DeviceName, Bsu: { SnapshotId, VolumeSize: 5, VolumeType: 'gp2', DeleteOnVmDeletion: false } });
  const image = { ImageName: 'image', Description: 'd', Architecture: 'x86_64', RootDeviceName: '/dev/sda1', BootModes: ['uefi'], TpmMandatory: false };
  const ImageId = (await cloud.ask('CreateImage', { ...image, BlockDeviceMappings: [disk('/dev/sda1')] })).Image.ImageId;
  await settled('ReadImages', every('Images', 'available'));
  const place = { SubnetId, SecurityGroupIds: [SecurityGroupId], PrivateIps: ['10.9.1.9'], Placement: { SubregionName: 'eu-west-2b' }, KeypairName: keypair };
  const machine = { ImageId, VmType: 'tinav5.c1r1p2', BootMode: 'uefi', BlockDeviceMappings: [disk('/dev/sdb')], ClientToken: 'vm' };
  const VmId = String((await cloud.ask('CreateVms', { ...machine, ...place })).Vms[0]?.VmId);
  await settled('ReadVms', every('Vms', 'running'));
  await cloud.ask('ReadVmsState', { AllVms: true });
  await cloud.ask('ReadConsoleOutput', { VmId });
  await cloud.ask('LinkVolume', { VolumeId, VmId, DeviceName: '/dev/sdc' });
  await cloud.ask('CreateTags', { ResourceIds: [VmId, SnapshotId, ImageId, NetId, SubnetId, SecurityGroupId, VolumeId], Tags });
  for (const read of ['ReadTags', 'ReadNets', 'ReadSubnets', 'ReadSecurityGroups', 'ReadVolumes', 'ReadSnapshots', 'ReadImages', 'ReadVms', 'ReadRouteTables'])
    await cloud.ask(read, { ResultsPerPage: 1 });
  for (const read of ['ReadInternetServices', 'ReadQuotas', 'ReadSubregions', 'ReadKeypairs', 'ReadAccounts']) await cloud.ask(read);
  await cloud.ask('ReadVms', { DryRun: true, Filters: { VmIds: [VmId], Tags: ['k=v'], ClientTokens: ['vm'] } });
  await cloud.ask('UnlinkVolume', { VolumeId });
  await cloud.ask('StopVms', { VmIds: [VmId] });
  await settled('ReadVms', every('Vms', 'stopped'));
  await cloud.ask('StartVms', { VmIds: [VmId] });
  await cloud.ask('DeleteVms', { VmIds: [VmId] });
  await settled('ReadVms', every('Vms', 'terminated'));
  await cloud.ask('DeleteTags', { ResourceIds: [NetId], Tags });
  await cloud.ask('DeleteSecurityGroupRule', rule);
  await cloud.ask('DeleteImage', { ImageId });
  for (const id of [SnapshotId, lost]) await cloud.ask('DeleteSnapshot', { SnapshotId: id });
  await cloud.ask('DeleteVolume', { VolumeId });
  await cloud.ask('DeleteSecurityGroup', { SecurityGroupId });
  await cloud.ask('DeleteSubnet', { SubnetId });
  await cloud.ask('DeleteNet', { NetId });
}
