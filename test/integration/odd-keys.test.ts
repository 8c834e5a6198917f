import { afterAll, beforeAll, expect, jest } from '@jest/globals';
import { compareBuckets } from '../../lab/compare/compare-buckets.ts';
import { oddKeys } from '../../lab/seed/keys.ts';
import type { LabPlace, LabStore } from '../../lab/seed/lab-store.ts';
import { listObjects } from '../../lab/seed/listing.ts';
import { seedOddKeys } from '../../lab/seed/seed.ts';
import { itSideBySide } from '../support/side-by-side.ts';
import { describeStores, motoStore, sharedStores } from '../support/stores.ts';
import { disconnect } from '../workflows/stage.ts';
import { attend, bucketPassage } from '../workflows/suites.ts';
import { putText, type RealOptions, withRealStage } from './real-stage.ts';

jest.setTimeout(240_000);
afterAll(disconnect);

const seed: RealOptions['seed'] = (_store, _bucket, place) => seedOddKeys(place);

describeStores('a bucket of keys that many stores alter', () => {
  let moto: LabPlace;
  beforeAll(async () => {
    moto = await motoStore();
  }, 300_000);

  itSideBySide(3, {
    'arrives exactly where the target keeps every key': () =>
      withRealStage({ from: moto, to: moto, seed }, async ({ stage, source, target }) => {
        await bucketPassage.forth(stage);
        expect(await stage.status()).toMatchObject({ state: 'cut over', verdict: 'PASS', objects: oddKeys.length });
        expect(await compareBuckets(source.place, target.place)).toMatchObject({ compared: oddKeys.length, differences: [] });
        expect(await stage.verifyLedger()).toMatchObject({ verdict: 'PASS' });
      }),

    'is never PASS where the target merges or refuses keys: the phase is undone and the target is as it was before': () =>
      withRealStage({ from: moto, to: sharedStores().target, seed }, async ({ stage, source, target }) => {
        const before = await listObjects(source.admin, source.place.bucket);
        await attend(stage, ({ reason, condition }) => reason !== undefined && condition === 'waiting', {});
        const status = await stage.status();
        expect(status).toMatchObject({ state: 'not ready', condition: 'waiting', reason: { code: expect.stringMatching(/^(KEYS_MERGED|TARGET_\w+)$/) } });
        expect(status.verdict).not.toBe('PASS');
        expect((await target.admin.call({ method: 'HEAD', bucket: target.place.bucket })).status).toBe(404);
        expect(await listObjects(source.admin, source.place.bucket)).toEqual(before);
        const verdicts = (await stage.events()).filter((event) => event === 'cutover.approved');
        expect(verdicts).toEqual([]);
        await stage.order('discard');
        await stage.untilState('discarded', 'done');
      }),

    'does not touch what stood on the target, when it is undone there': () =>
      withRealStage(
        { from: moto, to: sharedStores().target, seed, targetSeed: theirs, entry: { into: 'existing' } },
        async ({ stage, target: { admin, place } }) => {
          const before = await listObjects(admin, place.bucket);
          await attend(stage, ({ reason, condition }) => reason !== undefined && condition === 'waiting', {});
          expect(await stage.status()).toMatchObject({ state: 'not ready' });
          expect(before).toHaveLength(2);
          expect(await listObjects(admin, place.bucket)).toEqual(before);
        },
      ),
  });
});

async function theirs(store: LabStore, bucket: string): Promise<void> {
  await putText(store, bucket, 'a/b', 'theirs');
  await putText(store, bucket, 'elsewhere', 'theirs');
}
