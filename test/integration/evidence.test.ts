import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, jest } from '@jest/globals';
import { testScale } from '../../lab/seed/estate.ts';
import { seedSource } from '../../lab/seed/seed.ts';
import type { BundleReport } from '../../src/ledger/checks/verify-bundle.ts';
import { itSideBySide } from '../support/side-by-side.ts';
import { describeStores } from '../support/stores.ts';
import { disconnect } from '../workflows/stage.ts';
import { errand, exportedFrom } from './exported-bundle.ts';
import { discard, type RealOptions, withRealStage } from './real-stage.ts';

jest.setTimeout(240_000);
afterAll(disconnect);

const folder = mkdtempSync(path.join(tmpdir(), 'ecluse evidence é-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const estate: RealOptions['seed'] = (_store, _bucket, place) => seedSource({ ...place, scale: testScale });

const resultOf = ({ checks }: BundleReport, id: string): string | undefined => checks.find((check) => check.id === id)?.result;
const statesIn = (name: string): readonly string[] =>
  readFileSync(path.join(folder, name, 'log/records.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => line.includes('"event":"reconciliation.closed"'))
    .map((line) =>
      Object.keys((JSON.parse(line) as { counts: Record<string, number> }).counts)
        .sort()
        .join(' '),
    );

describeStores('the evidence of a passage between two SeaweedFS stores', () => {
  itSideBySide(2, {
    'passes in the middle of the copy, and when all is closed': () =>
      withRealStage({ seed: estate, stage: { shardObjects: 40, window: 1 } }, async ({ stage }) => {
        await stage.approve('loss');
        await stage.until(({ progress }) => progress.copiedObjects > 0);
        await stage.pause();
        const interim = await exportedFrom(stage, folder, 'interim');
        expect(interim).toMatchObject({ verdict: 'PASS', kind: 'interim', class: 'lab', pending: { workloads: 1 } });
        await stage.resume();
        await stage.untilState('ready for cutover', 'waiting');
        await stage.cutOver();
        await stage.approve('finalize');
        await stage.until(({ waitingFor }) => waitingFor === 'order finalize or rollback');
        await stage.order('finalize');
        await stage.untilState('finalized', 'done');
        await errand(stage, 'closeLog');
        const final = await exportedFrom(stage, folder, 'final');
        expect(final).toMatchObject({ verdict: 'PASS', kind: 'final', pending: { workloads: 0, acts: 0 } });
        for (const check of ['C7', 'C8', 'C9', 'C16', 'C17', 'C18', 'C19', 'C20', 'C21']) expect(`${check} ${resultOf(final, check)}`).toBe(`${check} PASS`);
      }),

    'passes after a rollback, with what was withdrawn and left': () =>
      withRealStage({ seed: estate }, async ({ stage }) => {
        await stage.approve('loss');
        await stage.untilState('ready for cutover', 'waiting');
        await stage.cutOver();
        await stage.order('rollback');
        await stage.untilState('rolled back', 'waiting');
        const rolledBack = await exportedFrom(stage, folder, 'rolled-back');
        expect(rolledBack).toMatchObject({ verdict: 'PASS', kind: 'interim' });
        expect(statesIn('rolled-back').at(-1)).toContain('withdrawn');
        await discard(stage);
        await errand(stage, 'closeLog');
        const discarded = await exportedFrom(stage, folder, 'discarded');
        expect(discarded).toMatchObject({ verdict: 'PASS', kind: 'final' });
        expect(resultOf(discarded, 'C22')).toBe('PASS');
      }),
  });
});
