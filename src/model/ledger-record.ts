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
const Country = z.string().regex(/^[A-Z]{2}$/, 'two capital letters, ISO 3166');

/** Who acted: an opaque id, never a name. `auth` says how sure we are; until approvals are signed a person is `client-asserted`. */
const Actor = z.strictObject({
  id: PartyId,
  type: z.enum(['person', 'service']),
  auth: z.enum(['sshsig', 'webauthn', 'oidc+mfa', 'mtls', 'client-asserted']),
  org: Label.optional(),
  role: Label.optional(),
  on_behalf_of: PartyId.optional(),
  /** Id in the directory that vouches, where `auth` names one. */
  principal: PartyId.optional(),
  country: Country.optional(),
});

/** The process that wrote: `build` is an image digest or a commit. */
export const Software = z.strictObject({ name: Label, version: Label, build: Label });
export type Software = z.infer<typeof Software>;

/** The machine that wrote. Country: ISO 3166, absent where nobody said. */
export const Host = z.strictObject({ id: Label, country: Country.optional() });
export type Host = z.infer<typeof Host>;

/** Where in Temporal the record was made: a cross-reference, no evidence. */
const Refs = z.strictObject({ workflow_id: Label, run_id: Label, activity_id: Label, attempt: z.int().min(1) });

/** What the record is about. `ref` is a label or the number of a shard, never an object's key. */
const Unit = z.strictObject({
  kind: z.enum(['project', 'plan', 'log', 'inventory', 'bucket', 'vm', 'disk', 'manifest', 'shard', 'object']),
  ref: Label,
  count: count.optional(),
  size_bytes: SizeBytes.optional(),
  format: Code.optional(),
  classification: Code.optional(),
});

/** A qualification as it was seen: what the certificate says, never a boolean. */
const Qualification = z.strictObject({ scheme: Label, number: Label, scope: Label, valid_to: Time, evidence_sha256: Digest.optional() });

/** A place at a provider. `endpoint` without user, query or key. */
const Place = z.strictObject({
  provider: Label,
  account_ref: Label.optional(),
  region: Label.optional(),
  country: Country.optional(),
  /** Laws that reach the operator of the place, ISO 3166. */
  jurisdiction: z.array(Country).optional(),
  endpoint: Label.optional(),
  resource_ref: Label.optional(),
  version_ref: Label.optional(),
  qualification: Qualification.optional(),
});

/**
 * Who approved exactly what. A signed one names the file, its nonce (also its id), and the key; one that the command only asserts has the
 * approver's id and the scope, and passes no gate of a policy that asks for a signature.
 */
const Approval = z.strictObject({
  approver: z.strictObject({ id: PartyId, org: Label.optional(), role: Code.optional(), key_fpr: Label.optional() }),
  scope_sha256: Digest,
  gate: Code.optional(),
  nonce: z
    .string()
    .regex(/^[0-9a-f]{32}$/, '16 bytes in hex')
    .optional(),
  file_sha256: Digest.optional(),
});

/** A file that the record binds: the SHA-256 of its uncompressed bytes, which is its name in the depot. `confidential`: it holds names, and may be withheld. */
const Evidence = z.strictObject({ name: Code, media_type: Label, sha256: Digest, size_bytes: SizeBytes, confidential: z.literal(true).optional() });

/** A step of a workload: the same act has the same four values in its intent and in its outcome. */
const Act = z.strictObject({ name: Code, run: count, pass: count, turn: count });

/** How the writer's clock stood against `source`, in milliseconds, when it was last asked. `system`: nobody was asked. */
const Clock = z.strictObject({ source: Label, offset_ms: z.int().min(-9_007_199_254_740_991), checked_at: Time });

/** SHA-256 of a thing by each side; forms and chunk sizes must be equal to be compared. The provider's own sums are transport checks. */
const Side = z.strictObject({ value: Digest, by: PartyId, at: Time });
const Digests = z.strictObject({
  form: z.enum(['sha256', 'sha256-tree']),
  chunk_bytes: count.optional(),
  source: Side,
  target: Side.extend({ method: z.literal('reread') }),
  provider: z.array(z.strictObject({ alg: Code, type: Code, value: Label })).optional(),
  metadata: z.strictObject({ source: Digest, target: Digest }).optional(),
});

/** What a deletion certificate rests on (docs/bundle-format.md says what it may claim). */
const Deletion = z.strictObject({
  election_sha256: Digest.optional(),
  notice_sent_at: Time.optional(),
  cooling_off_until: Time.optional(),
  holds_checked: z.array(Code),
  method: z.enum(['logical', 'key-erase', 'provider-purge']),
  technique: Label,
  categories_checked: z.array(Code),
  absence: z.array(z.strictObject({ probe: Code, result: Code, response_sha256: Digest, at: Time })),
  ordered_at: Time,
  irrecoverable_from: Time.optional(),
  residual: z.array(Code),
  provider_evidence: z.array(Digest),
  operator: PartyId,
  verifier: PartyId.optional(),
  validator: PartyId.optional(),
});

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
  act: Act.optional(),
  clock: Clock.optional(),
  digest: Digests.optional(),
  deletion: Deletion.optional(),
  /** Of `log.opened`: which rules this log keeps to, for good. */
  policy: z.strictObject({ class: z.enum(['production', 'lab']), sha256: Digest }).optional(),
  /** Of `log.gap`: from the last checkpoint before it to its end. */
  gap: z.strictObject({ from: Time, to: Time }).optional(),
  encryption: z.strictObject({ tls: Label.optional(), at_rest: Label.optional(), key_ref: Label.optional() }).optional(),
  custody: z.strictObject({ from: PartyId, to: PartyId, reason: Code }).optional(),
  /** Dates of a switch under the Data Act, article 25. */
  switching: z
    .strictObject({ notice_at: Time.optional(), transition_until: Time.optional(), retrieval_until: Time.optional(), erased_at: Time.optional() })
    .optional(),
  /** Paragraphs that the record serves: `SNC-3.2:12.6`. */
  standard: z.array(Code).optional(),
};
const Severity = z.enum(['info', 'notice', 'exception', 'breakglass']);

/** What a caller hands in: what happened. The store adds who wrote where (`project`, `host`, `software`) and the place in the log. */
export const LedgerDraft = z.strictObject({ ...said, severity: Severity.optional() }).superRefine(demandedFields);
export type LedgerDraft = Readonly<z.infer<typeof LedgerDraft>>;

/** One line of a log. */
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
    /** The plan in force: set by the store, from the newest `instruction.received` before this record. */
    instruction_sha256: Digest.optional(),
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
