import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import type { DiskTask, PlannedDisk } from '../../src/activities/machines/disks.ts';
import { diskPlace } from '../../src/activities/machines/task.ts';
import { imageKey } from '../../src/core/ids.ts';
import { MigrationError } from '../../src/core/migration-error.ts';
import type { WorkloadStatus } from '../../src/model/status.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { copyDiskShard, createFlightBudget } from '../../src/transfer/index.ts';
import { itSideBySide } from '../support/side-by-side.ts';
import { describeStores } from '../support/stores.ts';
import { type ActivityCall, disconnect } from '../workflows/stage.ts';
import { expectArrived, expectCleanSlate, expectImages, expectSpecified } from './machine-judges.ts';
import { createSites, hasty, type MachineOptions, type MachineStage, onceBefore, type Site, unrehearsed, writeTo } from './machine-stage.ts';
import { discard } from './real-stage.ts';

jest.setTimeout(240_000);

const block = 524_288;
const width = 4;
const sites = createSites('copy', width);
afterAll(async () => {
  await disconnect();
  await sites.close();
});

const play = (options: (site: Site) => Partial<MachineOptions>, act: (machine: MachineStage) => Promise<void>) =>
  sites.play((site) => ({ entry: unrehearsed, ...options(site) }), act);
const stage = (faults: NonNullable<MachineOptions['stage']>['faults']): Partial<MachineOptions> => ({ stage: faults ? { faults } : {} });

async function expectReady(machine: MachineStage): Promise<WorkloadStatus> {
  const status = await machine.stage.until(({ gate, condition }) => gate?.gate === 'cutover' || condition === 'held' || condition === 'stuck', 'w0', 90_000);
  expect(status).toMatchObject({ state: 'ready for cutover', verdict: 'PASS', objects: 2 });
  await expectImages(machine);
  return status;
}

async function expectHeld({ stage: { until } }: MachineStage, step: string, code: string, who = 'operator'): Promise<void> {
  const status = await until(({ condition, gate }) => condition === 'held' || gate !== undefined, 'w0', 90_000);
  expect(status).toMatchObject({ condition: 'held', step, reason: { code }, waitingFor: `${who}: ${code}` });
}

async function mended(machine: MachineStage): Promise<void> {
  await machine.site.aws.control('faults', []);
  await machine.stage.resume();
  await machine.stage.until(({ condition }) => condition !== 'held');
  await expectReady(machine);
}

const reading =
  (fault: object) =>
  (site: Site): Partial<MachineOptions> =>
    stage(onceBefore('copyDiskShard', () => site.aws.control('faults', [{ action: 'GetSnapshotBlock', ...fault }])));
const hits = async ({ site }: MachineStage): Promise<number> => (await site.aws.control<{ hits: number[] }>('faults')).hits.reduce((sum, n) => sum + n, 0);
const callsOf = (machine: MachineStage, name: string): number => machine.stage.calls.filter((call) => call.name === name).length;

describeStores('a machine whose copy is disturbed by', () => {
  beforeAll(() => sites.open(), 300_000);

  itSideBySide(width, {
    'a snapshot that somebody deletes under the pass: the pass begins anew': play(
      ({ aws }) => stage(onceBefore<DiskTask>('copyDiskShard', ({ snapshot: id }) => aws.control('act', { act: 'delete snapshot', id }))),
      async (machine) => {
        await expectReady(machine);
        expect(callsOf(machine, 'snapshotDisks')).toBe(2);
      },
    ),

    'snapshots that somebody deletes before they were looked into, and one that falls into error: the pass begins anew': play(
      ({ aws }) => {
        const [first, second] = [
          onceBefore<{ disks: readonly { snapshot: string }[] }>('inspectGuest', ({ disks }) =>
            Promise.all(disks.map(({ snapshot: id }) => aws.control('act', { act: 'delete snapshot', id }))),
          ),
          onceBefore<DiskTask>('copyDiskShard', ({ snapshot: id }) => aws.control('act', { act: 'fail snapshot', id })),
        ];
        const both = async (call: ActivityCall): Promise<void> => {
          await first.before?.(call);
          await second.before?.(call);
        };
        return stage({ before: both });
      },
      async (machine) => {
        await expectReady(machine);
        expect(callsOf(machine, 'snapshotDisks')).toBe(3);
      },
    ),

    'a snapshot that somebody deletes between passes: the next one reads that disk whole': play(
      () => ({}),
      async (machine) => {
        const { site, root, stage: own } = machine;
        await expectReady(machine);
        for (const { id, disk } of await machine.clouds.source('aws').machines.marked(`${own.project}/`))
          if (disk === root.id) await site.aws.control('act', { act: 'delete snapshot', id });
        await writeTo(site, root, { offsetBytes: 1600 * block, lengthBytes: 10, fill: 1 });
        await own.cutOver();
        await expectArrived(machine);
      },
    ),

    'a snapshot that ends in error, and an answer that is lost: another is made, and all go with a discard': play(
      ({ aws }) =>
        stage(
          onceBefore('snapshotDisks', () =>
            aws.control('faults', [
              { what: 'snapshot fails', action: 'CreateSnapshots' },
              { what: 'lost answer', action: 'CreateSnapshots', from: 2 },
            ]),
          ),
        ),
      async (machine) => {
        await expectReady(machine);
        expect(await hits(machine)).toBe(2);
        const states = (await machine.clouds.source('aws').machines.marked(`${machine.stage.project}/`)).map(({ state }) => state).sort();
        expect(states).toEqual(['completed', 'completed', 'error', 'error']);
        await machine.stage.order('rollback');
        await machine.stage.untilState('rolled back', 'waiting');
        await discard(machine.stage);
        await expectCleanSlate(machine);
      },
    ),

    'blocks with a wrong checksum, a few times: they are read again': play(reading({ what: 'wrong checksum', from: 4, times: 3 }), async (machine) => {
      await expectReady(machine);
      expect(await hits(machine)).toBe(3);
    }),

    'a block whose checksum is always wrong: held': play(reading({ what: 'wrong checksum', block: 0, times: 'always' }), async (machine) => {
      await expectHeld(machine, 'copy', 'BLOCK_CHECKSUM');
      await mended(machine);
    }),

    'tokens that expire in the middle: listed anew': play(
      (site) => ({
        ...stage(
          onceBefore('copyDiskShard', async () => {
            await site.aws.control('settings', { rotateTokens: true, pageSize: 9 });
            await site.aws.control('faults', [{ what: 'token expired', action: 'GetSnapshotBlock', from: 5, times: 4 }]);
            // Every token that was given so far is too old.
            await site.aws.control('clock', { forwardMs: 8 * 24 * 3_600_000 });
          }),
        ),
      }),
      async (machine) => {
        await expectReady(machine);
        expect(await hits(machine)).toBe(4);
      },
    ),

    'a key that may not be used any more: held': play(reading({ what: 'key access revoked', from: 8, times: 'always' }), async (machine) => {
      await expectHeld(machine, 'copy', 'KEY_ACCESS_DENIED', 'owner');
      await mended(machine);
    }),

    'credentials that expire at night: held, nothing is tried meanwhile': play(
      ({ aws }) => stage(onceBefore('copyDiskShard', () => aws.control('keys', { accessKey: aws.accessKey, state: 'expired' }))),
      async (machine) => {
        const { aws } = machine.site;
        await expectHeld(machine, 'copy', 'CREDENTIALS_REFUSED');
        const asked = async (): Promise<number> => (await aws.control<readonly unknown[]>('requests')).length;
        const before = await asked();
        await new Promise((later) => setTimeout(later, 1500));
        expect(await asked()).toBe(before);
        await aws.control('keys', { accessKey: aws.accessKey, state: 'active' });
        await mended(machine);
      },
    ),

    'a quota of snapshots that is used up: held': play(
      ({ aws }) => stage(onceBefore('snapshotDisks', () => aws.control('faults', [{ what: 'quota', action: 'CreateSnapshots', times: 'always' }]))),
      async (machine) => {
        await expectHeld(machine, 'snapshot disks', 'QUOTA_EXCEEDED');
        await mended(machine);
      },
    ),

    'parts that were stored and whose answers were lost: sent again or found': play(
      () => ({ faults: [{ operations: ['UploadPart'], times: 2, action: { kind: 'lose answer' } }] }),
      async (machine) => {
        await expectReady(machine);
        expect(machine.site.proxy.faultHits()).toEqual([2]);
      },
    ),

    'a second worker at the same shard: one of the two is fenced': () => {
      let rival: Promise<unknown> | undefined;
      let opened: Stores | undefined;
      let machine: MachineStage | undefined;
      const begin = async (task: DiskTask & { readonly planned: PlannedDisk; readonly shard: number }): Promise<void> => {
        if (machine && opened) rival = copyBeside(machine, opened, task).catch((error: unknown) => error);
      };
      const through = (stores: Stores): Stores => {
        opened = stores;
        return stores;
      };
      return play(
        () => ({ through, ...stage(onceBefore('copyDiskShard', begin)) }),
        async (real) => {
          machine = real;
          await expectReady(real);
          const end = await rival;
          // Whoever came later goes on; the other stops at its next row.
          const isFenced = end instanceof MigrationError && end.code === 'FENCED';
          expect(isFenced || callsOf(real, 'copyDiskShard') > 2).toBe(true);
        },
      )();
    },
  });

  it('was asked of OUTSCALE as its specification demands, all of it', () => expectSpecified(sites.all()));
});

/** The same shard by the same rules, in the hands of another worker. */
function copyBeside(
  { stage: { depot }, clouds, bucket }: MachineStage,
  stores: Stores,
  task: DiskTask & { readonly planned: PlannedDisk; readonly shard: number },
) {
  const engine = { depot, clock: hasty, flight: createFlightBudget(), disks: clouds.source('aws').disks, target: stores.open('to', bucket) };
  const { disk, planned, shard, snapshot, place } = task;
  const input = { plan: planned.plan.digest, key: imageKey(place, disk.label), upload: planned.upload, streamedParts: planned.streamedParts, shard, snapshot };
  return copyDiskShard(engine, diskPlace(task, disk.label, 'copy', shard), input, () => undefined, new AbortController().signal);
}
