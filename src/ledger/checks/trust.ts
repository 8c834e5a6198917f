import { productionShortfalls } from '../../core/policy-minimum.ts';
import type { LedgerRecord } from '../../model/ledger-record.ts';
import { Policy } from '../../model/policy.ts';
import { trustFiles } from '../bundle/trust-files.ts';
import type { Findings } from './findings.ts';
import { type BundleFolder, sha256Of, shown } from './folder.ts';
import { type Bundle, evidenceNamed, type RecordCheck } from './record-check.ts';

const policyFile = 'trust/policy.json';
const policyLimitBytes = 4 * 1024 * 1024;
const verifiers = ['verify.py', 'verify.sh', 'verify.html'];

/** The policy, or undefined with C23 failed. */
export const readPolicy = (folder: BundleFolder, findings: Findings): Policy | undefined =>
  findings.guard('C23', () => Policy.parse(JSON.parse(folder.bytes(policyFile, policyLimitBytes).toString('utf8'))));

/** C23: the rules that `log.opened` bound, not below the minimum of their class, are those of `trust/`; and each batch has the fields that they demand. */
export function policyCheck({ findings, folder, policy }: Bundle): RecordCheck {
  findings.looked('C23', 0);
  if (policy) {
    for (const problem of productionShortfalls(policy)) findings.fail('C23', problem.replace(/\.$/, ''));
    findings.guard('C23', () => {
      for (const problem of trustProblems(folder, policy)) findings.fail('C23', problem);
    });
  }
  const digest = findings.guard('C23', () => sha256Of(folder.bytes(policyFile, policyLimitBytes)));
  let isBound = false;
  return {
    ends: () => {
      if (!isBound) findings.fail('C23', 'no log.opened binds the policy');
    },
    sees: ({ seq, record }) => {
      if (record.event === 'log.opened') {
        isBound = true;
        if (record.policy?.sha256 !== digest || evidenceNamed(record, 'policy')?.sha256 !== digest) findings.fail('C23', 'binds another policy', seq);
        if (record.policy?.class !== policy?.class) findings.fail('C23', 'names another class', seq);
      }
      if (record.event === 'batch.verified')
        for (const field of policy?.demands ?? []) if (!hasField(record, field)) findings.fail('C23', `lacks ${field}, which the policy demands`, seq);
    },
  };
}

function hasField(record: LedgerRecord, field: string): boolean {
  let value: unknown = record;
  for (const name of field.split('.'))
    value = typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
  return value !== undefined;
}

/** The other files of `trust/` are the policy in other words: each is made from it again, and must be the same bytes. */
function trustProblems(folder: BundleFolder, policy: Policy): readonly string[] {
  const expected = trustFiles(policy);
  const given = new Set(['trust/policy.json', 'trust/fingerprints.txt', ...expected.keys()]);
  const foreign = folder.paths.filter((file) => file.startsWith('trust/') && !given.has(file));
  const different = [...expected].filter(([file, text]) => !folder.has(file) || folder.bytes(file).toString('utf8') !== text);
  const listed = folder.has('trust/fingerprints.txt') ? folder.bytes('trust/fingerprints.txt').toString('utf8').split('\n') : [];
  const isListed = listed.pop() === '' && listed.sort().join() === [...fingerprintLines(folder, policy)].sort().join();
  return [
    ...foreign.map((file) => `${shown(file)} is made from no policy`),
    ...different.map(([file]) => `${file} is not what the policy says`),
    ...(isListed ? [] : ['trust/fingerprints.txt is not that of this bundle']),
  ];
}

/** `name hex` as in trust/fingerprints.txt, made from what the bundle holds. */
export function fingerprintLines(folder: BundleFolder, policy: Policy): readonly string[] {
  return [
    `policy ${sha256Of(folder.bytes(policyFile, policyLimitBytes))}`,
    `log ${sha256Of(policy.keys.log)}`,
    `p256 ${sha256Of(Buffer.from(policy.keys.p256, 'base64'))}`,
    ...policy.witnesses.map(({ vkey }) => `witness ${sha256Of(vkey)}`),
    ...verifiers.filter((name) => folder.has(name)).map((name) => `${name} ${sha256Of(folder.bytes(name))}`),
  ];
}

/** C24: what the auditor has on paper is what the bundle holds. */
export function fingerprintCheck({ findings, folder, policy }: Bundle, given: readonly string[]): void {
  if (given.length === 0) return;
  findings.guard('C24', () => {
    const known = new Map(
      (policy ? fingerprintLines(folder, policy) : []).map((line) => [line.slice(line.indexOf(' ') + 1), line.slice(0, line.indexOf(' '))]),
    );
    for (const hex of given) {
      findings.looked('C24');
      if (!known.has(hex.toLowerCase().replaceAll(/[\s:]/g, ''))) findings.fail('C24', `${shown(hex).slice(0, 16)}… is of nothing in this bundle`);
    }
  });
}
