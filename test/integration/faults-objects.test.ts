import { afterAll, expect, jest } from '@jest/globals';
import { compareBuckets } from '../../lab/compare/compare-buckets.ts';
import type { Fault, FaultAction } from '../../lab/proxy/fault.ts';
import { made } from '../../lab/seed/estate.ts';
import { putObject } from '../../lab/seed/put-object.ts';
import { objectDigest } from '../../lab/store-proxy.ts';
import { itSideBySide } from '../support/side-by-side.ts';
import { describeStores, motoStore } from '../support/stores.ts';
import { disconnect } from '../workflows/stage.ts';
import { putText, type RealOptions, type RealStage, reportOf, smallEstate, withRealStage } from './real-stage.ts';

jest.setTimeout(240_000);
afterAll(disconnect);

const mib = 1024 * 1024;
const flip: FaultAction = { kind: 'flip', way: 'up', atByte: 3 };
const only =
  (wanted: string) =>
  (key: string): boolean =>
    key === wanted;

const play = (options: Partial<RealOptions>, act: (real: RealStage) => Promise<void>) => (): Promise<void> =>
  withRealStage({ seed: smallEstate, ...options }, act);

/** Arrives without anybody's help, and every byte is the source's. */
async function expectArrived({ stage, source, target }: RealStage, objects: number): Promise<void> {
  expect(await stage.cutOver()).toMatchObject({ state: 'cut over', verdict: 'PASS' });
  expect(await compareBuckets(source.place, target.place)).toMatchObject({ compared: objects, differences: [] });
  expect(await stage.events()).not.toContain('step.failed');
  expect(await stage.verifyLedger()).toMatchObject({ verdict: 'PASS' });
}

/** Something happens to the source when the object is asked for: the proxy is told once the stage is open, before it has listed. */
function meanwhile(key: string, when: 'before' | 'during', act: (real: RealStage) => Promise<unknown>, objects: number): () => Promise<void> {
  let real: RealStage | undefined;
  const run = async (): Promise<void> => {
    for (; !real; ) await new Promise((turn) => setTimeout(turn, 10));
    await act(real);
  };
  const fault: Fault = { operations: ['GetObject'], key: only(key), times: 1, action: { kind: 'meanwhile', when, run } };
  return play({ faults: { source: [fault] } }, async (opened) => {
    real = opened;
    await expectArrived(opened, objects);
    expect(opened.source.proxy.faultHits()).toEqual([1]);
  });
}

const write =
  (key: string, sizeBytes: number) =>
  ({ source: { admin, place } }: RealStage) =>
    putObject(admin, place.bucket, { ...made(`other content of ${key}`, sizeBytes, { user: { edition: '2' } }), key });

const verdicts = async (real: RealStage): Promise<readonly unknown[]> =>
  (await real.ledger()).filter(({ event, act }) => event === 'batch.verified' && act?.name.startsWith('verify/')).map(({ verdict }) => verdict);

describeStores('an object that', () => {
  itSideBySide(6, {
    'is deleted between listing and copy is not on the target': meanwhile(
      'tagged.txt',
      'before',
      ({ source: { admin, place } }) => admin.call({ method: 'DELETE', bucket: place.bucket, key: 'tagged.txt' }),
      9,
    ),
    'is replaced between listing and copy arrives as it is now': meanwhile('tagged.txt', 'before', write('tagged.txt', 300), 10),
    'is replaced by one of the same size between listing and copy arrives as it is now': meanwhile('tagged.txt', 'before', write('tagged.txt', 50), 10),
    'grows to many parts between listing and copy arrives whole': meanwhile('tagged.txt', 'before', write('tagged.txt', 17 * mib), 10),
    'is replaced while it is read by ranges is never a mixture': meanwhile('large.bin', 'during', write('large.bin', 17 * mib), 10),
    'shrinks while it is read by ranges arrives as it is now': meanwhile('large.bin', 'during', write('large.bin', 10), 10),
    'is deleted while it is read by ranges is not on the target': meanwhile(
      'large.bin',
      'during',
      ({ source: { admin, place } }) => admin.call({ method: 'DELETE', bucket: place.bucket, key: 'large.bin' }),
      9,
    ),

    'the target stores wrongly once is found, and copied again': play(
      { faults: { target: [{ operations: ['PutObject'], key: only('tagged.txt'), times: 1, action: flip }] } },
      async (real) => {
        await expectArrived(real, 10);
        expect(await verdicts(real)).toEqual(['FAIL', 'PASS']);
        // It alone was sent again.
        expect(real.target.proxy.objectWrites().get(objectDigest(real.target.place.bucket, 'tagged.txt'))).toBe(100);
        // Three of the object, and the probe's.
        expect(real.target.proxy.counts().UploadPart?.requests).toBe(4);
      },
    ),
    'the target stores one wrong part of once is found, and copied again': play(
      { faults: { target: [{ operations: ['UploadPart'], from: 2, times: 1, action: flip }] } },
      async (real) => {
        await expectArrived(real, 10);
        expect(await verdicts(real)).toEqual(['FAIL', 'PASS']);
      },
    ),
    'the target stores wrongly every time holds the bucket, is never PASS, and arrives after repair': play(
      { faults: { target: [{ operations: ['PutObject'], key: only('tagged.txt'), action: flip }] } },
      async (real) => {
        const { stage, target } = real;
        const status = await stage.until(({ condition }) => condition === 'held', 'w0', 60_000);
        expect(status).toMatchObject({ state: 'replicating', reason: { code: 'COPY_INCOMPLETE' }, verdict: 'FAIL', waitingFor: 'operator: COPY_INCOMPLETE' });
        expect(status.reason?.detail).toContain('1 objects');
        expect(await verdicts(real)).not.toContain('PASS');
        target.proxy.setFaults([]);
        await stage.resume();
        await stage.untilState('ready for cutover', 'waiting');
        expect(await stage.cutOver()).toMatchObject({ state: 'cut over', verdict: 'PASS' });
        expect((await compareBuckets(real.source.place, target.place)).differences).toEqual([]);
      },
    ),

    'lies in an archive is excused when its owner accepts the loss, and counted': async () => {
      const moto = await motoStore();
      const seed: RealOptions['seed'] = async (store, bucket) => {
        await putText(store, bucket, 'kept.txt', 'kept');
        await putObject(store, bucket, made('archived.tar', 4096, { headers: { 'x-amz-storage-class': 'GLACIER' } }));
      };
      await play({ from: moto, to: moto, seed }, async (real) => {
        const { stage, source, target } = real;
        await stage.approve('loss');
        await stage.until(({ state, gate }) => state === 'ready for cutover' && gate?.gate === 'cutover');
        expect(await stage.status()).toMatchObject({ verdict: 'PASS', losses: expect.arrayContaining([{ code: 'OBJECT_ARCHIVED', count: 1 }]) });
        expect(await stage.cutOver()).toMatchObject({ state: 'cut over', verdict: 'PASS', objects: 1 });
        const closing = (await real.ledger()).find(({ event }) => event === 'listing.compared');
        expect(closing?.counts).toMatchObject({ excused: 1, equal: 1 });
        expect(await reportOf(stage, 'closing source')).toEqual([{ is: 'excused', key: 'archived.tar' }]);
        expect((await target.admin.call({ method: 'HEAD', bucket: target.place.bucket, key: 'archived.tar' })).status).toBe(404);
        expect((await target.admin.call({ method: 'HEAD', bucket: target.place.bucket, key: 'kept.txt' })).status).toBe(200);
        expect((await source.admin.call({ method: 'HEAD', bucket: source.place.bucket, key: 'archived.tar' })).status).toBe(200);
      })();
    },
  });
});
