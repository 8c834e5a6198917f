import { describe, expect, it } from '@jest/globals';
import { followLog } from '../../../src/ledger/log-view.ts';
import { entryHash } from '../../../src/ledger/record.ts';
import { leafHash, merkleRoot } from '../../../src/ledger/tree.ts';
import { draftOf } from './drafts.ts';
import { makeWorld } from './ledger-role.ts';

const lines = async (size: number): Promise<string[]> => {
  const world = makeWorld();
  await world.room().open();
  await world.ledger.append(Array.from({ length: size - 3 }, (_, n) => draftOf(`demo/work/${n}`)));
  return [...(await world.ledger.read(0, size))];
};
const reading = (of: string[]) => ({ read: async (from: number, limit: number) => of.slice(from, from + limit) });
const code = (wanted: string) => expect.objectContaining({ code: wanted });

describe('a view of a log', () => {
  it('knows every root, the head and what wants a checkpoint, over many pages', async () => {
    const all = await lines(1234);
    const view = await followLog(reading(all))();
    const leaves = all.map((line) => leafHash(Buffer.from(entryHash(line), 'hex')));
    expect([view.leaves.length, view.head]).toEqual([1234, entryHash(all.at(-1) ?? '')]);
    for (const size of [1, 2, 500, 501, 1233, 1234]) expect(view.rootAt(size)).toBe(merkleRoot(leaves.slice(0, size)).toString('hex'));
    expect(view.rootAt(1235)).toBeUndefined();
    expect(view.root()).toEqual(merkleRoot(leaves));
    expect([view.wanting(0), view.wanting(1000), view.wanting(1234)]).toEqual([1234, 234, 0]);
    expect(view.decisions.map(({ event }) => event)).toEqual(['log.opened', 'key.ceremony', 'instruction.received']);
  });

  it('reads a line once for all who ask at the same time', async () => {
    const all = await lines(30);
    let asked = 0;
    const counting = {
      read: async (from: number, limit: number) => {
        asked += 1;
        return all.slice(from, from + limit);
      },
    };
    const follow = followLog(counting);
    const [one, two] = await Promise.all([follow(), follow(), follow()]);
    expect(one?.leaves).toHaveLength(30);
    expect(two).toBe(one);
    expect(asked).toBeLessThanOrEqual(4);
  });

  it('says nothing of a log whose lines do not follow each other, and reads on when it is mended', async () => {
    const all = await lines(10);
    const broken = [...all];
    broken.splice(6, 1);
    const follow = followLog(reading(broken));
    await expect(follow()).rejects.toEqual(code('LEDGER_CORRUPT'));
    broken.splice(6, 0, 'not a record');
    await expect(follow()).rejects.toEqual(code('LEDGER_CORRUPT'));
    broken.splice(0, broken.length, ...all);
    expect((await follow()).leaves).toHaveLength(10);
  });

  it('notices that what it saw is gone or another one', async () => {
    const all = await lines(10);
    const store = [...all];
    const follow = followLog(reading(store));
    await follow();
    store.length = 9;
    await expect(follow()).rejects.toEqual(code('LEDGER_TRUNCATED'));
    store.push(all[8] ?? '');
    await expect(follow()).rejects.toEqual(code('LEDGER_FORKED'));
    store.splice(9, 1, all[9] ?? '');
    expect((await follow()).leaves).toHaveLength(10);
  });
});
