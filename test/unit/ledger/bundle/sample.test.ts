import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { policyProblems } from '../../../../src/core/policy-minimum.ts';
import { parseVkey, verifyNote } from '../../../../src/ledger/signed-note.ts';
import { verifyLedger } from '../../../../src/ledger/verify.ts';
import { makeSampleBundle, type Sample, type SampleOptions } from '../../../support/evidence/sample.ts';
import { localTool } from '../../../support/local-tool.ts';
import { loudSuite } from '../../../support/loud-suite.ts';

let place: string;
beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), 'ecluse-sample-'));
});
afterAll(() => rmSync(place, { recursive: true, force: true }));
let made = 0;
const make = (options: SampleOptions = {}): Promise<Sample> => makeSampleBundle(join(place, String(made++)), options);
const events = ({ lines }: Sample): string[] => lines.map((line) => JSON.parse(line).event);

describe('the sample bundle', () => {
  it.each<[string, SampleOptions]>([
    ['final', {}],
    ['interim', { kind: 'interim' }],
    ['rolled back', { kind: 'rolled-back' }],
    ['production', { class: 'production' }],
    ['with other keys', { rotation: true }],
    ['with a gap', { gap: 'approved' }],
    ['long', { records: 3000 }],
  ])('that is %s holds together: form, chain, checkpoints, cosignatures', async (_, options) => {
    const sample = await make(options);
    expect(await verifyLedger(sample.lines)).toMatchObject({ verdict: 'PASS', problems: [], root: sample.checkpoints.at(-1)?.root });
    expect(policyProblems(sample.policy)).toEqual([]);
    const log = sample.keys.log.map(({ vkey }) => vkey);
    const witness = parseVkey(sample.keys.witness.vkey);
    for (const { note } of sample.checkpoints) expect(verifyNote(note, log).signedBy.length).toBeGreaterThan(0);
    for (const { note } of sample.cosigned) expect(verifyNote(note, [witness]).signedBy).toEqual([witness]);
    expect(sample.lines.length).toBeGreaterThanOrEqual(options.records ?? 0);
  });

  it('shows every gate, end state and kind of signature', async () => {
    const sample = await make();
    const final = sample.lines.map((line) => JSON.parse(line)).find(({ event }) => event === 'reconciliation.closed');
    expect(final.counts).toEqual({ verified: 26, excluded: 1, vanished: 3, inventoried: 27 });
    expect(events(sample).filter((event) => event === 'gate.opened').length).toBe(3);
    expect(events(sample).at(-1)).toBe('log.closed');
    const types = sample.policy.approvers.map(({ key }) => key.split(' ')[0]);
    expect(new Set(types)).toEqual(new Set(['ssh-ed25519', 'ecdsa-sha2-nistp256', 'sk-ssh-ed25519@openssh.com']));
  });

  it('lets an insider change anything before it is signed, and still chains and signs', async () => {
    const sample = await make({
      edit: {
        rows: (rows) => rows.slice(1),
        draft: (draft, log) => {
          if (draft.event === 'transfer.started') log.advance(5 * 3600);
          return draft.event === 'listing.compared' ? [] : draft;
        },
        checkpoint: (size) => size > 12,
        cosignedAt: () => undefined,
        policy: (policy) => ({ ...policy, cooling_off_days: 0 }),
      },
    });
    expect((await verifyLedger(sample.lines)).verdict).toBe('PASS');
    expect(events(sample)).not.toContain('listing.compared');
    expect(sample.cosigned).toEqual([]);
    expect(sample.checkpoints.map(({ size }) => size).filter((size) => size <= 12)).toEqual([3]);
    expect(sample.policy.cooling_off_days).toBe(0);
  });

  it('forks: another history under the same keys', async () => {
    const one = await make();
    const other = await make({ keys: one.keys, rotation: true });
    const again = await make({ keys: other.keys });
    expect(again.policy.keys).toEqual(one.policy.keys);
    expect(again.checkpoints[0]?.root).not.toBe(one.checkpoints[0]?.root);
  });
});

loudSuite(() => localTool('ssh-keygen', '-?'))('ssh-keygen', () => {
  const verify = (folder: string, path: string): number | null => {
    const file = readFileSync(join(folder, path));
    const { approver, not_before: from } = JSON.parse(file.toString());
    const time = `${from.slice(0, 19).replaceAll(/[-:T]/g, '')}Z`;
    const args = ['-Y', 'verify', '-f', 'trust/allowed_signers', '-I', approver.id, '-n', 'approval-v1@ecluse', `-Overify-time=${time}`, '-s', `${path}.sig`];
    return spawnSync('ssh-keygen', args, { cwd: folder, input: file }).status;
  };

  it('accepts each approval by the bundle’s own allowed_signers, and none that was edited', async () => {
    const { folder } = await make({ kind: 'rolled-back' });
    const files = readdirSync(join(folder, 'approvals')).filter((name) => name.endsWith('.json'));
    expect(files.length).toBe(4);
    for (const name of files) expect(verify(folder, `approvals/${name}`)).toBe(0);
    const edited = await make({ edit: { signed: ({ file, signature }) => ({ file: file.replace('"PASS"', '"FAIL"'), signature }) } });
    const [name = ''] = readdirSync(join(edited.folder, 'approvals'));
    expect(verify(edited.folder, `approvals/${name}`)).not.toBe(0);
  });
});

loudSuite(() => localTool('openssl', 'version'))('openssl', () => {
  it('accepts each timestamp, at the time that the story gave it', async () => {
    const { folder, policy } = await make();
    const tokens = readdirSync(join(folder, 'timestamps')).filter((name) => name.endsWith('.tsr'));
    expect(tokens.length).toBe(2);
    const root = `trust/tsa/${policy.timestamps[0]?.name}.pem`;
    for (const token of tokens) {
      const data = `log/checkpoints/${token.split('.')[0]}`;
      const args = ['ts', '-verify', '-in', `timestamps/${token}`, '-data', data, '-CAfile', root];
      expect(spawnSync('openssl', args, { cwd: folder }).status).toBe(0);
      const shown = spawnSync('openssl', ['ts', '-reply', '-in', `timestamps/${token}`, '-text'], { cwd: folder }).stdout.toString();
      expect(shown).toContain('Time stamp: Jan  5 08:0');
    }
  });

  it('accepts the P-256 signature of each checkpoint', async () => {
    const { folder } = await make();
    for (const name of readdirSync(join(folder, 'log/checkpoints')).filter((file) => !file.includes('.'))) {
      const args = ['dgst', '-sha256', '-verify', '../../trust/log.p256.pem', '-signature', `${name}.p256.sig`, name];
      expect(spawnSync('openssl', args, { cwd: join(folder, 'log/checkpoints') }).status).toBe(0);
    }
  });
});
