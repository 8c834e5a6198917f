import { mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ledgerInit } from '../../../src/cli/ledger-init.ts';
import { ledgerMigrate } from '../../../src/cli/ledger-migrate.ts';
import { ledgerRotate } from '../../../src/cli/ledger-rotate.ts';
import { readPolicy } from '../../../src/config/policy.ts';
import { fingerprints } from '../../../src/ledger/bundle/trust-files.ts';
import { loadLogKeys, makeLogKeys } from '../../../src/ledger/log-keys.ts';
import { Policy } from '../../../src/model/policy.ts';
import { makePersonKey, makeSampleWitness } from '../../support/evidence/test-keys.ts';
import { configText, run, type Stage, stage } from './fake-project.ts';

interface Made {
  readonly isNew: boolean;
  readonly fingerprints: Readonly<Record<'policy' | 'log' | 'p256', string>>;
  readonly problems: readonly string[];
}

const keysOf = ({ folder }: Stage): string => join(folder, 'ledger-keys');
const policyOf = ({ folder }: Stage): string => join(folder, 'policy.json');
const policyIn = (set: Stage): Policy => Policy.parse(JSON.parse(readFileSync(policyOf(set), 'utf8')));
const edit = (set: Stage, change: (policy: Policy) => unknown): void => writeFileSync(policyOf(set), JSON.stringify(change(policyIn(set))));
const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

describe('ledger init', () => {
  it('makes keys for their owner alone, a policy, and the fingerprints for the paper', async () => {
    const set = stage();
    const { exit, answer, json } = { ...(await run(set, ledgerInit)), json: (await run(set, ledgerInit, [], { json: true })).json as Made };
    expect(exit).toBe(0);
    const keys = filesIn(keysOf(set));
    expect(keys.map((file) => file.split('/').at(-1)).sort()).toEqual(['ceremony.json', 'log.key', 'p256.key']);
    for (const file of keys) expect([file, statSync(file).mode & 0o777]).toEqual([file, 0o600]);
    expect(statSync(keysOf(set)).mode & 0o777).toBe(0o700);
    expect(policyIn(set)).toMatchObject({ class: 'lab', project: 'demo', log: 'ecluse/demo', keys: { log: loadLogKeys(keysOf(set)).current.vkey.text } });
    for (const value of Object.values(json.fingerprints)) {
      expect(value).toMatch(/^[0-9a-f]{64}$/);
      expect(answer).toContain(value);
    }
    // The same values stand in every bundle: the paper of today is what the auditor compares.
    const { policy, policyBytes } = readPolicy(policyOf(set));
    const inBundle = Object.fromEntries(
      fingerprints(policy, policyBytes, [])
        .trimEnd()
        .split('\n')
        .map((line) => line.split(' ')),
    );
    expect(json.fingerprints).toEqual(inBundle);
    expect(answer).toContain('ecluse worker ledger');
    expect(answer).not.toContain('PRIVATE');
  });

  it('overwrites nothing: keys, policy and fingerprints stay what they were', async () => {
    const set = stage();
    const first = (await run(set, ledgerInit, [], { json: true })).json as Made;
    const before = [...filesIn(keysOf(set)), policyOf(set)].map((file) => readFileSync(file, 'utf8'));
    const { exit, json, answer } = { ...(await run(set, ledgerInit)), json: (await run(set, ledgerInit, [], { json: true })).json as Made };
    expect([exit, first.isNew, json.isNew]).toEqual([0, true, false]);
    expect(json.fingerprints).toEqual(first.fingerprints);
    expect(answer).not.toContain('Wrote');
    expect([...filesIn(keysOf(set)), policyOf(set)].map((file) => readFileSync(file, 'utf8'))).toEqual(before);
  });

  it('--class production says what is still to be filled in (3), and 0 when it is', async () => {
    const set = stage();
    const first = await run(set, ledgerInit, [], { class: 'production' });
    expect(first.exit).toBe(3);
    for (const part of ['witnesses: only 0 organisations', 'gates.cutover.seats[0]: no approver', 'gates.finalize.timestamp', 'then: ecluse ledger init'])
      expect(first.answer).toContain(part);
    edit(set, filledIn);
    const second = await run(set, ledgerInit, [], { class: 'production', json: true });
    expect(second).toMatchObject({ exit: 0, json: { isNew: false, problems: [] } });
  });

  it('tells a policy of the other class, of another project or with others’ keys: 3, each with its field', async () => {
    const set = stage();
    const others = makeLogKeys(mkdtempSync(join(tmpdir(), 'ecluse-others-')), 'ecluse/demo', 'first');
    await run(set, ledgerInit);
    edit(set, (policy) => ({ ...policy, project: 'other', log: 'ecluse/other', keys: { ...policy.keys, log: others.vkey.text } }));
    const { exit, json } = await run(set, ledgerInit, [], { class: 'production', json: true });
    expect(exit).toBe(3);
    expect((json as Made).problems.map((problem) => problem.split(':')[0])).toEqual(['class', 'project', 'log', 'keys']);
  });

  it('names the field of a policy that cannot be read', async () => {
    const set = stage();
    await run(set, ledgerInit);
    edit(set, (policy) => ({ ...policy, cooling_off_days: 'many' }));
    expect(await run(set, ledgerInit)).toMatchObject({ exit: 1, remarks: expect.stringContaining('policy.json: cooling_off_days') });
  });
});

describe('ledger rotate', () => {
  it('puts new keys beside the old ones, and names both', async () => {
    const set = stage();
    await run(set, ledgerInit);
    const before = loadLogKeys(keysOf(set)).current.vkey.text;
    const { exit, json, answer } = { ...(await run(set, ledgerRotate, [], { json: true })), answer: (await run(set, ledgerRotate)).answer };
    expect(exit).toBe(0);
    const { generations, current } = loadLogKeys(keysOf(set));
    expect(json).toEqual({ generation: 2, before, now: generations[1]?.vkey.text });
    expect(answer).toBe(`${generations[1]?.vkey.text}\n→ ${current.vkey.text}\n`);
    for (const file of filesIn(keysOf(set))) expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('leaves the policy, which names the first keys, right as it is', async () => {
    const set = stage();
    await run(set, ledgerInit);
    await run(set, ledgerRotate);
    expect((await run(set, ledgerInit)).exit).toBe(0);
  });

  it('has nothing to rotate where there are no keys: LEDGER_KEYS', async () => {
    expect(await run(stage(), ledgerRotate)).toMatchObject({ exit: 1, remarks: expect.stringMatching(/LEDGER_KEYS[\s\S]*ecluse ledger init/) });
  });
});

describe('ledger migrate', () => {
  const onServer = (url: string): Stage => stage({ config: configText.replace('sqlite: ./ledger.db', `postgres: '${url}'`) });

  it('wants a ledger in PostgreSQL, the owner’s address from the environment, and a role', async () => {
    const said = async (set: Stage): Promise<string> => {
      const { exit, remarks } = await run(set, ledgerMigrate);
      expect(exit).toBe(2);
      return remarks;
    };
    expect(await said(stage())).toContain('keeps the ledger in SQLite');
    expect(await said(onServer('postgres://writer@127.0.0.1/ecluse'))).toContain('ECLUSE_LEDGER_ADMIN_URL is not set');
    expect(await said({ ...onServer('postgres://127.0.0.1/ecluse'), env: { ECLUSE_LEDGER_ADMIN_URL: 'postgres://owner@127.0.0.1/ecluse' } })).toContain(
      '--writer',
    );
  });
});

/** What a controller and an operator fill in: two persons, a witness, an authority. */
function filledIn(policy: Policy): unknown {
  const validity = { valid_after: '2026-01-01T00:00:00Z', valid_before: '2028-01-01T00:00:00Z', presence: 'none' };
  return {
    ...policy,
    witnesses: [{ vkey: makeSampleWitness('witness.example/w1', 'controller').vkey, org: 'controller' }],
    timestamps: [{ name: 'authority', ca: 'PEM', qualified: true }],
    approvers: [
      { id: 'p-017', org: 'controller', roles: ['data-owner'], key: makePersonKey('ed25519').publicKey, ...validity },
      { id: 'p-031', org: 'operator', roles: ['migration-lead'], key: makePersonKey('ed25519').publicKey, ...validity },
    ],
  };
}
