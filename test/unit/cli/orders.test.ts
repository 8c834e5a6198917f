import { describe, expect, it } from '@jest/globals';
import { approve } from '../../../src/cli/approve.ts';
import { cutover } from '../../../src/cli/cutover.ts';
import { discard } from '../../../src/cli/discard.ts';
import { finalize } from '../../../src/cli/finalize.ts';
import { pause } from '../../../src/cli/pause.ts';
import { reject } from '../../../src/cli/reject.ts';
import { resolve } from '../../../src/cli/resolve.ts';
import { resume } from '../../../src/cli/resume.ts';
import { rollback } from '../../../src/cli/rollback.ts';
import { statusOf } from '../../support/status-of.ts';
import { noWorker, refused, run, stage } from './fake-project.ts';

const env = { ECLUSE_ACTOR: 'p-17' };
const ready = statusOf({ workload: 'photos', state: 'ready for cutover', condition: 'waiting' });
const readyToo = statusOf({ workload: 'logs', wave: 2, state: 'ready for cutover', condition: 'moving' });
const young = statusOf({ workload: 'young', wave: 1 });

describe('orders', () => {
  it('go to the named workloads, with the person’s id', async () => {
    const set = stage({ env });
    set.project.workloads = [readyToo];
    const { exit, answer } = await run(set, cutover, ['logs'], { frozen: true });
    expect(exit).toBe(0);
    expect(set.project.ordersTold('order')).toEqual([{ workload: 'logs', order: 'cutover', by: 'p-17', frozenByHand: true }]);
    expect(answer).toBe('logs: cutover ordered.\n');
  });

  it('for a wave or for all pass over those in another state, and tell it', async () => {
    const set = stage({ env });
    set.project.workloads = [ready, readyToo, young];
    const { json, exit } = await run(set, cutover, [], { wave: '1', json: true });
    expect(exit).toBe(0);
    expect(json).toMatchObject({ taken: [{ workload: 'photos' }], skipped: [{ workload: 'young', state: 'replicating' }] });
    expect((await run(set, cutover, [], { all: true })).answer).toContain('young: left alone, it is replicating.');
  });

  it('want exactly one of names, --wave, --all', async () => {
    const set = stage();
    set.project.workloads = [ready];
    for (const [args, options] of [
      [[], {}],
      [['photos'], { all: true }],
      [[], { all: true, wave: '1' }],
    ] as const)
      expect((await run(set, finalize, args, options)).exit).toBe(2);
    expect(set.project.ordersTold('order')).toEqual([]);
  });

  it('wait for an approval that is still open: 3, and the command', async () => {
    const set = stage();
    set.project.workloads = [{ ...ready, gate: { gate: 'cutover', scope: 'a'.repeat(64) } }];
    const { exit, answer } = await run(set, cutover, ['photos']);
    expect(exit).toBe(3);
    expect(answer).toContain('ecluse approve cutover photos');
    expect(set.project.ordersTold('order')).toEqual([]);
  });

  it('that the project refuses are told with its sentence: 1', async () => {
    const set = stage();
    set.project.workloads = [statusOf({ workload: 'photos' })];
    set.project.failing = { order: refused('"photos" is replicating: discard is possible only when rolled back') };
    const { exit, answer } = await run(set, discard, ['photos']);
    expect(exit).toBe(1);
    expect(answer).toContain('possible only when rolled back');
  });

  it('fail whole when no worker answers', async () => {
    const set = stage();
    set.project.workloads = [ready];
    set.project.failing = { order: noWorker('send the order') };
    const { exit, json } = await run(set, cutover, ['photos'], { json: true });
    expect(exit).toBe(1);
    expect(json).toMatchObject({ error: { code: 'NO_WORKER' } });
  });
});

describe('rollback', () => {
  it('asks the person at a terminal', async () => {
    const set = stage({ person: false });
    set.project.workloads = [ready];
    expect(await run(set, rollback, ['photos'])).toMatchObject({ exit: 1, answer: 'Nothing was sent.\n' });
    expect(set.project.ordersTold('order')).toEqual([]);
    await run({ ...set, person: true }, rollback, ['photos']);
    await run(set, rollback, ['photos'], { yes: true });
    expect(set.project.ordersTold('order')).toHaveLength(2);
  });

  it('--discard waits until it is back, then orders only those that it took back', async () => {
    const set = stage({ env });
    set.project.workloads = [ready, statusOf({ workload: 'other', state: 'not ready' })];
    const onWait = (): void => {
      set.project.workloads = [
        { ...ready, state: 'rolled back', gate: { gate: 'discard', scope: 'b'.repeat(64) } },
        statusOf({ workload: 'other', state: 'not ready' }),
      ];
    };
    const { exit, answer } = await run({ ...set, onWait }, rollback, [], { wave: '1', discard: true, yes: true });
    expect(set.project.ordersTold('order')).toEqual([{ workload: 'photos', order: 'rollback', by: 'p-17' }]);
    expect(exit).toBe(3);
    expect(answer).toContain('ecluse approve discard photos');
  });
});

describe('gates', () => {
  const gateScope = {
    v: 1,
    source: { at: 'source', bucket: 'photos' },
    target: { at: 'target', bucket: 'photos-new' },
    into: 'new',
    versions: 'latest',
    freeze: 'policy',
    losses: ['STORAGE_CLASS_LOST'],
  };
  const atGate = async () => {
    const set = stage({ env });
    const scope = await set.depot.put(Buffer.from(JSON.stringify(gateScope)));
    set.project.workloads = [{ ...ready, gate: { gate: 'cutover', scope }, losses: [{ code: 'STORAGE_CLASS_LOST', count: 7 }] }];
    return { set, scope };
  };

  it('show what is approved, read by its digest, before anything is sent', async () => {
    const { set, scope } = await atGate();
    const { exit, answer } = await run(set, approve, ['cutover', 'photos']);
    expect(exit).toBe(0);
    expect(set.project.ordersTold('approve')).toEqual([{ workload: 'photos', gate: 'cutover', scope, by: 'p-17' }]);
    for (const part of ['source/photos', 'target/photos-new', 'freeze', 'policy', 'STORAGE_CLASS_LOST (7): Becomes the standard class', scope])
      expect(answer).toContain(part);
  });

  it('ask a person, and send nothing on no', async () => {
    const { set } = await atGate();
    const { exit, remarks } = await run({ ...set, person: false }, approve, ['cutover', 'photos']);
    expect(exit).toBe(1);
    expect(remarks).toContain('target/photos-new');
    expect(set.project.ordersTold('approve')).toEqual([]);
    expect((await run({ ...set, person: true }, approve, ['cutover', 'photos'])).exit).toBe(0);
  });

  it('that are not open cannot be approved', async () => {
    const { set } = await atGate();
    expect(await run(set, approve, ['finalize', 'photos'])).toMatchObject({ exit: 1, remarks: expect.stringContaining('the open gate of photos is cutover') });
    expect((await run(set, approve, ['cutover', 'photos'], { scope: 'xyz' })).exit).toBe(2);
    expect((await run(set, approve, ['nonsense', 'photos'])).exit).toBe(2);
    expect(set.project.ordersTold('approve')).toEqual([]);
  });

  it('are rejected with a reason', async () => {
    const { set, scope } = await atGate();
    expect((await run(set, reject, ['cutover', 'photos'])).exit).toBe(2);
    expect((await run(set, reject, ['cutover', 'photos'], { reason: 'wrong target' })).exit).toBe(0);
    expect(set.project.ordersTold('reject')).toEqual([{ workload: 'photos', gate: 'cutover', scope, reason: 'wrong target', by: 'p-17' }]);
  });
});

describe('pause, resume, resolve', () => {
  it('reach a workload or the whole project', async () => {
    const set = stage({ env });
    set.project.workloads = [ready];
    await run(set, pause);
    await run(set, resume, ['photos']);
    expect(set.project.ordersTold('pause')).toEqual([{ by: 'p-17' }]);
    expect(set.project.ordersTold('resume')).toEqual([{ by: 'p-17', workload: 'photos' }]);
    expect((await run(set, pause, ['nobody'])).exit).toBe(2);
  });

  it('a decision needs its reason', async () => {
    const set = stage({ env });
    set.project.workloads = [statusOf({ condition: 'stuck' })];
    expect((await run(set, resolve, ['photos', 'accept'])).exit).toBe(2);
    expect((await run(set, resolve, ['photos', 'accept'], { reason: 'gone anyway' })).exit).toBe(0);
    expect(set.project.ordersTold('resolve')).toEqual([{ workload: 'photos', how: 'accept', reason: 'gone anyway', by: 'p-17' }]);
  });
});

describe('the person', () => {
  it('is an opaque id: no name is sent, and an address is refused', async () => {
    const set = stage();
    set.project.workloads = [ready];
    await run(set, pause);
    expect(set.project.ordersTold('pause')[0]).toMatchObject({ by: expect.stringMatching(/^user:[0-9a-f]{12}$/) });
    expect((await run(set, pause, [], { by: 'jane.doe@example.org' })).exit).toBe(2);
  });
});
