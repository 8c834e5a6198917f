import { type CanonicalValue, canonicalJson } from '../../core/canonical-json.ts';
import { fitProblems, isKeyValid } from '../../core/duties.ts';
import { ApprovalFile, approvalNamespace } from '../../model/approval.ts';
import type { LedgerRecord } from '../../model/ledger-record.ts';
import type { PolicyGate } from '../../model/policy.ts';
import { parseSshPublicKey, verifySshsig } from '../sshsig.ts';
import { BundleFault, sha256Of } from './folder.ts';
import { approvalGate, type GateBook } from './gate-book.ts';
import { type Bundle, evidenceNamed, type RecordCheck, type Seen } from './record-check.ts';

const fileLimitBytes = 256 * 1024;
const nonceName = /^[0-9a-f]{32}\.json$/;

/**
 * Sizes that the approvals in the bundle name, so that the roots there are at hand when their records come. A file that cannot be read is
 * met again by its record.
 */
export function approvedSizes({ folder }: Bundle): readonly number[] {
  const names = folder.below('approvals').filter((name) => nonceName.test(name));
  return names.flatMap((name) => {
    try {
      return [ApprovalFile.parse(JSON.parse(folder.bytes(`approvals/${name}`, fileLimitBytes).toString('utf8'))).checkpoint.size];
    } catch {
      return [];
    }
  });
}

/** C14 and C15 of each record by which a person approves. `rootAt` knows the sizes of `approvedSizes`. */
export function approvalCheck(bundle: Bundle, book: GateBook, rootAt: (size: number) => string | undefined): RecordCheck {
  const { findings } = bundle;
  const nonces = new Set<string>();
  return {
    sees: (seen) => {
      const gate = approvalGate(seen.record);
      if (!gate || (seen.record.actor.auth === 'client-asserted' && !seen.record.approval?.nonce)) return;
      findings.looked('C14', seen.seq);
      findings.looked('C15', seen.seq);
      const bytes = findings.guard('C14', () => signedFile(bundle, seen), seen.seq);
      if (bytes) findings.guard('C15', () => checkFit(bundle, { seen, gate, bytes, book, rootAt, nonces }), seen.seq);
      else findings.fail('C15', 'its file cannot be read', seen.seq);
    },
  };
}

/** C14: the file with the digest that the record names, once its signature is that of the approver's key. */
function signedFile({ folder, policy, findings }: Bundle, { seq, record, timeMs }: Seen): Buffer {
  const { approval } = record;
  const [fileItem, signatureItem] = [evidenceNamed(record, 'approval'), evidenceNamed(record, 'signature')];
  if (!approval?.nonce || !fileItem || !signatureItem) throw new BundleFault('names no signed file');
  const path = `approvals/${approval.nonce}.json`;
  const [bytes, signature] = [folder.bytes(path, fileLimitBytes), folder.bytes(`${path}.sig`, fileLimitBytes)];
  if (sha256Of(bytes) !== fileItem.sha256 || approval.file_sha256 !== fileItem.sha256) throw new BundleFault('the approval is not the file of its digest');
  if (sha256Of(signature) !== signatureItem.sha256) findings.fail('C14', 'the signature is not the file of its digest', seq);
  const approver = policy?.approvers.find(({ id }) => id === approval.approver.id);
  if (!approver) {
    findings.fail('C14', 'the policy knows no such approver', seq);
    return bytes;
  }
  findings.guard('C14', () => checkSignature(approver, { bytes, signature: signature.toString('utf8'), timeMs, fingerprint: approval.approver.key_fpr }), seq);
  return bytes;
}

function checkSignature(
  approver: NonNullable<Bundle['policy']>['approvers'][number],
  { bytes, signature, timeMs, fingerprint }: { bytes: Buffer; signature: string; timeMs: number; fingerprint: string | undefined },
): void {
  const key = parseSshPublicKey(approver.key);
  if (fingerprint !== key.fingerprint) throw new BundleFault('key_fpr is not that of the approver’s key');
  if (!isKeyValid(approver, timeMs)) throw new BundleFault('the key was not valid at this time');
  const { flags } = verifySshsig({ armoured: signature, message: bytes, namespace: approvalNamespace, key });
  if (approver.presence === 'touch' && !flags?.touch) throw new BundleFault('the key shows no touch');
  if (approver.presence === 'pin' && !flags?.pin) throw new BundleFault('the key shows no PIN');
}

interface Fit {
  readonly seen: Seen;
  readonly gate: PolicyGate;
  readonly bytes: Buffer;
  readonly book: GateBook;
  readonly rootAt: (size: number) => string | undefined;
  readonly nonces: Set<string>;
}

/** C15: file and record say the same, and both fit the gate as it stood. */
function checkFit({ findings }: Bundle, { seen: { seq, record, timeMs }, gate, bytes, book, rootAt, nonces }: Fit): void {
  const text = bytes.toString('utf8');
  const value: unknown = JSON.parse(text);
  if (`${canonicalJson(value as CanonicalValue)}\n` !== text) findings.fail('C15', 'the file is not canonical JSON and one LF', seq);
  const file = ApprovalFile.parse(value);
  for (const [name, differs] of Object.entries(differences(record, gate, file))) if (differs) findings.fail('C15', `file and record differ in ${name}`, seq);
  const open = book.gateOf(record);
  if (!open) throw new BundleFault('nothing was shown that it could approve');
  const problems = fitProblems(file, {
    project: record.project,
    gate,
    subject: open.subject,
    scope: open.scope,
    scopeCatalogue: open.catalogue,
    gateReachedSeq: open.reachedSeq,
    rootAt,
    nowMs: timeMs,
    recordSeq: seq,
    usedNonce: nonces.has(file.nonce),
  });
  nonces.add(file.nonce);
  for (const problem of problems) findings.fail('C15', problem.replace(/\.$/, ''), seq);
}

function differences({ actor, approval }: LedgerRecord, gate: PolicyGate, file: ApprovalFile): Readonly<Record<string, boolean>> {
  const { id, org, role, on_behalf_of } = file.approver;
  const said = approval?.approver;
  return {
    gate: approval?.gate !== gate,
    approver: said?.id !== id || said.org !== org || said.role !== role,
    actor: actor.id !== id || actor.org !== org || actor.role !== role || actor.on_behalf_of !== on_behalf_of,
    'kind of actor': actor.type !== 'person' || actor.auth !== 'sshsig',
    scope: approval?.scope_sha256 !== file.scope_sha256,
    nonce: approval?.nonce !== file.nonce,
  };
}
