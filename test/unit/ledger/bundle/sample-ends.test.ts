import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openMemoryDepot } from '../../../../src/depot/memory.ts';
import type { LedgerRecord } from '../../../../src/model/ledger-record.ts';
import type { FinalRow } from '../../../../src/model/reference-set.ts';
import { readFinalSet, sealFinalSet } from '../../../../src/transfer/index.ts';
import { makeSampleBundle, type Sample, type SampleOptions } from '../../../support/evidence/sample.ts';
import { hardEnds, leftAlone } from '../../../support/evidence/sample-hard.ts';
import { samplePlace } from '../../../support/evidence/sample-policy.ts';
import { acceptedLosses } from '../../../support/evidence/sample-tell.ts';

/** The fixture states the ends by itself; here they are held against the product, so that neither drifts from the other. */
describe('the final sets of the sample', () => {
  let place: string;
  beforeAll(() => {
    place = mkdtempSync(join(tmpdir(), 'ecluse-ends-'));
  });
  afterAll(() => rmSync(place, { recursive: true, force: true }));
  let made = 0;
  const make = (options: SampleOptions): Promise<Sample> => makeSampleBundle(join(place, String(made++)), options);

  const depotOf = async ({ files }: Sample) => {
    const depot = openMemoryDepot();
    for (const bytes of files.values()) await depot.put(bytes);
    return depot;
  };
  const records = ({ lines }: Sample): readonly LedgerRecord[] => lines.map((line) => JSON.parse(line) as LedgerRecord);
  const digestOf = ({ evidence }: LedgerRecord, name: string): string => evidence?.find((item) => item.name === name)?.sha256 ?? '';
  const closings = (sample: Sample) => records(sample).filter(({ event }) => event === 'reconciliation.closed');
  const rowsOf = async (sample: Sample, closing: LedgerRecord): Promise<readonly FinalRow[]> => {
    const rows: FinalRow[] = [];
    for await (const row of readFinalSet(await depotOf(sample), digestOf(closing, 'final-set'))) rows.push(row);
    return rows;
  };

  it.each<SampleOptions>([{}, { hard: true }, { kind: 'interim', hard: true }, { kind: 'rolled-back' }, { kind: 'rolled-back', hard: true }])(
    'are those that the copy engine seals: %j',
    async (options) => {
      const sample = await make(options);
      const depot = await depotOf(sample);
      const known = records(sample);
      expect(closings(sample).length).toBe(options.kind === 'rolled-back' ? 3 : 1);
      for (const [at, closing] of closings(sample).entries()) {
        const before = known.slice(0, closing.seq);
        const unwound = before.findLastIndex(({ event, reasons }) => event === 'deletion.intent' && reasons?.includes('UNWIND'));
        const of = (name: string) => before.flatMap((record) => (digestOf(record, name) ? [{ seq: record.seq, digest: digestOf(record, name), record }] : []));
        const batches = of('rows').filter(({ seq }) => seq > unwound);
        const left = at === 0 ? undefined : at === 1 ? 'all' : refs(options.hard ? leftAlone : new Set<string>());
        const input = {
          workload: samplePlace.workload,
          inventories: of('inventory-set'),
          batches: batches.map(({ seq, digest, record }) => ({ seq, rows: digest, count: record.unit?.count ?? 0 })),
          acceptedLosses,
          ...(left ? { withdrawn: { left } as const } : {}),
        };
        const set = await sealFinalSet({ depot }, input, () => undefined, new AbortController().signal);
        const sealed: FinalRow[] = [];
        for await (const row of readFinalSet(depot, set.digest)) sealed.push(row);
        expect(await rowsOf(sample, closing)).toEqual(sealed);
        const states = Object.fromEntries(Object.entries(set.states).map(([state, { count }]) => [state, count]));
        expect(closing).toMatchObject({ counts: { ...states, inventoried: set.inventoried }, verdict: set.verdict });
      }
    },
  );

  it.each([
    ['final', false],
    ['interim', true],
  ] as const)('end the hard histories as they are told by hand: %s', async (kind, isContradicted) => {
    const sample = await make({ kind, hard: true });
    const [closing] = closings(sample);
    if (!closing) throw new Error('the sample is not reconciled');
    const rows = new Map((await rowsOf(sample, closing)).map((row) => [row.ref, row]));
    const { batches } = sample.history;
    for (const [ref, [state, batch, i]] of hardEnds(isContradicted))
      expect(rows.get(ref)).toMatchObject({ state, ...(batch === undefined ? {} : { rows: batches[batch]?.rows, i }) });
    const without = [...hardEnds(isContradicted)].filter(([, [, batch]]) => batch === undefined);
    for (const [ref] of without) expect(rows.get(ref)).not.toHaveProperty('rows');
    expect(rows.size).toBe(30 + hardEnds(isContradicted).size - 2);
  });

  it('leave what a removal left alone, and after a rollback every copy', async () => {
    const sample = await make({ kind: 'rolled-back', hard: true });
    const [, rolledBack, discarded] = closings(sample);
    if (!rolledBack || !discarded) throw new Error('the sample is not rolled back');
    const leftIn = async (closing: LedgerRecord) => (await rowsOf(sample, closing)).filter(({ left }) => left).map(({ ref, state }) => [ref, state] as const);
    expect(new Map(await leftIn(discarded))).toEqual(new Map([...leftAlone].sort().map((ref) => [ref, 'withdrawn'])));
    expect((await leftIn(rolledBack)).length).toBeGreaterThan(25);
    const outcome = records(sample).findLast(({ event }) => event === 'deletion.outcome');
    expect(outcome).toMatchObject({ counts: { left: 2 }, verdict: 'FAIL' });
    expect(JSON.parse(sample.files.get(digestOf(outcome as LedgerRecord, 'left'))?.toString() ?? '')).toMatchObject({ left: 2 });
  });
});

async function* refs(all: Iterable<string>): AsyncGenerator<string> {
  yield* all;
}
