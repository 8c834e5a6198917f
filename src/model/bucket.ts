import { z } from 'zod';

/** A bucket's own configuration, each part in the vendor's own form (JSON), absent where the bucket has none. */
export const BucketConfiguration = z.strictObject({
  versioning: z.enum(['off', 'on', 'suspended']),
  region: z.string().optional(),
  cors: z.array(z.unknown()).optional(),
  lifecycle: z.array(z.unknown()).optional(),
  tags: z.record(z.string(), z.string()).optional(),
  /** The policy document as text. */
  policy: z.string().optional(),
  encryption: z.unknown().optional(),
  objectLock: z.strictObject({ enabled: z.boolean(), defaultMode: z.string().optional(), defaultDays: z.number().optional() }).optional(),
  notification: z.boolean().optional(),
  replication: z.boolean().optional(),
  website: z.boolean().optional(),
  requesterPays: z.boolean().optional(),
  /** Parts that the store or our rights did not let us read: UNKNOWN in the loss report, never "none". */
  unread: z.array(z.string()),
});
export type BucketConfiguration = z.infer<typeof BucketConfiguration>;

/** What a target store was seen to do when asked (`probe`). False or absent means: do without. */
export const TargetCapabilities = z.strictObject({
  ifNoneMatch: z.boolean(),
  ifMatch: z.boolean(),
  /** A body that contradicts its signed SHA-256 is refused. Where false, only the re-read proves anything (it does anyway). */
  checksSignedHash: z.boolean(),
  tagging: z.boolean(),
  versioning: z.boolean(),
  policy: z.boolean(),
  /** A part can be taken over from another object of the bucket by range, and only while that has its ETag. Absent: probed before this was asked. */
  partCopy: z.boolean().optional(),
  /** Takes a part whose chunks are signed one by one (STREAMING-AWS4-HMAC-SHA256-PAYLOAD), and gives back its bytes without the framing. */
  streamedParts: z.boolean().optional(),
  partCount: z.number().int(),
  userMetadataBytes: z.number().int(),
});
export type TargetCapabilities = z.infer<typeof TargetCapabilities>;

/** What stood before the freeze. Kept in the depot; its digest in the workflow. */
export const FreezeReceipt = z.strictObject({ id: z.string(), policyBefore: z.string().optional(), policyFrozen: z.string() });
export type FreezeReceipt = z.infer<typeof FreezeReceipt>;
