import { expect } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import type { Order, WorkloadStatus } from '../../src/model/status.ts';
import { systemClock } from '../../src/transfer/index.ts';
import { createMemoryDepot } from '../support/memory-depot.ts';
import { differingBlocks, emptyDisk, type MemoryDisk } from '../support/memory-disk.ts';
import { createMemorySource } from '../support/memory-source.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { createMemoryTarget, ranAtOnce } from '../support/memory-target.ts';
import { type ActivityCall, contents, openStage, type Stage, type StageFaults, type StageOptions, seeded, withStage } from './stage.ts';

/**
 * The four suites that every migration gets. A migration says how it is opened, driven to its last gate and taken back; the suites break it.
 */
export interface Passage {
  readonly name: string;
  /** Each way takes many seconds: the suites try fewer of them. */
  readonly isLong?: true;
  /** Both ends of one play, and what must be true of them. */
  readonly set: () => Scenery;
  /** Drives to the cutover, mending holds and resuming after unwinds on the way. */
  readonly forth: (stage: Stage) => Promise<void>;
  /** Takes it back and discards what was copied. */
  readonly back: (stage: Stage) => Promise<void>;
}

export interface Scenery {
  readonly options: StageOptions;
  /** After the cutover: everything arrived, and every part was compared. */
  readonly expectArrived: () => void;
  /** After rollback and discard: nothing of ours is left on either side, and the source is as it was. */
  readonly expectCleanSlate: () => void;
}

/** A person who sees each wait and does what it asks for: mends holds, approves open gates, gives the orders that lead to `goal`. */
export async function attend(stage: Stage, goal: (status: WorkloadStatus) => boolean, orders: Partial<Record<WorkloadStatus['state'], Order>>): Promise<void> {
  const deadline = Date.now() + 150_000;
  // One answer to one sight: a second resume of the same hold would be an order of its own, to start over what was taken back.
  let answered = -1;
  for (let now = await stage.status(); !goal(now); now = await stage.until(() => true)) {
    if (Date.now() > deadline) throw new Error(`no way to the goal from ${JSON.stringify(now)}`);
    const order = orders[now.state];
    try {
      // A project that is held has begun nothing, so none of its workloads tells anything new.
      if ((await stage.projectStatus()).reason) await stage.resumeAll();
      else if (now.sequence === answered) await new Promise((turn) => setTimeout(turn, 100));
      else if (now.condition === 'held' || now.condition === 'stuck' || now.waitingFor?.startsWith('resume')) await stage.resume();
      else if (now.gate && now.gate.gate !== 'finalize') await stage.approve(now.gate.gate);
      else if (order && now.condition === 'waiting') await stage.order(order);
      answered = now.sequence;
    } catch {
      // What was seen is no longer so (refused, or the project has ended meanwhile): look again.
    }
    await new Promise((turn) => setTimeout(turn, 50));
  }
}

export const bucketPassage: Passage = {
  name: 'bucket',
  set: () => {
    const source = seeded(createMemoryStore());
    const target = createMemoryStore({ exists: false });
    const before = contents(source);
    return {
      options: { source, target },
      expectArrived: () => expect(contents(target)).toEqual(contents(source)),
      expectCleanSlate: () => {
        expect(contents(source)).toEqual(before);
        expect(target.bucket.entries('all')).toEqual([]);
        expect([...target.bucket.uploads]).toEqual([]);
        expect(source.frozenBy).toEqual([]);
      },
    };
  },
  forth: (stage) => attend(stage, ({ state }) => state === 'cut over', { 'ready for cutover': 'cutover' }),
  back: (stage) => attend(stage, ({ condition }) => condition === 'done', { 'cut over': 'rollback', 'rolled back': 'discard' }),
};

/** After everything: both ends of a bucket as they should be, every object compared, the ledger whole. */
export async function expectArrived(stage: Stage): Promise<void> {
  expect(await stage.status()).toMatchObject({ state: 'cut over', verdict: 'PASS' });
  expect(contents(stage.target)).toEqual(contents(stage.source));
  expect(await stage.verifyLedger()).toMatchObject({ verdict: 'PASS' });
}

/** After rollback and discard of a bucket nothing of ours is left on either side. */
export async function expectCleanSlate(stage: Stage, sourceBefore: unknown): Promise<void> {
  expect(contents(stage.source)).toEqual(sourceBefore);
  expect(stage.target.bucket.entries('all')).toEqual([]);
  expect([...stage.target.bucket.uploads]).toEqual([]);
  expect(stage.source.frozenBy).toEqual([]);
  expect(await stage.verifyLedger()).toMatchObject({ verdict: 'PASS' });
}

/** In a cloud in memory everything is done at once: a pause is a turn. */
const hasty = { now: Date.now, sleep: (ms: number, signal?: AbortSignal): Promise<void> => systemClock.sleep(Math.min(ms, 20), signal) };

export const machinePassage: Passage = {
  name: 'virtual machine',
  isLong: true,
  set: () => {
    const history: string[] = [];
    const source = createMemorySource(history);
    const staging = createMemoryStore({ exists: false });
    const target = createMemoryTarget((url) => staging.fetchShared(url), history);
    const before = structuredClone([...source.volumes].map(([id, disk]) => [id, [...disk.blocks.keys()]]));
    return {
      options: { target: staging, machine: { source, target }, clock: hasty },
      expectArrived: () => {
        const [machine] = [...target.things.values()].filter(({ kind, mark }) => kind === 'machine' && mark.includes('/cutover/'));
        const volumes = (target.volumesOf.get(machine?.id ?? '') ?? []).map((id) => target.content.get(id) as MemoryDisk);
        const differences = [...source.volumes.values()].map((disk, n) => differingBlocks(disk, volumes[n] ?? emptyDisk(0)));
        expect(differences).toEqual([[], []]);
        expect([machine?.state, source.machine.state]).toEqual(['running', 'stopped']);
        expect(ranAtOnce(history)).toBe(false);
      },
      expectCleanSlate: () => {
        expect([...target.things.values()]).toEqual([]);
        expect([...source.snapshotsById.values()]).toEqual([]);
        expect(staging.bucket.entries('all')).toEqual([]);
        expect([...staging.bucket.uploads]).toEqual([]);
        expect([...source.volumes].map(([id, disk]) => [id, [...disk.blocks.keys()]])).toEqual(before);
        expect(source.machine.state).toBe('running');
        expect(ranAtOnce(history)).toBe(false);
      },
    };
  },
  forth: (stage) => attend(stage, ({ state }) => state === 'cut over', { 'ready for test': 'rehearse', 'ready for cutover': 'cutover' }),
  back: (stage) => attend(stage, ({ condition }) => condition === 'done', { 'cut over': 'rollback', 'rolled back': 'discard' }),
};

async function arrived(stage: Stage, scenery: Scenery): Promise<void> {
  expect(await stage.status()).toMatchObject({ state: 'cut over', verdict: 'PASS' });
  scenery.expectArrived();
  expect(await stage.verifyLedger()).toMatchObject({ verdict: 'PASS' });
}

async function cleanSlate(stage: Stage, scenery: Scenery): Promise<void> {
  scenery.expectCleanSlate();
  expect(await stage.verifyLedger()).toMatchObject({ verdict: 'PASS' });
}

/** Suite 1 and 3: every action and every undo run twice gives the same result. */
export const everythingTwice = (passage: Passage): Promise<void> => {
  const results: [string, unknown, unknown][] = [];
  const scenery = passage.set();
  const faults: StageFaults = { twice: ({ name }, first, second) => void results.push([name, first, second]) };
  return withStage({ ...scenery.options, faults }, async (stage) => {
    await passage.forth(stage);
    await arrived(stage, scenery);
    await passage.back(stage);
    await cleanSlate(stage, scenery);
    expect(results.length).toBeGreaterThan(15);
    for (const [name, first, second] of results) expect([name, second]).toEqual([name, first]);
  });
};

/** The activities of an undisturbed passage, in order: where suite 2 fails. So many are of the way forth. */
export async function callsOf(passage: Passage): Promise<{ readonly calls: string[]; readonly forth: number }> {
  const stage = await openStage(passage.set().options);
  try {
    await passage.forth(stage);
    const forth = stage.calls.length;
    await passage.back(stage);
    return { calls: stage.calls.map(({ name }) => name), forth };
  } finally {
    await stage.close();
  }
}

export type FailureForm = 'not done' | 'done but unreported';

export interface PlannedFailure {
  /** Number of the call. */
  readonly n: number;
  readonly form: FailureForm;
  readonly code: 'PERMISSION_DENIED' | 'TARGET_INVALID';
  /** Also the way back, to a clean slate. */
  readonly andBack: boolean;
}

/** Suite 2: call `n` fails for good, once. The phase unwinds, or the workload holds; after a person mended it, everything arrives. */
export function failAt(passage: Passage, { n, form, code, andBack }: PlannedFailure): Promise<void> {
  let failed: ActivityCall | undefined;
  const fail = (call: ActivityCall): void => {
    if (call.n !== n || failed) return;
    failed = call;
    throw ApplicationFailure.nonRetryable(`planted in ${call.name}`, code);
  };
  const faults: StageFaults = form === 'not done' ? { before: fail } : { after: fail };
  const scenery = passage.set();
  return withStage({ ...scenery.options, faults }, async (stage) => {
    await passage.forth(stage);
    await arrived(stage, scenery);
    if (andBack) {
      await passage.back(stage);
      await cleanSlate(stage, scenery);
    }
    expect(failed).toBeDefined();
  });
}

/**
 * Suite 4: the worker dies between two checkpoints. Its activity stops at the n-th append to the depot and never reports; the next attempt
 * goes on from the journals. Nothing is missing, and nothing that had a row is sent again.
 */
export function dieAtAppend(passage: Passage, n: number): Promise<void> {
  const depot = createMemoryDepot();
  let appends = 0;
  let died = false;
  const mortal = {
    ...depot,
    journal: (name: string) => {
      const journal = depot.journal(name);
      return {
        read: () => journal.read(),
        append: async (at: number, bytes: Uint8Array): Promise<void> => {
          appends += 1;
          if (appends === n && !died) {
            died = true;
            throw new Error('the worker died here');
          }
          await journal.append(at, bytes);
        },
      };
    },
  };
  const scenery = passage.set();
  return withStage({ ...scenery.options, depot: mortal, shardObjects: 3 }, async (stage) => {
    await passage.forth(stage);
    await arrived(stage, scenery);
    expect(died).toBe(true);
  });
}
