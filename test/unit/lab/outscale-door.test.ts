import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { judgeSignature } from '../../../lab/outscale/signature.ts';
import { loudSuite } from '../../support/loud-suite.ts';
import { outscaleVectors } from '../../support/outscale-spec.ts';
import { call, type InProcess, startInProcess } from './outscale-client.ts';

const describeVectors = loudSuite(outscaleVectors);

interface Vector {
  readonly accessKey: string;
  readonly secretKey: string;
  readonly region: string;
  readonly host: string;
  readonly uri: string;
  readonly body: string;
  readonly date: string;
  readonly headers: Readonly<Record<string, string>>;
}

describeVectors('the vendor’s signing vectors', () => {
  const judged = (vector: Vector, change: { path?: string; body?: string; host?: string; lateMs?: number } = {}) => {
    const headers = Object.fromEntries(Object.entries(vector.headers).map(([name, value]) => [name.toLowerCase(), value]));
    const nowMs = Date.parse(vector.date.replace(/(....)(..)(..T..)(..)/, '$1-$2-$3:$4:')) + (change.lateMs ?? 0);
    return judgeSignature(
      {
        method: 'POST',
        path: change.path ?? vector.uri,
        headers: { ...headers, host: change.host ?? vector.host },
        body: Buffer.from(change.body ?? vector.body),
      },
      { region: vector.region, nowMs, secretOf: (key) => (key === vector.accessKey ? vector.secretKey : undefined) },
    ).isRight;
  };

  it('are taken, and nothing else under their signatures', () => {
    const shared = outscaleVectors();
    const { vectors } = JSON.parse('access' in shared ? shared.access : '{"vectors":[]}') as { vectors: readonly Vector[] };
    for (const vector of vectors) {
      expect(judged(vector)).toBe(true);
      expect(judged(vector, { lateMs: 299_000 })).toBe(true);
      expect(judged(vector, { lateMs: 301_000 })).toBe(false);
      expect(judged(vector, { body: `${vector.body} ` })).toBe(false);
      expect(judged(vector, { host: 'example.test' })).toBe(false);
      expect(judged(vector, { path: `${vector.uri}x` })).toBe(false);
    }
    expect(vectors).toHaveLength(3);
  });
});

describe('the door of the OUTSCALE stand-in', () => {
  let cloud: InProcess;
  beforeEach(async () => {
    cloud = await startInProcess();
  });
  afterEach(() => cloud.stop());

  const status = async (wrong: Parameters<typeof call>[3]) => (await call(cloud.endpoint, 'ReadVms', {}, wrong)).status;

  it('takes both schemes and exact bytes only', async () => {
    expect(await status({ scheme: 'OSC4' })).toBe(200);
    expect(await status({ scheme: 'AWS4' })).toBe(200);
    expect(await status({ sentBody: '{ }' })).toBe(401);
    expect(await status({ atMs: Date.now() - 301_000 })).toBe(401);
    const { body } = await call(cloud.endpoint, 'ReadVms', {}, { secretKey: 'wrong' });
    expect(body).toMatchObject({ Errors: [{ Code: '1', Type: 'AccessDenied' }], ResponseContext: { RequestId: expect.any(String) } });
  });

  it('locks a key after four wrong signatures, for a minute', async () => {
    for (let turn = 0; turn < 3; turn += 1) expect(await status({ secretKey: 'wrong' })).toBe(401);
    expect(await status({})).toBe(200);
    for (let turn = 0; turn < 4; turn += 1) expect(await status({ secretKey: 'wrong' })).toBe(401);
    expect(await status({})).toBe(401);
    cloud.wait(59_999);
    expect(await status({})).toBe(401);
    cloud.wait(2);
    expect(await status({})).toBe(200);
  });

  it('throttles an account, and tells the largest number in any ten seconds', async () => {
    await cloud.lab.settings({ requestsPerSecond: 5 });
    const statuses: number[] = [];
    for (let turn = 0; turn < 7; turn += 1) statuses.push(await status({}));
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429, 429]);
    expect(await cloud.refusal('ReadVms')).toBe('429 24 TooManyRequests');
    cloud.wait(1_000);
    expect(await status({})).toBe(200);
    cloud.wait(9_500);
    expect(await status({})).toBe(200);
    expect(await cloud.lab.counts()).toEqual({ requests: 10, byAction: { ReadVms: 10 }, throttled: 3, badSignatures: 0, largestIn1s: 8, largestIn10s: 9 });
  });

  it('refuses what the specification does not know, by the vendor’s codes', async () => {
    expect(await cloud.refusal('ReadVms', { Foo: 1 })).toBe('400 3001 InvalidParameter');
    expect(await cloud.refusal('ReadVms', { Filters: { Foo: ['x'] } })).toBe('400 3001 InvalidParameter');
    expect(await cloud.refusal('ReadVms', { Filters: { VmStateNames: 'running' } })).toBe('400 4110 InvalidParameterValue');
    expect(await cloud.refusal('ReadVms', { ResultsPerPage: '5' })).toBe('400 4110 InvalidParameterValue');
    expect(await cloud.refusal('ReadVms', { ResultsPerPage: 1001 })).toBe('400 4047 InvalidParameterValue');
    expect(await cloud.refusal('ReadVms', { Filters: { VmIds: ['x'] } })).toBe('400 4104 InvalidParameterValue');
    expect(await cloud.refusal('DeleteVolume')).toBe('400 7000 MissingParameter');
    expect(await cloud.refusal('DeleteVolume', { VolumeId: 'vol-xx' })).toBe('400 4105 InvalidParameterValue');
    expect(await cloud.refusal('DeleteVolume', { VolumeId: 'vol-00000000' })).toBe('400 5064 InvalidResource');
    expect(await cloud.refusal('StartEverything')).toBe('400 5011 InvalidResource');
  });

  it('answers errors in the four shapes, and hands out faults as often as asked', async () => {
    await cloud.lab.faults([
      { action: 'ReadVms', what: 'problem error', times: 1 },
      { action: 'ReadVms', what: 'unavailable', times: 1 },
      { action: 'ReadNets', what: 'amazon error', times: 1 },
      { action: 'ReadTags', what: 'empty error', times: 1 },
      { what: 'denied', times: 1, action: 'ReadQuotas' },
      { action: 'ReadSubnets', what: 'lost answer', times: 1 },
    ]);
    const ask = (action: string) => call(cloud.endpoint, action, {});
    expect(await ask('ReadVms')).toMatchObject({ status: 500, contentType: 'application/problem+json', body: { status: 500, title: 'InternalError' } });
    expect(await cloud.refusal('ReadVms')).toBe('503 6 ServiceUnavailable');
    expect(await ask('ReadNets')).toMatchObject({ status: 500, body: { __type: expect.any(String) } });
    expect(await ask('ReadTags')).toMatchObject({ status: 500, text: '' });
    expect(await cloud.refusal('ReadQuotas')).toBe('401 4 AccessDenied');
    await expect(ask('ReadSubnets')).rejects.toThrow();
    expect((await ask('ReadSubnets')).status).toBe(200);
    expect((await ask('ReadVms')).status).toBe(200);
    expect(await cloud.lab.faultHits()).toEqual([1, 1, 1, 1, 1, 1]);
  });
});
