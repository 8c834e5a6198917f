/** The data plane: what activities call. Everything takes ports, reports progress, obeys a signal, and resumes from its journal. */
export { compactCatalogue, mergeCatalogue, readCatalogue } from './catalogue.ts';
export { type Clock, systemClock } from './clock.ts';
export { type Comparison, compareSource, compareTarget, foreignCount } from './compare-listing.ts';
export type { CopyDeps, CopyInput } from './copy-attempt.ts';
export { copyShard } from './copy-shard.ts';
export { type DeleteDeps, type DeleteInput, deleteShard } from './delete-shard.ts';
export { referenceKeyOf, referenceOf } from './digests.ts';
export { createFlightBudget, type FlightBudget } from './flight-budget.ts';
export { type ListDeps, type ListResult, listBucket } from './list-bucket.ts';
export type { ShardCut } from './manifest-files.ts';
export { type DeltaPlan, planDelta } from './plan-delta.ts';
export { type RemoveDeps, type RemoveInput, type RemoveResult, removeShard } from './remove-shard.ts';
export { type RetagDeps, type RetagInput, retagShard } from './retag-shard.ts';
export { type RunPlace, type SealedRun, salvageRun, sealRun } from './seal.ts';
export type { Progress, ShardResult, Totals } from './shard-totals.ts';
export { abortStrayUploads } from './stray-uploads.ts';
export type { ListingTally } from './tally.ts';
export { type VerifyDeps, type VerifyInput, verifyShard } from './verify-shard.ts';
