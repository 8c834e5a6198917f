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

const Cidr = z.string().regex(/^(\d{1,3}\.){3}\d{1,3}\/\d{1,2}$/, 'an IPv4 range such as 10.0.1.0/24');
const Device = z.string().regex(/^\/dev\/[a-z0-9]+$/, 'a device name such as /dev/xvdb');

const Rule = z.strictObject({
  flow: z.enum(['inbound', 'outbound']),
  protocol: z.enum(['tcp', 'udp', 'icmp', '-1']),
  fromPort: z.int().min(-1).max(65_535).optional(),
  toPort: z.int().min(-1).max(65_535).optional(),
  ranges: z.array(Cidr).default([]),
  /** Another group of the same list. */
  group: z.string().optional(),
});
const Id = (kind: string) => z.strictObject({ id: z.string().regex(new RegExp(`^${kind}-[0-9a-z]+$`), `an id such as ${kind}-12345678`) });
const MadeGroup = z.strictObject({ name: z.string().min(1).max(200), description: z.string().min(1).max(255), rules: z.array(Rule).default([]) });

/** Where a machine stands on the target: existing things by id, or ranges and groups that are made (and shared by workloads that say the same). */
const MachineNetwork = z.strictObject({
  net: z.union([Id('vpc'), z.strictObject({ range: Cidr })]),
  subnet: z.union([Id('subnet'), z.strictObject({ range: Cidr })]),
  securityGroups: z.array(z.union([Id('sg'), MadeGroup])).min(1),
  privateAddress: z.ipv4().optional(),
});
export type MachineNetwork = z.infer<typeof MachineNetwork>;

/** One virtual machine to move. */
export const VmWorkload = z.strictObject({
  name: Name,
  kind: z.literal('vm'),
  source: z.strictObject({
    at: Name,
    /** Absent: the account of the cloud's own credentials, its first region. */
    account: z
      .string()
      .regex(/^\d{12}$/)
      .optional(),
    region: z.string().min(1).optional(),
    instance: z.string().regex(/^i-[0-9a-f]+$/, 'an instance id such as i-0123456789abcdef0'),
    /** Volumes that stay behind: their loss is shown at gate `loss`. */
    withoutDisks: z.array(z.string()).default([]),
  }),
  target: z.strictObject({
    at: Name,
    subregion: z.string().min(1),
    /** `tinavW.cXrYpZ` on OUTSCALE. */
    type: z.string().min(1),
    bootMode: z.enum(['legacy', 'uefi']),
    keyPair: z.string().min(1).optional(),
    network: MachineNetwork,
    volumeType: z.enum(['standard', 'gp2', 'io1']).default('gp2'),
    /** Per device, where it is not the rule above. */
    disks: z
      .record(Device, z.strictObject({ volumeType: z.enum(['standard', 'gp2', 'io1']).optional(), iops: z.int().min(100).max(13_000).optional() }))
      .default({}),
  }),
  /** The administrator's word that the guest has virtio drivers: Windows, and guests that were not inspected. */
  driversDeclared: z.boolean().default(false),
  rehearsal: z
    .strictObject({
      /** Without one, a cutover needs no `tested`. */
      required: z.boolean().default(true),
      /** How long the test machine stays for its owner. */
      keepHours: z.int().min(1).max(336).default(24),
      subnet: Cidr.default('192.168.250.0/28'),
      net: Cidr.default('192.168.250.0/24'),
      /** Nothing else gets in or out of the isolated subnet. */
      rules: z.array(Rule).default([]),
    })
    .prefault({}),
  bootCheck: z
    .strictObject({
      /** Texts that the console must show, all of them. */
      expect: z.array(z.string().min(1)).min(1).default(['login:']),
      timeoutMinutes: z.int().min(1).max(240).default(20),
    })
    .prefault({}),
  /** How long the source may take to stop by itself; it is never forced. */
  stopMinutes: z.int().min(1).max(240).default(15),
  deltaEveryMinutes: z.int().min(5).max(10_080).default(240),
  /** Passes whose delta is smaller than this count as converged. */
  convergedMebibytes: z.int().min(1).max(1_048_576).default(1024),
});
export type VmWorkload = z.infer<typeof VmWorkload>;

export const Workload = z.discriminatedUnion('kind', [BucketWorkload, VmWorkload]);
export type Workload = z.infer<typeof Workload>;

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
  waves: z.array(z.strictObject({ wave: z.number().int().min(1), workloads: z.array(Workload).min(1) })).min(1),
});
export type Plan = z.infer<typeof Plan>;
