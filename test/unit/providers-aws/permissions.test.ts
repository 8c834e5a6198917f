import { describe, expect, it } from '@jest/globals';
import type { AwsCapability } from '../../../src/providers/aws/operations.ts';
import { type AwsOperation, type AwsPhase, awsOperationsOf, capabilities } from '../../../src/providers/aws/operations.ts';
import { awsPolicyFor } from '../../../src/providers/aws/permissions.ts';
import { type ScriptedAws, scriptedAws } from './scripted-aws.ts';
import { blockBytes, patterned, smallEbs } from './small-ebs.ts';
import { smallEc2 } from './small-ec2.ts';

const phases: readonly AwsPhase[] = ['assess', 'replicate', 'cutover', 'rollback', 'finalize', 'discard'];
const disks = ['vol-01', 'vol-02'];
const drained = async (pages: AsyncIterable<unknown>): Promise<void> => {
  for await (const _ of pages);
};

/** What each capability does, through the ports; reading asks EC2 only where EBS refuses. */
const uses: Readonly<Record<AwsCapability, (aws: ScriptedAws) => Promise<unknown>>> = {
  accounts: async ({ estate }) => {
    await estate.scopes();
    const accounts = [{ role: 'arn:aws:iam::444455556666:role/ecluse' }];
    const other = scriptedAws(smallEc2().answer, { accounts });
    await other.machines.state('i-01');
    return other.heard.filter(({ operation }) => operation === 'AssumeRole');
  },
  estate: async ({ estate }) => {
    for (const kind of estate.kinds) await drained(estate.assets({ account: 'self', region: 'eu-west-3' }, kind));
  },
  describing: ({ machines }) => machines.describe('i-01'),
  watching: ({ machines }) => machines.state('i-01'),
  snapshotting: ({ machines }) => machines.snapshot('i-01', disks, 'm'),
  reading: async ({ disks }) => {
    await disks.changes('snap-01', 'snap-02', 0);
    await disks.open('snap-02').read(0, Buffer.alloc(blockBytes));
    await disks.blocks('snap-77', 0).catch(() => undefined);
  },
  deleting: async ({ machines }) => machines.deleteSnapshot('snap-01'),
  stopping: async ({ machines }) => [await machines.stop('i-01'), await machines.state('i-01')],
  starting: async ({ machines }) => [await machines.start('i-01'), await machines.state('i-01')],
};

async function made(capability: AwsCapability): Promise<readonly string[]> {
  const [ebs, world] = [smallEbs(), smallEc2()];
  for (const id of ['snap-01', 'snap-02']) ebs.snapshots.set(id, new Map([[0, patterned(id.length)]]));
  if (capability === 'deleting') world.snapshots.push({ id: 'snap-01', volume: 'vol-01', mark: 'm' });
  const aws = scriptedAws((heard) => (/Blocks?$/.test(heard.operation) ? ebs.answer(heard) : world.answer(heard)));
  const more = await uses[capability](aws);
  const heard = capability === 'accounts' ? [...aws.heard, ...(more as ScriptedAws['heard'])] : aws.heard;
  return [...new Set(heard.map(({ operation }) => operation))].sort();
}

describe('what is declared', () => {
  it.each(Object.keys(capabilities) as AwsCapability[])('%s: is exactly what is called', async (capability) => {
    expect(await made(capability)).toEqual([...new Set<AwsOperation>(capabilities[capability])].sort());
  });

  it('is used whole: every operation belongs to some phase', () => {
    const used = new Set(phases.flatMap((phase) => awsOperationsOf(phase)));
    expect([...used].sort()).toEqual([...new Set<AwsOperation>(Object.values(capabilities).flat())].sort());
  });
});

describe('awsPolicyFor', () => {
  const statements = (phase: AwsPhase) => awsPolicyFor({ phase, region: 'eu-west-3', account: '111122223333', machines: ['i-01'] }).Statement;
  const actions = (phase: AwsPhase): readonly string[] => statements(phase).flatMap(({ Action }) => Action);
  const writing = (phase: AwsPhase): readonly string[] => actions(phase).filter((action) => !/:(Describe|List|Get|Decrypt)/.test(action));

  it('lets a source be read only, but for snapshots of ours, until cutover', () => {
    expect(writing('assess')).toEqual([]);
    expect([...new Set(writing('replicate'))].sort()).toEqual(['ec2:CreateSnapshots', 'ec2:CreateTags', 'ec2:DeleteSnapshot']);
    expect(writing('cutover')).toEqual(expect.arrayContaining(['ec2:StopInstances', 'ec2:StartInstances']));
    expect(writing('rollback')).not.toContain('ec2:StopInstances');
    expect(writing('finalize')).toEqual(['ec2:DeleteSnapshot']);
    expect(actions('discard')).toEqual(actions('finalize'));
  });

  it('ties what is made, read and removed to our tag, and what is stopped to the named machines', () => {
    for (const { Action, Resource, Condition } of phases.flatMap(statements)) {
      const all = Resource.includes('*');
      if (all) expect(Action.every((action) => /^(ec2:(Describe|List)|s3:ListAllMyBuckets$)/.test(action))).toBe(true);
      if (Action.includes('ec2:DeleteSnapshot') || Action.includes('ebs:GetSnapshotBlock'))
        expect(Condition).toEqual({ StringLike: { 'aws:ResourceTag/ecluse': '*' } });
      if (Action.includes('ec2:CreateSnapshots') && Resource.some((one) => one.includes('snapshot/')))
        expect(Condition).toEqual({ StringLike: { 'aws:RequestTag/ecluse': '*' } });
      if (Action.includes('ec2:CreateTags')) expect(Condition).toEqual({ StringEquals: { 'ec2:CreateAction': 'CreateSnapshots' } });
      if (Action.includes('ec2:StopInstances')) expect(Resource).toEqual(['arn:aws:ec2:eu-west-3:111122223333:instance/i-01']);
    }
  });
});
