import { z } from 'zod';
import { Name } from './plan.ts';

const loopback = new Set(['127.0.0.1', 'localhost', '[::1]']);

/** An http(s) address without path, query or user; plain http only to this machine. */
const Endpoint = z.string().superRefine((text, context) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.search)
    context.addIssue({ code: 'custom', message: 'must be an http or https address without user or query' });
  else if (url.protocol === 'http:' && !loopback.has(url.hostname))
    context.addIssue({ code: 'custom', message: 'plain http is only for this machine: use https' });
});

/** An http(s) address that may have a path; plain http is allowed, since what comes back is signed and checked. */
const Address = z
  .string()
  .refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) && !new URL(text).username, 'must be an http or https address without user');

/** An S3 store. Credentials come from the vendor's own chain, by profile; none ever stands here. */
export const S3Store = z.strictObject({
  kind: z.literal('s3'),
  /** Absent = AWS itself, by region. May hold a path prefix before the bucket (NumSpot). */
  endpoint: Endpoint.optional(),
  region: z.string().min(1),
  /** Profile of the shared AWS credentials and config files, read by the workers. Absent = the default chain. */
  profile: z.string().min(1).optional(),
  country: z
    .string()
    .regex(/^[A-Z]{2}$/, 'two capital letters, ISO 3166')
    .optional(),
});
export type S3Store = z.infer<typeof S3Store>;

const RolePerAccount = z.strictObject({
  /** Role that the worker assumes in the account. */
  role: z.string().regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/.+$/, 'arn:aws:iam::<account>:role/<name>'),
  externalId: z.string().min(1).optional(),
});
/** Calls a second that are ours; the rest is left to the customer. Capacities of the whole project: shared by all its workers. */
const perSecond = (usual: number) => z.number().min(0.1).max(100_000).default(usual);
const country = z
  .string()
  .regex(/^[A-Z]{2}$/, 'two capital letters, ISO 3166')
  .optional();

/** AWS as a source of machines. Credentials come from the vendor's own chain, by profile; none ever stands here. */
export const AwsCloud = z.strictObject({
  kind: z.literal('aws'),
  /** The first is where a workload is looked for that names none. */
  regions: z.array(z.string().min(1)).min(1),
  profile: z.string().min(1).optional(),
  /** Absent: the account of the credentials themselves. */
  accounts: z.array(RolePerAccount).default([]),
  /** Only for a stand-in or a private link; absent = AWS by region. */
  endpoints: z.strictObject({ ec2: Endpoint.optional(), ebs: Endpoint.optional(), sts: Endpoint.optional(), s3: Endpoint.optional() }).prefault({}),
  rates: z
    .strictObject({
      /** Of GetSnapshotBlock. AWS grants 1,000 a second to an account, and 1,000 to a snapshot; backups need some too (facts: sources §3). */
      blocks: perSecond(500),
      /** Of ListSnapshotBlocks and ListChangedBlocks, each; AWS grants 50. */
      lists: perSecond(25),
      /** Of each EC2 action. */
      calls: perSecond(5),
    })
    .prefault({}),
  country,
});
export type AwsCloud = z.infer<typeof AwsCloud>;

/** OUTSCALE as a target of machines. Keys come from OSC_ACCESS_KEY and OSC_SECRET_KEY, or from `profile` in ~/.osc/config.json. */
export const OutscaleCloud = z.strictObject({
  kind: z.literal('outscale'),
  region: z.string().min(1),
  profile: z.string().min(1).optional(),
  /** Absent = https://api.<region>.outscale.com */
  endpoint: Endpoint.optional(),
  /** The store and bucket in which images stand until they are imported. */
  staging: z.strictObject({ at: Name, bucket: z.string().min(3).max(63) }),
  /** The vendor's own tools keep to 5 a second (facts: targets §2). */
  rates: z.strictObject({ calls: perSecond(5) }).prefault({}),
  /** How long an import may take; the address that it reads lives so long. At most seven days. */
  importHours: z.number().int().min(1).max(168).default(24),
  country,
});
export type OutscaleCloud = z.infer<typeof OutscaleCloud>;

export const Cloud = z.discriminatedUnion('kind', [AwsCloud, OutscaleCloud]);
export type Cloud = z.infer<typeof Cloud>;

const PostgresUrl = z.string().refine((text) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url !== undefined && /^postgres(ql)?:$/.test(url.protocol) && !url.password;
}, 'must be postgres://user@host/database; the password comes from PGPASSWORD or a pgpass file');

/** Where the record is kept, and who vouches for it. The rules themselves stand in `policy`, whose bytes the log binds. */
const LedgerConfig = z
  .strictObject({
    /** One host. */
    sqlite: z.string().min(1).optional(),
    /** Several hosts. */
    postgres: PostgresUrl.optional(),
    /** Folder with the signing keys: only on the host of the `ledger` role, readable by it alone. */
    keys: z.string().min(1).default('./ledger-keys'),
    policy: z.string().min(1).default('./policy.json'),
    /** Where the policy's witnesses and timestamp authorities answer; `name` as there. */
    witnesses: z.array(z.strictObject({ name: z.string().min(1), url: Endpoint })).default([]),
    timestamps: z.array(z.strictObject({ name: z.string().min(1), url: Address })).default([]),
    /** age public key of the controller: names leave in a bundle only encrypted to it. Absent: they are left out. */
    recipient: z
      .string()
      .regex(/^age1[0-9a-z]+$/, 'an age public key (age1…)')
      .optional(),
    /** NTP server, `host` or `host:port`, against which the clock is checked. */
    clock: z.string().min(1).optional(),
  })
  .refine(({ sqlite, postgres }) => (sqlite === undefined) !== (postgres === undefined), 'needs either sqlite or postgres');
export type LedgerConfig = z.infer<typeof LedgerConfig>;

/** `ecluse.yaml`: what names the project and its places. */
export const Config = z.strictObject({
  v: z.literal(1),
  project: Name,
  language: z.enum(['en', 'fr']).default('en'),
  timezone: z
    .string()
    .refine((zone) => Intl.supportedValuesOf('timeZone').includes(zone) || zone === 'UTC', 'not an IANA time zone')
    .default('Europe/Paris'),
  temporal: z
    .strictObject({ address: z.string().min(1).default('127.0.0.1:7233'), namespace: z.string().min(1).default('default'), ui: Endpoint.optional() })
    .prefault({}),
  /** Paths are relative to the file. */
  depot: z.union([z.strictObject({ folder: z.string().min(1) }), z.strictObject({ at: Name, bucket: z.string(), prefix: z.string().default('') })]),
  ledger: LedgerConfig,
  /** File with the 32 bytes (base64) under which object names become references. It is the data controller's: keep it, it links the log to the names. */
  referenceKey: z.string().min(1).default('./reference.key'),
  stores: z.record(Name, S3Store),
  /** Clouds of virtual machines. */
  clouds: z.record(Name, Cloud).default({}),
  /** Prices for estimates; without a price no sum is given. */
  prices: z.string().min(1).default('./prices.yaml'),
});
export type Config = z.infer<typeof Config>;
