import fsPromises from 'node:fs/promises';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { Depot } from '../../../src/ports/depot.ts';
import { draftOf } from './drafts.ts';
import { approvalOf, gateTask, lead, makeWorld, owner, person, signedBy, type Worker, type World } from './ledger-role.ts';
import { expectSound } from './sound-log.ts';

const [olga, leo] = [person('olga', owner), person('leo', lead)];

const world = (): World =>
  makeWorld({
    witnesses: [['w.example/1', 'hospital']],
    authorities: [['tsa', true]],
    change: (policy) => ({
      ...policy,
      witness_quorum: 1,
      approvers: [olga.approver, leo.approver],
      gates: { ...policy.gates, finalize: { seats: [owner, lead], witnessed: true, timestamp: 'any' } },
    }),
  });

/** A process that dies at its n-th durable step, just before it is done or just after; nothing it tries afterwards has any effect. */
class Dying {
  private steps = 0;
  isDead = false;
  readonly seen: string[] = [];
  private readonly at: number;
  private readonly when: 'before' | 'after';

  constructor(at: number, when: 'before' | 'after') {
    this.at = at;
    this.when = when;
  }

  async step<T>(name: string, work: () => Promise<T>): Promise<T> {
    if (this.isDead) throw new Error('dead');
    const n = this.steps++;
    this.seen.push(name);
    if (n === this.at && this.when === 'before') this.die();
    const result = await work();
    if (n === this.at || this.isDead) this.die();
    return result;
  }

  private die(): never {
    this.isDead = true;
    throw new Error('dead');
  }

  room({ ledger, depot, witnesses, authorities, room }: World): Worker {
    const dyingDepot: Depot = {
      put: (bytes) => this.step('put', () => depot.put(bytes)),
      get: (digest) => depot.get(digest),
      journal: (name) => {
        const journal = depot.journal(name);
        return { read: () => journal.read(), append: (n, bytes) => this.step(`journal ${name.split('/').at(-1)}`, () => journal.append(n, bytes)) };
      },
    };
    return room({
      depot: dyingDepot,
      ledger: { ...ledger, append: (drafts, head) => this.step(`append ${drafts[0]?.event}`, () => ledger.append(drafts, head)) },
      witnesses: witnesses.map((witness) => ({ name: witness.name, cosign: (...asked) => this.step('cosign', () => witness.cosign(...asked)) })),
      authorities: authorities.map((authority) => ({ name: authority.name, stamp: (...asked) => this.step('stamp', () => authority.stamp(...asked)) })),
    });
  }
}

/** Opening, a checkpoint in time, two approvals, a gate, an export, the close. Each step is tried again, by the next process, when the one before died. */
async function play(stage: World, dying: Dying): Promise<void> {
  const rename = fsPromises.rename;
  let current: Dying | undefined = dying;
  jest.spyOn(fsPromises, 'rename').mockImplementation((from, to) => (current ? current.step('signed state', () => rename(from, to)) : rename(from, to)));
  let worker = dying.room(stage);
  const durably = async <T>(step: (worker: Worker) => Promise<T>): Promise<T> => {
    try {
      return await step(worker);
    } catch (error) {
      if (!dying.isDead) throw error;
      // The next process comes up after a minute, over what the stores hold.
      current = undefined;
      stage.clock.step(60_000);
      worker = stage.room();
      return step(worker);
    }
  };
  await durably((now) => now.open());
  stage.clock.step(3_600_000);
  await durably((now) => now.signer.publishWhenDue());
  const { scope } = await stage.reach('finalize');
  const shown = await durably((now) => now.run('requestApproval', { project: 'demo', gate: 'finalize', subject: 'w0' }));
  for (const who of [olga, leo]) {
    const signed = signedBy(who.key, approvalOf(who, shown));
    await durably((now) => now.run('admitApproval', { project: 'demo', gate: 'finalize', workload: 'w0', by: '', signed }));
  }
  await durably((now) => now.run('sealGate', gateTask('finalize', scope)));
  const act = { name: 'finalize', run: 1, pass: 0, turn: 0 };
  await stage.ledger.append([draftOf('demo/w0/finalize', { event: 'step.succeeded', act, unit: { kind: 'bucket', ref: 'w0' } })]);
  await durably((now) => now.run('exportEvidence', { project: 'demo', by: 'p-boss' }));
  await durably((now) => now.run('closeLog', { project: 'demo' }));
}

afterEach(() => void jest.restoreAllMocks());

describe('a ledger worker that dies', () => {
  it('finishes when it does not', async () => {
    const stage = world();
    await play(stage, new Dying(-1, 'before'));
    const { opened, closedAt } = await expectSound(stage);
    expect(opened).toBe(1);
    expect(closedAt).toBeGreaterThan(10);
  });

  it.each(['before', 'after'] as const)(
    'leaves a log that goes on, whichever durable step it dies %s',
    async (when) => {
      const whole = new Dying(-1, when);
      await play(world(), whole);
      jest.restoreAllMocks();
      const kinds = new Set(whole.seen);
      for (const kind of ['put', 'journal checkpoints', 'journal cosignatures', 'journal timestamps', 'signed state', 'cosign', 'stamp', 'append log.opened'])
        expect(kinds).toContain(kind);
      for (const [n, name] of whole.seen.entries()) {
        const stage = world();
        await play(stage, new Dying(n, when)).catch((error: unknown) => {
          throw new Error(`${when} step ${n}, ${name}`, { cause: error });
        });
        jest.restoreAllMocks();
        expect([n, name, (await expectSound(stage)).opened]).toEqual([n, name, 1]);
      }
    },
    60_000,
  );
});
