import { describe, expect, it } from '@jest/globals';
import { planBytes } from '../../../src/cli/plan-file.ts';
import { rollback } from '../../../src/cli/rollback.ts';
import { loadConfig, loadPlan } from '../../../src/config/load.ts';
import type { WorkloadState } from '../../../src/model/status.ts';
import { statusOf } from '../../support/status-of.ts';
import { ledgerLine } from '../report/ledger-line.ts';
import { run, type Stage } from './fake-project.ts';
import { machine, machineStage } from './machine-project.ts';

const cutOverAt = '2026-01-02T01:02:03.000Z';
const cutOver = (ref: string) => ({ event: 'step.succeeded', unit: { kind: 'vm', ref }, act: { name: 'cut-over', run: 1, pass: 3, turn: 4 } }) as const;

/** A machine in this state, its plan in the depot, and a log in which it was cut over, twice. */
async function at(state: WorkloadState, records = 600): Promise<Stage> {
  const set = machineStage({ env: { ECLUSE_ACTOR: 'p-17' } });
  set.project.workloads = [machine({ state })];
  set.project.planDigest = await set.depot.put(planBytes(loadPlan(`${set.folder}/plan.yaml`, loadConfig(`${set.folder}/ecluse.yaml`))));
  const all = Array.from({ length: records }, (_, seq) => {
    if (seq === 10) return ledgerLine({ seq, ...cutOver('web'), time: '2025-12-01T00:00:00.000Z' });
    if (seq === 100) return ledgerLine({ seq, ...cutOver('web'), time: cutOverAt });
    return ledgerLine({ seq, ...cutOver('other'), time: '2026-01-02T02:00:00.000Z' });
  });
  set.project.answers = { ledgerShow: ({ fromSeq, limit }) => ({ lines: all.slice(fromSeq, fromSeq + limit), size: all.length }) };
  return set;
}
const ordered = ({ project }: Stage): unknown[] => project.ordersTold('order');

/** Ten minutes to stop at most, three a disk, three to start. */
const said =
  'web: the target is stopped, its disks are kept in snapshots until a discard, then the source starts; about 19 minutes (stop up to 10, snapshots, start). ' +
  'What was written on the target since 2026-01-02 01:02 is not on the source: it stays in the snapshots only.';

describe('the rollback of a machine', () => {
  it('that is cut over says its time and its loss before it asks', async () => {
    const set = await at('cut over');
    const { exit, remarks } = await run({ ...set, person: false }, rollback, ['web']);
    expect(exit).toBe(1);
    expect(remarks).toMatch(new RegExp(`^${said.replaceAll(/[.()]/g, '\\$&')}\nGo back with web\\?`));
    expect(ordered(set)).toEqual([]);
    expect((await run({ ...set, person: true }, rollback, ['web'])).exit).toBe(0);
    expect(ordered(set)).toEqual([{ workload: 'web', order: 'rollback', by: 'p-17' }]);
  });

  it('that is cut over demands --yes where nobody can be asked', async () => {
    const set = await at('cut over');
    const { exit, remarks } = await run(set, rollback, ['web']);
    expect(exit).toBe(2);
    for (const part of ['web: cut over; say --yes', said, 'ecluse rollback web --yes']) expect(remarks).toContain(part);
    expect(ordered(set)).toEqual([]);
    expect(await run(set, rollback, ['web'], { yes: true })).toMatchObject({ exit: 0, answer: `${said}\nweb: rollback ordered.\n` });
  });

  it('tells the same as JSON', async () => {
    const { json } = await run(await at('cut over'), rollback, ['web'], { yes: true, json: true });
    const loss = 'what was written on the target';
    expect(json).toMatchObject({
      statements: [{ workload: 'web', state: 'cut over', minutes: 19, stopMinutes: 10, since: cutOverAt, loss, text: said }],
      order: 'rollback',
      taken: [{ workload: 'web' }],
    });
  });

  it.each<[WorkloadState, string]>([
    ['replicating', 'web: the source was never stopped: nothing is lost.'],
    ['ready for test', 'web: the source was never stopped: nothing is lost.'],
    ['cutting over', 'web: the cutover under way is undone: what was made of it on the target is removed, then the source starts.'],
  ])('that is %s loses nothing, and is ordered without a terminal', async (state, text) => {
    const set = await at(state);
    const { exit, answer, json } = { ...(await run(set, rollback, ['web'])), json: (await run(set, rollback, ['web'], { json: true })).json };
    expect([exit, answer.startsWith(text)]).toEqual([0, true]);
    expect(json).toMatchObject({ statements: [{ loss: 'none' }] });
    expect(set.project.told.some(({ kind }) => kind.startsWith('rollback/'))).toBe(false);
  });

  it('says what it can when neither plan nor record can be read: the order is not kept waiting', async () => {
    const set = await at('cut over');
    set.project.planDigest = 'f'.repeat(64);
    set.project.answers = {};
    const { exit, answer } = await run(set, rollback, ['web'], { yes: true });
    expect(exit).toBe(0);
    expect(answer).toContain('then the source starts (stop, snapshots, start). What was written on the target since the cutover is not on the source');
  });

  it('of buckets is as it was: no statement, no demand', async () => {
    const set = machineStage();
    set.project.workloads = [statusOf({ workload: 'photos', state: 'cut over', condition: 'waiting' })];
    expect(await run(set, rollback, ['photos'])).toMatchObject({ exit: 0, answer: 'photos: rollback ordered.\n' });
    const { json } = await run(set, rollback, ['photos'], { json: true });
    expect(json).not.toHaveProperty('statements');
  });

  it('with others asks once, for all of them', async () => {
    const set = await at('cut over');
    set.project.workloads = [...set.project.workloads, statusOf({ workload: 'photos', state: 'cut over', condition: 'waiting' })];
    expect((await run(set, rollback, [], { all: true })).exit).toBe(2);
    const { remarks } = await run({ ...set, person: false }, rollback, [], { all: true });
    expect(remarks).toContain('Go back with web, photos?');
  });
});
