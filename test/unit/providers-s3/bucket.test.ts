import { describe, expect, it } from '@jest/globals';
import { sidOf } from '../../../src/providers/s3/freezing.ts';
import { answeringStore, type Prepared, refused } from './answering-store.ts';

const versioned: Prepared = { status: 200, body: '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>' };
const policy = (...statements: readonly object[]): Prepared => ({ status: 200, body: JSON.stringify({ Version: '2012-10-17', Statement: statements }) });
const none = refused(404, 'NoSuchBucketPolicy');
const ok: Prepared = { status: 204 };
const theirs = { Sid: 'Theirs', Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: 'arn:aws:s3:::b/*' };
const ours = { Sid: sidOf('run/1'), Effect: 'Deny', Principal: '*', Action: ['s3:PutObject'], Resource: 'arn:aws:s3:::b/*' };

describe('configuration', () => {
  it('lists what it may not read, instead of saying that there is none', async () => {
    const { bucket } = answeringStore([versioned, ...Array<Prepared>(11).fill(refused(403, 'AccessDenied'))]);
    const { unread, ...known } = await bucket.configuration();
    expect(known).toEqual({ versioning: 'on' });
    expect(unread).toHaveLength(11);
    expect(unread).toEqual(expect.arrayContaining(['policy', 'lifecycle', 'objectLock']));
  });

  it('ends at a missing bucket and at refused credentials', async () => {
    await expect(answeringStore([refused(404, 'NoSuchBucket')]).bucket.configuration()).rejects.toMatchObject({ code: 'BUCKET_MISSING' });
    await expect(answeringStore([refused(403, 'SignatureDoesNotMatch')]).bucket.configuration()).rejects.toMatchObject({ code: 'CREDENTIALS_REFUSED' });
  });
});

describe('ensureBucket', () => {
  it('tolerates a concurrent creator, also where the store says so with a 404', async () => {
    const { bucket, asked } = answeringStore([{ status: 404 }, refused(404, 'BucketAlreadyExists'), { status: 200 }]);
    expect(await bucket.ensureBucket('p/w')).toEqual({ created: false });
    expect(asked.map(({ method }) => method)).toEqual(['HEAD', 'PUT', 'HEAD']);
  });

  it('sends the MD5 that stores of the Scality family demand, and no CRC32', async () => {
    const { bucket, asked } = answeringStore([{ status: 404 }, { status: 200 }, ok]);
    expect(await bucket.ensureBucket('p/w')).toEqual({ created: true });
    const headers = asked[2]?.headers ?? {};
    expect(headers['content-md5']).toMatch(/^[A-Za-z0-9+/]{22}==$/);
    expect(Object.keys(headers).filter((name) => name.includes('checksum') || name.includes('trailer'))).toEqual([]);
  });
});

describe('freezing', () => {
  it('adds its statement to those that stand there', async () => {
    const { bucket, asked } = answeringStore([policy(theirs), ok, policy(theirs, ours)]);
    const receipt = await bucket.freezing?.freeze('run/1');
    expect(JSON.parse(String(asked[1]?.body)).Statement).toEqual([theirs, expect.objectContaining({ Sid: ours.Sid, Effect: 'Deny', Principal: '*' })]);
    expect(JSON.parse(receipt?.policyBefore ?? '').Statement).toEqual([theirs]);
  });

  it('rebuilds the receipt of a freeze that stands, and writes nothing', async () => {
    const { bucket, asked } = answeringStore([policy(theirs, ours), policy(theirs, ours)]);
    expect(JSON.parse((await bucket.freezing?.freeze('run/1'))?.policyBefore ?? '').Statement).toEqual([theirs]);
    expect(asked.map(({ method }) => method)).toEqual(['GET', 'GET']);
  });

  it('shortens the list of actions for a store that refuses the long one', async () => {
    const { bucket, asked } = answeringStore([none, refused(400, 'MalformedPolicy'), ok, policy(ours)]);
    await bucket.freezing?.freeze('run/1');
    expect(JSON.parse(String(asked[2]?.body)).Statement[0].Action).toEqual(['s3:PutObject', 's3:DeleteObject']);
  });

  it('does not believe a policy that was taken and does not stand', async () => {
    await expect(answeringStore([none, ok, none]).bucket.freezing?.freeze('run/1')).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  });

  it('puts back what stood before, keeps what others changed, and does nothing twice', async () => {
    const frozen = { id: 'run/1', policyFrozen: policy(theirs, ours).body ?? '', policyBefore: '{"Statement":[] }' };
    const unchanged = answeringStore([policy(theirs, ours), ok]);
    await unchanged.bucket.freezing?.lift(frozen);
    expect(String(unchanged.asked[1]?.body)).toBe(frozen.policyBefore);

    const changed = answeringStore([policy({ ...theirs, Sid: 'New' }, ours), ok]);
    await changed.bucket.freezing?.lift(frozen);
    expect(JSON.parse(String(changed.asked[1]?.body)).Statement).toEqual([{ ...theirs, Sid: 'New' }]);

    const alone = answeringStore([policy(ours), ok]);
    await alone.bucket.freezing?.lift(frozen);
    expect(alone.asked[1]?.method).toBe('DELETE');

    const lifted = answeringStore([none]);
    await lifted.bucket.freezing?.lift(frozen);
    expect(lifted.asked).toHaveLength(1);
  });
});
