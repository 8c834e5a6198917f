import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createGateActivities } from '../../../src/activities/gates.ts';
import type { RecordDeps } from '../../../src/activities/recording.ts';
import { openMemoryDepot } from '../../../src/depot/memory.ts';
import { verifyBundle } from '../../../src/ledger/checks/verify-bundle.ts';
import { LedgerDraft } from '../../../src/model/ledger-record.ts';
import { makeSampleBundle } from '../../support/evidence/sample.ts';
import { samplePlace } from '../../support/evidence/sample-policy.ts';
import { localTool } from '../../support/local-tool.ts';
import { loudSuite } from '../../support/loud-suite.ts';
import { vmEntry } from '../../support/machines.ts';

const needed = () =>
  [localTool('python3', '--version'), localTool('openssl', 'version')].find((tool) => 'missing' in tool) ?? localTool('python3', '--version');

/** What the activities record of a rehearsal that was rejected, and of one that was accepted. */
async function rehearsals() {
  const depot = openMemoryDepot();
  const drafts: LedgerDraft[] = [];
  const place = () => ({ provider: 'lab', region: 'eu-west-2', resource_ref: 'web' });
  const ledger = { append: async (added: readonly LedgerDraft[]) => void drafts.push(...added) };
  const deps = { depot, ledger, clouds: { place }, stores: { place }, role: 'control' } as unknown as RecordDeps;
  const activities = createGateActivities(deps);
  const run = <Task, Result>(activity: (task: Task) => Promise<Result>, task: Task): Promise<Result> =>
    new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR', () => undefined) }).run(activity, task);
  const task = (turn: number) => ({ entry: vmEntry({ name: samplePlace.workload }), place: { ...samplePlace, run: 1, pass: 1, turn } });
  const files: Buffer[] = [];
  for (const [turn, machine] of ['i-11111111', 'i-22222222'].entries()) {
    const { scope } = await run(activities.openRehearsal, { ...task(turn), machine, console: 'c'.repeat(64), until: '2026-01-06T00:00:00.000Z' });
    files.push(await depot.get(scope));
    await run(turn === 0 ? activities.rejectRehearsal : activities.acceptRehearsal, { ...task(turn), scope, by: 'p-031' });
  }
  return { drafts, files };
}

it('a rehearsal is on record with its scope and the person, rejected or accepted', async () => {
  const { drafts } = await rehearsals();
  expect(drafts.map((draft) => LedgerDraft.parse(draft))).toMatchObject([
    { event: 'gate.rejected', actor: { id: 'p-031', type: 'person' }, unit: { kind: 'vm' }, approval: { gate: 'rehearsal' }, evidence: [{ name: 'scope' }] },
    {
      event: 'rehearsal.accepted',
      actor: { id: 'p-031', type: 'person' },
      unit: { kind: 'vm' },
      approval: { gate: 'rehearsal' },
      evidence: [{ name: 'scope' }],
    },
  ]);
  expect(new Set(drafts.map(({ event_id }) => event_id)).size).toBe(2);
});

loudSuite(needed)('both verifiers, of a bundle with rehearsals', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'ecluse-rehearsal-'));
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));

  it.each(['final', 'interim', 'rolled-back'] as const)('pass a %s one', async (kind) => {
    const { drafts, files } = await rehearsals();
    const folder = join(scratch, kind);
    let told = 0;
    await makeSampleBundle(folder, {
      kind,
      edit: {
        // Between the first pass and what follows it.
        draft: (draft, log) => {
          if (draft.event === 'transfer.started' && told++ === 0) {
            for (const file of files) log.put(file);
            for (const one of drafts) log.append(one);
          }
          return draft;
        },
      },
    });
    expect(told).toBeGreaterThan(0);
    const { stdout } = spawnSync('python3', ['-B', join(process.cwd(), 'verifiers', 'verify.py'), folder, '--json'], { encoding: 'utf8' });
    const python = JSON.parse(stdout) as { verdict: string; checks: { id: string; result: string; detail: string }[] };
    expect(python.checks.filter(({ result }) => result === 'FAIL' || result === 'UNKNOWN')).toEqual([]);
    expect(python.verdict).toBe('PASS');
    const own = await verifyBundle(folder, { atMs: Date.now() });
    expect(own.checks.filter(({ result }) => result === 'FAIL' || result === 'UNKNOWN')).toEqual([]);
  });
});
