import { z } from 'zod';

/** A label in ids of workflows, queues and files: what a person may type and a URL may hold. */
export const Name = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'lower-case letters, digits and hyphens, 1 to 63 of them');

const Place = z.strictObject({ at: Name, bucket: z.string().min(3).max(63) });

/** One bucket to move: an entry of `plan.yaml`. `gateFields` are what an approval covers; the rest may change at any time. */
export const BucketWorkload = z.strictObject({
  name: Name,
  kind: z.literal('bucket'),
  source: Place,
  target: Place,
  /** `new`: a target bucket that holds anything foreign is a blocker. `existing`: what stands there is never overwritten. */
  into: z.enum(['new', 'existing']).default('new'),
  versions: z.enum(['latest', 'all']).default('latest'),
  /** `policy`: Écluse denies writes on the source bucket. `manual`: the operator's word, given with the cutover order. */
  freeze: z.enum(['policy', 'manual']).default('policy'),
  /** Above this share or count of vanished source objects a person decides before anything is deleted on the target. */
  deleteGuard: z.strictObject({ share: z.number().min(0).max(1).default(0.01), count: z.number().int().min(0).default(1000) }).prefault({}),
  /** Pause between delta passes while the workload waits for its cutover. */
  deltaEveryMinutes: z.number().int().min(1).max(10_080).default(60),
});
export type BucketWorkload = z.infer<typeof BucketWorkload>;

/** How long Écluse tries by itself before it holds a workload for a person. */
export const Patience = z.strictObject({
  attempts: z.number().int().min(1).max(1000).default(20),
  /** A worker silent for so long counts as dead, and another takes over. */
  heartbeatSeconds: z.number().int().min(5).max(600).default(30),
});
export type Patience = z.infer<typeof Patience>;

/** `plan.yaml`. Fields outside the workloads' entries are operating fields: changed at any time, recorded, no new approval. */
export const Plan = z.strictObject({
  v: z.literal(1),
  patience: Patience.prefault({}),
  /** How many shards may be under way at once in one workload. */
  window: z.number().int().min(1).max(64).default(16),
  /** How many workloads may move at once. */
  parallelWorkloads: z.number().int().min(1).max(64).default(4),
  /** Cut of a manifest shard. Smaller shards spread over more workers and cost more history. */
  shard: z.strictObject({ objects: z.number().int().min(1).max(10_000).default(10_000), gibibytes: z.number().int().min(1).max(64).default(64) }).prefault({}),
  waves: z.array(z.strictObject({ wave: z.number().int().min(1), workloads: z.array(BucketWorkload).min(1) })).min(1),
});
export type Plan = z.infer<typeof Plan>;
