import { writeFile } from 'node:fs/promises';
import {
  action,
  background,
  type Call,
  type Cloud,
  changed,
  find,
  madeBefore,
  newId,
  ownedBy,
  remember,
  save,
  schedule,
  tagsOf,
  timeText,
  turn,
} from './cloud.ts';
import { copyDisk, diskFile, removeDisk, stretchDisk } from './disk-files.ts';
import { checkDevice, checkVolume, completedSnapshot, sizeOf } from './disks.ts';
import { refused } from './oapi-error.ts';
import { needQuota } from './quotas.ts';
import { list, one, pageOf, type ReadRequest, readShape, tagFilters } from './reading.ts';
import type { Volume } from './records.ts';

interface CreateVolume {
  readonly ClientToken?: string;
  readonly Iops?: number;
  readonly Size?: number;
  readonly SnapshotId?: string;
  readonly SubregionName: string;
  readonly VolumeType?: string;
}

type View = ReturnType<typeof viewOf>;

const filters = {
  ...tagFilters,
  VolumeIds: list(({ VolumeId }: View) => [VolumeId], 'id:vol'),
  ClientTokens: list(({ ClientToken }: View) => [ClientToken]),
  SnapshotIds: list(({ SnapshotId }: View) => [SnapshotId], 'id:snap'),
  SubregionNames: list(({ SubregionName }: View) => [SubregionName]),
  VolumeSizes: list(({ Size }: View) => [Size], 'integer'),
  VolumeStates: list(({ State }: View) => [State]),
  VolumeTypes: list(({ VolumeType }: View) => [VolumeType]),
  LinkVolumeVmIds: list(({ LinkedVolumes }: View) => LinkedVolumes.map(({ VmId }) => VmId), 'id:i'),
  LinkVolumeDeviceNames: list(({ LinkedVolumes }: View) => LinkedVolumes.map(({ DeviceName }) => DeviceName)),
  LinkVolumeLinkStates: list(({ LinkedVolumes }: View) => LinkedVolumes.map(({ State }) => State)),
  LinkVolumeDeleteOnVmDeletion: one(({ LinkedVolumes }: View) => LinkedVolumes[0]?.DeleteOnVmDeletion),
};

export const volumeActions = {
  CreateVolume: action<CreateVolume>(
    { ClientToken: 'string', Iops: 'integer', Size: 'integer', SnapshotId: 'id:snap', 'SubregionName!': 'string', VolumeType: 'string' },
    (cloud, request, call) => {
      const known = madeBefore(cloud, call, 'CreateVolume', request, cloud.state.volumes);
      return { Volume: viewOf(cloud, known ?? create(cloud, request, call)) };
    },
  ),
  ReadVolumes: action<ReadRequest>(readShape(filters), (cloud, request, { account }) => {
    const views = ownedBy(cloud.state.volumes, account).map((volume) => viewOf(cloud, volume));
    return pageOf(cloud, 'Volumes', request, views, filters);
  }),
  DeleteVolume: action<{ readonly VolumeId: string }>({ 'VolumeId!': 'id:vol' }, (cloud, { VolumeId }, { account }) => {
    const volume = find(cloud.state.volumes, VolumeId, account, 5064);
    if (volume.state !== 'available') throw refused(6007, `${VolumeId} is ${volume.state}.`);
    deleteVolume(cloud, volume);
    return {};
  }),
  LinkVolume: action<{ readonly DeviceName: string; readonly VmId: string; readonly VolumeId: string }>(
    { 'DeviceName!': 'string', 'VmId!': 'id:i', 'VolumeId!': 'id:vol' },
    (cloud, { DeviceName, VmId, VolumeId }, { account }) => {
      const volume = find(cloud.state.volumes, VolumeId, account, 5064);
      const vm = find(cloud.state.vms, VmId, account, 5063);
      checkDevice(DeviceName);
      if (volume.state !== 'available') throw refused(6007, `${VolumeId} is ${volume.state}.`);
      if (vm.state !== 'stopped' && vm.state !== 'running') throw refused(6003, `${VmId} is ${vm.state}.`);
      // A disk under a running guest would need hot-plug, which this stand-in does not do: it is seen at the next start.
      if (volumesOf(cloud, VmId).some(({ link }) => link?.device === DeviceName)) throw refused(9004, `${DeviceName} is in use.`);
      linkVolume(cloud, volume, { vm: VmId, device: DeviceName, deleteOnVmDeletion: false });
      return {};
    },
  ),
  UnlinkVolume: action<{ readonly VolumeId: string; readonly ForceUnlink?: boolean }>(
    { 'VolumeId!': 'id:vol', ForceUnlink: 'boolean' },
    (cloud, { VolumeId }, { account }) => {
      const volume = find(cloud.state.volumes, VolumeId, account, 5064);
      if (!volume.link) throw refused(9063, `${VolumeId} is not linked.`);
      const vm = cloud.state.vms[volume.link.vm];
      if (vm && vm.state !== 'stopped' && volume.link.device === vm.rootDevice) throw refused(6003, 'The root of a VM that is not stopped.');
      delete volume.link;
      turn(cloud, 'volume', volume, 'available');
      return {};
    },
  ),
};

export const volumeArrivals: Readonly<Record<string, (cloud: Cloud, id: string, atMs: number) => void>> = {
  'volume ready'(cloud, id, atMs) {
    const volume = cloud.state.volumes[id];
    if (volume?.state === 'creating') turn(cloud, 'volume', volume, 'available', atMs);
  },
  'volume gone'(cloud, id, atMs) {
    const volume = cloud.state.volumes[id];
    if (!volume) return;
    changed(cloud, { kind: 'volume', id, from: volume.state, to: 'gone' }, atMs);
    delete cloud.state.volumes[id];
    delete cloud.state.tags[id];
    background(cloud, () => removeDisk(cloud, id));
  },
};

function create(cloud: Cloud, request: CreateVolume, call: Call): Volume {
  const { VolumeType: type = 'standard', Iops: iops, SnapshotId: snapshot, SubregionName: subregion } = request;
  checkSubregion(cloud, subregion);
  if (snapshot !== undefined) completedSnapshot(cloud, snapshot, call.account);
  const sizeGib = sizeOf(cloud, { ...(snapshot !== undefined && { snapshot }), ...(request.Size !== undefined && { sizeGib: request.Size }) });
  checkVolume(type, sizeGib, iops);
  needQuota(cloud, call.account, { volume_limit: 1, volume_size_limit: sizeGib, iops_limit: type === 'io1' ? (iops ?? 0) : 0 });
  const volume = addVolume(cloud, call.account, { ...request, sizeGib, type, subregion });
  remember(cloud, call, 'CreateVolume', request, volume.id);
  background(cloud, () => makeReady(cloud, volume));
  return volume;
}

export interface NewVolume {
  readonly ClientToken?: string;
  readonly SnapshotId?: string;
  readonly Iops?: number;
  readonly sizeGib: number;
  readonly type: string;
  readonly subregion: string;
}

/** The record only: `fillVolume` makes the disk. */
export function addVolume(cloud: Cloud, account: string, { ClientToken, SnapshotId, Iops, sizeGib, type, subregion }: NewVolume): Volume {
  const volume: Volume = {
    id: newId('vol'),
    account,
    ...(ClientToken !== undefined && { token: ClientToken }),
    createdAtMs: cloud.nowMs(),
    sizeGib,
    type,
    ...(Iops !== undefined && { iops: Iops }),
    ...(SnapshotId !== undefined && { snapshot: SnapshotId }),
    subregion,
    state: 'creating',
  };
  cloud.state.volumes[volume.id] = volume;
  changed(cloud, { kind: 'volume', id: volume.id, to: 'creating' });
  return volume;
}

/** Fills the volume and, in a moment, lets it be available; in error where its snapshot was deleted meanwhile. */
async function makeReady(cloud: Cloud, volume: Volume): Promise<void> {
  try {
    await fillVolume(cloud, volume);
    schedule(cloud, cloud.settings.times.volume, 'volume ready', volume.id);
  } catch {
    turn(cloud, 'volume', volume, 'error');
  }
  save(cloud);
}

/** The snapshot's bytes, or zeros. May be repeated until the volume has been used. */
export async function fillVolume(cloud: Cloud, volume: Volume): Promise<void> {
  const file = diskFile(cloud, volume.id);
  if (volume.snapshot !== undefined) await copyDisk(diskFile(cloud, volume.snapshot), file);
  else await writeFile(file, '', { mode: 0o600 });
  await stretchDisk(file, volume.sizeGib);
}

/** What a stop of the stand-in interrupted; a VM fills its own volumes. */
export function resumeVolumes(cloud: Cloud): void {
  for (const volume of Object.values(cloud.state.volumes)) if (volume.state === 'creating' && !volume.link) background(cloud, () => makeReady(cloud, volume));
}

export function linkVolume(cloud: Cloud, volume: Volume, link: Omit<NonNullable<Volume['link']>, 'atMs'>): void {
  volume.link = { ...link, atMs: cloud.nowMs() };
  turn(cloud, 'volume', volume, 'in-use');
}

export function deleteVolume(cloud: Cloud, volume: Volume): void {
  delete volume.link;
  turn(cloud, 'volume', volume, 'deleting');
  schedule(cloud, cloud.settings.times.volume, 'volume gone', volume.id);
}

/** Of a VM, in the order in which they were linked: root first. */
export const volumesOf = (cloud: Cloud, vm: string): readonly Volume[] => Object.values(cloud.state.volumes).filter(({ link }) => link?.vm === vm);

export const subregionsOf = ({ settings }: Cloud): readonly string[] => [`${settings.region}a`, `${settings.region}b`];

export function checkSubregion(cloud: Cloud, name: string): void {
  if (!subregionsOf(cloud).includes(name)) throw refused(5009, `There is no subregion ${name}.`);
}

function viewOf(cloud: Cloud, volume: Volume) {
  const { link } = volume;
  return {
    VolumeId: volume.id,
    State: volume.state,
    Size: volume.sizeGib,
    VolumeType: volume.type,
    ...(volume.iops !== undefined && { Iops: volume.iops }),
    ...(volume.snapshot !== undefined && { SnapshotId: volume.snapshot }),
    ...(volume.token !== undefined && { ClientToken: volume.token }),
    SubregionName: volume.subregion,
    CreationDate: timeText(volume.createdAtMs),
    LinkedVolumes: link
      ? [{ VolumeId: volume.id, VmId: link.vm, DeviceName: link.device, DeleteOnVmDeletion: link.deleteOnVmDeletion, State: 'attached' }]
      : [],
    Tags: tagsOf(cloud, volume.id),
  };
}
