import { existsSync } from 'node:fs';
import {
  CreateSnapshotsCommand,
  DeleteSnapshotCommand,
  DescribeInstancesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSnapshotsCommand,
  DescribeVolumesCommand,
  EC2Client,
  ListSnapshotsInRecycleBinCommand,
  StartInstancesCommand,
  StopInstancesCommand,
} from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import type { MadeEstate } from '../../lab/aws/estate.ts';
import { type AwsLab, startAwsLab } from '../../lab/aws/start.ts';
import { type Moto, startMoto } from '../../lab/moto.ts';
import type { ProcessRecord } from '../../lab/process.ts';
import { blockBytes, callAws, calm, credentialsOf, diskOf, getBlock, pagesOf, refusalIn, smallEstate } from '../support/aws-lab.ts';
import type { AwsCredentials } from '../support/aws-signer.ts';
import { runFolder } from '../support/run.ts';
import { noteProcess } from '../support/run-servers.ts';
import { describeStores } from '../support/stores.ts';

let lab: AwsLab;
let made: MadeEstate;
let web: { readonly id: string };
let ours: AwsCredentials;

const ec2 = (as: AwsCredentials = ours) => new EC2Client({ endpoint: lab.endpoint, region: lab.region, credentials: as, maxAttempts: 1 });
const act = (body: object) => lab.control('act', body);

let moto: Moto;
const onStart = (record: ProcessRecord) => noteProcess(runFolder(), record);
const start = (options: { readonly moto?: string }) => startAwsLab({ folder: `${runFolder()}/aws`, onStart, ...options });

async function snapshotAll(mark: string): Promise<Readonly<Record<string, string>>> {
  const answer = await ec2().send(
    new CreateSnapshotsCommand({
      InstanceSpecification: { InstanceId: web.id },
      TagSpecifications: [{ ResourceType: 'snapshot', Tags: [{ Key: 'mark', Value: mark }] }],
    }),
  );
  return Object.fromEntries((answer.Snapshots ?? []).map(({ VolumeId = '', SnapshotId = '' }) => [VolumeId, SnapshotId]));
}

/** Of the root disk, completed. */
async function rootSnapshot(): Promise<string> {
  const all = await snapshotAll('x');
  await lab.control('clock', { forwardMs: 400 });
  return all[diskOf(made, '/dev/xvda').id] ?? '';
}

describeStores('the AWS stand-in', () => {
  beforeAll(async () => {
    moto = await startMoto({ folder: `${runFolder()}/aws-moto`, onStart, say: (line) => process.stderr.write(`${line}\n`) });
    lab = await start({ moto: moto.endpoint });
    made = await lab.control<MadeEstate>('estate', smallEstate);
    web = made.instances.web ?? { id: '' };
    ours = credentialsOf(lab);
  }, 300_000);
  beforeEach(() => calm(lab));
  afterAll(async () => {
    await lab?.stop();
    await moto?.stop();
  });

  it('takes right signatures only', async () => {
    const body = 'Action=DescribeInstances&Version=2016-11-15';
    const codeOf = async (options: Parameters<typeof callAws>[3]) => {
      const got = await callAws(lab, 'ec2', '/', { body, ...options });
      return [got.status, /<Code>(.*?)<\/Code>/.exec(got.body.toString())?.[1]];
    };
    expect(await codeOf({})).toEqual([200, undefined]);
    expect(await codeOf({ credentials: { ...ours, secretAccessKey: 'wrong' } })).toEqual([401, 'AuthFailure']);
    expect(await codeOf({ credentials: { ...ours, accessKeyId: 'AKIAUNKNOWN' } })).toEqual([401, 'AuthFailure']);
    expect(await codeOf({ date: new Date(Date.now() - 6 * 60_000) })).toEqual([400, 'RequestExpired']);
    const ebs = await callAws(lab, 'ebs', '/snapshots/snap-0a/blocks', { credentials: { ...ours, secretAccessKey: 'wrong' } });
    expect(refusalIn(ebs).slice(0, 2)).toEqual([403, 'InvalidSignatureException']);
    expect((await fetch(`${lab.endpoint}/`, { method: 'POST', body })).status).toBe(403);
    await lab.control('keys', { accessKey: lab.accessKey, state: 'expired' });
    expect(await codeOf({})).toEqual([400, 'RequestExpired']);
    expect(refusalIn(await callAws(lab, 'ebs', '/snapshots/snap-0a/blocks'))[1]).toBe('ExpiredTokenException');
  });

  it('keeps accounts apart, behind their roles', async () => {
    await lab.control('settings', { roles: [{ arn: 'arn:aws:iam::222222222222:role/read', externalId: 'x' }] });
    const assume = (role: string, id: string) =>
      callAws(lab, 'sts', '/', {
        body: `Action=AssumeRole&Version=2011-06-15&RoleArn=arn:aws:iam::222222222222:role/${role}&RoleSessionName=s&ExternalId=${id}`,
      });
    expect((await assume('read', 'y')).status).toBe(403);
    expect((await assume('write', 'x')).status).toBe(403);
    const text = (await assume('read', 'x')).body.toString();
    const of = (name: string) => new RegExp(`<${name}>(.*?)<`).exec(text)?.[1] ?? '';
    const theirs = { accessKeyId: of('AccessKeyId'), secretAccessKey: of('SecretAccessKey'), sessionToken: of('SessionToken') };
    expect((await ec2(theirs).send(new DescribeInstancesCommand({}))).Reservations).toEqual([]);
    const caller = await callAws(lab, 'sts', '/', { credentials: theirs, body: 'Action=GetCallerIdentity&Version=2011-06-15' });
    expect(caller.body.toString()).toContain('<Account>222222222222</Account>');
    await expect(ec2({ ...theirs, sessionToken: 'other' }).send(new DescribeInstancesCommand({}))).rejects.toMatchObject({ name: 'AuthFailure' });
    expect(refusalIn(await callAws(lab, 'ebs', `/snapshots/${await rootSnapshot()}/blocks`, { credentials: theirs }))).toEqual([
      404,
      'ResourceNotFoundException',
      'SNAPSHOT_NOT_FOUND',
    ]);
  });

  it('tells of machines what moto does not, in pages', async () => {
    const one = (await ec2().send(new DescribeInstancesCommand({ InstanceIds: [web.id] }))).Reservations?.[0]?.Instances?.[0];
    expect(one).toMatchObject({ CurrentInstanceBootMode: 'uefi', RootDeviceName: '/dev/xvda', Architecture: 'x86_64', VirtualizationType: 'hvm' });
    expect(one?.ProductCodes).toEqual([{ ProductCodeId: 'abc', ProductCodeType: 'marketplace' }]);
    expect(Object.fromEntries((one?.Tags ?? []).map(({ Key, Value }) => [Key, Value]))).toEqual({
      Name: 'web',
      team: 'blue',
      'aws:autoscaling:groupName': 'asg',
    });
    const volumes = await ec2().send(new DescribeVolumesCommand({ VolumeIds: [diskOf(made, '/dev/sdf').id] }));
    expect(volumes.Volumes?.[0]).toMatchObject({ Size: 1, Encrypted: true, MultiAttachEnabled: true });
    const groups = await ec2().send(new DescribeSecurityGroupsCommand({ GroupIds: [made.securityGroups.db ?? ''] }));
    expect(groups.SecurityGroups?.[0]?.IpPermissions?.[0]?.UserIdGroupPairs?.[0]?.GroupId).toBe(made.securityGroups.web);

    const seen: string[] = [];
    const sizes: number[] = [];
    let NextToken: string | undefined;
    do {
      const page = await ec2().send(new DescribeInstancesCommand({ MaxResults: 5, NextToken }));
      const ids = (page.Reservations ?? []).flatMap(({ Instances = [] }) => Instances.map(({ InstanceId = '' }) => InstanceId));
      sizes.push(ids.length);
      seen.push(...ids);
      NextToken = page.NextToken;
    } while (NextToken);
    expect(sizes).toEqual([5, 2]);
    expect(new Set(seen).size).toBe(7);
    await expect(ec2().send(new DescribeInstancesCommand({ MaxResults: 5, InstanceIds: [web.id] }))).rejects.toMatchObject({
      name: 'InvalidParameterCombination',
    });
  });

  it('stops and starts through passing states', async () => {
    const state = async () => (await ec2().send(new DescribeInstancesCommand({ InstanceIds: [web.id] }))).Reservations?.[0]?.Instances?.[0];
    const InstanceIds = [web.id];
    await lab.control('settings', { stopMs: 60_000, startMs: 60_000 });
    const before = await state();
    expect(before?.State?.Name).toBe('running');
    const stopped = await ec2().send(new StopInstancesCommand({ InstanceIds }));
    expect(stopped.StoppingInstances?.[0]).toMatchObject({ CurrentState: { Code: 64, Name: 'stopping' }, PreviousState: { Name: 'running' } });
    expect((await state())?.State).toEqual({ Code: 64, Name: 'stopping' });
    const filter = (Name: string, Values: string[]) => ec2().send(new DescribeInstancesCommand({ Filters: [{ Name, Values }] }));
    expect((await filter('instance-state-name', ['stopping'])).Reservations).toHaveLength(1);
    expect((await filter('instance-state-name', ['stopped'])).Reservations).toHaveLength(0);
    await expect(ec2().send(new StartInstancesCommand({ InstanceIds }))).rejects.toMatchObject({ name: 'IncorrectInstanceState' });
    await lab.control('clock', { forwardMs: 60_000 });
    expect((await state())?.State?.Name).toBe('stopped');
    await lab.control('faults', [{ what: 'capacity', action: 'StartInstances' }]);
    await expect(ec2().send(new StartInstancesCommand({ InstanceIds }))).rejects.toMatchObject({ name: 'InsufficientInstanceCapacity' });
    await act({ act: 'start instance', id: web.id });
    expect((await state())?.State?.Name).toBe('pending');
    await lab.control('clock', { forwardMs: 60_000 });
    const after = await state();
    expect(after?.State?.Name).toBe('running');
    expect(after?.LaunchTime?.getTime()).toBeGreaterThan(before?.LaunchTime?.getTime() ?? 0);
  });

  it('snapshots all disks at one instant, pending first', async () => {
    await lab.control('settings', { snapshotMs: 100_000 });
    await act({ act: 'write', id: diskOf(made, '/dev/xvda').id, offsetBytes: 0, fill: 1, lengthBytes: blockBytes });
    const ids = await snapshotAll('one instant');
    expect(Object.keys(ids).sort()).toEqual([diskOf(made, '/dev/xvda').id, diskOf(made, '/dev/sdf').id].sort());
    const marked = async () =>
      (await ec2().send(new DescribeSnapshotsCommand({ OwnerIds: ['self'], Filters: [{ Name: 'tag:mark', Values: ['one instant'] }] }))).Snapshots ?? [];
    const root = ids[diskOf(made, '/dev/xvda').id] ?? '';
    expect(refusalIn(await callAws(lab, 'ebs', `/snapshots/${root}/blocks`))).toEqual([400, 'ValidationException', 'INVALID_SNAPSHOT_ID']);
    await lab.control('clock', { forwardMs: 40_000 });
    const pending = await marked();
    expect(pending.map(({ State }) => State)).toEqual(['pending', 'pending']);
    expect(Number.parseInt(pending[0]?.Progress ?? '', 10)).toBeGreaterThanOrEqual(40);
    expect(pending.filter(({ Encrypted }) => Encrypted).map(({ KmsKeyId }) => KmsKeyId?.slice(0, 12))).toEqual(['arn:aws:kms:']);
    expect(new Set(pending.map(({ StartTime }) => StartTime?.getTime())).size).toBe(1);
    expect((await ec2().send(new DescribeSnapshotsCommand({ Filters: [{ Name: 'status', Values: ['completed'] }], SnapshotIds: [root] }))).Snapshots).toEqual(
      [],
    );
    await lab.control('clock', { forwardMs: 60_000 });
    const [done] = (await marked()).filter(({ SnapshotId }) => SnapshotId === root);
    expect(done).toMatchObject({ State: 'completed', Progress: '100%', FullSnapshotSizeInBytes: blockBytes });
    // What a guest writes later is not in it.
    await act({ act: 'write', id: diskOf(made, '/dev/xvda').id, offsetBytes: 0, fill: 2, lengthBytes: blockBytes });
    const [page] = await pagesOf(lab, `/snapshots/${root}/blocks`);
    const block = await getBlock(lab, root, 0, page?.Blocks[0]?.BlockToken ?? '');
    expect(block.body.every((byte) => byte === 1)).toBe(true);
  });

  it('leaves out the boot disk, fails on demand, and deletes, through a recycle bin where there is one', async () => {
    const answer = await ec2().send(new CreateSnapshotsCommand({ InstanceSpecification: { InstanceId: web.id, ExcludeBootVolume: true } }));
    expect(answer.Snapshots?.map(({ VolumeId }) => VolumeId)).toEqual([diskOf(made, '/dev/sdf').id]);
    await lab.control('faults', [{ what: 'snapshot fails' }]);
    const failed = Object.values(await snapshotAll('fails'));
    const states = (await ec2().send(new DescribeSnapshotsCommand({ SnapshotIds: failed }))).Snapshots?.map(({ State }) => State);
    expect(states).toEqual(['error', 'error']);
    const bin = async () => (await ec2().send(new ListSnapshotsInRecycleBinCommand({}))).Snapshots?.map(({ SnapshotId }) => SnapshotId) ?? [];
    const [first = '', second = ''] = failed;
    await ec2().send(new DeleteSnapshotCommand({ SnapshotId: first }));
    expect(await bin()).toEqual([]);
    await lab.control('settings', { recycleBin: true });
    await ec2().send(new DeleteSnapshotCommand({ SnapshotId: second }));
    await lab.control('settings', { recycleBin: false });
    expect(await bin()).toEqual([second]);
    await expect(ec2().send(new DescribeSnapshotsCommand({ SnapshotIds: [second] }))).rejects.toMatchObject({ name: 'InvalidSnapshot.NotFound' });
    expect(refusalIn(await callAws(lab, 'ebs', `/snapshots/${first}/blocks`))).toEqual([404, 'ResourceNotFoundException', 'SNAPSHOT_NOT_FOUND']);
  });

  it('hides a fresh snapshot, and shows a terminated machine', async () => {
    await lab.control('settings', { hiddenMs: 60_000 });
    const snapshot = await rootSnapshot();
    const find = async (input: object) => (await ec2().send(new DescribeSnapshotsCommand(input))).Snapshots?.map(({ SnapshotId }) => SnapshotId);
    await expect(find({ SnapshotIds: [snapshot] })).rejects.toMatchObject({ name: 'InvalidSnapshot.NotFound' });
    expect(await find({ OwnerIds: ['self'] })).not.toContain(snapshot);
    await lab.control('settings', { hiddenMs: 0 });
    expect(await find({ OwnerIds: ['self'] })).toContain(snapshot);
    const id = made.instances.g?.id ?? '';
    await act({ act: 'terminate instance', id });
    const shown = await ec2().send(new DescribeInstancesCommand({ InstanceIds: [id] }));
    expect(shown.Reservations?.[0]?.Instances?.[0]?.State?.Name).toBe('terminated');
    await expect(ec2().send(new StartInstancesCommand({ InstanceIds: [id] }))).rejects.toMatchObject({ name: 'IncorrectInstanceState' });
  });

  it('answers dry runs, and refuses what a key may not do', async () => {
    const ask = ec2().send(new StopInstancesCommand({ InstanceIds: [web.id], DryRun: true }));
    await expect(ask).rejects.toMatchObject({ name: 'DryRunOperation', $metadata: { httpStatusCode: 412 } });
    await lab.control('keys', { accessKey: lab.accessKey, denied: ['ec2:StopInstances', 'ebs:*'] });
    const denied = ec2().send(new StopInstancesCommand({ InstanceIds: [web.id], DryRun: true }));
    await expect(denied).rejects.toMatchObject({ name: 'UnauthorizedOperation', $metadata: { httpStatusCode: 403 } });
    expect(refusalIn(await callAws(lab, 'ebs', '/snapshots/snap-0a/blocks'))[1]).toBe('AccessDeniedException');
    const requests = await lab.control<{ action: string; isDryRun: boolean; code?: string }[]>('requests');
    expect(requests.filter(({ action }) => action === 'ec2:StopInstances').at(-1)).toMatchObject({
      isDryRun: true,
      code: 'UnauthorizedOperation',
      status: 403,
    });
  });

  it('goes on after a restart', async () => {
    const snapshot = await rootSnapshot();
    const [page] = await pagesOf(lab, `/snapshots/${snapshot}/blocks`);
    await lab.stop();
    lab = await start({ moto: moto.endpoint });
    const { BlockIndex = 0, BlockToken = '' } = page?.Blocks[0] ?? {};
    expect((await getBlock(lab, snapshot, BlockIndex, BlockToken)).status).toBe(200);
    expect((await ec2().send(new DescribeSnapshotsCommand({ SnapshotIds: [snapshot] }))).Snapshots?.[0]?.State).toBe('completed');
  });

  it('forgets what moto forgot, and brings one of its own', async () => {
    await lab.stop();
    await moto.stop();
    lab = await start({});
    expect(await lab.control('snapshots')).toEqual({});
    expect(existsSync(diskOf(made, '/dev/xvda').file)).toBe(false);
    expect((await ec2().send(new DescribeInstancesCommand({}))).Reservations).toEqual([]);
  });
});
