import { afterAll, beforeAll, expect, jest } from '@jest/globals';
import { compareBuckets } from '../../lab/compare/compare-buckets.ts';
import { rcloneCheck } from '../../lab/compare/rclone-check.ts';
import { findPart } from '../../lab/parts.ts';
import { changeSource } from '../../lab/seed/changes.ts';
import { testScale } from '../../lab/seed/estate.ts';
import { listObjects } from '../../lab/seed/listing.ts';
import { seedSource } from '../../lab/seed/seed.ts';
import { itSideBySide } from '../support/side-by-side.ts';
import { describeStores } from '../support/stores.ts';
import { disconnect } from '../workflows/stage.ts';
import { discard, policyOf, putText, type RealOptions, type RealStage, reportOf, withRealStage, writeUnderFreeze } from './real-stage.ts';

jest.setTimeout(240_000);
afterAll(disconnect);

const estate: RealOptions['seed'] = (_store, _bucket, place) => seedSource({ ...place, scale: testScale });

describeStores('a passage between two SeaweedFS stores', () => {
  let rclone: string;
  beforeAll(async () => {
    rclone = await findPart('rclone');
  }, 300_000);

  /** Nothing differs but what the loss report names, as two judges who are neither mover nor seeder see it. */
  async function expectEqual({ stage, source: { place: a }, target: { place: b } }: RealStage): Promise<void> {
    const { compared, differences } = await compareBuckets(a, b);
    const { objects, losses } = await stage.status();
    expect(compared).toBe(objects);
    expect(differences).toEqual([{ key: 'archive/2019.tar', version: 0, what: 'storage class' }]);
    expect(losses).toEqual(expect.arrayContaining([{ code: 'STORAGE_CLASS_LOST', count: 1 }]));
    expect(await rcloneCheck({ rclone, a, b })).toMatchObject({ exitCode: 0, different: [], onlyInA: [], onlyInB: [], failed: [] });
  }

  itSideBySide(3, {
    'moves everything, catches a write under the freeze, goes back, and discards only what is ours': () => {
      const refused: string[] = [];
      const wrote: string[] = [];
      let real: RealStage | undefined;
      return withRealStage(
        {
          seed: estate,
          stage: {
            faults: {
              after: async ({ name }) => {
                if (name !== 'freeze' || !real) return;
                const { application, place } = real.source;
                await putText(application, place.bucket, 'late.txt', 'too late').catch((error: Error) => refused.push(error.message));
              },
              before: async ({ name }) => {
                if (name !== 'closeSource' || !real || wrote.length > 0) return;
                wrote.push('past-the-freeze.txt');
                await writeUnderFreeze(real.source, 'past-the-freeze.txt', 'an administrator was here');
              },
            },
          },
        },
        async (opened) => {
          real = opened;
          const { stage, source, target } = opened;
          const policyBefore = await policyOf(source);
          expect(policyBefore).toContain('PublicRead');
          await stage.approve('loss');
          expect(await stage.untilState('ready for cutover', 'waiting')).toMatchObject({ verdict: 'PASS' });

          await changeSource({ ...source.place, round: 1, change: 5, add: 3, remove: 1, retag: 4 });
          const { bucket } = source.place;
          await source.application.call({ method: 'POST', bucket, key: 'still open.bin', query: { uploads: '' } });
          expect(await stage.cutOver()).toMatchObject({ state: 'cut over', verdict: 'PASS' });

          expect(refused).toEqual([expect.stringContaining('403')]);
          expect((await listObjects(source.admin, bucket)).some(({ key }) => key === 'late.txt')).toBe(false);
          const closings = (await opened.ledger()).filter(({ event, source: at }) => event === 'listing.compared' && at);
          expect(closings.map(({ verdict }) => verdict)).toEqual(['FAIL', 'PASS', 'PASS']);
          expect(closings[0]?.counts).toMatchObject({ extra: 1, open_uploads: 1 });
          await expectEqual(opened);

          await putText(target.application, target.place.bucket, 'after-cutover.txt', 'the application lives here now');
          await stage.order('rollback');
          await stage.untilState('rolled back', 'waiting');
          await expect(putText(target.application, target.place.bucket, 'denied.txt', 'x')).rejects.toThrow('403');
          expect(await reportOf(stage, 'written since cutover')).toEqual([{ is: 'extra', key: 'after-cutover.txt' }]);
          expect(JSON.parse(await policyOf(source))).toEqual(JSON.parse(policyBefore));
          await putText(source.application, bucket, 'serves again.txt', 'x');

          await discard(stage);
          expect((await listObjects(target.admin, target.place.bucket)).map(({ key }) => key)).toEqual(['after-cutover.txt']);
          expect(await stage.verifyLedger()).toMatchObject({ verdict: 'PASS' });
        },
      );
    },

    'holds when somebody writes again and again under the freeze, and goes on when that has ended': () => {
      let real: RealStage | undefined;
      let writes = 0;
      const before = async ({ name }: { name: string }): Promise<void> => {
        if (name !== 'closeSource' || !real || writes >= 3) return;
        writes += 1;
        await writeUnderFreeze(real.source, `restless-${writes}.txt`, 'x');
      };
      const seed: RealOptions['seed'] = (store, bucket) => putText(store, bucket, 'one.txt', 'one');
      return withRealStage({ seed, stage: { faults: { before } } }, async (opened) => {
        real = opened;
        const { stage, source, target } = opened;
        expect(await stage.cutOver()).toMatchObject({ state: 'cutting over', condition: 'held', step: 'close source', reason: { code: 'FREEZE_BROKEN' } });
        await stage.resume();
        await stage.untilState('cut over');
        expect(await compareBuckets(source.place, target.place)).toMatchObject({ compared: 4, differences: [] });
      });
    },

    'carries every version and delete marker in their order with `versions: all`': () =>
      withRealStage({ seed: estate, entry: { versions: 'all' } }, async (opened) => {
        const { stage, source, target } = opened;
        await stage.approve('loss');
        await stage.untilState('ready for cutover', 'waiting');
        await changeSource({ ...source.place, round: 1, change: 3, add: 2, remove: 1 });
        expect(await stage.cutOver()).toMatchObject({ state: 'cut over', verdict: 'PASS' });
        const { compared, differences } = await compareBuckets(source.place, target.place, { versions: 'all' });
        expect(compared).toBeGreaterThan((await listObjects(source.admin, source.place.bucket)).length + 5);
        expect(differences).toEqual([{ key: 'archive/2019.tar', version: 1, what: 'storage class' }]);
        await stage.order('rollback');
        await discard(stage);
        expect((await target.admin.call({ method: 'HEAD', bucket: target.place.bucket })).status).toBe(404);
      }),
  });
});
