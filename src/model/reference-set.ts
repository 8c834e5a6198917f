import { z } from 'zod';
import { Digest, Verdict } from './digest.ts';

/** Sets of references (docs/bundle-format.md, section 6): which objects there were, and what became of each, without a name. Fields as on the page. */

/** The one end of a reference: what the page's table says. */
export const EndState = z.enum(['verified', 'vanished', 'excluded', 'changed', 'failed', 'unknown', 'withdrawn']);
export type EndState = z.infer<typeof EndState>;

const count = z.int().min(0);
const SizeBytes = z.string().regex(/^(0|[1-9][0-9]*)$/, 'a decimal number without sign or leading zero');
const Reference = z.string().regex(/^[0-9a-f]{64}$/);

/** A line of a bucket of an inventory. */
export const InventoryRow = z.strictObject({ ref: Reference, size_bytes: SizeBytes });
export type InventoryRow = z.infer<typeof InventoryRow>;

/** A line of a bucket of a final set. `rows` and `i` name the row that decided; a reference that no row tells of has neither. */
export const FinalRow = z.strictObject({
  ref: Reference,
  state: EndState,
  size_bytes: SizeBytes,
  rows: Digest.optional(),
  i: count.optional(),
  reason: z.string().optional(),
  /** Something of ours, or what nothing proves not to be ours, still stands on the target. */
  left: z.literal(true).optional(),
});
export type FinalRow = z.infer<typeof FinalRow>;

const shape = {
  v: z.literal(1),
  workload: z.string(),
  bits: z.int().min(0).max(16),
  buckets: z.array(z.strictObject({ count, sha256: Digest })),
  count,
};
const StateCount = z.strictObject({ count, size_bytes: SizeBytes });

/** The index of a set; there are 2^bits buckets. `states` holds those that occur. */
export const SetIndex = z
  .discriminatedUnion('kind', [
    z.strictObject({ ...shape, kind: z.literal('inventory') }),
    z.strictObject({ ...shape, kind: z.literal('final'), states: z.partialRecord(EndState, StateCount) }),
  ])
  .refine(({ bits, buckets }) => buckets.length === 2 ** bits, 'a set has 2^bits buckets');
export type SetIndex = z.infer<typeof SetIndex>;

/** A sealed inventory: its index in the depot, and how much it holds. `sizeBytes` is decimal: a project may hold more than 2^53 bytes. */
export const SetRef = z.strictObject({ digest: Digest, count, sizeBytes: SizeBytes });
export type SetRef = z.infer<typeof SetRef>;

/** A sealed final set, as `reconciliation.closed` tells it. */
export const FinalSetRef = z.strictObject({
  digest: Digest,
  count,
  /** How many references stand in the newest inventory; the others came and went before it. */
  inventoried: count,
  states: z.partialRecord(EndState, z.strictObject({ count, sizeBytes: SizeBytes })),
  verdict: Verdict,
});
export type FinalSetRef = z.infer<typeof FinalSetRef>;
