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
const shorter = (declared: 'original' | 'as sent'): FaultAction => ({ kind: 'resize', byBytes: -3, declared });
const longer = (declared: 'original' | 'as sent'): FaultAction => ({ kind: 'resize', byBytes: 3, declared });
const cutUp: FaultAction = { kind: 'cut', way: 'up', afterBytes: 5 };
const cutDown: FaultAction = { kind: 'cut', way: 'down', afterBytes: 5 };
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
  'a connection cut before any answer': {
    source: [once('GetObject', { kind: 'cut', way: 'down', afterBytes: 0 }, { times: 2 })],
    target: [once('PutObject', { kind: 'cut', way: 'down', afterBytes: 0 })],
  },
  'a connection cut in the middle of a body that goes up': {
    target: [once('PutObject', cutUp, { times: 3 }), once('UploadPart', { kind: 'cut', way: 'up', afterBytes: 1_000_000 })],
  },
  'a connection cut while the target is read again': {
    target: [once('GetObject', cutDown, { times: 3 }), once('GetObject', { kind: 'cut', way: 'down', afterBytes: 1_000_000 }, onLarge)],
  },
  'a listing cut in its middle': {
    source: [once('ListObjectsV2', { kind: 'cut', way: 'down', afterBytes: 100 })],
    target: [once('ListObjectsV2', internalError)],
  },
  'a body shorter than declared': { source: [once('GetObject', shorter('original')), once('GetObject', shorter('original'), onLarge)] },
  'a body longer than declared': { source: [once('GetObject', longer('original')), once('GetObject', longer('original'), onLarge)] },
  'a body shorter than the object, declared as it is sent': { source: [once('GetObject', shorter('as sent')), once('GetObject', shorter('as sent'), onLarge)] },
  'a body longer than the object, declared as it is sent': { source: [once('GetObject', longer('as sent')), once('GetObject', longer('as sent'), onLarge)] },
  'an answer lost after a PUT was stored': { target: [once('PutObject', lost, { from: 9, times: 3 })] },
  'an answer lost after an upload was opened': { target: [once('CreateMultipartUpload', lost)] },
  'an answer lost after a part was stored': { target: [once('UploadPart', lost)] },
  'an answer lost after the parts were made an object': { target: [once('CompleteMultipartUpload', lost)] },
  'an answer lost after the bucket was made': { target: [once('CreateBucket', lost)] },
  'an answer lost after the freeze': { source: [once('PutBucketPolicy', lost)] },
  'an answer lost after tags were set': { target: [once('PutObjectTagging', lost)] },
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
