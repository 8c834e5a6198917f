import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect } from '@jest/globals';
import { Given } from '../../src/cli/command.ts';
import type { CommandContext } from '../../src/cli/context.ts';
import { ledgerExport } from '../../src/cli/ledger-export.ts';
import { commandWords } from '../../src/cli/words.ts';
import { taskQueue } from '../../src/core/ids.ts';
import { type BundleReport, verifyBundle } from '../../src/ledger/checks/verify-bundle.ts';
import type { Stage } from '../workflows/stage.ts';

const run = promisify(execFile);

/** Runs an errand of the project as the command does: as a workflow of its own. */
export async function errand(stage: Stage, kind: string): Promise<unknown> {
  const handle = await stage.client.workflow.start(kind, {
    workflowId: `${stage.project}/${kind}/${Math.random()}`,
    taskQueue: taskQueue(stage.project, 'control'),
    args: [{ project: stage.project, by: 'tester' }],
  });
  return handle.result();
}

/** `ecluse ledger export` on the stage's own log and depot, then both verifiers that hold every check. */
export async function exportedFrom(stage: Stage, folder: string, name: string): Promise<BundleReport> {
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
