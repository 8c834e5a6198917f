import { afterAll, expect, jest } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import { projectWorkflowId, taskQueue } from '../../src/core/ids.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { createMemoryStore, type MemoryStore } from '../support/memory-store.ts';
import { itSideBySide } from '../support/side-by-side.ts';
import { describeTemporal } from '../support/temporal.ts';
import { contents, disconnect, type Stage, withStage } from './stage.ts';
import { attend } from './suites.ts';

jest.setTimeout(240_000);
afterAll(disconnect);

/** Two stores in memory with a bucket of its own for each name; those of the source are there already. */
function house(seed: (store: MemoryStore, bucket: string) => void): Stores & { bucket(at: string, name: string): MemoryStore } {
  const stores = new Map<string, MemoryStore>();
  const bucket = (at: string, name: string): MemoryStore => {
    const known = stores.get(`${at}/${name}`);
    if (known) return known;
    const made = createMemoryStore({ exists: at === 'from' });
    if (at === 'from') seed(made, name);
    stores.set(`${at}/${name}`, made);
    return made;
  };
  return {
    bucket,
    names: () => ['from', 'to'],
    open: bucket,
    buckets: async () => [],
    place: (at, name) => ({ provider: 'memory', region: at, resource_ref: name }),
  };
}

const continuedFrom = async (stage: Stage, workload?: string): Promise<string | undefined> =>
  (await stage.history(workload)).events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId || undefined;

describeTemporal('a project', () => {
  let isMended = false;

  itSideBySide(4, {
    'that continues as new while its workloads copy loses none of them': async () => {
      const stores = house((store, bucket) => {
        for (let n = 0; n < 20; n++) store.seed(`k/${n}`, `${bucket} ${n}`);
      });
      const plan = Array.from({ length: 4 }, () => ({ wave: 1 }));
      await withStage({ stores, plan, shardObjects: 4, window: 2, continueAfterEvents: 40 }, async (stage) => {
        const drive = async (workload: string): Promise<void> => {
          await stage.cutOver(workload);
          await stage.approve('finalize', workload);
          await stage.order('finalize', workload);
        };
        await Promise.all([...plan.keys()].map((n) => drive(`w${n}`)));
        expect(await continuedFrom(stage)).toBeDefined();
        const { workloads } = (await stage.handle.result()) as { workloads: { workload: string }[] };
        expect(workloads.map(({ workload }) => workload)).toEqual(['w0', 'w1', 'w2', 'w3']);
        for (const workload of workloads) expect(workload).toMatchObject({ state: 'finalized', condition: 'done', verdict: 'PASS', objects: 20 });
        for (const n of plan.keys()) expect(contents(stores.bucket('to', `records-${n}`))).toEqual(contents(stores.bucket('from', `records-${n}`)));
        expect(await stage.verifyLedger()).toMatchObject({ verdict: 'PASS' });
      });
    },

    'whose last workload ends just as it continues as new, ends too': () =>
      withStage({}, async (stage) => {
        const status = await stage.untilState('ready for cutover', 'waiting');
        await stage.handle.terminate('its next run is started here, with what the last one carries over');
        const ended = { ...status, state: 'finalized' as const, condition: 'done' as const };
        const next = await stage.client.workflow.start('project', {
          workflowId: projectWorkflowId(stage.project),
          taskQueue: taskQueue(stage.project, 'control'),
          args: [{ ...stage.input, carried: { started: ['w0'], statuses: [ended], paused: false } }],
        });
        expect(await next.result()).toMatchObject({ condition: 'done' });
      }),

    'starts its waves in order': async () => {
      const stores = house((store, bucket) => store.seed('k', bucket));
      const nameOf = (task: unknown): string | undefined => (task as { entry?: { name: string } }).entry?.name;
      const before = ({ name, task }: { name: string; task: unknown }): void => {
        if (name === 'copyShard' && nameOf(task) === 'w0' && !isMended) throw ApplicationFailure.nonRetryable('planted', 'PERMISSION_DENIED');
      };
      await withStage({ stores, plan: [{ wave: 1 }, { wave: 2 }, { wave: 3 }], faults: { before } }, async (stage) => {
        await stage.untilState('replicating', 'held');
        expect(await stage.status('w1')).toMatchObject({ state: 'not ready', condition: 'waiting', waitingFor: 'its wave' });
        isMended = true;
        await stage.resume('w0');
        await stage.untilState('ready for cutover', 'waiting', 'w1');
        await stage.untilState('ready for cutover', 'waiting', 'w2');
        expect(stage.calls.filter(({ name }) => name === 'listSource').map(({ task }) => nameOf(task))).toEqual(['w0', 'w1', 'w2']);
      });
    },

    'that is paused pauses all, and goes on when it is resumed': async () => {
      const stores = house((store, bucket) => store.seed('k', bucket));
      await withStage({ stores, plan: [{ wave: 1 }, { wave: 2 }] }, async (stage) => {
        await stage.pauseAll();
        expect(await stage.until(({ condition }) => condition === 'paused', 'w1')).toMatchObject({ state: 'not ready' });
        await stage.until(({ condition }) => condition === 'paused');
        expect((await stage.projectStatus()).condition).toBe('paused');
        await stage.resumeAll();
        await attend(stage, ({ state }) => state === 'cut over', { 'ready for cutover': 'cutover' });
        await stage.untilState('ready for cutover', 'waiting', 'w1');
      });
    },
  });
});
