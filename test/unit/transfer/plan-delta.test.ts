import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compareKeys } from '../../../src/core/compare-keys.ts';
import type { ManifestRef, RunRef } from '../../../src/model/manifest.ts';
import type { ObjectEntry } from '../../../src/model/object-entry.ts';
import type { ObjectRow, RowOutcome } from '../../../src/model/row.ts';
import type { Depot } from '../../../src/ports/depot.ts';
import { compactCatalogue, mergeCatalogue, planDelta, readCatalogue } from '../../../src/transfer/index.ts';
import { openManifest, readEntries, readIndex } from '../../../src/transfer/manifest-files.ts';
import { createMemoryDepot } from '../../support/memory-depot.ts';

const cut = { objects: 3, sizeBytes: 1000 };
const keys = ['a', 'a/', 'a/b', 'a//b', 'b', 'é', 'e\u0301', '\u{1f600}', '\uffee', 'z'] as const;

/** One object of a model: what a listing shows, in small numbers. */
interface Shown {
  readonly etag: string;
  readonly sizeBytes: number;
}
type Listed = Readonly<Record<string, Shown>>;

const entryOf = (key: string, { etag, sizeBytes }: Shown): ObjectEntry => ({ key, sizeBytes, etag, lastModified: `2026-01-01T00:00:0${etag}Z` });
const rowOf = (entry: ObjectEntry, outcome: RowOutcome, more: Partial<ObjectRow> = {}): ObjectRow => ({
  i: 0,
  ref: '',
  outcome,
  sizeBytes: entry.sizeBytes,
  sourceEtag: entry.etag,
  sourceLastModified: entry.lastModified,
  targetEtag: `t${entry.etag}`,
  verdict: outcome === 'copied' ? 'PASS' : 'UNKNOWN',
  ...more,
});

async function manifestOf(depot: Depot, entries: readonly ObjectEntry[], rows?: readonly ObjectRow[]): Promise<ManifestRef> {
  const writer = openManifest(depot, { cut, sort: rows === undefined });
  for (const [i, entry] of entries.entries()) await writer.add(entry, rows?.[i]);
  return await writer.close();
}

async function keysOf(depot: Depot, ref: ManifestRef): Promise<readonly ObjectEntry[]> {
  const shards = (await readIndex(depot, ref.digest)).shards;
  return (await Promise.all(shards.map((shard) => readEntries(depot, shard)))).flat();
}

const shown = fc.record({ etag: fc.constantFrom('1', '2', '3'), sizeBytes: fc.constantFrom(0, 400, 900) });
const listing = fc.dictionary(fc.constantFrom(...keys), shown);
const act = fc.record({
  key: fc.constantFrom(...keys),
  shown,
  outcome: fc.constantFrom<RowOutcome>('copied', 'adopted', 'deleted', 'failed', 'changed', 'vanished'),
  verdict: fc.constantFrom('PASS', 'FAIL', 'UNKNOWN'),
});
const history = fc.array(fc.uniqueArray(act, { selector: ({ key }) => key, maxLength: 8 }), { maxLength: 4 });

describe('planDelta', () => {
  it('is the brute-force difference of any listing in any order and any history of runs', async () => {
    await fc.assert(
      fc.asyncProperty(listing, history, fc.func(fc.nat()), async (listed: Listed, runs, shuffle) => {
        const depot = createMemoryDepot();
        const there = new Map<string, { shown: Shown; isSound: boolean }>();
        const catalogue: RunRef[] = [];
        for (const acts of runs) {
          const sorted = acts.toSorted((a, b) => compareKeys(a.key, b.key));
          const entries = sorted.map((one) => entryOf(one.key, one.shown));
          catalogue.push(
            await manifestOf(
              depot,
              entries,
              sorted.map((one, i) => rowOf(entries[i] as ObjectEntry, one.outcome, { verdict: one.verdict as ObjectRow['verdict'] })),
            ),
          );
          for (const { key, shown, outcome, verdict } of acts) {
            if (outcome === 'copied' || outcome === 'adopted') there.set(key, { shown, isSound: verdict === 'PASS' });
            else if (outcome === 'deleted') there.delete(key);
          }
        }
        const shuffled = Object.entries(listed).sort(([a], [b]) => shuffle(a) - shuffle(b));
        const plan = await planDelta(depot, {
          listing: await manifestOf(
            depot,
            shuffled.map(([key, one]) => entryOf(key, one)),
          ),
          catalogue,
          cut,
        });

        const changed: Record<string, string | undefined> = {};
        let unchanged = 0;
        for (const [key, one] of Object.entries(listed)) {
          const was = there.get(key);
          if (was?.isSound && was.shown.etag === one.etag && was.shown.sizeBytes === one.sizeBytes) unchanged += 1;
          else changed[key] = was && `t${was.shown.etag}`;
        }
        const deleted = [...there.keys()].filter((key) => !(key in listed));
        const planned = await keysOf(depot, plan.changed);
        expect(Object.fromEntries(planned.map(({ key, replaces }) => [key, replaces]))).toEqual(changed);
        expect(planned.map(({ key }) => key)).toEqual(Object.keys(changed).sort(compareKeys));
        expect((await keysOf(depot, plan.deleted)).map(({ key }) => key)).toEqual(deleted.sort(compareKeys));
        expect(plan.unchanged.count).toBe(unchanged);
      }),
      { numRuns: 150 },
    );
  });

  it('sees each of key, size, ETag and time', async () => {
    const depot = createMemoryDepot();
    const entry = entryOf('a', { etag: '1', sizeBytes: 5 });
    const catalogue = [await manifestOf(depot, [entry], [rowOf(entry, 'copied')])];
    const plan = async (listed: ObjectEntry): Promise<number> =>
      (await planDelta(depot, { listing: await manifestOf(depot, [listed]), catalogue, cut })).changed.count;
    expect(await plan(entry)).toBe(0);
    expect(await plan({ ...entry, sizeBytes: 6 })).toBe(1);
    expect(await plan({ ...entry, etag: 'x' })).toBe(1);
    expect(await plan({ ...entry, lastModified: '2026-02-01T00:00:00Z' })).toBe(1);
    expect(await plan({ ...entry, key: 'b' })).toBe(1);
  });

  it('compares with what was really read, not with the older listing', async () => {
    const depot = createMemoryDepot();
    const entry = entryOf('a', { etag: '1', sizeBytes: 5 });
    const newer = entryOf('a', { etag: '2', sizeBytes: 7 });
    const catalogue = [await manifestOf(depot, [entry], [rowOf(newer, 'copied')])];
    expect(await planDelta(depot, { listing: await manifestOf(depot, [newer]), catalogue, cut })).toMatchObject({
      changed: { count: 0 },
      unchanged: { count: 1, sizeBytes: 7 },
    });
  });
});

describe('the catalogue', () => {
  it('merged into one run says the same as its runs', async () => {
    await fc.assert(
      fc.asyncProperty(history, async (runs) => {
        const depot = createMemoryDepot();
        const catalogue: RunRef[] = [];
        for (const acts of runs) {
          const sorted = acts.toSorted((a, b) => compareKeys(a.key, b.key));
          catalogue.push(
            await manifestOf(
              depot,
              sorted.map((one) => entryOf(one.key, one.shown)),
              sorted.map((one) => rowOf(entryOf(one.key, one.shown), one.outcome, { verdict: one.verdict as ObjectRow['verdict'] })),
            ),
          );
        }
        const read = async (from: readonly RunRef[]): Promise<string[]> => {
          const all: string[] = [];
          for await (const { entry, row } of readCatalogue(depot, from)) all.push(JSON.stringify([entry, { ...row, i: 0 }]));
          return all;
        };
        expect(await read([await mergeCatalogue(depot, catalogue, cut)])).toEqual(await read(catalogue));
      }),
      { numRuns: 60 },
    );
  });

  it('is merged only when it has more than eight runs', async () => {
    const depot = createMemoryDepot();
    const entry = entryOf('a', { etag: '1', sizeBytes: 5 });
    const run = await manifestOf(depot, [entry], [rowOf(entry, 'copied')]);
    expect(await compactCatalogue(depot, Array(8).fill(run), cut)).toHaveLength(8);
    expect(await compactCatalogue(depot, Array(9).fill(run), cut)).toEqual([expect.objectContaining({ count: 1, shards: 1 })]);
  });

  it('opens shards only when they are reached', async () => {
    const depot = createMemoryDepot();
    const entries = Array.from({ length: 30 }, (_, n) => entryOf(`k${String(n).padStart(2, '0')}`, { etag: '1', sizeBytes: 1 }));
    const run = await manifestOf(
      depot,
      entries,
      entries.map((entry) => rowOf(entry, 'copied')),
    );
    let opened = 0;
    const watched = depot.connect(({ operation }) => {
      if (operation === 'get') opened += 1;
    });
    for await (const { entry } of readCatalogue(watched, [run])) if (entry.key === 'k00') break;
    expect(opened).toBe(3); // the index, one entries file, one rows file
  });

  it('refuses rows that do not belong to their entries', async () => {
    const depot = createMemoryDepot();
    const entry = entryOf('a', { etag: '1', sizeBytes: 5 });
    const run = await manifestOf(depot, [entry], [rowOf(entry, 'copied')]);
    const index = await readIndex(depot, run.digest);
    const rows = await depot.put(Buffer.from('{"salt":"x"}\n{"i":1,"outcome":"copied"}\n'));
    const digest = await depot.put(Buffer.from(JSON.stringify({ ...index, shards: index.shards.map((shard) => ({ ...shard, rows })) })));
    await expect(readCatalogue(depot, [{ ...run, digest }]).next()).rejects.toMatchObject({ code: 'DEPOT_CORRUPT' });
  });
});
