import type { BucketTask } from './recording.ts';
import type { TransferDeps } from './transfer.ts';

/** Both buckets of a workload, and what the engine needs beside them. */
export const ends = ({ stores, depot, flight, referenceKey, clock }: TransferDeps, { entry }: BucketTask) => ({
  source: stores.open(entry.source.at, entry.source.bucket),
  target: stores.open(entry.target.at, entry.target.bucket),
  depot,
  flight,
  referenceKey,
  clock,
});
