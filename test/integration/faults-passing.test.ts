import { afterAll, expect, jest } from '@jest/globals';
import { compareBuckets } from '../../lab/compare/compare-buckets.ts';
import { type Fault, type FaultAction, internalError, slowDown } from '../../lab/proxy/fault.ts';
import { itSideBySide } from '../support/side-by-side.ts';
import { describeStores } from '../support/stores.ts';
import { disconnect } from '../workflows/stage.ts';
import { openUploads, smallEstate, withRealStage } from './real-stage.ts';

jest.setTimeout(240_000);
afterAll(disconnect);

type Faults = { readonly source?: readonly Fault[]; readonly target?: readonly Fault[] };

const once = (operation: string, action: FaultAction, more: Partial<Fault> = {}): Fault => ({ operations: [operation], times: 1, action, ...more });
const onLarge = { key: (key: string) => key === 'large.bin' };
const onSmall = (n: number) => ({ key: (key: string) => key === `folder/${n} é.txt` });
const shorter = (declared: 'original' | 'as sent'): FaultAction => ({ kind: 'resize', byBytes: -3, declared });
const longer = (declared: 'original' | 'as sent'): FaultAction => ({ kind: 'resize', byBytes: 3, declared });
const cutUp: FaultAction = { kind: 'cut', way: 'up', afterBytes: 5 };
const cutDown: FaultAction = { kind: 'cut', way: 'down', afterBytes: 5 };
const unanswered: FaultAction = { kind: 'cut', way: 'down', afterBytes: 0 };
const lost: FaultAction = { kind: 'lose answer' };
const tooEarly: FaultAction = { kind: 'answer', status: 503, code: 'SlowDown', retryAfterSeconds: 1, early: true };

/** What a network and a busy store do all day. Nobody is asked anything: each passage arrives by itself, and every object is equal. */
const passing: Readonly<Record<string, Faults>> = {
  'a source that answers 503 SlowDown for a while': { source: [{ operations: ['GetObject', 'ListObjectsV2'], forMs: 2500, action: slowDown }] },
  'a target that answers 503 SlowDown for a while': { target: [{ operations: ['PutObject', 'UploadPart'], forMs: 2500, action: slowDown }] },
  'a target that answers 503 and closes while the body still comes': {
    target: [once('UploadPart', tooEarly), once('PutObject', tooEarly)],
  },
  'a target that answers 500 to every third write': { target: [3, 6, 9, 12].map((from) => once('PutObject', internalError, { from })) },
  'a connection cut in the middle of a body that comes down': {
    source: [once('GetObject', cutDown, { times: 3 }), once('GetObject', { kind: 'cut', way: 'down', afterBytes: 1_000_000 }, onLarge)],
  },
  'a connection cut in the middle of a body that goes up, or before its answer': {
    target: [
      once('PutObject', cutUp, { times: 3 }),
      once('PutObject', unanswered, { from: 9 }),
      once('UploadPart', { kind: 'cut', way: 'up', afterBytes: 1_000_000 }),
    ],
  },
  'a connection cut while the target is read again': {
    target: [once('GetObject', cutDown, { times: 3 }), once('GetObject', { kind: 'cut', way: 'down', afterBytes: 1_000_000 }, onLarge)],
  },
  'a listing cut in its middle': {
    source: [once('ListObjectsV2', { kind: 'cut', way: 'down', afterBytes: 100 })],
    target: [once('ListObjectsV2', internalError)],
  },
  'bodies shorter or longer than declared': {
    source: [shorter('original'), longer('original')].flatMap((action, n) => [
      once('GetObject', action, onSmall(n)),
      once('GetObject', action, { ...onLarge, from: n + 1 }),
    ]),
  },
  'bodies shorter or longer than the object, declared as they are sent': {
    source: [shorter('as sent'), longer('as sent')].flatMap((action, n) => [
      once('GetObject', action, onSmall(n)),
      once('GetObject', action, { ...onLarge, from: n + 1 }),
    ]),
  },
  'an answer lost after a PUT, a part, or the object made of parts was stored': {
    target: [once('PutObject', lost, { from: 9, times: 3 }), once('UploadPart', lost), once('CompleteMultipartUpload', lost)],
  },
  'an answer lost after an upload was opened, or tags were set': { target: [once('CreateMultipartUpload', lost), once('PutObjectTagging', lost)] },
  'an answer lost after the bucket was made, and after the freeze': {
    source: [once('PutBucketPolicy', lost)],
    target: [once('CreateBucket', lost)],
  },
};

describeStores('a passage arrives by itself through', () => {
  const arrives = (faults: Faults) => (): Promise<void> =>
    withRealStage({ seed: smallEstate, faults }, async ({ stage, source, target }) => {
      expect(await stage.cutOver()).toMatchObject({ state: 'cut over', condition: 'waiting', verdict: 'PASS' });
      expect(await compareBuckets(source.place, target.place)).toMatchObject({ compared: 10, differences: [] });
      expect(await stage.events()).not.toContain('step.failed');
      expect(await stage.verifyLedger()).toMatchObject({ verdict: 'PASS' });
      expect(await openUploads(target)).toBe(0);
      for (const [side, { proxy }] of Object.entries({ source, target })) expect([side, proxy.faultHits().filter((hits) => hits === 0)]).toEqual([side, []]);
    });

  itSideBySide(6, Object.fromEntries(Object.entries(passing).map(([name, faults]) => [name, arrives(faults)])));
});
