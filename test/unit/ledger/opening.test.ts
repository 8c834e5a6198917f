import { describe, expect, it } from '@jest/globals';
import { openLog } from '../../../src/ledger/opening.ts';
import { openRoom } from '../../support/evidence-room.ts';
import { copyOf, freshKeys, log, makeWorld, project } from './ledger-role.ts';

describe('the opening of a log', () => {
  it('writes the rules and the keys together, once, whoever opens', async () => {
    const world = makeWorld();
    await Promise.all([openLog(world.room()), openLog(world.room({ folder: copyOf(world.folder) }))]);
    await openLog(world.room());
    const records = await world.records();
    expect(records.map(({ event }) => event)).toEqual(['log.opened', 'key.ceremony']);
    const { policyBytes, keys } = world.room();
    expect(await world.depot.get(records[0]?.policy?.sha256 ?? '')).toEqual(policyBytes);
    expect(await world.depot.get(records[1]?.evidence?.[0]?.sha256 ?? '')).toEqual(keys.current.ceremony);
  });

  it('keeps its rules: under an edited policy nothing is opened, signed, admitted or passed', async () => {
    const world = makeWorld();
    await openLog(world.room());
    const { folder, ledger, depot } = world;
    // As a worker that starts again beside a policy.json that asks for less.
    const weaker = openRoom({ ledger, depot, project, log, folder, change: (policy) => ({ ...policy, cooling_off_days: policy.cooling_off_days + 1 }) });
    const refused = { code: 'CONFIG_INVALID', message: expect.stringContaining('put that back') };
    for (const use of [
      () => openLog(weaker),
      () => weaker.signer.publish(),
      () => weaker.signer.cover(),
      () => weaker.signer.publishWhenDue(),
      () => weaker.signer.view(),
    ])
      await expect(use()).rejects.toMatchObject(refused);
    expect((await ledger.head()).size).toBe(2);
  });

  it.each([
    ['what production must ask', (policy: object) => ({ ...policy, class: 'production' }), /witness_quorum/],
    ['keys that the folder holds', (policy: object) => ({ ...policy, keys: { log: 'x', p256: 'y' } }), /keys: not those/],
    [
      'two approvers with one key',
      (policy: { approvers: object[] }) => ({
        ...policy,
        approvers: [1, 2].map((n) => ({
          id: `a${n}`,
          key: 'ssh-ed25519 AAAA',
          valid_after: '2026-01-01T00:00:00Z',
          valid_before: '2027-01-01T00:00:00Z',
          presence: 'none',
        })),
      }),
      /same key/,
    ],
  ])('writes nothing where the policy lacks %s', async (_, change, problem) => {
    const world = makeWorld({ change: change as never });
    await expect(openLog(world.room())).rejects.toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringMatching(problem) });
    expect([(await world.ledger.head()).size, world.depot.files.size]).toEqual([0, 0]);
    expect(freshKeys()).not.toBe(world.folder);
  });
});
