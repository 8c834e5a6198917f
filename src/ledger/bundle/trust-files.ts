import { createHash, createPublicKey } from 'node:crypto';
import { approvalNamespace } from '../../model/approval.ts';
import type { Policy } from '../../model/policy.ts';

/** A file at the top of the bundle: a verifier, or the script for a sample. */
export interface BundleTool {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');

/** The keys of the policy in the forms that other tools want: path → text. Made from the policy alone, so a verifier can make them again and compare. */
export function trustFiles(policy: Policy): ReadonlyMap<string, string> {
  const files = new Map([
    ['trust/log.vkey', `${policy.keys.log}\n`],
    ['trust/log.p256.pem', pemOf(policy.keys.p256)],
    ['trust/witnesses.vkeys', policy.witnesses.map(({ vkey }) => `${vkey}\n`).join('')],
    ['trust/allowed_signers', policy.approvers.map(signerLine).join('')],
  ]);
  for (const { name, ca } of policy.timestamps) files.set(`trust/tsa/${name}.pem`, ca);
  return files;
}

/** What an auditor compares with the paper that the controller kept. */
export function fingerprints(policy: Policy, policyBytes: Uint8Array, tools: readonly BundleTool[]): string {
  const lines = [
    `policy ${sha256(policyBytes)}`,
    `log ${sha256(policy.keys.log)}`,
    `p256 ${sha256(Buffer.from(policy.keys.p256, 'base64'))}`,
    ...policy.witnesses.map(({ vkey }) => `witness ${sha256(vkey)}`),
    ...tools.filter(({ name }) => name.startsWith('verify.')).map(({ name, bytes }) => `${name} ${sha256(bytes)}`),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

/** Without `namespaces` a key would be accepted for anything, and without `Z` a time would be local. */
const signerLine = ({ id, key, valid_after, valid_before }: Policy['approvers'][number]): string =>
  `${id} namespaces="${approvalNamespace}",valid-after="${signerTime(valid_after)}",valid-before="${signerTime(valid_before)}" ${key}\n`;

/** `20261201080000Z`; parts of a second are cut. */
const signerTime = (moment: string): string => `${moment.replace(/\.\d{3}Z$/, 'Z').replaceAll(/[-:T]/g, '')}`;

const pemOf = (spki: string): string =>
  createPublicKey({ key: Buffer.from(spki, 'base64'), format: 'der', type: 'spki' })
    .export({ format: 'pem', type: 'spki' })
    .toString();
