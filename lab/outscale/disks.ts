import type { Cloud } from './cloud.ts';
import { refused } from './oapi-error.ts';
import type { Disk } from './records.ts';
import type { Fields } from './shape.ts';

/** `Bsu` of a request. */
export interface BsuRequest {
  readonly DeleteOnVmDeletion?: boolean;
  readonly Iops?: number;
  readonly SnapshotId?: string;
  readonly VolumeSize?: number;
  readonly VolumeType?: string;
}

export const bsuShape: Fields = { DeleteOnVmDeletion: 'boolean', Iops: 'integer', SnapshotId: 'id:snap', VolumeSize: 'integer', VolumeType: 'string' };

const largestGib = 14_901;

/** Root is `/dev/sda1`, others `/dev/sdX[Y]` or `/dev/xvdX[Y]` with X in b–z. */
export function checkDevice(device: string): void {
  if (device !== '/dev/sda1' && !/^\/dev\/(sd|xvd)[b-z][a-z]?$/.test(device)) throw refused(4019, `${device} is no device name.`);
}

/** The vendor's limits of a volume. */
export function checkVolume(type: string, sizeGib: number, iops: number | undefined): void {
  if (!['standard', 'gp2', 'io1'].includes(type)) throw refused(4047, `${type} is no volume type.`);
  if (sizeGib < (type === 'io1' ? 4 : 1) || sizeGib > largestGib) throw refused(4078, `A volume of ${sizeGib} GiB.`);
  if (type === 'io1' && (iops === undefined || iops < 100 || iops > Math.min(13_000, 300 * sizeGib))) throw refused(4029, 'Iops do not fit.');
  if (type !== 'io1' && iops !== undefined) throw refused(4029, `Iops are for io1, not for ${type}.`);
}

/** A disk of a mapping, over what the image says of the same device. The snapshot must be there and completed. */
export function diskOf(cloud: Cloud, account: string, device: string, bsu: BsuRequest, base?: Disk): Disk {
  checkDevice(device);
  const snapshot = bsu.SnapshotId ?? base?.snapshot;
  if (bsu.SnapshotId !== undefined) completedSnapshot(cloud, bsu.SnapshotId, account);
  const sizeGib = bsu.VolumeSize ?? base?.sizeGib;
  const iops = bsu.Iops ?? base?.iops;
  return {
    device,
    ...(snapshot !== undefined && { snapshot }),
    ...(sizeGib !== undefined && { sizeGib }),
    type: bsu.VolumeType ?? base?.type ?? 'standard',
    ...(iops !== undefined && { iops }),
    deleteOnVmDeletion: bsu.DeleteOnVmDeletion ?? base?.deleteOnVmDeletion ?? true,
  };
}

/** A snapshot that may be read: the account's own. */
export function completedSnapshot(cloud: Cloud, id: string, account: string): { readonly sizeGib: number } {
  const snapshot = cloud.state.snapshots[id];
  if (snapshot?.account !== account) throw refused(5054, `There is no ${id}.`);
  if (snapshot.state !== 'completed') throw refused(6003, `${id} is ${snapshot.state}.`);
  return snapshot;
}

/** How large a volume of this disk becomes; never smaller than its snapshot. */
export function sizeOf(cloud: Cloud, disk: Pick<Disk, 'snapshot' | 'sizeGib'>): number {
  const least = disk.snapshot === undefined ? undefined : (cloud.state.snapshots[disk.snapshot]?.sizeGib ?? 0);
  const sizeGib = disk.sizeGib ?? least;
  if (sizeGib === undefined) throw refused(7000, 'A size or a snapshot is missing.');
  if (least !== undefined && sizeGib < least) throw refused(4078, `${sizeGib} GiB is less than the snapshot’s ${least}.`);
  return sizeGib;
}
