import { describe, expect, it } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createSweepActivities } from '../../../src/activities/machines/sweeping.ts';
import type { MachineDeps } from '../../../src/activities/machines/task.ts';
import { openMemoryDepot } from '../../../src/depot/memory.ts';
import type { SweepErrand, SweepFile, SweepResult } from '../../../src/model/errand.ts';
import type { DiskSnapshot } from '../../../src/ports/machine-source.ts';
import { createMemorySource } from '../../support/memory-source.ts';
import { createMemoryTarget, type MemoryTarget } from '../../support/memory-target.ts';

/** One source cloud with two regions, one target; what stands there is what a test puts there. */
function clouds() {
  const regions = { 'eu-west-3': createMemorySource(), 'eu-west-1': createMemorySource() };
  const target = createMemoryTarget(() => Buffer.alloc(0));
  const depot = openMemoryDepot();
  let now = 0;
  const opened: string[] = [];
  const deps = {
    depot,
    clock: {
      now: () => now,
      sleep: async (milliseconds: number) => {
        now += milliseconds;
      },
    },
    clouds: {
      names: () => [
        { cloud: 'aws', side: 'source' },
        { cloud: 'outscale', side: 'target' },
      ],
      source: (_: string, where: { region?: string } = {}) => {
        opened.push(where.region ?? '');
        const scopes = async () => Object.keys(regions).map((region) => ({ account: '111122223333', region }));
        return { ...regions[(where.region ?? 'eu-west-3') as keyof typeof regions], estate: { kinds: [], scopes, assets: async function* () {} } };
      },
      target: () => ({ machines: target, staging: { at: 'target', bucket: 'images' }, importHours: 1 }),
    },
  } as unknown as MachineDeps;
  const { sweep } = createSweepActivities(deps);
  const run = async (errand: Omit<SweepErrand, 'project'> = {}) => {
    const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR', () => undefined) });
    const result: SweepResult = await environment.run<[SweepErrand], SweepResult, typeof sweep>(sweep, { project: 'demo', ...errand });
    const { things } = JSON.parse((await depot.get(result.digest)).toString('utf8')) as SweepFile;
    return { ...result, things };
  };
  return { regions, target, run, opened };
}

function put(target: MemoryTarget, kind: 'machine' | 'volume' | 'image' | 'snapshot' | 'network', mark: string): void {
  const id = `${kind}-${target.things.size + 1}`;
  target.things.set(id, { kind, id, mark, state: 'available' });
}
const snapshot = (id: string, mark: string): DiskSnapshot => ({ id, disk: 'vol-1', state: 'completed', startedAt: '2026-01-01T00:00:00Z', sizeBytes: 1, mark });
function take(source: ReturnType<typeof createMemorySource>, id: string, mark: string): void {
  source.snapshotsById.set(id, { ...snapshot(id, mark), content: { sizeBytes: 1, blocks: new Map() } as never });
}

const states = { web: 'cut over', gone: 'discarded', done: 'finalized' } as const;

function furnished() {
  const set = clouds();
  take(set.regions['eu-west-3'], 'snap-1', 'demo/gone/r1/p0/running/1');
  take(set.regions['eu-west-1'], 'snap-2', 'demo/nobody/r0/p0/running/1');
  take(set.regions['eu-west-1'], 'snap-3', 'demo/web/r1/p0/running/1');
  take(set.regions['eu-west-1'], 'snap-4', 'demo2/web/r1/p0/running/1');
  put(set.target, 'machine', 'demo/web/cutover/m1/machine');
  put(set.target, 'machine', 'demo/done/cutover/m1/machine');
  put(set.target, 'snapshot', 'demo/gone/kept/m1/sda1');
  put(set.target, 'volume', 'demo/gone/rehearsal/m2/machine');
  put(set.target, 'image', 'demo/nobody/rehearsal/m1/image');
  put(set.target, 'network', 'demo/network');
  return set;
}

const marks = ({ things }: { readonly things: SweepFile['things'] }): string[] => things.map(({ mark }) => mark);
const staying = ['demo/web/r1/p0/running/1', 'demo/web/cutover/m1/machine', 'demo/done/cutover/m1/machine', 'demo/gone/kept/m1/sda1', 'demo/network'];

describe('the sweep', () => {
  it('lists what carries the mark of this project, in every region, and touches nothing', async () => {
    const { run, target } = furnished();
    const listed = await run();
    expect([listed.found, listed.removed, target.things.size]).toEqual([9, 0, 6]);
    expect(listed.things.find(({ id }) => id === 'snap-2')).toEqual({
      cloud: 'aws',
      account: '111122223333',
      region: 'eu-west-1',
      kind: 'snapshot',
      id: 'snap-2',
      mark: 'demo/nobody/r0/p0/running/1',
      state: 'completed',
    });
  });

  it('removes what nothing keeps, each where it stands; repeated, it finds nothing to do', async () => {
    const { run, regions } = furnished();
    const { digest } = await run();
    const swept = await run({ remove: { listed: digest, states } });
    expect([swept.removed, marks(swept)]).toEqual([4, staying]);
    expect(regions['eu-west-1'].snapshotsById.has('snap-4')).toBe(true);
    expect(marks(await run({ remove: { listed: digest, states } }))).toEqual(staying);
  });

  it('removes nothing that the person was not shown', async () => {
    const { run, target } = furnished();
    const { digest } = await run();
    put(target, 'image', 'demo/nobody/rehearsal/m9/image');
    expect(marks(await run({ remove: { listed: digest, states } }))).toEqual([...staying, 'demo/nobody/rehearsal/m9/image']);
  });

  it('removes nothing of a workload that began after the list was shown', async () => {
    const { run } = furnished();
    const { digest } = await run();
    const swept = await run({ remove: { listed: digest, states: { ...states, nobody: 'replicating' } } });
    expect(marks(swept).filter((mark) => mark.startsWith('demo/nobody/'))).toHaveLength(2);
  });

  it('tells as left what will not go, and does not wait for ever', async () => {
    const { run, target } = furnished();
    const { digest } = await run();
    target.remove = async () => 'waiting';
    const swept = await run({ remove: { listed: digest, states } });
    expect([swept.removed, swept.found]).toEqual([2, 7]);
  });
});
