import { machineMark } from '../../core/ids.ts';
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

  /**
   * Compares the roots of a pass, disk by disk, and puts that on record. Rows and times are made once a pass and kept before anything is recorded:
   * an attempt that died in between is followed by one that records the same.
   */
  proveDisks: (task: VmTask & { readonly disks: readonly StagedDisk[] }): Promise<ProvenPass> =>
    attempt(async (run) => {
      const { place } = task;
      const proof = await once(deps.depot, machineMark(place, `r${place.run}`, `p${place.pass}`, 'proof'), () => provenPass(deps, task, run));
      for (const { row, ...disk } of proof.disks) await recordDisk(deps, task, disk, row);
      const [shard] = (await readIndex(deps.depot, proof.run.digest)).shards;
      const { totals, count } = startTotals();
      for (const { row } of proof.disks) count(row);
      if (shard?.rows) await record(deps, task, 'batch.verified', 'verify/0', await batchSaid(deps.depot, task.entry, shard.rows, totals, shard.entries));
      const failed = proof.disks.filter(({ row }) => row.verdict !== 'PASS').map(({ label }) => label);
      return { run: proof.run, verdict: failed.length === 0 ? 'PASS' : 'FAIL', failed } as const;
    }),

  /** The disks as they were when the source had stopped: the inventory that has the last word. */
  sealLastDisks: (task: VmTask & { readonly disks: readonly StagedDisk[] }): Promise<ManifestRef> =>
    attempt((run) =>
      once(deps.depot, turnName(task.place, 'last-disks'), async () => {
        const { manifest } = await inventoried(deps, task, task.disks.map(entryOf), 'closing-inventory', run);
        return manifest;
      }),
    ),
});

interface ProvenDisk {
  readonly label: string;
  readonly blocks: number;
  readonly takenAt: string;
  /** When the last of its bytes had been read back. */
  readonly readAt: string;
  readonly row: ObjectRow;
}

async function provenPass(
  deps: TransferDeps,
  task: VmTask & { readonly disks: readonly StagedDisk[] },
  { heartbeat, signal }: Attempt,
): Promise<{ readonly run: RunRef; readonly disks: readonly ProvenDisk[] }> {
  const disks: ProvenDisk[] = [];
  const manifest = openManifest(deps.depot, { cut: uncut });
  for (const [i, disk] of [...task.disks].sort((a, b) => (a.disk < b.disk ? -1 : 1)).entries()) {
    const { label, image, takenAt } = disk;
    const proof = await sealVerification(engineOf(deps, task), { image: image.digest, place: diskPlace(task, label, 'verify', 0) }, heartbeat, signal);
    const row = { ...rowOf(deps, task, disk, proof), i };
    await manifest.add(entryOf(disk), row);
    disks.push({ label, blocks: image.blocks, takenAt, readAt: new Date(deps.clock.now()).toISOString(), row });
  }
  return { run: await manifest.close(), disks };
}

function recordDisk(deps: TransferDeps, task: VmTask, { label, blocks, takenAt, readAt }: Omit<ProvenDisk, 'row'>, row: ObjectRow): Promise<void> {
  const by = `svc:${deps.role}`;
  return record(deps, task, 'disk.verified', `disk/${label}`, {
    unit: { kind: 'disk', ref: task.entry.name, count: blocks, size_bytes: String(row.sizeBytes) },
    digest: {
      form: 'sha256-tree',
      chunk_bytes: blockBytes,
      source: { value: row.sha256 ?? '', by, at: takenAt },
      target: { value: row.targetSha256 ?? '', by, at: readAt, method: 'reread' },
    },
    verdict: row.verdict,
  });
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
