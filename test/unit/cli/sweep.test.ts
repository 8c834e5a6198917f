import { describe, expect, it } from '@jest/globals';
import { Failure } from '../../../src/cli/failure.ts';
import { sweep } from '../../../src/cli/sweep.ts';
import type { MarkedThing, SweepErrand } from '../../../src/model/errand.ts';
import { noWorker, run, type Stage } from './fake-project.ts';
import { machine, machineStage } from './machine-project.ts';

const ofTarget = (kind: MarkedThing['kind'], mark: string): MarkedThing => ({ cloud: 'outscale', kind, id: `${kind}-1`, mark, state: 'available' });
const snapshot: MarkedThing = {
  cloud: 'aws',
  account: '111122223333',
  region: 'eu-west-3',
  kind: 'snapshot',
  id: 'snap-1',
  mark: 'demo/gone/r1/p0/running/1',
  state: 'completed',
};
const kept = ofTarget('machine', 'demo/web/cutover/m1/machine');
const orphan = ofTarget('image', 'demo/nobody/rehearsal/m1/image');

/** The errand removes what it is told, as the activity does. */
function withThings(set: Stage, first: readonly MarkedThing[], afterwards: readonly MarkedThing[] = first): Stage {
  const put = (things: readonly MarkedThing[]) => set.depot.put(Buffer.from(JSON.stringify({ v: 1, takenAt: '2026-01-01T00:00:00.000Z', things })));
  set.project.answers = {
    sweep: async ({ remove }) => ({
      digest: await put(remove ? afterwards : first),
      found: first.length,
      removed: remove ? first.length - afterwards.length : 0,
    }),
  };
  set.project.workloads = [machine({ state: 'cut over' }), machine({ workload: 'gone', state: 'discarded', condition: 'done' })];
  return set;
}
const removals = ({ project }: Stage): (SweepErrand['remove'] | undefined)[] =>
  project.told.filter(({ kind }) => kind.startsWith('sweep/')).map(({ input }) => (input as SweepErrand).remove);

describe('sweep', () => {
  it('says that nothing is there', async () => {
    expect(await run(withThings(machineStage(), []), sweep)).toMatchObject({
      exit: 0,
      answer: 'Nothing on the clouds of ecluse.yaml carries the mark of demo.\n',
    });
  });

  it('lists by workload what is there and what keeps it; what nothing keeps wants a look: 3', async () => {
    const set = withThings(machineStage(), [orphan, kept, snapshot, ofTarget('network', 'demo/network')]);
    const { exit, answer } = await run(set, sweep);
    expect(exit).toBe(3);
    expect(answer.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['(shared)', 'outscale', 'network', 'network-1', 'available', 'machines of the project that are not discarded'],
      ['gone', 'aws/eu-west-3', 'snapshot', 'snap-1', 'completed', 'nothing: it has ended'],
      ['nobody', 'outscale', 'image', 'image-1', 'available', 'nothing: no workload of that name in the plan'],
      ['web', 'outscale', 'machine', 'machine-1', 'available', 'its workload: cut over'],
      ['2 things want a person’s look.'],
      [''],
    ]);
    expect(removals(set)).toEqual([]);
    expect((await run(withThings(machineStage(), [kept]), sweep)).exit).toBe(0);
  });

  it('is told in French where the project is French', async () => {
    const french = withThings(machineStage({ clouds: 'language: fr\n' }), [kept]);
    expect((await run(french, sweep)).answer).toContain('sa charge : basculé');
  });

  it('--remove asks, and sends the list that was shown with the states of now', async () => {
    const set = withThings(machineStage(), [orphan, kept, snapshot], [kept]);
    expect(await run({ ...set, person: false }, sweep, [], { remove: true })).toMatchObject({
      exit: 1,
      answer: expect.stringMatching(/Nothing was sent\.\n$/),
      remarks: expect.stringMatching(/2 things are kept by nothing:[\s\S]*snap-1[\s\S]*image-1[\s\S]*Remove 2 things for good\? \[y\/N\]/),
    });
    expect(removals(set)).toEqual([]);
    const { exit, answer } = await run({ ...set, person: true }, sweep, [], { remove: true });
    expect(exit).toBe(0);
    expect(answer).toContain('2 things removed.');
    expect(removals(set)).toEqual([{ listed: expect.stringMatching(/^[0-9a-f]{64}$/), states: { web: 'cut over', gone: 'discarded' } }]);
  });

  it('--remove without a terminal demands --yes, before it asks any cloud', async () => {
    const set = withThings(machineStage(), [orphan], []);
    expect((await run(set, sweep, [], { remove: true })).exit).toBe(2);
    expect(set.project.told).toEqual([]);
    expect(await run(set, sweep, [], { remove: true, yes: true, json: true })).toMatchObject({ exit: 0, json: { removed: 1, things: [], looks: 0 } });
  });

  it('--remove sends nothing where nothing may go, and 3 where a person must look', async () => {
    const set = withThings(machineStage(), [kept, ofTarget('snapshot', 'demo/gone/kept/m1/sda1')]);
    const { exit, answer } = await run(set, sweep, [], { remove: true, yes: true });
    expect([exit, removals(set)]).toEqual([3, []]);
    expect(answer).toContain('look: kept by a rollback');
  });

  it('lists without a running project, but removes nothing then', async () => {
    const set = withThings(machineStage(), [kept, orphan]);
    set.project.failing = { status: new Failure({ code: 'NOT_STARTED', doing: 'ask', answer: 'not started', next: [] }) };
    expect(await run(set, sweep)).toMatchObject({
      exit: 3,
      answer: expect.stringContaining('look: no workload of that name in the plan; it may be in service'),
    });
    expect((await run(set, sweep, [], { remove: true, yes: true })).exit).toBe(1);
    set.project.failing = { status: noWorker('ask') };
    expect((await run(set, sweep)).exit).toBe(1);
    expect(removals(set)).toEqual([]);
  });
});
