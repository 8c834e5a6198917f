import type { Digest } from '../model/digest.ts';
import type { ManifestRef, RunRef } from '../model/manifest.ts';
import type { SetRef } from '../model/reference-set.ts';
import {
  abortStrayUploads,
  type Comparison,
  compareSource,
  compareTarget,
  type DeltaPlan,
  type ListingTally,
  listBucket,
  planDelta,
  type ShardCut,
  sealInventorySet,
} from '../transfer/index.ts';
import { type Attempt, attempt } from './boundary.ts';
import { ends } from './ends.ts';
import { type BucketTask, evidenceOf, once, record, recordInventory, turnName } from './recording.ts';
import { closeFinalSet } from './sets.ts';
import type { TransferDeps } from './transfer.ts';

export interface ListTask extends BucketTask {
  readonly cut: ShardCut;
  readonly catalogue: readonly RunRef[];
}

export interface Listed {
  readonly manifest: ManifestRef;
  readonly tally: ListingTally;
}

/** A listing of the source, and the same without names. */
export interface Inventoried extends Listed {
  readonly inventory: SetRef;
}

export interface Closing {
  readonly equal: boolean;
  readonly differences: number;
  /** Keys that the store seems to keep under another name. */
  readonly merged: number;
  /** Depot file with samples of names. */
  readonly report: Digest;
}

/** Listings, each with what it is taken for. A bucket is read to its last page; a repeated call answers the listing that the first one made. */
export const createListingActivities = (deps: TransferDeps) => ({
  /** What there is to move: sealed as the inventory of the workload. */
  listSource: (task: ListTask): Promise<Inventoried> =>
    attempt(async (run) => {
      const { manifest, tally } = await listed(deps, task, 'source', 'assess', run);
      return { manifest, tally, inventory: await inventoryOf(deps, task, 'assess', manifest, run) };
    }),

  /** With `into: existing`, before anything is written: what stands on the target is the owner's. */
  listTarget: (task: ListTask): Promise<{ manifest: ManifestRef }> =>
    attempt(async (run) => ({ manifest: (await listed(deps, task, 'target', 'before', run)).manifest })),

  /** A new listing of the source beside the catalogue: what is to be copied, and what vanished. */
  listChanges: (task: ListTask): Promise<DeltaPlan & { listing: ManifestRef }> =>
    attempt(async (run) => {
      const { manifest } = await listed(deps, task, 'source', 'pass', run);
      return { listing: manifest, ...(await planDelta(deps.depot, { listing: manifest, catalogue: task.catalogue, cut: task.cut }, run.signal)) };
    }),

  /** The source after the last delta: it must show what was read and verified. Uploads still open could end after the freeze: they are counted. */
  closeSource: (task: ListTask & { acceptedLosses: readonly string[] }): Promise<Closing> =>
    attempt(async (run) => {
      const { at, bucket } = task.entry.source;
      const { manifest } = await listed(deps, task, 'source', 'closing', run);
      const inventory = await inventoryOf(deps, task, 'closing', manifest, run);
      await recordInventory(deps, task, manifest, inventory, `closing/${manifest.digest.slice(0, 16)}`);
      const open = await deps.stores.open(at, bucket).openUploads(run.signal);
      const options = { acceptArchived: task.acceptedLosses.includes('OBJECT_ARCHIVED'), signal: run.signal };
      return close(deps, task, 'source', manifest, await compareSource(deps.depot, manifest, task.catalogue, options), { open_uploads: open.length });
    }),

  /**
   * The target must show what the rows say; `foreign` is what stood there before us. `written`: a listing of what only we write there; uploads of
   * a worker that died are aborted first, since nobody can complete them. After a cutover it tells what was written since.
   */
  closeTarget: (
    task: ListTask & { purpose: 'closing' | 'rollback'; foreign?: ManifestRef; acceptedLosses?: readonly string[]; written?: Digest },
  ): Promise<Closing> =>
    attempt(async (run) => {
      if (task.written) await abortStrayUploads(ends(deps, task), task.written, run.signal);
      const { manifest } = await listed(deps, task, 'target', task.purpose, run);
      const options = { signal: run.signal, ...(task.foreign ? { foreign: task.foreign } : {}) };
      const closing = await close(deps, task, 'target', manifest, await compareTarget(deps.depot, manifest, task.catalogue, options), {});
      // Before the target serves, every object that was ever inventoried has its one end state on record.
      if (closing.equal && task.purpose === 'closing') await closeFinalSet(deps, task, { acceptedLosses: task.acceptedLosses ?? [] }, run);
      return closing;
    }),
});

function listed(deps: TransferDeps, task: ListTask, side: 'source' | 'target', purpose: string, { signal, heartbeat }: Attempt): Promise<Listed> {
  const { at, bucket } = task.entry[side];
  return once(deps.depot, turnName(task.place, `list-${side}-${purpose}`), () =>
    listBucket({ ...deps, source: deps.stores.open(at, bucket) }, { versions: task.entry.versions, cut: task.cut }, heartbeat, signal),
  );
}

const inventoryOf = (deps: TransferDeps, { place, entry }: ListTask, purpose: string, manifest: ManifestRef, { heartbeat, signal }: Attempt): Promise<SetRef> =>
  once(deps.depot, turnName(place, `inventory-${purpose}`), () =>
    sealInventorySet(deps, { workload: place.workload, container: entry.source.bucket, manifest }, heartbeat, signal),
  );

async function close(
  deps: TransferDeps,
  task: ListTask,
  side: 'source' | 'target',
  listing: ManifestRef,
  { samples, ...counts }: Comparison,
  more: Readonly<Record<string, number>>,
): Promise<Closing> {
  const differences = counts.missing + counts.extra + counts.differs;
  await record(deps, task, 'listing.compared', `compare/${side}/${listing.digest.slice(0, 16)}`, {
    counts: { ...counts, ...more },
    verdict: differences === 0 ? 'PASS' : 'FAIL',
    evidence: [await evidenceOf(deps.depot, 'differences', samples, { confidential: true })],
  });
  return { equal: differences === 0, differences, merged: counts.merged, report: samples };
}
