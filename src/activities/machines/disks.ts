import { imageKey, machineMark } from '../../core/ids.ts';
import { isMigrationError, MigrationError } from '../../core/migration-error.ts';
import { inspectGuest } from '../../image/guest/index.ts';
import type { TargetCapabilities } from '../../model/bucket.ts';
import type { Digest } from '../../model/digest.ts';
import type { DiskPlanRef, ImageRef } from '../../model/disk.ts';
import type { Finding } from '../../model/errand.ts';
import type { LossCount } from '../../model/status.ts';
import { copyDiskShard, type DiskTotals, openDiskDevice, openImage, planDisk, sealImage, verifyImageShard } from '../../transfer/index.ts';
import { attempt } from '../boundary.ts';
import { once, record, turnName } from '../recording.ts';
import type { TransferDeps } from '../transfer.ts';
import { lossesOf, refuseBlockers } from './assessing.ts';
import { diskPlace, type MovedDisk, sourceOf, stagingOf, type VmTask } from './task.ts';

/** A disk in a pass: its snapshot, and what the pass before left. */
export interface DiskTask extends VmTask {
  readonly disk: MovedDisk;
  readonly snapshot: string;
  readonly before?: { readonly snapshot: string; readonly image: ImageRef };
}

/** Of an S3 upload, where no target was asked. */
const partsAtMost = 10_000;

export interface PlannedDisk {
  readonly plan: DiskPlanRef;
  readonly upload: string;
  /** Of the target, as it was when the pass was planned. */
  readonly streamedParts: boolean;
}

export interface InspectedGuest {
  readonly losses: readonly LossCount[];
  /** Depot file: GuestReport. */
  readonly report: Digest;
  readonly findings: readonly Finding[];
}

/** Hands that read a source's disks and write their images: each takes one listing or one shard, resumes from its journal and answers counts. */
export const createDiskActivities = (deps: TransferDeps) => ({
  /** Lists what the pass must read, and opens the upload of its image. The same again answers what the first made. */
  planDisk: (task: DiskTask & { readonly capabilities: TargetCapabilities; readonly shardBytes?: number }): Promise<PlannedDisk> =>
    attempt(({ signal, heartbeat }) => {
      const { place, disk, snapshot, before, capabilities, shardBytes } = task;
      return once(deps.depot, machineMark(place, `r${place.run}`, `p${place.pass}`, disk.label, 'plan'), async () => {
        const engine = engineOf(deps, task);
        const { partCount, partCopy, streamedParts = false } = capabilities;
        const plan = await planDisk(
          engine,
          {
            snapshot,
            partCount,
            hasPartCopy: partCopy ?? false,
            streamedParts,
            ...(before ? { before } : {}),
            ...(shardBytes === undefined ? {} : { shardBytes }),
          },
          heartbeat,
          signal,
        );
        return { plan, upload: await openImage(engine, { plan: plan.digest, key: imageKey(place, disk.label) }, signal), streamedParts };
      });
    }),

  /** What a snapshot holds, for an assessment: listed, and nothing opened on the target. */
  listDisk: (task: DiskTask): Promise<DiskPlanRef> =>
    attempt(({ signal, heartbeat }) => {
      const openTarget = { partCount: partsAtMost, hasPartCopy: false, streamedParts: true };
      return planDisk(engineOf(deps, task), { snapshot: task.snapshot, ...openTarget }, heartbeat, signal);
    }),

  /** What the disks themselves say of the guest, read straight from their blocks. NOT_ASSESSED names the blockers. */
  inspectGuest: (
    task: VmTask & { readonly look?: true; readonly disks: readonly { readonly disk: MovedDisk; readonly snapshot: string; readonly plan: Digest }[] },
  ): Promise<InspectedGuest> =>
    attempt(({ signal }) =>
      once(deps.depot, turnName(task.place, 'guest'), async () => {
        const source = sourceOf(deps, task).disks;
        const opened = await Promise.all(
          task.disks.map(async ({ disk: { device, isRoot }, snapshot, plan }) => ({
            device,
            isRoot,
            blocks: await openDiskDevice(source, snapshot, deps.depot, plan),
          })),
        );
        const report = await inspectGuest(opened, { bootMode: task.entry.target.bootMode, signal });
        if (!task.look) refuseBlockers(report.findings, task);
        return { losses: lossesOf(report.findings, task), findings: report.findings, report: await deps.depot.put(Buffer.from(JSON.stringify(report))) };
      }),
    ),

  copyDiskShard: (task: DiskTask & { readonly planned: PlannedDisk; readonly shard: number }): Promise<DiskTotals> =>
    attempt(async ({ signal, heartbeat }) => {
      const { place, disk, snapshot, before, planned, shard } = task;
      if (shard === 0) await record(deps, task, 'transfer.started', `transfer/${disk.label}`);
      return lost(() =>
        copyDiskShard(
          engineOf(deps, task),
          diskPlace(task, disk.label, 'copy', shard),
          {
            plan: planned.plan.digest,
            key: imageKey(place, disk.label),
            upload: planned.upload,
            shard,
            snapshot,
            streamedParts: planned.streamedParts,
            ...(before && planned.plan.kind === 'delta' ? { since: before.snapshot } : {}),
          },
          heartbeat,
          signal,
        ),
      );
    }),

  /** Head, what is taken over inside the target, and the end of the upload: from here on the image stands, and nobody has compared it. */
  sealImage: (task: DiskTask & { readonly planned: PlannedDisk }): Promise<ImageRef> =>
    attempt(({ signal, heartbeat }) => {
      const { place, disk, planned } = task;
      return lost(() =>
        sealImage(
          engineOf(deps, task),
          { plan: planned.plan.digest, key: imageKey(place, disk.label), upload: planned.upload, place: diskPlace(task, disk.label, 'copy', 0) },
          heartbeat,
          signal,
        ),
      );
    }),

  verifyImageShard: (task: DiskTask & { readonly image: ImageRef; readonly shard: number }): Promise<DiskTotals> =>
    attempt(({ signal, heartbeat }) => {
      const { disk, image, shard } = task;
      return verifyImageShard(engineOf(deps, task), diskPlace(task, disk.label, 'verify', shard), { image: image.digest, shard }, heartbeat, signal);
    }),
});

/** Trying again finds the same: the pass must open another upload. */
const lost = <T>(work: () => Promise<T>): Promise<T> =>
  work().catch((error: unknown) => {
    if (!isMigrationError(error, 'UPLOAD_MISSING')) throw error;
    throw new MigrationError('UPLOAD_LOST', { ...error.context, cause: error });
  });

export function engineOf(deps: TransferDeps, task: VmTask) {
  const { depot, clock, flight } = deps;
  return { depot, clock, flight, disks: sourceOf(deps, task).disks, target: stagingOf(deps, task) };
}
