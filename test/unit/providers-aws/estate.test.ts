import { describe, expect, it } from '@jest/globals';
import type { Asset } from '../../../src/model/estate.ts';
import { scriptedAws } from './scripted-aws.ts';
import { smallEc2 } from './small-ec2.ts';

const here = { account: '111122223333', region: 'eu-west-3' };
async function all(pages: AsyncIterable<readonly Asset[]>): Promise<{ assets: Asset[]; pages: number }> {
  const got = { assets: [] as Asset[], pages: 0 };
  for await (const page of pages) {
    got.pages++;
    got.assets.push(...page);
  }
  return got;
}

describe('the estate', () => {
  it('yields pages as they come, each asset with its scope', async () => {
    const { estate, heard } = scriptedAws(smallEc2().answer);
    const { assets, pages } = await all(estate.assets(here, 'vpc'));
    expect(pages).toBe(2);
    expect(assets.map(({ id, account, region, kind, disposition }) => [id, account, region, kind, disposition])).toEqual([
      ['vpc-00', '111122223333', 'eu-west-3', 'vpc', 'mapped'],
      ['vpc-01', '111122223333', 'eu-west-3', 'vpc', 'mapped'],
    ]);
    expect(heard.map(({ form }) => form.get('NextToken'))).toEqual([null, 'n']);
  });

  it('says of each asset what becomes of it', async () => {
    const world = smallEc2();
    world.snapshots.push({ id: 'snap-01', volume: 'vol-01' }, { id: 'snap-02', volume: 'vol-01', mark: 'm' });
    const { estate, heard } = scriptedAws(world.answer);
    const fate = async (kind: string) => (await all(estate.assets(here, kind))).assets.map(({ id, disposition }) => [id, disposition]);
    expect(await fate('instance')).toEqual([['i-01', 'not carried']]);
    expect(await fate('volume')).toEqual([
      ['vol-02', 'by hand'],
      ['vol-01', 'moved'],
      ['vol-03', 'by hand'],
    ]);
    expect(await fate('snapshot')).toEqual([
      ['snap-01', 'not carried'],
      ['snap-02', 'not carried'],
    ]);
    expect(heard.at(-1)?.form.get('Owner.1')).toBe('self');
    expect(await fate('key')).toEqual([['arn:aws:kms:eu-west-3:1:key/k', 'not carried']]);
    expect(await fate('bucket')).toEqual([['photos', 'moved']]);
    await expect(fate('toaster')).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  });

  it('reaches every account by its role, and every region', async () => {
    const accounts = ['111122223333', '444455556666'].map((id) => ({ role: `arn:aws:iam::${id}:role/ecluse`, externalId: 'x-1' }));
    const aws = scriptedAws(smallEc2().answer, { regions: ['eu-west-3', 'eu-west-1'], accounts });
    const scopes = await aws.estate.scopes();
    expect(scopes).toHaveLength(4);
    const last = scopes.at(-1) ?? here;
    await all(aws.estate.assets(last, 'address'));
    await all(aws.estate.assets(last, 'key pair'));
    expect(aws.heard.map(({ operation }) => operation)).toEqual(['AssumeRole', 'DescribeAddresses', 'DescribeKeyPairs']);
    const [assume, addresses] = aws.heard;
    expect([assume?.form.get('RoleArn'), assume?.form.get('ExternalId')]).toEqual(['arn:aws:iam::444455556666:role/ecluse', 'x-1']);
    expect(addresses?.request.headers['x-amz-security-token']).toBe('session');
    expect(addresses?.request.origin).toBe('https://ec2.eu-west-1.amazonaws.com');
    expect(aws.paced).toEqual(['aws/444455556666/eu-west-1/DescribeAddresses 5', 'aws/444455556666/eu-west-1/DescribeKeyPairs 5']);
  });

  it('without roles asks whose credentials these are; a role that may not be assumed is said so', async () => {
    expect(await scriptedAws(smallEc2().answer).estate.scopes()).toEqual([here]);
    const accounts = [{ role: 'arn:aws:iam::444455556666:role/ecluse' }];
    const denied = { status: 403, body: '<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>secret</Message></Error></ErrorResponse>' };
    const { machines } = scriptedAws(() => denied, { accounts });
    await expect(machines.state('i-01')).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    expect(() => scriptedAws(() => denied, { accounts }, { account: '999988887777' })).toThrow('names no role');
  });
});
