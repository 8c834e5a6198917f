import { z } from 'zod';

/** RFC 3339, UTC: with or without milliseconds. */
const Moment = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$/, 'RFC 3339 in UTC, ending in Z');
const Id = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$/, 'letters, digits and _ . : - (at most 64): an opaque id, no name');

/** Where in a migration a person's approval is asked: the four of a workload, and a gap of the log. */
export const policyGates = ['loss', 'cutover', 'finalize', 'discard', 'gap'] as const;
export type PolicyGate = (typeof policyGates)[number];

const GateRule = z.strictObject({
  /** Each seat is taken by another person. None: the command's word is enough (class `lab` only). */
  seats: z.array(z.strictObject({ role: Id, org: Id.optional() })),
  /** The checkpoint over the approvals must be cosigned by the quorum before the gate opens. */
  witnessed: z.boolean(),
  /** The same checkpoint must be timestamped: by any authority of the policy, or by one that the policy calls qualified. */
  timestamp: z.enum(['none', 'any', 'qualified']),
});
export type GateRule = Readonly<z.infer<typeof GateRule>>;

const Approver = z.strictObject({
  id: Id,
  /** The human being, where one has several ids: two approvals of one person count once. Absent: the id. */
  person: Id.optional(),
  org: Id,
  roles: z.array(Id).min(1),
  /** One line as in `id_ed25519.pub`, without comment. */
  key: z
    .string()
    .regex(
      /^(ssh-ed25519|ecdsa-sha2-nistp256|sk-ssh-ed25519@openssh\.com|sk-ecdsa-sha2-nistp256@openssh\.com) [A-Za-z0-9+/]+=*$/,
      'an OpenSSH public key: type and base64',
    ),
  valid_after: Moment,
  valid_before: Moment,
  /** What a hardware key must show: ssh-keygen itself enforces neither. */
  presence: z.enum(['none', 'touch', 'pin']).default('none'),
});

/**
 * `policy.json`: the rules of one log. Its bytes are bound by `log.opened`, so nobody weakens them later. Field names are the format's
 * (docs/bundle-format.md). What `production` must ask at least stands in core/policy-minimum.ts.
 */
export const Policy = z.strictObject({
  v: z.literal(1),
  class: z.enum(['production', 'lab']),
  project: Id,
  /** The log's name, line 1 of its checkpoints. */
  log: z.string().regex(/^[^\s+]{1,200}$/, 'no space, no plus sign'),
  /** Organisation that decides about the data, and the one that runs the migration. */
  controller: Id,
  operator: Id,
  /** First keys of the log: `vkey` as C2SP signed-note has it, and the P-256 public key (SPKI, DER, base64). */
  keys: z.strictObject({ log: z.string().min(1), p256: z.string().min(1) }),
  checkpoint: z.strictObject({ every_records: z.int().min(1).max(100_000), every_seconds: z.int().min(1).max(86_400) }),
  witnesses: z.array(z.strictObject({ vkey: z.string().min(1), org: Id })),
  /** So many witnesses, each of another organisation, must cosign. */
  witness_quorum: z.int().min(0),
  timestamps: z.array(
    z.strictObject({
      name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,30}$/),
      /** Trusted root, PEM. */
      ca: z.string().min(1),
      /** Whether the controller has seen the authority's eIDAS qualification: nothing here can tell. */
      qualified: z.boolean(),
    }),
  ),
  approvers: z.array(Approver),
  /** `id` may take the seat of `of` in this time. */
  deputies: z.array(z.strictObject({ id: Id, of: Id, from: Moment, until: Moment })).default([]),
  gates: z.strictObject({ loss: GateRule, cutover: GateRule, finalize: GateRule, discard: GateRule, gap: GateRule }),
  cooling_off_days: z.int().min(0),
  /** Whether the Temporal server checks who may do what: without it, everybody who reaches it may do everything. */
  temporal: z.strictObject({ authorization: z.boolean() }),
  retention: z.strictObject({ purpose: z.string().min(1), years: z.int().min(1) }),
  /** Fields that every `batch.verified` must hold, such as `source.country`. */
  demands: z.array(z.string().regex(/^[a-z_]+(\.[a-z_]+)*$/)).default([]),
});
export type Policy = Readonly<z.infer<typeof Policy>>;
