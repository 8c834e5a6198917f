import { describe, expect, it } from '@jest/globals';
import { readPolicy } from '../../../src/config/policy.ts';
import { canonicalJson } from '../../../src/core/canonical-json.ts';
import { firstPolicy } from '../../../src/core/first-policy.ts';
import { isMigrationError } from '../../../src/core/migration-error.ts';
import { written } from './yaml-project.ts';

const policy = firstPolicy({ class: 'production', project: 'demo', log: 'ecluse/demo', keys: { log: 'vkey', p256: 'spki' } });
const policyFile = (text: string): string => written('policy.json', text);
function sentence(file: string): string {
  try {
    readPolicy(file);
  } catch (error) {
    if (isMigrationError(error, 'CONFIG_INVALID')) return error.context.detail ?? '';
    throw error;
  }
  throw new Error('expected CONFIG_INVALID');
}

describe('policy.json', () => {
  it('is bound by its canonical bytes: spaces and order of a person say nothing', () => {
    const tidy = readPolicy(policyFile(JSON.stringify(policy)));
    const reversed = Object.fromEntries(Object.entries(policy).reverse());
    const untidy = readPolicy(policyFile(`\n${JSON.stringify(reversed, undefined, 4)}\n`));
    expect(tidy.policyBytes.toString()).toBe(`${canonicalJson(policy)}\n`);
    expect(untidy.policyBytes).toEqual(tidy.policyBytes);
    expect(untidy.policy).toEqual(policy);
  });

  it('writes what may be left out into the bytes that are bound', () => {
    const { deputies: _, demands: __, ...short } = policy;
    expect(readPolicy(policyFile(JSON.stringify(short))).policyBytes.toString()).toBe(`${canonicalJson(policy)}\n`);
  });

  it('names every field that is wrong, at once', () => {
    const approver = { id: 'Jane Doe', org: 'controller', roles: [], key: 'ssh-rsa AAAA', valid_after: 'now', valid_before: '2027-01-01T00:00:00Z' };
    const wrong = { ...policy, class: 'test', witness_quorum: -1, approvers: [approver], gates: { ...policy.gates, cutover: { seats: [] } }, colour: 'red' };
    const said = sentence(policyFile(JSON.stringify(wrong)));
    for (const field of [
      'class',
      'witness_quorum',
      'approvers.0.id',
      'approvers.0.roles',
      'approvers.0.key',
      'approvers.0.valid_after',
      'gates.cutover.witnessed',
      'gates.cutover.timestamp',
      'colour',
    ])
      expect(said).toContain(field);
  });

  it.each([['/nowhere/policy.json'], [policyFile('{')]])('that is not there or no JSON says how to make one: %#', (file) =>
    expect(sentence(file)).toContain('ecluse ledger init'),
  );
});
