import { z } from 'zod';

/** `per`: so many units cost `price`. */
const Price = z.strictObject({ per: z.number().positive(), price: z.number().min(0) });

/** `prices.yaml`: what a source's vendor asks, by whom it was said and when. Without a price no sum is given. */
export const Prices = z.strictObject({
  v: z.literal(1),
  currency: z.string().regex(/^[A-Z]{3}$/, 'three capital letters, ISO 4217'),
  /** When somebody last looked. */
  asOf: z.iso.date(),
  source: z.string().min(1),
  prices: z.strictObject({
    /** A block of a snapshot that is read. */
    readBlock: Price.optional(),
    /** A request that lists blocks. */
    listBlocks: Price.optional(),
    /** A GiB that leaves the source's network. */
    egressGib: Price.optional(),
  }),
  /** Rates that were measured, or that a contract says, in MiB/s. Absent: not known. */
  rates: z.strictObject({ networkMebibytes: z.number().positive().optional(), targetMebibytes: z.number().positive().optional() }).prefault({}),
});
export type Prices = z.infer<typeof Prices>;
