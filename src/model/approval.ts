import { z } from 'zod';
import { Digest, Verdict } from './digest.ts';
import { policyGates } from './policy.ts';

const Moment = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, 'RFC 3339, UTC, milliseconds');

/** The namespace that a signature is made for: a key signs nothing else by it. */
export const approvalNamespace = 'approval-v1@ecluse';

/**
 * What a person signs: canonical JSON and one LF. `scope_sha256` names the file that says exactly what would happen; `checkpoint` ties the
 * approval to the log as it was, so that it cannot be put in later; `nonce` is used once.
 */
export const ApprovalFile = z.strictObject({
  v: z.literal(1),
  project: z.string(),
  /** The workload, or `record N` of a gap. */
  subject: z.string().min(1).max(128),
  gate: z.enum(policyGates),
  approver: z.strictObject({ id: z.string(), org: z.string(), role: z.string(), on_behalf_of: z.string().optional() }),
  scope_sha256: Digest,
  /** Indexes of the verified runs when the approval was asked for. At finalize and discard they are those of the scope. */
  verified_roots: z.array(Digest),
  checkpoint: z.strictObject({ size: z.int().min(1), root: Digest }),
  nonce: z.string().regex(/^[0-9a-f]{32}$/),
  not_before: Moment,
  expires: Moment,
  /** The same in few words, for who reads the file itself. */
  summary: z.strictObject({ objects: z.int().min(0), size_bytes: z.string(), verdict: Verdict, losses: z.array(z.string()) }),
});
export type ApprovalFile = Readonly<z.infer<typeof ApprovalFile>>;

/** What comes back from the approver: the exact bytes that were signed, and the armoured SSHSIG. */
export interface SignedApproval {
  readonly file: string;
  readonly signature: string;
}
