import { describe, expect, it } from '@jest/globals';
import type { Policy } from '../../../src/model/policy.ts';
import { approvalOf, makeWorld, owner, person, project, signedBy, type World } from './ledger-role.ts';
import { expectSound } from './sound-log.ts';

const hourMs = 3_600_000;
const minuteMs = 60_000;
const olga = person('olga', owner);
const change = (policy: Policy): Policy => ({
  ...policy,
  approvers: [olga.approver],
  gates: { ...policy.gates, gap: { seats: [owner], witnessed: false, timestamp: 'none' } },
});
const gaps = async (world: World) => (await world.records()).filter(({ event }) => event === 'log.gap');
const opened = async (): Promise<World> => {
  const world = makeWorld({ change });
  await world.room().open();
  await world.room().signer.publish();
  return world;
};

describe('a log that was not signed for too long', () => {
  it('says so before the next checkpoint, and not a minute earlier', async () => {
    const world = await opened();
    world.clock.step(hourMs + 5 * minuteMs);
    await world.room().signer.publish();
    expect(await gaps(world)).toEqual([]);
    world.clock.step(hourMs + 5 * minuteMs + 1);
    const { size } = await world.room().signer.publish();
    const [gap] = await gaps(world);
    expect(gap).toMatchObject({ gap: { from: '2026-12-01T09:05:00.000Z', to: '2026-12-01T10:10:00.001Z' }, seq: size - 1 });
    await world.room().signer.publish();
    expect(await gaps(world)).toHaveLength(1);
    await expectSound(world);
  });

  it('says so too when only the word about the last checkpoint was lost', async () => {
    const world = await opened();
    // Published, and dead before the log said so.
    const dead = world.room({ ledger: { ...world.ledger, append: () => Promise.reject(new Error('dead')) } });
    await expect(dead.signer.publish()).rejects.toThrow('dead');
    world.clock.step(2 * hourMs);
    await world.room().signer.publish();
    expect((await world.records()).map(({ event }) => event).slice(3)).toEqual([
      'checkpoint.published',
      'log.gap',
      'checkpoint.published',
      'checkpoint.published',
    ]);
    await expectSound(world);
  });

  it('tells one gap, and what came after it, when it dies before the checkpoint', async () => {
    const world = await opened();
    world.clock.step(2 * hourMs);
    const dying = world.room({ depot: world.depot.connect(({ operation }) => void (operation === 'append' && fail())) });
    await expect(dying.signer.publish()).rejects.toThrow('dead');
    world.clock.step(minuteMs);
    await expect(dying.signer.publish()).rejects.toThrow('dead');
    expect(await gaps(world)).toHaveLength(1);
    world.clock.step(3 * hourMs);
    await world.room().signer.publish();
    const [first, second, ...more] = await gaps(world);
    expect(second?.gap?.from).toBe(first?.gap?.to);
    expect(more).toEqual([]);
  });

  it('has its gap approved by a signed file, for that record and no other', async () => {
    const world = await opened();
    for (let n = 0; n < 2; n += 1) {
      world.clock.step(2 * hourMs);
      await world.room().signer.publish();
    }
    const worker = world.room();
    const [one, two] = (await gaps(world)).map(({ seq }) => seq);
    const shown = await worker.run('requestApproval', { project, gate: 'gap', subject: `record ${two}` });
    expect(shown).toMatchObject({ missing: [owner], subject: `record ${two}` });
    const signed = signedBy(olga.key, approvalOf(olga, shown));
    const refused = (message: string) => expect.objectContaining({ type: 'APPROVAL_REFUSED', message: expect.stringContaining(message) });
    const { size } = await world.ledger.head();
    await expect(worker.run('approveGap', { project, seq: one ?? 0, ...signed })).rejects.toEqual(refused('other data'));
    await expect(worker.run('approveGap', { project, seq: 1, ...signed })).rejects.toEqual(refused('no gate gap'));
    await expect(worker.run('approveGap', { project, seq: two ?? 0, file: signed.file, signature: '' })).rejects.toEqual(refused(''));
    expect((await world.ledger.head()).size).toBe(size);
    expect(await worker.run('approveGap', { project, seq: two ?? 0, ...signed })).toMatchObject({ complete: true, missing: [], by: 'olga' });
    expect((await world.records()).at(-1)).toMatchObject({ event: 'gap.approved', unit: { ref: `record ${two}` } });
  });
});

function fail(): never {
  throw new Error('dead');
}
