import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { verifyBundle } from '../../../src/ledger/checks/verify-bundle.ts';
import type { FinalRow } from '../../../src/model/reference-set.ts';
import { makeSampleBundle } from '../../support/evidence/sample.ts';
import { localTool } from '../../support/local-tool.ts';
import { loudSuite } from '../../support/loud-suite.ts';
import { type Event, type SealedWorld, sealWorld, tellWorld, type World, world } from './worlds.ts';

interface Check {
  readonly id: string;
  readonly result: string;
  readonly detail: string;
}

/** With a seed of its own, so that a failure is met again. */
const seed = 20261124;
const needed = () =>
  [localTool('python3', '--version'), localTool('openssl', 'version')].find((tool) => 'missing' in tool) ?? localTool('python3', '--version');

loudSuite(needed)('verify.py, ecluse and the copy engine', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'ecluse-agree-'));
  let made = 0;
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));

  /** An interim bundle: objects that failed take nothing away from it. Nobody need sign for losses. */
  async function bundleOf(worlds: readonly SealedWorld[]): Promise<string> {
    const folder = join(scratch, String(made++));
    await makeSampleBundle(folder, {
      kind: 'interim',
      edit: {
        policy: (policy) => ({ ...policy, gates: { ...policy.gates, loss: { ...policy.gates.loss, seats: [] } } }),
        draft: (draft, log) => {
          if (draft.event === 'transfer.started') for (const each of worlds) tellWorld(log, each);
          return draft;
        },
      },
    });
    return folder;
  }

  /** What each verifier finds wrong. C17: a discard here has no gate. */
  async function complaints(folder: string): Promise<{ readonly python: readonly string[]; readonly ecluse: readonly string[]; readonly told: string }> {
    const { stdout } = spawnSync('python3', ['-B', join(process.cwd(), 'verifiers', 'verify.py'), folder, '--json'], { encoding: 'utf8' });
    const python = (JSON.parse(stdout) as { readonly checks: readonly Check[] }).checks;
    const { checks: ecluse } = await verifyBundle(folder, { atMs: Date.now() });
    const wrong = (checks: readonly Check[]): readonly Check[] =>
      checks.filter(({ id, result }) => id !== 'C17' && (result === 'FAIL' || result === 'UNKNOWN'));
    const ids = (checks: readonly Check[]): readonly string[] => wrong(checks).map(({ id }) => id);
    const said = (checks: readonly Check[]): string =>
      wrong(checks)
        .map(({ id, detail }) => `${id} ${detail}`)
        .join('; ');
    return { python: ids(python), ecluse: ids(ecluse), told: `verify.py: ${said(python)} | ecluse: ${said(ecluse)}` };
  }

  it('all three give every object the same end', async () => {
    const worlds = fc.sample(world, { numRuns: 40, seed });
    for (let from = 0; from < worlds.length; from += 10) {
      const sealed = await Promise.all(worlds.slice(from, from + 10).map((one, at) => sealWorld(one, `w-${from + at}`, 1 + (at % 5))));
      const { python, ecluse, told } = await complaints(await bundleOf(sealed));
      expect({ python, ecluse, told }).toEqual({ python: [], ecluse: [], told: 'verify.py:  | ecluse: ' });
    }
  }, 60_000);

  const corruption = fc.record({
    kind: fc.constantFrom('final' as const, 'inventory' as const, 'rows' as const),
    at: fc.nat(1000),
    how: fc.nat(1000),
  });

  it('both refuse a final set from which one thing was changed', async () => {
    let tried = 0;
    await fc.assert(
      fc.asyncProperty(world, corruption, async (one, { kind, at, how }) => {
        const honest = await sealWorld(one, 'w', 3);
        const changed = kind === 'final' ? changedFinal(honest, at, how) : await changedHistory(honest, kind, at, how);
        fc.pre(changed !== undefined);
        tried += 1;
        const { python, ecluse, told } = await complaints(await bundleOf(changed ? [changed] : []));
        expect([told, python.some((id) => id === 'C18' || id === 'C19')]).toEqual([told, true]);
        expect([told, ecluse.some((id) => id === 'C18' || id === 'C19')]).toEqual([told, true]);
      }),
      { numRuns: 24, seed },
    );
    expect(tried).toBe(24);
  }, 60_000);
});

const states: readonly FinalRow['state'][] = ['verified', 'vanished', 'excluded', 'changed', 'failed', 'unknown', 'withdrawn'];

/** The final set itself, edited by one row. */
function changedFinal(sealed: SealedWorld, at: number, how: number): SealedWorld | undefined {
  const { final } = sealed;
  const row = final[at % Math.max(1, final.length)];
  if (!row) return undefined;
  const { reason: _, rows: __, i: ___, ...bare } = row;
  const edits: readonly (FinalRow | undefined)[] = [
    undefined,
    { ...row, state: states[(states.indexOf(row.state) + 1 + (how % 6)) % 7] ?? 'verified' },
    { ...row, size_bytes: String(BigInt(row.size_bytes) + 1n) },
    row.i === undefined ? { ...row, rows: '0'.repeat(64), i: 0 } : { ...row, i: row.i + 1 },
    row.reason === undefined ? { ...row, reason: 'OBJECT_ARCHIVED' } : { ...bare, ...(row.rows ? { rows: row.rows, i: row.i ?? 0 } : {}) },
  ];
  const edit = edits[how % edits.length];
  return { ...sealed, final: final.flatMap((each) => (each === row ? (edit ?? []) : each)) };
}

/** One row or one line of an inventory says something else, and the final set, but for digests, what it said before. Undefined where that is right. */
async function changedHistory(sealed: SealedWorld, kind: 'inventory' | 'rows', at: number, how: number): Promise<SealedWorld | undefined> {
  const { world: one } = sealed;
  const log = one.log.map((each) => changedEvent(each, kind, at, how));
  const other = await sealWorld({ ...one, log } satisfies World, sealed.workload, 3);
  const renamed = new Map(sealed.digests.map((digest, n) => [digest, other.digests[n] ?? '']));
  const final = sealed.final.map((row) => (row.rows === undefined ? row : { ...row, rows: renamed.get(row.rows) ?? '' }));
  return JSON.stringify(final) === JSON.stringify(other.final) ? undefined : { ...other, final };
}

function changedEvent(each: Event, kind: 'inventory' | 'rows', at: number, how: number): Event {
  if ('inventory' in each && kind === 'inventory') {
    const lines = [...each.inventory];
    const [object, size] = lines[at % Math.max(1, lines.length)] ?? [how % 15, 0];
    const rest = lines.filter(([other]) => other !== object);
    return { inventory: new Map(how % 2 === 0 ? rest : [...rest, [object, size + 1]]) };
  }
  if (!('batch' in each) || kind !== 'rows' || each.batch.length === 0) return each;
  const place = at % each.batch.length;
  const outcomes = ['copied', 'adopted', 'deleted', 'vanished', 'changed', 'failed'] as const;
  const edit = (row: (typeof each.batch)[number]) =>
    how % 3 === 0
      ? { ...row, sizeBytes: row.sizeBytes + 1 }
      : how % 3 === 1
        ? { ...row, outcome: outcomes[how % 6] ?? row.outcome }
        : { ...row, verdict: row.verdict === 'PASS' ? ('FAIL' as const) : ('PASS' as const) };
  return { batch: each.batch.map((row, n) => (n === place ? edit(row) : row)) };
}
