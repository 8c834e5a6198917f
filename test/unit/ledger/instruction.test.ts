import { describe, expect, it } from '@jest/globals';
import { makeWorld, project } from './ledger-role.ts';

describe('the instruction in force', () => {
  it('is the newest plan, also one that comes back; handed in twice it is one', async () => {
    const world = makeWorld();
    const worker = world.room();
    await worker.open();
    const plans = await Promise.all(['one', 'two'].map((text) => world.depot.put(Buffer.from(text))));
    const [one = '', two = ''] = plans;
    for (const planDigest of [one, one, two, two, one]) await worker.run('receiveInstruction', { project, planDigest, workloads: 1, by: 'p-boss' });
    const records = await world.records();
    const received = records.filter(({ event }) => event === 'instruction.received').map(({ unit }) => unit?.ref);
    expect(received.slice(-3)).toEqual([one, two, one]);
    expect(new Set(received.slice(0, -3)).size).toBe(received.length - 3);
    await worker.signer.publish();
    expect((await world.records()).at(-1)).toMatchObject({ event: 'checkpoint.published', instruction_sha256: one });
  });
});
