import type { Digest, Verdict } from '../../model/digest.ts';
import { blockBytes, type ImageRef } from '../../model/disk.ts';
import type { ManifestRef, RunRef } from '../../model/manifest.ts';
import type { ObjectEntry } from '../../model/object-entry.ts';
import type { SetRef } from '../../model/reference-set.ts';
import type { ObjectRow } from '../../model/row.ts';
import { openManifest, readIndex, referenceOf, sealInventorySet, sealVerification, startTotals } from '../../transfer/index.ts';
import { type Attempt, attempt } from '../boundary.ts';
import { batchSaid, once, record, recordInventory, turnName } from '../recording.ts';
import type { TransferDeps } from '../transfer.ts';
import { engineOf } from './disks.ts';
import { diskPlace, type MovedDisk, type StagedDisk, type VmTask } from './task.ts';

/** What a pass proved: the run that joins the catalogue, and how its disks ended. */
export interface ProvenPass {
  readonly run: RunRef;
  readonly verdict: Verdict;
  readonly failed: readonly string[];
}

/** A machine's shard is never cut: it has few disks. */
const uncut = { objects: 10_000, sizeBytes: Number.MAX_SAFE_INTEGER };

/**
 * A machine is on record as a container of disks, in the same files as a bucket of objects: so every verifier checks it. One row a disk; both digests
 * are trees over its blocks of 512 KiB, zeros included: what the source gave, and what a re-read of the target's image gave back.
 */
export const createProvingActivities = (deps: TransferDeps) => ({
  /** Which disks are to be moved, closed as the inventory of the workload. */
  sealDisks: (task: VmTask & { readonly disks: readonly MovedDisk[] }): Promise<ManifestRef> =>
    attempt((run) =>
      once(deps.depot, turnName(task.place, 'disks'), async () => {
        const entries = task.disks.map(({ disk, sizeBytes }) => ({ key: disk, sizeBytes, etag: '', lastModified: '1970-01-01T00:00:00Z' }));
        return (await inventoried(deps, task, entries, 'inventory', run)).manifest;
      }),
    ),

  /** Compares the roots of a pass, disk by disk, and puts that on record. */
  proveDisks: (task: VmTask & { readonly disks: readonly StagedDisk[] }): Promise<ProvenPass> =>
    attempt((run) =>
      once(deps.depot, turnName(task.place, 'proof'), async () => {
        const proofs = [];
        for (const disk of [...task.disks].sort((a, b) => (a.disk < b.disk ? -1 : 1))) proofs.push({ disk, ...(await proven(deps, task, disk, run)) });
        const manifest = openManifest(deps.depot, { cut: uncut });
        for (const [i, { disk, row }] of proofs.entries()) await manifest.add(entryOf(disk), { ...row, i });
        const sealed = await manifest.close();
        const [shard] = (await readIndex(deps.depot, sealed.digest)).shards;
        const { totals, count } = startTotals();
        for (const { row } of proofs) count(row);
        if (shard?.rows) await record(deps, task, 'batch.verified', 'verify/0', await batchSaid(deps.depot, task.entry, shard.rows, totals, shard.entries));
        const failed = proofs.filter(({ row }) => row.verdict !== 'PASS').map(({ disk }) => disk.label);
        return { run: sealed, verdict: failed.length === 0 ? 'PASS' : 'FAIL', failed } as const;
      }),
    ),

  /** The disks as they were when the source had stopped: the inventory that has the last word. */
  sealLastDisks: (task: VmTask & { readonly disks: readonly StagedDisk[] }): Promise<ManifestRef> =>
    attempt((run) =>
      once(deps.depot, turnName(task.place, 'last-disks'), async () => {
        const { manifest } = await inventoried(deps, task, task.disks.map(entryOf), 'closing-inventory', run);
        return manifest;
      }),
    ),
});

async function proven(deps: TransferDeps, task: VmTask, disk: StagedDisk, { heartbeat, signal }: Attempt): Promise<{ row: ObjectRow }> {
  const { label, image } = disk;
  const { verdict, sourceRoot, targetRoot } = await sealVerification(
    engineOf(deps, task),
    { image: image.digest, place: diskPlace(task, label, 'verify', 0) },
    heartbeat,
    signal,
  );
  const at = new Date(deps.clock.now()).toISOString();
  const by = `svc:${deps.role}`;
  await record(deps, task, 'disk.verified', `disk/${label}`, {
    unit: { kind: 'disk', ref: task.entry.name, count: image.blocks, size_bytes: String(disk.sizeBytes) },
    digest: {
      form: 'sha256-tree',
      chunk_bytes: blockBytes,
      source: { value: sourceRoot, by, at: disk.takenAt },
      target: { value: targetRoot, by, at, method: 'reread' },
    },
    verdict,
  });
  return { row: rowOf(deps, task, disk, { verdict, sourceRoot, targetRoot }) };
}

function rowOf(
  { referenceKey }: TransferDeps,
  { entry }: VmTask,
  { disk, sizeBytes, snapshot, takenAt, image }: StagedDisk & { readonly image: ImageRef },
  { verdict, sourceRoot, targetRoot }: { readonly verdict: Verdict; readonly sourceRoot: Digest; readonly targetRoot: Digest },
): ObjectRow {
  return {
    i: 0,
    ref: referenceOf(referenceKey, entry.source.instance, disk),
    outcome: 'copied',
    sizeBytes,
    sourceEtag: snapshot,
    sourceLastModified: wholeSecond(takenAt),
    form: 'sha256-tree',
    chunkBytes: blockBytes,
    sha256: sourceRoot,
    targetSha256: targetRoot,
    targetEtag: image.etag,
    verdict,
    ...(verdict === 'PASS' ? {} : { reason: 'TARGET_DIFFERS' }),
  };
}

const entryOf = ({ disk, sizeBytes, snapshot, takenAt }: StagedDisk): ObjectEntry => ({
  key: disk,
  sizeBytes,
  etag: snapshot,
  lastModified: wholeSecond(takenAt),
});

const wholeSecond = (time: string): string => `${new Date(time).toISOString().slice(0, 19)}Z`;

async function inventoried(
  deps: TransferDeps,
  task: VmTask,
  entries: readonly ObjectEntry[],
  step: string,
  { heartbeat, signal }: Attempt,
): Promise<{ manifest: ManifestRef; inventory: SetRef }> {
  const writing = openManifest(deps.depot, { cut: uncut, sort: true });
  for (const entry of entries) await writing.add(entry);
  const manifest = await writing.close();
  const inventory = await sealInventorySet(deps, { workload: task.place.workload, container: task.entry.source.instance, manifest }, heartbeat, signal);
  await recordInventory(deps, task, manifest, inventory, step);
  return { manifest, inventory };
}
