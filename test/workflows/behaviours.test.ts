import { afterAll, expect, jest } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import { taskQueue, workloadWorkflowId } from '../../src/core/ids.ts';
import { type BucketInput, newBucketState } from '../../src/workflows/bucket-state.ts';
import * as messages from '../../src/workflows/messages.ts';
import { createMemoryStore, type MemoryStore } from '../support/memory-store.ts';
import { itSideBySide } from '../support/side-by-side.ts';
import { describeTemporal } from '../support/temporal.ts';
import { contents, disconnect, type Stage, type StageOptions, withStage } from './stage.ts';
import { bucketPassage, expectArrived, expectCleanSlate } from './suites.ts';

jest.setTimeout(240_000);
afterAll(disconnect);

const many = (objects: number): MemoryStore => {
  const store = createMemoryStore();
  for (let n = 0; n < objects; n++) store.seed(`k/${n}`, `object ${n}`);
  return store;
};

/** Something that a test holds back until it lets it go. */
function latch(): { readonly opened: Promise<void>; open(): void; readonly reached: Promise<void>; reach(): void } {
  const [out, into] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  return { opened: out.promise, open: out.resolve, reached: into.promise, reach: into.resolve };
}

const play = (options: StageOptions, act: (stage: Stage) => Promise<void>) => (): Promise<void> => withStage(options, act);
const refusal = (attempt: Promise<unknown>): Promise<string> =>
  attempt.then(
    () => 'taken',
    (error: Error & { cause?: Error }) => error.cause?.message ?? error.message,
  );
const continuedFrom = async (stage: Stage, workload?: string): Promise<string | undefined> =>
  (await stage.history(workload)).events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId || undefined;
const count = (stage: Stage, name: string): number => stage.calls.filter((call) => call.name === name).length;
const lossy = (): MemoryStore => {
  const store = createMemoryStore();
  store.seed('a//b', 'kept here');
  return store;
};

describeTemporal('a workload', () => {
  const gate = latch();
  const copying = latch();
  let isBroken = true;

  itSideBySide(8, {
    'that is paused ends what is in flight, starts nothing more, and goes on when it is resumed': play(
      {
        source: many(30),
        shardObjects: 5,
        window: 1,
        faults: {
          before: async ({ name }) => {
            if (name !== 'copyShard') return;
            gate.reach();
            await gate.opened;
          },
        },
      },
      async (stage) => {
        await gate.reached;
        await stage.pause();
        gate.open();
        expect(await stage.untilState('replicating', 'paused')).toMatchObject({ waitingFor: 'resume', progress: { copiedObjects: 5 } });
        await new Promise((later) => setTimeout(later, 500));
        expect(count(stage, 'copyShard')).toBe(1);
        expect(await refusal(stage.order('rollback'))).toContain('paused');
        await stage.resume();
        await bucketPassage.forth(stage);
        await expectArrived(stage);
        expect(count(stage, 'copyShard')).toBe(6);
      },
    ),

    'that is ordered back while it copies is undone, and starts again on a person’s word': play(
      {
        shardObjects: 2,
        window: 1,
        faults: {
          after: async ({ name, n }) => {
            if (name !== 'copyShard' || n > 8) return;
            copying.reach();
            await copying.opened;
          },
        },
      },
      async (stage) => {
        const before = contents(stage.source);
        await copying.reached;
        await stage.order('rollback');
        copying.open();
        expect(await stage.untilState('not ready', 'waiting')).toMatchObject({ reason: { code: 'ORDERED_BACK' } });
        await expectCleanSlate(stage, before);
        await stage.until(({ waitingFor }) => waitingFor === 'resume or discard after ORDERED_BACK');
        await stage.resume();
        await bucketPassage.forth(stage);
        await expectArrived(stage);
      },
    ),

    'that is ready for cutover can be rolled back; its copies go only when that was approved': play({}, async (stage) => {
      const before = contents(stage.source);
      await stage.untilState('ready for cutover', 'waiting');
      await stage.order('rollback');
      expect(await stage.untilState('rolled back', 'waiting')).toMatchObject({ gate: { gate: 'discard' } });
      expect(contents(stage.source)).toEqual(before);
      expect(contents(stage.target)).toEqual(before);
      expect(await refusal(stage.order('discard'))).toContain('waits for its approval');
      await stage.approve('discard');
      await stage.until(({ waitingFor }) => waitingFor?.startsWith('order discard') === true);
      await stage.order('discard');
      await stage.handle.result();
      await expectCleanSlate(stage, before);
    }),

    'whose losses are rejected is undone; resumed, it asks again': play({ source: lossy() }, async (stage) => {
      await stage.reject('loss');
      expect(await stage.until(({ waitingFor }) => waitingFor?.startsWith('resume') === true)).toMatchObject({
        state: 'not ready',
        reason: { code: 'REJECTED' },
      });
      expect(stage.target.bucket.entries('all')).toEqual([]);
      await stage.resume();
      await stage.approve('loss');
      await bucketPassage.forth(stage);
      await expectArrived(stage);
      expect(await stage.events()).toEqual(expect.arrayContaining(['gate.rejected', 'loss.accepted']));
    }),

    'takes no approval of anything but its open scope, and no order out of its turn': play({ source: lossy() }, async (stage) => {
      const tell = (approval: Partial<messages.Approval>): Promise<string> =>
        refusal(stage.handle.executeUpdate(messages.approve, { args: [{ workload: 'w0', gate: 'loss', scope: '', by: 'p-1', ...approval }] }));
      const { gate: open } = await stage.until((now) => now.gate?.gate === 'loss');
      expect(await tell({ scope: '0'.repeat(64) })).toContain('no longer what would happen');
      expect(await tell({ gate: 'cutover', scope: open?.scope ?? '' })).toContain('the open gate of "w0" is loss, not cutover');
      expect(await tell({ workload: 'w9', scope: open?.scope ?? '' })).toContain('no workload "w9"');
      expect(await tell({ by: 'a name with spaces', scope: open?.scope ?? '' })).toContain('opaque id');
      for (const order of ['cutover', 'finalize', 'discard'] as const) expect(await refusal(stage.order(order))).toContain('is replicating');
      await stage.approve('loss');

      await stage.untilState('ready for cutover', 'waiting');
      expect(await refusal(stage.order('cutover'))).toContain('gate cutover of "w0" waits for its approval');
      for (const order of ['finalize', 'discard'] as const) expect(await refusal(stage.order(order))).toContain('is ready for cutover');
      expect(await refusal(stage.resolve('accept'))).toContain('nothing to resolve');
      await stage.cutOver();
      for (const order of ['cutover', 'discard'] as const) expect(await refusal(stage.order(order))).toContain('is cut over');
      await stage.approve('finalize');
      await stage.order('finalize');
      await stage.handle.result();
      expect(await refusal(stage.order('rollback'))).not.toBe('taken');
    }),

    'that waits for its cutover takes over what changes meanwhile, by itself': play({ deltaEveryMinutes: 0.03 }, async (stage) => {
      const { pass } = await stage.untilState('ready for cutover', 'waiting');
      stage.source.seed('came later', 'x');
      await stage.until((now) => now.pass > pass && now.state === 'ready for cutover' && stage.target.bucket.current('came later') !== undefined);
      await stage.approve('cutover');
      stage.source.seed('came later still', 'x');
      await stage.until(() => stage.target.bucket.current('came later still') !== undefined);
      // Deltas leave the approval standing.
      await stage.until(({ waitingFor }) => waitingFor === 'order cutover');
      expect(new Set((await stage.events()).filter((event) => event === 'gate.rejected'))).toEqual(new Set());
    }),

    'whose undo fails is stuck until a person decides, and says so': play(
      {
        faults: {
          before: ({ name }) => {
            if (name === 'verifyShard' && isBroken) throw ApplicationFailure.nonRetryable('planted', 'TARGET_INVALID');
            if (name === 'removeTarget') throw ApplicationFailure.nonRetryable('planted', 'PERMISSION_DENIED');
          },
        },
      },
      async (stage) => {
        const stuck = await stage.until(({ condition }) => condition === 'stuck');
        expect(stuck).toMatchObject({ step: 'prepare target', reason: { code: 'PERMISSION_DENIED' }, waitingFor: 'operator: PERMISSION_DENIED' });
        expect((await stage.projectStatus()).condition).toBe('waiting');
        await stage.resolve('retry');
        await stage.until(({ condition, sequence }) => condition === 'stuck' && sequence > stuck.sequence);
        await stage.resolve('accept');
        expect(await stage.until(({ waitingFor }) => waitingFor?.startsWith('resume') === true)).toMatchObject({ state: 'not ready' });
        expect((await stage.events()).filter((event) => event === 'stuck.resolved')).toHaveLength(2);
        isBroken = false;
        await stage.resume();
        await bucketPassage.forth(stage);
        await expectArrived(stage);
      },
    ),

    'whose freeze is edited needs a new approval; an edited pause between deltas does not': play({}, async (stage) => {
      const edited = (entry: object): messages.PlannedWorkload[] => stage.planned.map((planned) => ({ ...planned, entry: { ...planned.entry, ...entry } }));
      const byHand = (): Promise<unknown> =>
        stage.handle.executeUpdate(messages.order, { args: [{ workload: 'w0', order: 'cutover', frozenByHand: true, by: 'p-1' }] });
      const { gate: first } = await stage.until((now) => now.gate?.gate === 'cutover');
      await stage.approve('cutover');
      await stage.applyPlan(edited({ deltaEveryMinutes: 30 }), { window: 2 });
      await new Promise((later) => setTimeout(later, 300));
      expect(await stage.status()).toMatchObject({ waitingFor: 'order cutover' });

      await stage.applyPlan(edited({ freeze: 'manual' }));
      expect(await refusal(stage.order('cutover'))).toContain('frozen by hand');
      await byHand();
      const { gate: second } = await stage.until((now) => now.gate?.gate === 'cutover');
      expect(second?.scope).not.toBe(first?.scope);
      expect(count(stage, 'freeze')).toBe(0);
      await stage.approve('cutover');
      await stage.until(({ waitingFor }) => waitingFor === 'order cutover');
      await byHand();
      await stage.untilState('cut over');
      expect(stage.source.frozenBy).toEqual([]);
      expect(await refusal(stage.applyPlan(edited({ target: { at: 'to', bucket: 'elsewhere' } })))).toContain('cannot change');
      expect(await refusal(stage.applyPlan([]))).toContain('cannot leave the plan');
    }),

    'that is approved just as it continues as new can be ordered on': play({}, async (stage) => {
      const [planned] = stage.planned;
      const status = await stage.until((now) => now.gate?.gate === 'cutover');
      await stage.bucketHandle().terminate('its next run is started here, with the approval before its first task');
      const input = { ...stage.input, ...planned } as unknown as BucketInput;
      await stage.client.workflow.signalWithStart('bucket', {
        workflowId: workloadWorkflowId(stage.project, 'bucket', 'w0'),
        taskQueue: taskQueue(stage.project, 'control'),
        args: [{ ...input, carried: { ...newBucketState(input, status.startedAt), status } }],
        signal: messages.instruct,
        signalArgs: [{ kind: 'approved', gate: 'cutover', scope: status.gate?.scope ?? '', by: 'p-1' }],
      });
      expect(await stage.until(({ waitingFor }) => waitingFor === 'order cutover')).not.toHaveProperty('gate');
      await stage.order('cutover');
      await stage.until(({ state }) => state === 'cutting over');
    }),

    'that continues as new in the middle of its windows copies nothing twice': play(
      { source: many(60), shardObjects: 5, window: 2, continueAfterEvents: 25 },
      async (stage) => {
        await bucketPassage.forth(stage);
        await expectArrived(stage);
        expect(await continuedFrom(stage, 'w0')).toBeDefined();
        expect(stage.target.counters.calls.put).toBe(60);
        expect(count(stage, 'copyShard')).toBe(12);
      },
    ),
  });
});
