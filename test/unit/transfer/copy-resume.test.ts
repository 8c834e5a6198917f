import { describe, expect, it } from '@jest/globals';
import { journalName, sealName } from '../../../src/core/ids.ts';
import type { ObjectTarget } from '../../../src/ports/object-store.ts';
import type { Clock } from '../../../src/transfer/clock.ts';
import { verifyShard } from '../../../src/transfer/index.ts';
import {
  bytesOf,
  contentOf,
  copyAll,
  copyOne,
  createPassage,
  fastClock,
  list,
  never,
  noProgress,
  type Passage,
  type Process,
  placeOf,
  verifyAll,
} from '../../support/passage.ts';

class Killed extends Error {}

const objects = 40;
const oneShard = { objects: 1000, sizeBytes: 1024 ** 4 };

function seeded(timed = true): Passage {
  const passage = createPassage({ clock: fastClock({ timed }) });
  for (let n = 0; n < objects; n += 1) passage.source.seed(`tree/${n}`, bytesOf(1000 + n, n), { tags: { n: String(n) } });
  return passage;
}

/** A process that dies at its call number `dies`, whichever store or depot that goes to, and stays dead: before the call or just after it was done. */
function mortal(passage: Passage, dies: number, when: 'before' | 'after'): Process {
  let calls = 0;
  let isDead = false;
  const live = (): void => {
    if (isDead) throw new Killed();
  };
  const strike = (): void => {
    if (calls++ >= dies) isDead = true;
    live();
  };
  const faults = when === 'before' ? { before: strike, after: live } : { before: live, after: strike };
  return {
    ...passage,
    source: passage.source.connect(faults),
    target: passage.target.connect(faults),
    depot: passage.depot.connect(when === 'before' ? strike : live),
  };
}

describe.each(['before', 'after'] as const)('a worker killed %s any call', (when) => {
  it('leaves a copy that the next one finishes: nothing missed, and moved again only what had no row', async () => {
    for (let dies = 0; dies < 4 * objects; dies += 7) {
      const passage = seeded();
      const manifest = await list(passage, 'latest', oneShard);
      const rowsBefore = async (): Promise<number> =>
        [...(passage.depot.journals.get(journalName(placeOf(1, 'copy'))) ?? [])].join('').split('"outcome"').length - 1;
      await copyOne(mortal(passage, dies, when), passage, manifest, 0).catch((error: unknown) => expect(error).toBeInstanceOf(Killed));
      const [durable, readBefore] = [await rowsBefore(), passage.source.counters.calls.read ?? 0];
      const { run, totals } = await copyAll(passage, passage, manifest);
      expect((passage.source.counters.calls.read ?? 0) - readBefore).toBe(objects - durable);
      expect(totals).toMatchObject({ objects, outcomes: { failed: 0, vanished: 0, changed: 0 } });
      expect(contentOf(passage.target)).toEqual(contentOf(passage.source));
      expect((await verifyAll(passage, run)).totals.verdicts.PASS).toBe(objects);
    }
  });

  it('leaves a verification that the next one finishes', async () => {
    for (let dies = 0; dies < 2 * objects; dies += 9) {
      const passage = seeded();
      const { run } = await copyAll(passage, passage, await list(passage, 'latest', oneShard));
      const place = placeOf(1, 'verify');
      await verifyShard(mortal(passage, dies, when), place, { run: run.digest, shard: 0 }, noProgress, never()).catch((error: unknown) =>
        expect(error).toBeInstanceOf(Killed),
      );
      expect((await verifyShard(passage, place, { run: run.digest, shard: 0 }, noProgress, never())).verdicts.PASS).toBe(objects);
    }
  });
});

describe('several attempts at one shard', () => {
  it('seal the same bytes, whoever seals', async () => {
    const passage = seeded();
    const manifest = await list(passage, 'latest', oneShard);
    const put: string[] = [];
    // Dies between the rows file and its seal.
    const depot = passage.depot.connect(({ operation, name }) => {
      if (operation === 'put') put.push(name);
      if (operation === 'append' && name === sealName(placeOf(1, 'copy'))) throw new Killed();
    });
    await expect(copyOne({ ...passage, depot }, passage, manifest, 0)).rejects.toBeInstanceOf(Killed);
    const reads = passage.source.counters.calls.read;
    expect((await copyOne(passage, passage, manifest, 0)).rows).toBe(put[0]);
    expect(passage.source.counters.calls.read).toBe(reads);
  });

  it('killed again and again, come to the end', async () => {
    const passage = seeded();
    const manifest = await list(passage, 'latest', oneShard);
    for (let dies = 20; ; dies += 20) {
      try {
        await copyOne(mortal(passage, dies, 'before'), passage, manifest, 0);
        break;
      } catch (error) {
        expect(error).toBeInstanceOf(Killed);
      }
    }
    expect(contentOf(passage.target)).toEqual(contentOf(passage.source));
  });

  it('at once: the one that claimed first stalls, is fenced and overwrites nothing', async () => {
    const passage = seeded(false);
    const manifest = await list(passage, 'latest', oneShard);
    let wake: () => void = () => undefined;
    const stall = new Promise<void>((resolve) => {
      wake = resolve;
    });
    let puts = 0;
    const target = passage.target.connect({
      before: async ({ operation }) => {
        if (operation === 'put' && ++puts > 10) await stall;
      },
    });
    const first = copyOne({ ...passage, target }, passage, manifest, 0).catch((error: unknown) => error);
    while (puts < 20) await new Promise(setImmediate);
    // The successor meets the ten objects that have no row yet, and adopts them.
    const second = await copyOne(passage, passage, manifest, 0);
    expect(second.outcomes).toMatchObject({ copied: objects - 10, adopted: 10 });
    const written = passage.target.bucket.current('tree/30')?.lastModified;
    wake();
    expect(await first).toMatchObject({ code: 'FENCED' });
    expect(passage.target.bucket.current('tree/30')?.lastModified).toBe(written);
    expect(contentOf(passage.target)).toEqual(contentOf(passage.source));
  });

  it('fence the older one at its next flush, which aborts what it has in flight', async () => {
    const passage = seeded(false);
    const manifest = await list(passage, 'latest', oneShard);
    let puts = 0;
    let wasAborted = false;
    const target: ObjectTarget = {
      ...passage.target,
      put: (...call) => {
        puts += 1;
        if (puts < 40) return passage.target.put(...call);
        const signal = call[5];
        return new Promise((_, reject) =>
          signal?.addEventListener('abort', () => {
            wasAborted = true;
            reject(signal.reason);
          }),
        );
      },
    };
    const clock: Clock = { ...passage.clock, sleep: (ms, signal) => (ms === 1000 ? tick(signal) : passage.clock.sleep(ms, signal)) };
    let flushNow: () => void = () => undefined;
    const tick = (signal?: AbortSignal): Promise<void> =>
      new Promise((resolve, reject) => {
        flushNow = resolve;
        signal?.addEventListener('abort', () => reject(signal.reason));
      });
    const first = copyOne({ ...passage, clock, target }, passage, manifest, 0).catch((error: unknown) => error);
    while (puts < 40) await new Promise(setImmediate);
    await passage.depot.journal(journalName(placeOf(1, 'copy'))).append(1, Buffer.from('{"claim":"a successor"}\n'));
    flushNow();
    expect(await first).toMatchObject({ code: 'FENCED' });
    expect(wasAborted).toBe(true);
  });
});
