import { hash } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { openMemoryDepot } from '../../../src/depot/memory.ts';
import { FinalRow, SetIndex } from '../../../src/model/reference-set.ts';
import type { ObjectRow } from '../../../src/model/row.ts';
import type { Depot } from '../../../src/ports/depot.ts';
import { type FinalSetInput, readFinalSet, sealFinalSet } from '../../../src/transfer/index.ts';

let temporaries = '';
beforeAll(async () => {
  temporaries = await mkdtemp(join(tmpdir(), 'ecluse-test-'));
});
afterAll(() => rm(temporaries, { recursive: true }));

const refOf = (name: number): string => hash('sha256', `object ${name}`, 'hex');
type Said = Pick<ObjectRow, 'outcome' | 'verdict' | 'sizeBytes' | 'reason'> & { readonly name: number };
/** What the log of a workload holds, in its order. */
type Event = { readonly inventory: ReadonlyMap<number, number> } | { readonly batch: readonly Said[] };
interface World {
  readonly log: readonly Event[];
  readonly accepted: readonly string[];
  readonly withdrawn?: 'all' | readonly number[];
}

async function putInventory(depot: Depot, objects: ReadonlyMap<number, number>): Promise<string> {
  const rows = [...objects].map(([name, size]) => ({ ref: refOf(name), size_bytes: String(size) })).sort((a, b) => (a.ref < b.ref ? -1 : 1));
  const sha256 = await depot.put(Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join('')));
  const index = { v: 1, kind: 'inventory', workload: 'w', bits: 0, count: rows.length, buckets: [{ count: rows.length, sha256 }] };
  return await depot.put(Buffer.from(JSON.stringify(index)));
}

async function putRows(depot: Depot, seq: number, batch: readonly Said[]): Promise<string> {
  const rows = batch.map(({ name, ...said }, i) => ({ i, ref: refOf(name), sourceEtag: 'e', sourceLastModified: 't', ...said }));
  return await depot.put(Buffer.from([{ salt: `salt ${seq}` }, ...rows].map((row) => `${JSON.stringify(row)}\n`).join('')));
}

async function* refsOf(names: readonly number[]): AsyncGenerator<string> {
  for (const name of names) yield refOf(name);
}

const seqOf = (at: number): number => at * 3 + 2;

async function inputOf(depot: Depot, { log, accepted, withdrawn }: World): Promise<FinalSetInput> {
  const inventories: { digest: string; seq: number }[] = [];
  const batches: { rows: string; seq: number; count: number }[] = [];
  for (const [at, event] of log.entries()) {
    const seq = seqOf(at);
    if ('inventory' in event) inventories.push({ digest: await putInventory(depot, event.inventory), seq });
    else batches.push({ rows: await putRows(depot, seq, event.batch), seq, count: event.batch.length });
  }
  const left = withdrawn === 'all' || withdrawn === undefined ? withdrawn : refsOf(withdrawn);
  return { workload: 'w', inventories, batches, acceptedLosses: accepted, ...(left === undefined ? {} : { withdrawn: { left } }) };
}

async function sealedRows(world: World, bucketRows = 3) {
  const depot = openMemoryDepot();
  const input = await inputOf(depot, world);
  const set = await sealFinalSet({ depot, temporaries, bucketRows }, input, () => undefined, new AbortController().signal);
  const rows: FinalRow[] = [];
  for await (const row of readFinalSet(depot, set.digest)) rows.push(FinalRow.parse(row));
  const index = SetIndex.parse(JSON.parse((await depot.get(set.digest)).toString()));
  return { set, rows, index, depot, input };
}

/** The page's table, told once more and without any haste: per object, over the whole log. */
async function naive(depot: Depot, { log, accepted, withdrawn }: World): Promise<FinalRow[]> {
  const names = new Set(log.flatMap((event) => ('inventory' in event ? [...event.inventory.keys()] : event.batch.map(({ name }) => name))));
  if (Array.isArray(withdrawn)) for (const name of withdrawn) names.add(name);
  const all: FinalRow[] = [];
  for (const name of names) {
    const history = log.flatMap((event, at) =>
      'batch' in event ? event.batch.map((said, i) => ({ ...said, i, at })).filter((said) => said.name === name) : [],
    );
    const since = history.slice(history.findLastIndex(({ outcome }) => outcome === 'deleted') + 1);
    const copy = since.findLast(({ outcome }) => outcome === 'copied' || outcome === 'adopted');
    const row = copy ?? history.at(-1);
    const listings = log.flatMap((event, at) => ('inventory' in event ? [{ at, size: event.inventory.get(name) }] : []));
    const newest = listings.at(-1);
    const asksListing = newest !== undefined && newest.at > (row?.at ?? -1);
    const states: (FinalRow['state'] | false | undefined)[] = copy
      ? [
          withdrawn && 'withdrawn',
          copy.verdict === 'FAIL' && 'failed',
          copy.verdict === 'PASS' && (!asksListing || newest.size === copy.sizeBytes) && 'verified',
          'unknown',
        ]
      : [
          asksListing && newest.size === undefined && 'vanished',
          !asksListing && (row?.outcome === 'deleted' || row?.outcome === 'vanished') && 'vanished',
          row?.outcome === 'failed' && accepted.includes(row.reason ?? '') && 'excluded',
          withdrawn && 'withdrawn',
          row?.outcome === 'failed' && 'failed',
          row?.outcome === 'changed' && 'changed',
          'unknown',
        ];
    const event = row && log[row.at];
    all.push({
      ref: refOf(name),
      state: states.find(Boolean) as FinalRow['state'],
      size_bytes: String(row?.sizeBytes ?? listings.findLast(({ size }) => size !== undefined)?.size ?? 0),
      ...(row && event && 'batch' in event ? { rows: await putRows(depot, seqOf(row.at), event.batch), i: row.i } : {}),
      ...(row?.reason ? { reason: row.reason } : {}),
      ...((withdrawn === 'all' && copy) || (Array.isArray(withdrawn) && withdrawn.includes(name)) ? { left: true as const } : {}),
    });
  }
  return all.sort((a, b) => (a.ref < b.ref ? -1 : 1));
}

const name = fc.nat(24);
const size = fc.constantFrom(0, 1, 2 ** 52);
const said: fc.Arbitrary<Said> = fc.record(
  {
    name,
    outcome: fc.constantFrom('copied', 'copied', 'adopted', 'deleted', 'vanished', 'changed', 'failed'),
    verdict: fc.constantFrom('PASS', 'PASS', 'FAIL', 'UNKNOWN'),
    sizeBytes: size,
    reason: fc.constantFrom('OBJECT_ARCHIVED', 'TARGET_DIFFERS'),
  },
  { requiredKeys: ['name', 'outcome', 'verdict', 'sizeBytes'] },
);
const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 1, arbitrary: fc.array(fc.tuple(name, size)).map((objects) => ({ inventory: new Map(objects) })) },
  { weight: 3, arbitrary: fc.array(said, { maxLength: 20 }).map((batch) => ({ batch })) },
);
const world: fc.Arbitrary<World> = fc.record(
  {
    log: fc.array(event, { maxLength: 8 }),
    accepted: fc.subarray(['OBJECT_ARCHIVED', 'TARGET_DIFFERS']),
    withdrawn: fc.oneof(fc.constant('all' as const), fc.array(fc.nat(30), { maxLength: 5 })),
  },
  { requiredKeys: ['log', 'accepted'] },
);

describe('sealFinalSet', () => {
  it('gives every reference the end that the table gives it, whatever happened', async () => {
    await fc.assert(
      fc.asyncProperty(world, fc.integer({ min: 1, max: 8 }), async (one, bucketRows) => {
        const { set, rows, index, depot } = await sealedRows(one, bucketRows);
        const expected = await naive(depot, one);
        expect(rows).toEqual(expected);
        const newest = one.log.findLast((each) => 'inventory' in each);
        const inventoried = newest && 'inventory' in newest ? newest.inventory : new Map();
        expect(set).toMatchObject({ count: expected.length, inventoried: inventoried.size });
        for (const [state, { count, sizeBytes }] of Object.entries(set.states)) {
          const those = expected.filter((row) => row.state === state);
          expect([count, sizeBytes]).toEqual([those.length, String(those.reduce((sum, { size_bytes }) => sum + BigInt(size_bytes), 0n))]);
        }
        expect(Object.values(set.states).reduce((sum, { count }) => sum + count, 0)).toBe(expected.length);
        const states = new Set(expected.map(({ state }) => state));
        const isGood = [...states].every((state) => ['verified', 'vanished', 'excluded', 'withdrawn'].includes(state));
        expect(set.verdict).toBe(states.has('failed') ? 'FAIL' : isGood ? 'PASS' : 'UNKNOWN');
        expect(index.count).toBe(expected.length);
      }),
      { numRuns: 300 },
    );
  });

  it('gives the same digest for the same inputs, in whatever order they are handed over', async () => {
    await fc.assert(
      fc.asyncProperty(world, async (one) => {
        const { set, depot, input } = await sealedRows(one);
        const again = await inputOf(depot, one);
        const mixed = { ...again, inventories: [...input.inventories].reverse(), batches: [...input.batches].reverse() };
        expect(await sealFinalSet({ depot, temporaries, bucketRows: 3 }, mixed, () => undefined, new AbortController().signal)).toEqual(set);
      }),
      { numRuns: 50 },
    );
  });

  it('stops when told to, wherever it is, and leaves no temporary file', async () => {
    const depot = openMemoryDepot();
    const objects = new Map(Array.from({ length: 40 }, (_, n) => [n, n]));
    const batch: Said[] = [...objects].map(([each, sizeBytes]) => ({ name: each, outcome: 'copied', verdict: 'PASS', sizeBytes }));
    const input = await inputOf(depot, { log: [{ inventory: objects }, { batch }, { batch }, { inventory: objects }], accepted: [] });
    let beats = 0;
    const seal = (heartbeat: () => void, signal = new AbortController().signal) =>
      sealFinalSet({ depot, temporaries, bucketRows: 10 }, input, heartbeat, signal);
    const { verdict } = await seal(() => {
      beats += 1;
    });
    expect([verdict, beats]).toEqual(['PASS', 8]);
    for (let stop = 0; stop < beats - 1; stop += 1) {
      const abort = new AbortController();
      let seen = 0;
      await expect(seal(() => seen++ === stop && abort.abort(new Error('stopped')), abort.signal)).rejects.toThrow('stopped');
      expect(await readdir(temporaries)).toEqual([]);
    }
  });

  it.each([1, 3])('refuses a rows file of two rows whose record says %s', async (count) => {
    const depot = openMemoryDepot();
    const batch: Said[] = [1, 2].map((each) => ({ name: each, outcome: 'copied', verdict: 'PASS', sizeBytes: 1 }));
    const input = await inputOf(depot, { log: [{ batch }], accepted: [] });
    const wrong = { ...input, batches: input.batches.map((each) => ({ ...each, count })) };
    await expect(sealFinalSet({ depot, temporaries }, wrong, () => undefined, new AbortController().signal)).rejects.toMatchObject({ code: 'DEPOT_CORRUPT' });
  });
});
