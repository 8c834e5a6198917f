import { describe, expect, it } from '@jest/globals';
import { permissions } from '../../../src/cli/permissions.ts';
import { awsPolicyFor } from '../../../src/providers/aws/index.ts';
import { policyFor as eimPolicyFor } from '../../../src/providers/outscale/index.ts';
import { policyFor } from '../../../src/providers/s3/permissions.ts';
import { run } from './fake-project.ts';
import { instance, machineStage } from './machine-project.ts';

const jsonOf = async (options: Record<string, unknown>, set = machineStage()) => {
  const { exit, json } = await run(set, permissions, [], { ...options, json: true });
  expect(exit).toBe(0);
  return json;
};

describe('permissions of clouds', () => {
  it('prints the IAM policy of a source cloud: any machine to assess, then those of the plan', async () => {
    const policy = awsPolicyFor({ phase: 'assess', region: 'eu-west-3' });
    expect(await jsonOf({ source: 'aws', for: 'assess' })).toEqual({ cloud: 'aws', side: 'source', phase: 'assess', policies: [{ policy }] });
    const planned = awsPolicyFor({ phase: 'cutover', region: 'eu-west-3', machines: [instance] });
    expect(await jsonOf({ source: 'aws', for: 'cutover' })).toMatchObject({ policies: [{ policy: planned }] });
    const { answer } = await run(machineStage(), permissions, [], { source: 'aws', for: 'cutover' });
    expect(JSON.parse(answer)).toEqual(planned);
  });

  it('with roles prints what the credentials need, and one policy for each role', async () => {
    const [first, second] = ['111122223333', '444455556666'].map((account) => `arn:aws:iam::${account}:role/ecluse`);
    const clouds = `clouds:
  aws: { kind: aws, regions: [eu-west-3, eu-west-1], accounts: [{ role: '${first}' }, { role: '${second}' }] }
  outscale: { kind: outscale, region: eu-west-2, staging: { at: target, bucket: images } }
`;
    const json = await jsonOf({ source: 'aws', for: 'replicate' }, machineStage({ clouds }));
    expect(json).toMatchObject({
      policies: [
        { policy: { Statement: [{ Action: ['sts:AssumeRole'], Resource: [first, second] }] } },
        // The plan names no account: its machine stands in the first.
        { role: first, policy: awsPolicyFor({ phase: 'replicate', account: '111122223333', machines: [instance] }) },
        { role: second, policy: awsPolicyFor({ phase: 'replicate', account: '444455556666' }) },
      ],
    });
  });

  it('prints the EIM policy of a target cloud, and the rights on the bucket of its images', async () => {
    expect(await jsonOf({ target: 'outscale', for: 'replicate' })).toEqual({
      cloud: 'outscale',
      side: 'target',
      phase: 'replicate',
      policies: [{ policy: eimPolicyFor({ phase: 'replicate' }) }],
    });
    const policies = [{ bucket: 'images', policy: policyFor({ side: 'target', phase: 'replicate', bucket: 'images' }) }];
    expect(await jsonOf({ target: 'target', for: 'replicate' })).toEqual({ store: 'target', side: 'target', phase: 'replicate', policies });
  });

  it.each([
    [{ source: 'asw', for: 'assess' }, 'ecluse.yaml has no store or cloud "asw": source, target, aws, outscale'],
    [{ source: 'asw', for: 'assess' }, 'did you mean "aws"?'],
    [{ source: 'aws' }, '--for is missing: assess, replicate, cutover, rollback, finalize, discard'],
    [{ source: 'aws', for: 'inventory' }, 'no phase "inventory" there: assess'],
    [{ target: 'outscale', for: 'assess' }, 'no phase "assess" there: inventory'],
    [{ target: 'target', for: 'assess' }, 'no phase "assess" there: inventory'],
    [{ target: 'aws', for: 'assess' }, '"aws" is a source cloud'],
    [{ source: 'outscale', for: 'inventory' }, '"outscale" is a target cloud'],
    [{ source: 'source', for: 'replicate' }, 'plan.yaml has no workload whose source is in "source"'],
  ])('refuses %j', async (options, said) => {
    expect(await run(machineStage(), permissions, [], options)).toMatchObject({ exit: 2, remarks: expect.stringContaining(said) });
  });
});
