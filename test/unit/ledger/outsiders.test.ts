import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { MigrationError } from '../../../src/core/migration-error.ts';
import { askOutsiders, seal } from '../../../src/ledger/outsiders.ts';
import { openPublished } from '../../../src/ledger/published.ts';
import type { GateRule, Policy } from '../../../src/model/policy.ts';
import type { Witness } from '../../../src/ports/witness.ts';
import { draftOf } from './drafts.ts';
import { approvalOf, copyOf, gateTask, makeWorld, owner, person, project, signedBy, type World, type WorldOptions } from './ledger-role.ts';
import { expectSound } from './sound-log.ts';

const hourMs = 3_600_000;
const minuteMs = 60_000;
const signal = new AbortController().signal;
const heavy: GateRule = { seats: [], witnessed: true, timestamp: 'any' };
const asks =
  (quorum: number, gate: GateRule = heavy, more: Partial<Policy> = {}) =>
  (policy: Policy): Policy => ({
    ...policy,
    witness_quorum: quorum,
    gates: { ...policy.gates, cutover: gate },
    ...more,
  });
const three = [
  ['w.example/1', 'hospital'],
  ['w.example/2', 'region'],
  ['w.example/3', 'state'],
] as const;

const opened = async (options: WorldOptions) => {
  const world = makeWorld(options);
  const worker = world.room();
  await worker.open();
  const { scope } = await world.reach('cutover');
  return { world, worker, task: gateTask('cutover', scope, { isSigned: false }) };
};
const events = async (world: World, event: string) => (await world.records()).filter((record) => record.event === event);
const alarms = async (world: World) => (await events(world, 'log.alarm')).map(({ unit, reasons, time }) => [unit?.ref, reasons?.[0], time.slice(11, 13)]);
const failed = (type: string, message = '') => expect.objectContaining({ type, message: expect.stringContaining(message) });

describe('a gate that waits for outsiders', () => {
  it('opens by itself when they are back; an hour of absence is one alarm an hour each, and one checkpoint', async () => {
    const { world, worker, task } = await opened({ witnesses: three.slice(0, 1), authorities: [['tsa', true]], change: asks(1) });
    const [witness, authority] = [world.witnesses[0], world.authorities[0]];
    if (!witness || !authority) throw new Error('none');
    witness.isAway = true;
    authority.isAway = true;
    const sizes = new Set<number>();
    for (let n = 0; n < 61; n += 1) {
      await expect(worker.run('sealGate', task)).rejects.toEqual(failed('WITNESS_UNAVAILABLE'));
      sizes.add((await worker.published.checkpoints.all()).at(-1)?.size ?? 0);
      world.clock.step(minuteMs);
    }
    witness.isAway = false;
    await expect(worker.run('sealGate', task)).rejects.toEqual(failed('TIMESTAMP_UNAVAILABLE'));
    expect(await events(world, 'gate.opened')).toEqual([]);
    expect(await alarms(world)).toEqual([
      ['w.example/1', 'WITNESS_UNAVAILABLE', '08'],
      ['w.example/1', 'WITNESS_UNAVAILABLE', '09'],
      ['tsa', 'TIMESTAMP_UNAVAILABLE', '09'],
    ]);
    expect(sizes.size).toBe(1);
    authority.isAway = false;
    await worker.run('sealGate', task);
    await worker.run('sealGate', task);
    expect(await events(world, 'gate.opened')).toHaveLength(1);
    expect((await expectSound(world)).opened).toBe(1);
  });

  it.each(['needed', 'only tried'])('takes a witness that was shown more meanwhile for no alarm (%s)', async (how) => {
    const rule: GateRule = { ...heavy, timestamp: 'none' };
    const { world } = await opened({ witnesses: three.slice(0, 1), change: asks(1, rule) });
    const [witness] = world.witnesses;
    if (!witness) throw new Error('none');
    const second = world.room({ folder: copyOf(world.folder) });
    let isOvertaken = false;
    const overtaken: Witness = {
      name: witness.name,
      cosign: async (...asked) => {
        if (!isOvertaken) {
          isOvertaken = true;
          await world.ledger.append([draftOf('demo/work/1')]);
          await seal(second, 'cover', rule, signal);
        }
        return witness.cosign(...asked);
      },
    };
    const first = world.room({ witnesses: [overtaken] });
    const shown = await first.signer.publish();
    if (how === 'needed') {
      const { checkpoint, cosignatures } = await seal(first, 'cover', rule, signal);
      expect(checkpoint.size).toBeGreaterThan(shown.size);
      expect(cosignatures).toHaveLength(1);
    } else await askOutsiders(first, shown, signal);
    expect(isOvertaken).toBe(true);
    expect(await alarms(world)).toEqual([]);
    expect(witness.sizes).toEqual([...witness.sizes].sort((a, b) => a - b));
    await expectSound(world);
  });

  it('is closed while its approval is missing, or another scope is shown', async () => {
    const { world, worker, task } = await opened({});
    await world.reach('cutover', 'w0', 2, { other: true });
    await expect(worker.run('sealGate', task)).rejects.toEqual(failed('APPROVAL_REFUSED'));
    expect(await events(world, 'cutover.approved')).toEqual([]);
    const { scope } = await world.reach('cutover', 'w1');
    await expect(worker.run('sealGate', gateTask('cutover', scope, { workload: 'w1' }))).rejects.toEqual(failed('APPROVAL_REFUSED', 'an approval'));
    expect(await events(world, 'gate.opened')).toEqual([]);
  });

  it('stays closed when its approver gave an instruction while the seal was made', async () => {
    const olga = person('olga', owner);
    const rule: GateRule = { seats: [owner], witnessed: true, timestamp: 'none' };
    const { world, worker } = await opened({ witnesses: three.slice(0, 1), change: asks(1, rule, { approvers: [olga.approver] }) });
    const [witness] = world.witnesses;
    if (!witness) throw new Error('none');
    const shown = await worker.run('requestApproval', { project, gate: 'cutover', subject: 'w0' });
    await worker.run('admitApproval', { project, gate: 'cutover', workload: 'w0', by: '', signed: signedBy(olga.key, approvalOf(olga, shown)) });
    const slow: Witness = {
      name: witness.name,
      cosign: async (...asked) => {
        const planDigest = await world.depot.put(Buffer.from('another plan'));
        await worker.run('receiveInstruction', { project, planDigest, workloads: 1, by: 'olga' });
        return witness.cosign(...asked);
      },
    };
    const sealing = world.room({ witnesses: [slow] }).run('sealGate', gateTask('cutover', shown.scope));
    await expect(sealing).rejects.toEqual(failed('APPROVAL_REFUSED', 'owner of hospital'));
    expect(await events(world, 'gate.opened')).toEqual([]);
  });
});

describe('the quorum', () => {
  const sealing = (world: World, rule: GateRule = heavy) => seal(world.room(), 'cover', rule, signal);
  const unstamped: GateRule = { ...heavy, timestamp: 'none' };

  it.each([
    ['two of three', three, [true, false, false], 'opens'],
    ['one of three', three, [true, true, false], 'WITNESS_UNAVAILABLE'],
    [
      'two of one organisation',
      [['w.example/1', 'hospital'] as const, ['w.example/2', 'hospital'] as const, ['w.example/3', 'state'] as const],
      [false, false, true],
      'WITNESS_UNAVAILABLE',
    ],
  ])('is of organisations: %s', async (_, witnesses, away, outcome) => {
    const { world } = await opened({ witnesses, change: asks(2, unstamped) });
    for (const [n, witness] of world.witnesses.entries()) witness.isAway = away[n] ?? false;
    const answer = await sealing(world, unstamped).then(
      () => 'opens',
      (error: MigrationError) => error.code,
    );
    expect(answer).toBe(outcome);
  });

  it('does not count the operator’s own witness in production', async () => {
    const witnesses = [
      ['w.example/1', 'integrator'],
      ['w.example/2', 'hospital'],
    ] as const;
    const change = asks(1, unstamped, { class: 'production' });
    const world = makeWorld({ witnesses, change });
    const sha256 = createHash('sha256').update(world.room().policyBytes).digest('hex');
    await world.ledger.append([
      draftOf('demo/log/opened', {
        event: 'log.opened',
        policy: { class: 'production', sha256 },
        clock: { source: 'system', offset_ms: 0, checked_at: '2026-12-01T08:00:00.000Z' },
        evidence: [{ name: 'policy', media_type: 'x/y', sha256, size_bytes: '1' }],
      }),
    ]);
    const outside = world.witnesses[1];
    if (outside) outside.isAway = true;
    await expect(sealing(world, unstamped)).rejects.toMatchObject({ code: 'WITNESS_UNAVAILABLE' });
    if (outside) outside.isAway = false;
    await sealing(world, unstamped);
  });

  it('takes no line of another key: alarmed, and held when nobody else can fill it', async () => {
    const { world } = await opened({ witnesses: three.slice(0, 2), change: asks(1, unstamped) });
    const [one, two] = world.witnesses;
    if (!one || !two) throw new Error('none');
    const impostor: Witness = { name: one.name, cosign: (...asked) => two.cosign(...asked).then((line) => line.replace(two.name, one.name)) };
    const worker = world.room({ witnesses: [impostor] });
    await expect(seal(worker, 'cover', unstamped, signal)).rejects.toMatchObject({ code: 'WITNESS_REFUSED' });
    expect(await openPublished(world.depot, project).cosignatures.all()).toEqual([]);
    two.isAway = true;
    const refusing: Witness = { name: one.name, cosign: () => Promise.reject(new MigrationError('WITNESS_REFUSED', { operation: 'cosign' })) };
    // One that is only away may come back and fill the quorum: it is tried again by itself.
    await expect(seal(world.room({ witnesses: [refusing, two] }), 'cover', unstamped, signal)).rejects.toMatchObject({ code: 'WITNESS_UNAVAILABLE' });
    two.isAway = false;
    const { cosignatures } = await seal(world.room({ witnesses: [refusing, two] }), 'cover', unstamped, signal);
    expect(cosignatures.map(({ witness }) => witness)).toEqual([two.name]);
    expect((await alarms(world)).map(([name, why]) => [name, why])).toEqual([
      [one.name, 'WITNESS_REFUSED'],
      [two.name, 'WITNESS_UNAVAILABLE'],
    ]);
  });

  it('cannot be filled by a witness that nobody gave an address for', async () => {
    const { world } = await opened({ witnesses: three, change: asks(2, unstamped) });
    await expect(seal(world.room({ witnesses: world.witnesses.slice(0, 1) }), 'cover', unstamped, signal)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});

describe('a timestamp', () => {
  const qualified: GateRule = { seats: [], witnessed: false, timestamp: 'qualified' };

  it('of an authority that is not qualified opens no gate that asks for a qualified one', async () => {
    const { world, task } = await opened({
      authorities: [
        ['plain', false],
        ['eu', true],
      ],
      change: asks(0, qualified),
    });
    const [plain, eu] = world.authorities;
    if (!plain || !eu) throw new Error('none');
    await expect(world.room({ authorities: [plain] }).run('sealGate', task)).rejects.toEqual(failed('CONFIG_INVALID'));
    eu.isAway = true;
    await expect(world.room().run('sealGate', task)).rejects.toEqual(failed('TIMESTAMP_UNAVAILABLE'));
    expect(plain.asked).toBe(0);
    eu.isAway = false;
    await world.room().run('sealGate', task);
    expect((await events(world, 'tsa.token')).map(({ unit }) => unit?.ref)).toEqual(['eu']);
  });

  it('comes from the next authority of the policy when the first is away', async () => {
    const { world, task } = await opened({
      authorities: [
        ['one', false],
        ['two', false],
      ],
      change: asks(0, { ...qualified, timestamp: 'any' }),
    });
    const [one, two] = world.authorities;
    if (!one || !two) throw new Error('none');
    one.isAway = true;
    await world.room({ authorities: [two, one] }).run('sealGate', task);
    expect([one.asked, two.asked]).toEqual([1, 1]);
  });

  it('is taken once a day without a gate', async () => {
    const { world, worker } = await opened({ witnesses: three.slice(0, 1), authorities: [['tsa', false]] });
    const [authority] = world.authorities;
    for (let hour = 0; hour < 50; hour += 1) {
      world.clock.step(hourMs);
      if (authority) authority.isAway = hour < 3;
      const published = await worker.signer.publishWhenDue();
      if (published) await askOutsiders(worker, published, signal);
    }
    const tokens = await events(world, 'tsa.token');
    expect(tokens.map(({ time }) => time.slice(0, 13))).toEqual(['2026-12-01T12', '2026-12-02T12']);
    expect(await alarms(world)).toHaveLength(3);
    await expectSound(world);
  });
});
