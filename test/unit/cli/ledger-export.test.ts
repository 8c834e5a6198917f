import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { close } from '../../../src/cli/close.ts';
import { ledgerExport } from '../../../src/cli/ledger-export.ts';
import { ledgerVerify } from '../../../src/cli/ledger-verify.ts';
import { verifyBundle } from '../../../src/ledger/checks/verify-bundle.ts';
import { commandTime, run, type Stage, stage } from './fake-project.ts';
import { type LedgerRole, openLedgerRole } from './ledger-role.ts';

let set: Stage;
let role: LedgerRole;
beforeEach(async () => {
  set = stage({ env: { ECLUSE_ACTOR: 'p-99' } });
  role = await openLedgerRole(set);
});

interface Summary {
  readonly folder: string;
  readonly kind: string;
  readonly size: number;
  readonly root: string;
}
const exports = async (options: Record<string, unknown> = {}) => {
  const { exit, json } = await run(set, ledgerExport, [], { json: true, ...options });
  return { exit, summary: json as Summary };
};
const verify = (folder: string) => verifyBundle(folder, { atMs: commandTime.getTime() + 1000 });

describe('ledger export', () => {
  it('writes an interim bundle beside ecluse.yaml that passes every check, and says how to check it', async () => {
    const { exit, answer } = await run(set, ledgerExport);
    expect(exit).toBe(0);
    const [name = ''] = readdirSync(set.folder).filter((each) => each.startsWith('evidence-demo-'));
    const report = await verify(join(set.folder, name));
    expect(report.checks.filter(({ result }) => result === 'FAIL' || result === 'UNKNOWN')).toEqual([]);
    expect(report).toMatchObject({ verdict: 'PASS', kind: 'interim', class: 'lab', project: 'demo', log: 'ecluse/demo' });
    expect(name).toBe(`evidence-demo-${report.size}`);
    for (const part of ['INTERIM', report.root, `python3 ${name}/verify.py`]) expect(answer).toContain(part);
    // Who exported it stands in the log, before the checkpoint that covers it.
    expect(readFileSync(join(set.folder, name, 'log/records.jsonl'), 'utf8')).toMatch(
      /"actor":\{"auth":"client-asserted","id":"p-99".*"event":"evidence.exported"/,
    );
  });

  it('takes its verifiers along, and everything that a reader needs', async () => {
    const { summary } = await exports();
    for (const file of ['verify.py', 'verify.sh', 'verify.html', 'rehash.py', 'SHA256SUMS', 'README.md', 'trust/policy.json', 'trust/fingerprints.txt'])
      expect([file, existsSync(join(summary.folder, file))]).toEqual([file, true]);
  });

  it('is final after close, and then the same however often it is exported', async () => {
    await run(set, close);
    const [one, other] = [(await exports({ out: 'one' })).summary, (await exports({ out: 'other' })).summary];
    expect(await verify(one.folder)).toMatchObject({ verdict: 'PASS', kind: 'final', size: one.size });
    expect([other.size, other.root, other.kind]).toEqual([one.size, one.root, 'final']);
    expect(readFileSync(join(one.folder, 'SHA256SUMS'), 'utf8')).toBe(readFileSync(join(other.folder, 'SHA256SUMS'), 'utf8'));
  });

  it('grows with the log, and each later bundle continues the earlier one', async () => {
    const first = (await exports()).summary;
    await role.reach('loss', 'photos');
    const second = (await exports()).summary;
    expect(second.size).toBeGreaterThan(first.size);
    const kept = join(first.folder, 'log/checkpoints', String(first.size));
    const { checks, verdict } = await verifyBundle(second.folder, { checkpoints: [kept], atMs: commandTime.getTime() + 1000 });
    expect([verdict, checks.find(({ id }) => id === 'C10')?.result]).toEqual(['PASS', 'PASS']);
  });

  it('never writes over a folder, and tells a path that a shell in this folder finds', async () => {
    const { answer } = await run(set, ledgerExport, [], { out: 'deep/er' });
    expect(answer).toContain('python3 deep/er/verify.py');
    const before = readFileSync(join(set.folder, 'deep/er/SHA256SUMS'), 'utf8');
    expect((await run(set, ledgerExport, [], { out: 'deep/er' })).exit).toBe(1);
    expect(readFileSync(join(set.folder, 'deep/er/SHA256SUMS'), 'utf8')).toBe(before);
  });

  it('is what ecluse ledger verify accepts', async () => {
    const { summary } = await exports({ out: 'b' });
    expect(await run(set, ledgerVerify, ['b'], { json: true })).toMatchObject({ exit: 0, json: { verdict: 'PASS', root: summary.root } });
  });
});
