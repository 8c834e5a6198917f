import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, jest } from '@jest/globals';
import { testScale } from '../../lab/seed/estate.ts';
import { seedSource } from '../../lab/seed/seed.ts';
import { Given } from '../../src/cli/command.ts';
import type { CommandContext } from '../../src/cli/context.ts';
import { ledgerExport } from '../../src/cli/ledger-export.ts';
import { commandWords } from '../../src/cli/words.ts';
import { taskQueue } from '../../src/core/ids.ts';
import { type BundleReport, verifyBundle } from '../../src/ledger/checks/verify-bundle.ts';
import { itSideBySide } from '../support/side-by-side.ts';
import { describeStores } from '../support/stores.ts';
import { disconnect, type Stage } from '../workflows/stage.ts';
import { discard, type RealOptions, withRealStage } from './real-stage.ts';

jest.setTimeout(240_000);
afterAll(disconnect);

const run = promisify(execFile);
const folder = mkdtempSync(path.join(tmpdir(), 'ecluse evidence é-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const estate: RealOptions['seed'] = (_store, _bucket, place) => seedSource({ ...place, scale: testScale });

/** Runs an errand of the project as the command does: as a workflow of its own. */
async function errand(stage: Stage, kind: string): Promise<unknown> {
  const handle = await stage.client.workflow.start(kind, {
    workflowId: `${stage.project}/${kind}/${Math.random()}`,
    taskQueue: taskQueue(stage.project, 'control'),
    args: [{ project: stage.project, by: 'tester' }],
  });
  return handle.result();
}

/** `ecluse ledger export` on the stage's own log and depot, then both verifiers that hold every check. */
async function exportedFrom(stage: Stage, name: string): Promise<BundleReport> {
  const out = path.join(folder, name);
  const context: Partial<CommandContext> = {
    env: {},
    folder,
    files: { config: path.join(folder, 'ecluse.yaml'), plan: '' },
    words: commandWords('en'),
    terminal: { isInteractive: false, progress: () => undefined, say: () => undefined, redraw: () => undefined, confirm: async () => true },
    config: () => ({ project: stage.room.policy.project, ledger: {} }) as ReturnType<CommandContext['config']>,
    depot: async () => stage.depot,
    client: async () => ({ errand: () => errand(stage, 'exportEvidence') }) as unknown as Awaited<ReturnType<CommandContext['client']>>,
  };
  await ledgerExport.run(context as CommandContext, new Given([], { out, by: 'tester' }));
  const report = await verifyBundle(out, { atMs: Date.now() });
  const { stdout } = await run('python3', [path.join(out, 'verify.py'), '--json'], { maxBuffer: 64 << 20 }).catch((error: { stdout: string }) => error);
  const other = JSON.parse(stdout) as BundleReport;
  // Where there is little to check, one counts it and the other says that there is nothing.
  const results = (each: BundleReport): string => each.checks.map(({ id, result }) => `${id} ${result === 'NA' ? 'PASS' : result}`).join(', ');
  expect(results(other)).toBe(results(report));
  expect(other.verdict).toBe(report.verdict);
  expect(report.checks.filter(({ result }) => result === 'FAIL' || result === 'UNKNOWN')).toEqual([]);
  return report;
}

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
        const interim = await exportedFrom(stage, 'interim');
        expect(interim).toMatchObject({ verdict: 'PASS', kind: 'interim', class: 'lab', pending: { workloads: 1 } });
        await stage.resume();
        await stage.untilState('ready for cutover', 'waiting');
        await stage.cutOver();
        await stage.approve('finalize');
        await stage.until(({ waitingFor }) => waitingFor === 'order finalize or rollback');
        await stage.order('finalize');
        await stage.untilState('finalized', 'done');
        await errand(stage, 'closeLog');
        const final = await exportedFrom(stage, 'final');
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
        const rolledBack = await exportedFrom(stage, 'rolled-back');
        expect(rolledBack).toMatchObject({ verdict: 'PASS', kind: 'interim' });
        expect(statesIn('rolled-back').at(-1)).toContain('withdrawn');
        await discard(stage);
        await errand(stage, 'closeLog');
        const discarded = await exportedFrom(stage, 'discarded');
        expect(discarded).toMatchObject({ verdict: 'PASS', kind: 'final' });
        expect(resultOf(discarded, 'C22')).toBe('PASS');
      }),
  });
});
