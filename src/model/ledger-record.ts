import { z } from 'zod';
import { Digest, Verdict } from './digest.ts';
import { eventKind, LedgerEvent } from './ledger-event.ts';

/** Record v1: field names are those of the format (docs/ledger-format.md), so they stay in snake_case. Never null, never a float. */
const count = z.int().min(0);
/** Bytes as a decimal string: a project may hold more than 2^53 of them. */
const SizeBytes = z.string().regex(/^(0|[1-9][0-9]*)$/, 'a decimal number without sign or leading zero');
const Time = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, 'RFC 3339, UTC, milliseconds');
/** A code or an opaque id: what a person typed goes into a depot file that `evidence` binds. */
const Code = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.:/-]{0,127}$/, 'a code, not a sentence');
/** Opaque id of a person or a service, as their directory has it. */
const PartyId = z.string().regex(/^[\x21-\x7e]{1,128}$/, '1 to 128 printable ASCII signs');
const Label = z.string().min(1).max(512);

/** Who acted: an opaque id, never a name. `auth` says how sure we are; until approvals are signed a person is `client-asserted`. */
const Actor = z.strictObject({
  id: PartyId,
  type: z.enum(['person', 'service']),
  auth: z.enum(['sshsig', 'webauthn', 'oidc+mfa', 'mtls', 'client-asserted']),
  org: Label.optional(),
  role: Label.optional(),
  on_behalf_of: PartyId.optional(),
});

/** The process that wrote: `build` is an image digest or a commit. */
export const Software = z.strictObject({ name: Label, version: Label, build: Label });
export type Software = z.infer<typeof Software>;

/** The machine that wrote. Country: ISO 3166, absent where nobody said. */
export const Host = z.strictObject({
  id: Label,
  country: z
    .string()
    .regex(/^[A-Z]{2}$/)
    .optional(),
});
export type Host = z.infer<typeof Host>;

/** Where in Temporal the record was made: a cross-reference, no evidence. */
const Refs = z.strictObject({ workflow_id: Label, run_id: Label, activity_id: Label, attempt: z.int().min(1) });

/** What the record is about. `ref` is a label or the number of a shard, never an object's key. */
const Unit = z.strictObject({
  kind: z.enum(['project', 'plan', 'inventory', 'bucket', 'manifest', 'shard', 'object']),
  ref: Label,
  count: count.optional(),
  size_bytes: SizeBytes.optional(),
});

/** A place at a provider. `endpoint` without user, query or key. */
const Place = z.strictObject({
  provider: Label,
  account_ref: Label.optional(),
  region: Label.optional(),
  country: z
    .string()
    .regex(/^[A-Z]{2}$/)
    .optional(),
  endpoint: Label.optional(),
  resource_ref: Label.optional(),
  version_ref: Label.optional(),
});

/** The approver and the digest of exactly what was approved. With signed approvals come id, file_sha256, nonce and the key. */
const Approval = z.strictObject({ approver: z.strictObject({ id: PartyId }), scope_sha256: Digest });

/** A file that the record binds: the SHA-256 of its uncompressed bytes, which is its name in the depot. */
const Evidence = z.strictObject({ name: Code, media_type: Label, sha256: Digest, size_bytes: SizeBytes });

const said = {
  /** `project/unit/step/phase[/n]` from core/ids.ts: the same act has the same id in every attempt. */
  event_id: z.string().regex(/^[\x21-\x7e]{1,200}$/, '1 to 200 printable ASCII signs'),
  event: LedgerEvent,
  actor: Actor,
  refs: Refs.optional(),
  /** When the caller saw the fact, where that is not the moment of writing. */
  observed_at: Time.optional(),
  unit: Unit.optional(),
  source: Place.optional(),
  target: Place.optional(),
  /** How many of the unit ended how: `{pass,fail,unknown}` of a batch, end states of a reconciliation. */
  counts: z.record(z.string().regex(/^[a-z][a-z0-9_]{0,63}$/), count).optional(),
  verdict: Verdict.optional(),
  reasons: z.array(Code).optional(),
  approval: Approval.optional(),
  evidence: z.array(Evidence).optional(),
};
const Severity = z.enum(['info', 'notice', 'exception', 'breakglass']);

/** What a caller hands in: what happened. The store adds who wrote where (`project`, `host`, `software`) and the place in the log. */
export const LedgerDraft = z.strictObject({ ...said, severity: Severity.optional() }).superRefine(demandedFields);
export type LedgerDraft = Readonly<z.infer<typeof LedgerDraft>>;

/** One line of a log. The clock, deletion and digest objects of the format stand here when something writes them. */
export const LedgerRecord = z
  .strictObject({
    ...said,
    severity: Severity,
    v: z.literal(1),
    /** The log's origin, which is line 1 of its checkpoints: a record cannot be replayed in another log. */
    log: z.string().regex(/^[^\s+]{1,200}$/, 'no space, no plus sign'),
    seq: count,
    /** Entry hash of record seq − 1; 64 zeros at 0. */
    prev: Digest,
    /** 16 random bytes, base64url: without it an outsider could guess a record from its hash. */
    salt: z.string().regex(/^[A-Za-z0-9_-]{21}[AQgw]$/, '16 bytes in base64url'),
    /** Set by the writer at append, never decreasing. */
    time: Time,
    project: Code,
    software: Software,
    host: Host,
  })
  .superRefine(demandedFields);
export type LedgerRecord = Readonly<z.infer<typeof LedgerRecord>>;

function demandedFields(draft: { readonly event: LedgerEvent } & { readonly [field: string]: unknown }, context: z.RefinementCtx): void {
  for (const field of eventKind(draft.event).demands)
    if (draft[field] === undefined) context.addIssue({ code: 'custom', path: [field], message: `${draft.event} demands it` });
}
