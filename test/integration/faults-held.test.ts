import { afterAll, expect, jest } from '@jest/globals';
import { compareBuckets } from '../../lab/compare/compare-buckets.ts';
import { accessDenied, type Fault, invalidAccessKeyId } from '../../lab/proxy/fault.ts';
import type { LabPlace } from '../../lab/seed/lab-store.ts';
import { listObjects } from '../../lab/seed/listing.ts';
import { MigrationError } from '../../src/core/migration-error.ts';
import type { WorkloadStatus } from '../../src/model/status.ts';
import type { Depot } from '../../src/ports/depot.ts';
import { systemClock } from '../../src/transfer/index.ts';
import { createMemoryDepot } from '../support/memory-depot.ts';
import { itSideBySide } from '../support/side-by-side.ts';
import { describeStores, motoStore } from '../support/stores.ts';
import { disconnect } from '../workflows/stage.ts';
import { discard, putText, type RealOptions, type RealStage, smallEstate, withRealStage } from './real-stage.ts';

jest.setTimeout(280_000);
afterAll(disconnect);

/** Real time at twenty times its speed: the pauses between tries add up to a quarter of a minute a try. */
const hasty: typeof systemClock = { ...systemClock, sleep: (ms, signal) => systemClock.sleep(ms / 20, signal) };

/** What a person reads who asks for the status: where it stands, why, who must act. No key of an object is in it. */
function expectHeld(status: WorkloadStatus, step: string, code: string, who = 'operator'): void {
  expect(status).toMatchObject({ condition: 'held', step, reason: { code }, waitingFor: `${who}: ${code}` });
  expect(status.reason?.detail).not.toMatch(/txt|large/);
}

/** After the person mended it: everything arrives, nothing was lost. */
async function expectDone({ stage, source, target }: RealStage, objects = 10): Promise<void> {
  await stage.resume();
  await stage.until((now) => now.state === 'ready for cutover' && now.condition === 'waiting', 'w0', 60_000);
  expect(await stage.cutOver()).toMatchObject({ state: 'cut over', verdict: 'PASS' });
  expect(await compareBuckets(source.place, target.place)).toMatchObject({ compared: objects, differences: [] });
  expect(await stage.verifyLedger()).toMatchObject({ verdict: 'PASS' });
}

const requests = ({ proxy }: RealStage['source']): number => Object.values(proxy.counts()).reduce((sum, count) => sum + count.requests, 0);
const held = ({ stage }: RealStage): Promise<WorkloadStatus> => stage.until(({ condition }) => condition === 'held', 'w0', 60_000);

const play = (options: Partial<RealOptions>, act: (real: RealStage) => Promise<void>) => (): Promise<void> =>
  withRealStage({ seed: smallEstate, ...options }, act);

/** A disk that takes so many writes more once it is told to fill up, until somebody makes room. */
function fullDisk(): { depot: Depot; fillUp: (left: number) => void; makeRoom: () => void } {
  let left = Number.POSITIVE_INFINITY;
  const depot = createMemoryDepot().connect(({ operation }) => {
    if (operation !== 'put' && operation !== 'append') return;
    left -= 1;
    if (left < 0) throw new MigrationError('DEPOT_FULL', { operation });
  });
  const fillUp = (writes: number): void => {
    left = Math.min(left, writes);
  };
  const makeRoom = (): void => {
    left = Number.POSITIVE_INFINITY;
  };
  return { depot, fillUp, makeRoom };
}

describeStores('a passage holds, keeps everything, and goes on after repair:', () => {
  const wrongKeys = (at: 'from' | 'to', step: string) =>
    play({ told: { [at]: { secretKey: 'wrong' } } }, async (real) => {
      expectHeld(await held(real), step, 'CREDENTIALS_REFUSED');
      const end = at === 'from' ? real.source : real.target;
      // Some stores lock an account after a few: one call, and none while nobody resumes.
      expect(requests(end)).toBe(1);
      await new Promise((later) => setTimeout(later, 2500));
      expect(requests(end)).toBe(1);
      real.places[at] = { ...real.places[at], secretKey: end.place.secretKey };
      await expectDone(real);
    });

  const deniedAt = (operation: string, step: string, more: Partial<Fault> = {}) =>
    play({ faults: { target: [{ operations: [operation], times: 1, action: accessDenied, ...more }] } }, async (real) => {
      expectHeld(await held(real), step, 'PERMISSION_DENIED');
      await expectDone(real);
    });

  const fullAt = (activity: string, step: string, writes: number) => (): Promise<void> => {
    const { depot, fillUp, makeRoom } = fullDisk();
    let isMended = false;
    const before = ({ name }: { readonly name: string }): void => void (name === activity && !isMended && fillUp(writes));
    return play({ stage: { depot, faults: { before } } }, async (real) => {
      expectHeld(await held(real), step, 'DEPOT_FULL');
      isMended = true;
      makeRoom();
      await expectDone(real);
    })();
  };

  itSideBySide(6, {
    'wrong credentials for the source': wrongKeys('from', 'assess'),
    'wrong credentials for the target': wrongKeys('to', 'assess'),

    'credentials that are withdrawn in the middle of the copy': play(
      { faults: { target: [{ operations: ['PutObject'], from: 8, action: invalidAccessKeyId }] } },
      async (real) => {
        expectHeld(await held(real), 'copy', 'CREDENTIALS_REFUSED');
        const asked = requests(real.target);
        await new Promise((later) => setTimeout(later, 2500));
        expect(requests(real.target)).toBe(asked);
        real.target.proxy.setFaults([]);
        await expectDone(real);
      },
    ),

    'a right that is missing to make the bucket': deniedAt('CreateBucket', 'prepare target'),
    'a right that is missing to write an object': deniedAt('PutObject', 'copy', { from: 9 }),
    'a right that is missing to read back': deniedAt('GetObject', 'copy'),

    'a source bucket that is not there': play({ seed: async (store, bucket) => void (await store.call({ method: 'DELETE', bucket })) }, async (real) => {
      expectHeld(await held(real), 'assess', 'BUCKET_MISSING');
      const { admin, place } = real.source;
      await admin.call({ method: 'PUT', bucket: place.bucket });
      await smallEstate(admin, place.bucket);
      await expectDone(real);
    }),

    'a source that cannot be reached': play(
      { told: { from: { endpoint: 'http://127.0.0.1:9' } }, stage: { patience: { attempts: 1 }, clock: hasty } },
      async (real) => {
        expectHeld(await held(real), 'assess', 'UNAVAILABLE');
        real.places.from = { ...real.places.from, endpoint: real.source.proxy.endpoint };
        await expectDone(real);
      },
    ),

    'a target that is down for longer than its patience': play(
      {
        faults: { target: [{ operations: ['PutObject'], from: 8, action: { kind: 'cut', way: 'down', afterBytes: 0 } }] },
        stage: { patience: { attempts: 2 }, clock: hasty },
      },
      async (real) => {
        const status = await held(real);
        expectHeld(status, 'copy', 'UNAVAILABLE');
        real.target.proxy.setFaults([]);
        await expectDone(real);
      },
    ),

    'a depot whose disk is full when the source is listed': fullAt('listSource', 'assess', 0),
    'a depot whose disk is full in the middle of the copy': fullAt('copyShard', 'copy', 2),
    'a depot whose disk is full in the middle of the verification': fullAt('verifyShard', 'copy', 1),

    'more deletions than the plan allows': play({}, async (real) => {
      const { stage, source, target } = real;
      await stage.untilState('ready for cutover', 'waiting');
      for (let n = 0; n < 5; n++) await source.admin.call({ method: 'DELETE', bucket: source.place.bucket, key: `folder/${n} é.txt` });
      const guarded = await stage.cutOver();
      expectHeld(guarded, 'last delta', 'DELETE_GUARD', 'owner');
      expect(await listObjects(target.admin, target.place.bucket)).toHaveLength(10);
      await stage.resume();
      await stage.until(({ condition, sequence }) => condition === 'held' && sequence > guarded.sequence);
      await stage.resolve('accept');
      await stage.untilState('cut over', 'waiting');
      expect(await compareBuckets(source.place, target.place)).toMatchObject({ compared: 5, differences: [] });
    }),
  });
});

describeStores('a passage undoes its phase, says why, and starts again after repair:', () => {
  const unwound = async (real: RealStage, code: string): Promise<void> => {
    const status = await real.stage.until(({ reason, waitingFor }) => reason !== undefined && waitingFor?.startsWith('resume') === true);
    expect(status).toMatchObject({ state: 'not ready', reason: { code }, waitingFor: `resume or discard after ${code}` });
    expect(status.verdict).not.toBe('PASS');
  };
  const lock =
    '<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>GOVERNANCE</Mode><Days>1</Days></DefaultRetention></Rule></ObjectLockConfiguration>';

  itSideBySide(4, {
    'a target that holds foreign objects': play({ targetSeed: (store, bucket) => putText(store, bucket, 'theirs.txt', 'theirs') }, async (real) => {
      await unwound(real, 'TARGET_NOT_EMPTY');
      const { admin, place } = real.target;
      expect(await listObjects(admin, place.bucket)).toMatchObject([{ key: 'theirs.txt', sizeBytes: 6 }]);
      await admin.call({ method: 'DELETE', bucket: place.bucket, key: 'theirs.txt' });
      await expectDone(real);
    }),

    'a foreign object under a key of ours, with `into: existing`': play(
      { entry: { into: 'existing' }, targetSeed: (store, bucket) => putText(store, bucket, 'tagged.txt', 'theirs') },
      async (real) => {
        await unwound(real, 'TARGET_NOT_EMPTY');
        const { admin, place } = real.target;
        expect(await listObjects(admin, place.bucket)).toMatchObject([{ key: 'tagged.txt', sizeBytes: 6 }]);
        await admin.call({ method: 'DELETE', bucket: place.bucket, key: 'tagged.txt' });
        await expectDone(real);
      },
    ),

    'foreign objects beside ours, with `into: existing`: they stay as they are, also when ours go again': play(
      { entry: { into: 'existing' }, targetSeed: (store, bucket) => putText(store, bucket, 'theirs.txt', 'theirs') },
      async (real) => {
        const { stage, source, target } = real;
        const theirs = await listObjects(target.admin, target.place.bucket);
        expect(await stage.cutOver()).toMatchObject({ state: 'cut over', verdict: 'PASS' });
        expect((await compareBuckets(source.place, target.place)).differences).toEqual([{ key: 'theirs.txt', version: 0, what: 'only in b' }]);
        await stage.order('rollback');
        await discard(stage);
        expect(await listObjects(target.admin, target.place.bucket)).toEqual(theirs);
      },
    ),

    'a target whose default lock would keep the copies': async () => {
      const moto: LabPlace = await motoStore();
      await play(
        {
          from: moto,
          to: moto,
          targetSeed: async (store, bucket) => {
            await store.call({ method: 'DELETE', bucket });
            await store.call({ method: 'PUT', bucket, headers: { 'x-amz-bucket-object-lock-enabled': 'true' } });
            await store.call({ method: 'PUT', bucket, query: { 'object-lock': '' }, body: Buffer.from(lock) });
          },
        },
        async (real) => {
          await unwound(real, 'TARGET_LOCKED');
          expect(await listObjects(real.target.admin, real.target.place.bucket)).toEqual([]);
        },
      )();
    },
  });
});
