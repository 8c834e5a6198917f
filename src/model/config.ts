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
  ledger: z.strictObject({ sqlite: z.string().min(1) }),
  /** File with the 32 bytes (base64) under which object names become references. It is the data controller's: keep it, it links the log to the names. */
  referenceKey: z.string().min(1).default('./reference.key'),
  stores: z.record(Name, S3Store),
});
export type Config = z.infer<typeof Config>;
