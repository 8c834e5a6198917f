import { describe, expect, it } from '@jest/globals';
import { claimOf, refusalOf, type SignedRequest } from '../../../lab/aws/signature.ts';
import { signedByAws } from '../../support/aws-signer.ts';

const key = { accessKey: 'AKIATEST', secretKey: 'a secret' };
const now = new Date('2026-11-24T12:00:00Z');

const signed = (service: string, path: string, query: Record<string, string>, options: { sessionToken?: string; body?: string } = {}) =>
  signedByAws({
    endpoint: 'http://127.0.0.1:1',
    service,
    region: 'eu-west-3',
    path,
    query,
    credentials: { accessKeyId: key.accessKey, secretAccessKey: key.secretKey, ...(options.sessionToken && { sessionToken: options.sessionToken }) },
    headers: { 'x-amz-user-agent': 'a  b' },
    date: now,
    ...(options.body && { body: options.body }),
  });

function judge(request: SignedRequest, options: { secretKey?: string; sessionToken?: string; nowMs?: number } = {}): string {
  const claim = claimOf(request.headers);
  if (typeof claim === 'string') return claim;
  return (
    refusalOf(request, claim, { secretKey: options.secretKey ?? key.secretKey, sessionToken: options.sessionToken }, options.nowMs ?? now.getTime()) ?? 'right'
  );
}

describe('the signature check of the AWS stand-in', () => {
  it('takes what AWS’s own signer signs', async () => {
    expect(judge(await signed('ec2', '/', {}, { body: 'Action=DescribeInstances&Version=2016-11-15' }))).toBe('right');
    expect(judge(await signed('ebs', '/snapshots/snap-0a/blocks/7', { blockToken: 'A+b/c==', maxResults: '100', Z: '*' }))).toBe('right');
    expect(judge(await signed('ebs', '/a%2Fb/c d', {}))).toBe('right');
  });

  it('refuses another secret, body, query or path', async () => {
    const request = await signed('ec2', '/', { a: '1' }, { body: 'Action=A' });
    expect(judge(request, { secretKey: 'another' })).toBe('wrong signature');
    expect(judge({ ...request, body: Buffer.from('Action=B') })).toBe('wrong signature');
    expect(judge({ ...request, url: '/?a=2' })).toBe('wrong signature');
    expect(judge({ ...request, url: '/x?a=1' })).toBe('wrong signature');
  });

  it('refuses a clock that is more than five minutes off', async () => {
    const request = await signed('ec2', '/', {});
    for (const [minutes, said] of [
      [5, 'right'],
      [-5, 'right'],
      [5.1, 'wrong clock'],
      [-5.1, 'wrong clock'],
    ] as const)
      expect(judge(request, { nowMs: now.getTime() + minutes * 60_000 })).toBe(said);
  });

  it('binds a session’s token, and what must be signed', async () => {
    const request = await signed('ec2', '/', {}, { sessionToken: 'session' });
    expect(judge(request, { sessionToken: 'session' })).toBe('right');
    expect(judge(request)).toBe('unknown key');
    expect(judge(await signed('ec2', '/', {}), { sessionToken: 'session' })).toBe('unknown key');
    const plain = await signed('ec2', '/', {});
    expect(judge({ ...plain, headers: { ...plain.headers, 'x-amz-target': 'unsigned' } })).toBe('malformed');
    expect(judge({ ...plain, headers: { ...plain.headers, authorization: 'AWS4-HMAC-SHA256 Credential=x' } })).toBe('malformed');
    expect(judge({ ...plain, headers: {} })).toBe('no signature');
  });
});
