import { describe, expect, it } from '@jest/globals';
import type { MachineTarget, Removable } from '../../../src/ports/machine-target.ts';
import { type AnsweringCloud, answeringCloud, killed } from './answering-cloud.ts';
import { imageRequest, isolatedRequest, machineRequest, networkRequest } from './requests.ts';

interface Act {
  readonly kind: Removable;
  readonly mark: string;
  readonly run: (target: MachineTarget) => Promise<unknown>;
}

const acts: Readonly<Record<string, Act>> = {
  importSnapshot: { kind: 'snapshot', mark: 'shop/web/s', run: (target) => target.importSnapshot({ mark: 'shop/web/s', url: 'https://oos/x', sizeBytes: 1 }) },
  snapshotVolume: { kind: 'snapshot', mark: 'shop/web/v', run: (target) => target.snapshotVolume({ mark: 'shop/web/v', volume: 'vol-00000001' }) },
  ensureImage: { kind: 'image', mark: imageRequest.mark, run: (target) => target.ensureImage(imageRequest) },
  ensureNetwork: { kind: 'network', mark: networkRequest.mark, run: (target) => target.ensureNetwork(networkRequest) },
  'ensureNetwork, isolated': { kind: 'network', mark: isolatedRequest.mark, run: (target) => target.ensureNetwork(isolatedRequest) },
  ensureMachine: { kind: 'machine', mark: machineRequest.mark, run: (target) => target.ensureMachine(machineRequest) },
};

/** What stands in the account, but for ids and what comes and goes with a net, and for what a cloud keeps of a deleted thing. */
const inventory = ({ cloud }: AnsweringCloud): string[] =>
  cloud.things
    .filter(({ kind, State, fields }) => State !== 'terminated' && kind !== 'RouteTable' && fields.SecurityGroupName !== 'default')
    .map(({ kind, fields, Tags }) => `${kind} ${fields.SecurityGroupName ?? ''} ${Tags.map(({ Key, Value }) => `${Key}=${Value}`).join()}`)
    .sort();

async function removed({ target }: AnsweringCloud, { kind, mark }: Act): Promise<void> {
  for (let n = 0; n < 9; n++) if ((await target.remove(kind, mark)) === 'gone') return;
  throw new Error(`${kind} is not gone after nine calls`);
}

/** A run with one death; true when it came to it. */
async function dies(made: AnsweringCloud, run: () => Promise<unknown>, left: number, isDone: boolean): Promise<boolean> {
  made.death = { left, isDone };
  try {
    await run();
  } catch (error) {
    if (error !== killed) throw error;
    return true;
  } finally {
    made.death = undefined;
  }
  return false;
}

describe.each(Object.entries(acts))('%s', (_name, act) => {
  it('is the same when it is repeated', async () => {
    const made = answeringCloud();
    const first = await act.run(made.target);
    const stands = inventory(made);
    expect(await act.run(made.target)).toEqual(first);
    expect(inventory(made)).toEqual(stands);
  });

  it.each([true, false])('makes one, marked and removable, wherever it was killed (done: %s)', async (isDone) => {
    const whole = answeringCloud();
    await act.run(whole.target);
    for (let left = 0; ; left++) {
      const made = answeringCloud();
      if (!(await dies(made, () => act.run(made.target), left, isDone))) break;
      await act.run(made.target);
      expect(inventory(made)).toEqual(inventory(whole));
      await removed(made, act);
      expect(inventory(made)).toEqual([]);
    }
  });

  it('leaves nothing when it was killed and never repeated, but for a bare net', async () => {
    for (let left = 0; ; left++) {
      const made = answeringCloud();
      if (!(await dies(made, () => act.run(made.target), left, true))) break;
      await removed(made, act);
      expect(inventory(made).filter((thing) => !/^Net +$/.test(thing))).toEqual([]);
    }
  });

  it('is removed, wherever its removal was killed', async () => {
    for (let left = 0; ; left++) {
      const made = answeringCloud();
      await act.run(made.target);
      if (!(await dies(made, () => removed(made, act), left, true))) break;
      await removed(made, act);
      expect(inventory(made)).toEqual([]);
    }
  });

  it('is gone already when there is none, and deletes nothing then', async () => {
    const made = answeringCloud();
    expect(await made.target.remove(act.kind, act.mark)).toBe('gone');
    expect(made.calls.filter(({ action }) => !action.startsWith('Read'))).toEqual([]);
  });

  it('survives a lost answer of each of its writes: what is made is found in the same attempt', async () => {
    const whole = answeringCloud();
    await act.run(whole.target);
    const writes = [...new Set(whole.calls.map(({ action }) => action))].filter((action) => !action.startsWith('Read'));
    for (const action of writes) {
      const made = answeringCloud();
      made.fault(action, 'lost');
      // Rules are compared anew by the next attempt.
      if (action.endsWith('Rule')) await act.run(made.target).catch(() => act.run(made.target));
      else await act.run(made.target);
      expect(inventory(made)).toEqual(inventory(whole));
    }
  });
});
