import { describe, expect, it } from '@jest/globals';
import { ec2Error, type Heard, scriptedAws } from './scripted-aws.ts';
import { type SmallEc2, smallEc2 } from './small-ec2.ts';

const mark = 'p/shop/1';
const failing =
  (world: SmallEc2, operation: string, name: string, status = 400) =>
  (heard: Heard) =>
    heard.operation === operation ? ec2Error(name, status) : world.answer(heard);
const operations = (heard: readonly Heard[]): readonly string[] => heard.map(({ operation }) => operation);

describe('describing a machine', () => {
  it('tells all that an assessment asks, and never asks for user data', async () => {
    const { machines, heard, paced } = scriptedAws(smallEc2().answer);
    const machine = await machines.describe('i-01');
    expect(machine).toMatchObject({
      id: 'i-01',
      name: 'shop',
      state: 'running',
      launchedAt: '2026-01-02T03:04:05.000Z',
      bootMode: 'uefi',
      architecture: 'x86_64',
      platform: 'linux',
      type: 'm5.large',
      virtualCpus: 2,
      memoryBytes: 8_192 * 2 ** 20,
      zone: 'eu-west-3a',
      traits: {
        instanceStoreDisks: 2,
        scalingGroup: 'front',
        managedBy: 'eks.amazonaws.com',
        rootDeviceType: 'ebs',
        terminatesOnShutdown: true,
        needsEnhancedNetworking: true,
        keyPair: 'ops',
      },
    });
    expect(machine.disks.map(({ id, device, isRoot, isEncrypted, isShared }) => [id, device, isRoot, isEncrypted, isShared])).toEqual([
      ['vol-01', '/dev/xvda', true, false, false],
      ['vol-02', '/dev/sdf', false, true, false],
      ['vol-03', '/dev/sdg', false, false, true],
    ]);
    expect(machine.interfaces).toEqual([
      {
        id: 'eni-01',
        subnet: 'subnet-01',
        subnetRange: '10.0.1.0/24',
        net: 'vpc-01',
        netRange: '10.0.0.0/16',
        privateAddress: '10.0.1.5',
        publicAddress: '203.0.113.9',
        securityGroups: ['sg-01'],
      },
    ]);
    expect(heard.filter(({ operation }) => operation === 'DescribeInstanceAttribute').map(({ form }) => form.get('Attribute'))).toEqual([
      'instanceInitiatedShutdownBehavior',
    ]);
    expect(paced[0]).toBe('aws/self/eu-west-3/DescribeInstances 5');
  });

  it('maps rules, names groups of the same net, and counts what it cannot map', async () => {
    const { machines } = scriptedAws(smallEc2().answer);
    const tcp = { flow: 'inbound', protocol: 'tcp', fromPort: 443, toPort: 443 };
    expect((await machines.describe('i-01')).securityGroups).toEqual([
      {
        id: 'sg-01',
        name: 'front',
        description: 'f',
        rules: [
          { ...tcp, ranges: ['0.0.0.0/0', '::/0'] },
          { ...tcp, ranges: [], group: 'back' },
          { flow: 'outbound', protocol: '-1', ranges: ['0.0.0.0/0'] },
        ],
        unmapped: 2,
      },
    ]);
  });

  it('knows a machine that is gone', async () => {
    const world = smallEc2();
    const gone = scriptedAws(failing(world, 'DescribeInstances', 'InvalidInstanceID.NotFound'));
    await expect(gone.machines.state('i-09')).rejects.toMatchObject({ code: 'MACHINE_MISSING' });
    world.state = 'terminated';
    await expect(scriptedAws(world.answer).machines.describe('i-01')).rejects.toMatchObject({ code: 'MACHINE_MISSING' });
    expect(await scriptedAws(world.answer).machines.state('i-01')).toMatchObject({ state: 'terminated' });
  });
});

describe('snapshots of one instant', () => {
  it('leaves out what the plan leaves behind, marked in the call itself', async () => {
    const { machines, heard } = scriptedAws(smallEc2().answer);
    const made = await machines.snapshot('i-01', ['vol-01', 'vol-02'], mark);
    expect(made.map(({ id, disk, state }) => [id, disk, state])).toEqual([
      ['snap-01', 'vol-01', 'pending'],
      ['snap-02', 'vol-02', 'pending'],
    ]);
    const form = heard.find(({ operation }) => operation === 'CreateSnapshots')?.form;
    expect(Object.fromEntries(form ?? [])).toMatchObject({
      'InstanceSpecification.InstanceId': 'i-01',
      'InstanceSpecification.ExcludeDataVolumeId.1': 'vol-03',
      'TagSpecification.1.ResourceType': 'snapshot',
      'TagSpecification.1.Tag.1.Key': 'ecluse',
      'TagSpecification.1.Tag.1.Value': mark,
    });
    expect(form?.has('InstanceSpecification.ExcludeBootVolume')).toBe(false);
    expect(operations(heard)).toEqual(['DescribeSnapshots', 'DescribeInstances', 'CreateSnapshots']);
  });

  it('can leave the root disk', async () => {
    const world = smallEc2();
    const { machines, heard } = scriptedAws(world.answer);
    await machines.snapshot('i-01', ['vol-02'], mark);
    expect(heard.at(-1)?.form.get('InstanceSpecification.ExcludeBootVolume')).toBe('true');
  });

  it('is found by its mark: asked again, made once; the earliest whole set where two were made', async () => {
    const world = smallEc2();
    const { machines, heard } = scriptedAws(world.answer);
    await machines.snapshot('i-01', ['vol-01', 'vol-02'], mark);
    const again = await machines.snapshot('i-01', ['vol-01', 'vol-02'], mark);
    expect(again.map(({ id }) => id)).toEqual(['snap-01', 'snap-02']);
    expect(operations(heard).filter((one) => one === 'CreateSnapshots')).toHaveLength(1);

    const early = '2025-12-31T00:00:00.000Z';
    world.snapshots.push({ id: 'snap-e1', volume: 'vol-01', mark, startedAt: early }, { id: 'snap-e2', volume: 'vol-02', mark, startedAt: early });
    expect((await machines.snapshot('i-01', ['vol-02', 'vol-01'], mark)).map(({ id }) => id)).toEqual(['snap-e2', 'snap-e1']);
  });

  it('wants a new mark where the set is in error, or not whole', async () => {
    const world = smallEc2();
    world.snapshots.push({ id: 'snap-01', volume: 'vol-01', mark }, { id: 'snap-02', volume: 'vol-02', mark, state: 'error' });
    const { machines, heard } = scriptedAws(world.answer);
    await expect(machines.snapshot('i-01', ['vol-01', 'vol-02'], mark)).rejects.toMatchObject({ code: 'SNAPSHOT_FAILED' });
    expect(operations(heard)).not.toContain('CreateSnapshots');
  });

  it('never makes a second call where the answer of the first was lost, and refuses a disk that is not attached', async () => {
    const world = smallEc2();
    const lost = scriptedAws(failing(world, 'CreateSnapshots', 'InternalError', 500));
    await expect(lost.machines.snapshot('i-01', ['vol-01'], mark)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(operations(lost.heard).filter((one) => one === 'CreateSnapshots')).toHaveLength(1);
    await expect(scriptedAws(world.answer).machines.snapshot('i-01', ['vol-77'], mark)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  it('waits for one that EC2 does not know yet, then calls it missing', async () => {
    const world = smallEc2();
    const { machines, slept } = scriptedAws((heard) => {
      if (slept.length === 2 && world.snapshots.length === 0) world.snapshots.push({ id: 'snap-01', volume: 'vol-01', mark });
      return world.answer(heard);
    });
    expect(await machines.snapshots(['snap-01'])).toMatchObject([{ id: 'snap-01', progress: 99, fullBytes: 1_048_576, sizeBytes: 8 * 2 ** 30, mark }]);
    expect(slept).toEqual([1_000, 2_000]);
    await expect(machines.snapshots(['snap-01', 'snap-77'])).rejects.toMatchObject({ code: 'SNAPSHOT_MISSING' });
  });

  it('removes only what carries our mark; gone is gone, and a recycle bin is told', async () => {
    const world = smallEc2();
    world.snapshots.push({ id: 'snap-01', volume: 'vol-01', mark }, { id: 'snap-02', volume: 'vol-02' });
    const { machines, heard } = scriptedAws(world.answer);
    expect(await machines.deleteSnapshot('snap-01')).toEqual({ isGone: true });
    expect(await machines.deleteSnapshot('snap-01')).toEqual({ isGone: true });
    await expect(machines.deleteSnapshot('snap-02')).rejects.toMatchObject({ code: 'UNEXPECTED' });
    expect(heard.filter(({ operation }) => operation === 'DeleteSnapshot').map(({ form }) => form.get('SnapshotId'))).toEqual(['snap-01']);
    world.recycled.push('snap-01');
    expect(await machines.deleteSnapshot('snap-01')).toEqual({ isGone: false });
  });

  it('finds what is marked by a beginning, taken literally', async () => {
    const world = smallEc2();
    world.snapshots.push({ id: 'snap-01', volume: 'v', mark: 'a*b/1' }, { id: 'snap-02', volume: 'v', mark: 'axb/1' });
    const { machines, heard } = scriptedAws(world.answer);
    expect((await machines.marked('a*b/')).map(({ id }) => id)).toEqual(['snap-01']);
    expect(heard[0]?.form.get('Filter.1.Value.1')).toBe('a\\*b/*');
    expect(heard[0]?.form.get('Owner.1')).toBe('self');
  });
});

describe('orders', () => {
  it('stops without force, and takes what is done already for done', async () => {
    const world = smallEc2();
    const { machines, heard } = scriptedAws(world.answer);
    await machines.stop('i-01');
    expect(heard[0]?.form.has('Force')).toBe(false);
    const busy = scriptedAws(failing(world, 'StopInstances', 'IncorrectInstanceState'));
    await expect(busy.machines.stop('i-01')).rejects.toMatchObject({ code: 'TARGET_BUSY' });
    world.state = 'stopping';
    await busy.machines.stop('i-01');
  });

  it('names the vendor’s want of room', async () => {
    const { machines } = scriptedAws(failing(smallEc2(), 'StartInstances', 'InsufficientInstanceCapacity', 500));
    await expect(machines.start('i-01')).rejects.toMatchObject({ code: 'CAPACITY' });
  });

  it('asks for each right without using it', async () => {
    const world = smallEc2();
    const asked = ['snapshot', 'stop', 'start', 'delete snapshot'] as const;
    const { machines, heard } = scriptedAws((one) => (one.operation === 'StartInstances' ? ec2Error('UnauthorizedOperation', 403) : world.answer(one)));
    const allowed = async () => (await machines.mayDo(asked, 'i-01')).map((one) => one.allowed);
    expect(await allowed()).toEqual([true, true, false, 'unknown']);
    world.snapshots.push({ id: 'snap-01', volume: 'vol-01', mark });
    expect(await allowed()).toEqual([true, true, false, true]);
    expect(heard.filter(({ operation }) => !operation.startsWith('Describe')).every(({ form }) => form.get('DryRun') === 'true')).toBe(true);
  });

  it('tries a throttled call again, tells the pacer, and shows nothing of a message', async () => {
    const world = smallEc2();
    let left = 2;
    const aws = scriptedAws((heard) => (left-- > 0 ? ec2Error('RequestLimitExceeded', 503) : world.answer(heard)));
    expect((await aws.machines.state('i-01')).state).toBe('running');
    expect(aws.throttles).toEqual(Array(2).fill('aws/self/eu-west-3/DescribeInstances'));
    const refused = scriptedAws(failing(world, 'DescribeInstances', 'AuthFailure', 401));
    const error = await refused.machines.state('i-01').catch((one: unknown) => one);
    expect(error).toMatchObject({ code: 'CREDENTIALS_REFUSED' });
    expect(refused.heard).toHaveLength(1);
    expect(String(error)).not.toContain('secret');
  });

  it('takes the service’s clock once; a date refused again is a session that ended', async () => {
    const world = smallEc2();
    const date = new Date(Date.now() + 3_600_000).toUTCString();
    const signedAt = ({ request }: Heard): string => request.headers['x-amz-date'] ?? '';
    const late = scriptedAws((heard) => (late.heard.length > 1 ? world.answer(heard) : { ...ec2Error('RequestExpired'), headers: { date } }));
    expect((await late.machines.state('i-01')).state).toBe('running');
    const [first, second] = late.heard.map(signedAt);
    expect(second?.slice(0, 11)).not.toBe(first?.slice(0, 11));
    const ended = scriptedAws(failing(world, 'DescribeInstances', 'RequestExpired'));
    await expect(ended.machines.state('i-01')).rejects.toMatchObject({ code: 'CREDENTIALS_REFUSED' });
    expect(ended.heard).toHaveLength(2);
  });
});
