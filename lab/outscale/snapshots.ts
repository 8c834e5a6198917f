import { existsSync } from 'node:fs';
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
import { copyDisk, diskFile, gib, removeDisk } from './disk-files.ts';
import { importImage } from './import.ts';
import { refused } from './oapi-error.ts';
import { needQuota } from './quotas.ts';
import { list, pageOf, type ReadRequest, readShape, tagFilters } from './reading.ts';
import type { Snapshot } from './records.ts';

interface CreateSnapshot {
  readonly ClientToken?: string;
  readonly Description?: string;
  readonly FileLocation?: string;
  readonly SnapshotSize?: number;
  readonly SourceRegionName?: string;
  readonly SourceSnapshotId?: string;
  readonly VolumeId?: string;
}

type View = ReturnType<typeof viewOf>;

const filters = {
  ...tagFilters,
  SnapshotIds: list(({ SnapshotId }: View) => [SnapshotId], 'id:snap'),
  ClientTokens: list(({ ClientToken }: View) => [ClientToken]),
  Descriptions: list(({ Description }: View) => [Description]),
  States: list(({ State }: View) => [State]),
  VolumeIds: list(({ VolumeId }: View) => [VolumeId], 'id:vol'),
  VolumeSizes: list(({ VolumeSize }: View) => [VolumeSize], 'integer'),
  Progresses: list(({ Progress }: View) => [Progress], 'integer'),
  AccountIds: list(({ AccountId }: View) => [AccountId]),
};

export const snapshotActions = {
  CreateSnapshot: action<CreateSnapshot>(
    {
      ClientToken: 'string',
      Description: 'string',
      FileLocation: 'string',
      SnapshotSize: 'integer',
      SourceRegionName: 'string',
      SourceSnapshotId: 'id:snap',
      VolumeId: 'id:vol',
    },
    async (cloud, request, call) => {
      const known = madeBefore(cloud, call, 'CreateSnapshot', request, cloud.state.snapshots);
      return { Snapshot: viewOf(cloud, known ?? (await create(cloud, request, call))) };
    },
  ),
  ReadSnapshots: action<ReadRequest>(readShape(filters), (cloud, request, { account }) => {
    const views = ownedBy(cloud.state.snapshots, account).map((snapshot) => viewOf(cloud, snapshot));
    return pageOf(cloud, 'Snapshots', request, views, filters);
  }),
  DeleteSnapshot: action<{ readonly SnapshotId: string }>({ 'SnapshotId!': 'id:snap' }, (cloud, { SnapshotId }, { account }) => {
    const snapshot = find(cloud.state.snapshots, SnapshotId, account, 5054);
    const holder = Object.values(cloud.state.images).find(({ disks }) => disks.some(({ snapshot: id }) => id === SnapshotId));
    if (holder) throw refused(9029, `The snapshot is used by ${holder.id}.`);
    if (snapshot.state !== 'deleting') {
      turn(cloud, 'snapshot', snapshot, 'deleting');
      schedule(cloud, cloud.settings.times.snapshot, 'snapshot gone', SnapshotId);
    }
    return {};
  }),
};

export const snapshotArrivals: Readonly<Record<string, (cloud: Cloud, id: string, atMs: number) => void>> = {
  'snapshot under way': (cloud, id, atMs) => step(cloud, id, 'pending', 50, atMs),
  'snapshot completed': (cloud, id, atMs) => step(cloud, id, 'completed', 100, atMs),
  'snapshot gone'(cloud, id, atMs) {
    const snapshot = cloud.state.snapshots[id];
    if (!snapshot) return;
    changed(cloud, { kind: 'snapshot', id, from: snapshot.state, to: 'gone' }, atMs);
    delete cloud.state.snapshots[id];
    delete cloud.state.tags[id];
    background(cloud, () => removeDisk(cloud, id));
  },
};

function step(cloud: Cloud, id: string, to: string, progress: number, atMs: number): void {
  const snapshot = cloud.state.snapshots[id];
  if (!snapshot || ['error', 'deleting'].includes(snapshot.state)) return;
  snapshot.progress = progress;
  turn(cloud, 'snapshot', snapshot, to, atMs);
}

/** What a stop of the stand-in interrupted: imports begin again, a half-taken snapshot of a volume is lost. */
export function resumeSnapshots(cloud: Cloud): void {
  for (const snapshot of Object.values(cloud.state.snapshots)) {
    if (snapshot.import) beginImport(cloud, snapshot, false);
    else if (snapshot.state === 'pending/queued' && !existsSync(diskFile(cloud, snapshot.id))) turn(cloud, 'snapshot', snapshot, 'error');
  }
}

async function create(cloud: Cloud, request: CreateSnapshot, call: Call): Promise<Snapshot> {
  const ways = [request.VolumeId, request.SourceSnapshotId ?? request.SourceRegionName, request.FileLocation ?? request.SnapshotSize];
  const count = ways.filter((way) => way !== undefined).length;
  if (count === 0) throw refused(7000, 'VolumeId, SourceSnapshotId or FileLocation is missing.');
  if (count > 1) throw refused(3002, 'Only one of VolumeId, SourceSnapshotId and FileLocation may be given.');
  needQuota(cloud, call.account, { snapshot_limit: 1 });
  if (request.VolumeId !== undefined) return ofVolume(cloud, request, call, request.VolumeId);
  if (request.FileLocation !== undefined || request.SnapshotSize !== undefined) return ofFile(cloud, request, call);
  return ofSnapshot(cloud, request, call);
}

/** The copy is taken before the answer: what the guest writes afterwards is not in it. A running guest's own caches are not either. */
async function ofVolume(cloud: Cloud, request: CreateSnapshot, call: Call, volumeId: string): Promise<Snapshot> {
  const volume = find(cloud.state.volumes, volumeId, call.account, 5064);
  if (!['available', 'in-use'].includes(volume.state)) throw refused(6003, `${volumeId} is ${volume.state}.`);
  const snapshot = add(cloud, request, call, { sizeGib: volume.sizeGib, volume: volumeId });
  await copyDisk(diskFile(cloud, volumeId), diskFile(cloud, snapshot.id));
  complete(cloud, snapshot);
  return snapshot;
}

async function ofSnapshot(cloud: Cloud, request: CreateSnapshot, call: Call): Promise<Snapshot> {
  if (request.SourceSnapshotId === undefined || request.SourceRegionName === undefined)
    throw refused(7000, 'SourceSnapshotId and SourceRegionName go together.');
  if (request.SourceRegionName !== cloud.settings.region) throw refused(8019, 'Only from the same region.');
  const source = find(cloud.state.snapshots, request.SourceSnapshotId, call.account, 5054);
  if (source.state !== 'completed') throw refused(6003, `${source.id} is ${source.state}.`);
  const snapshot = add(cloud, { Description: source.description, ...request }, call, { sizeGib: source.sizeGib });
  await copyDisk(diskFile(cloud, source.id), diskFile(cloud, snapshot.id));
  complete(cloud, snapshot);
  return snapshot;
}

function complete(cloud: Cloud, { id }: Snapshot): void {
  schedule(cloud, cloud.settings.times.snapshot / 2, 'snapshot under way', id);
  schedule(cloud, cloud.settings.times.snapshot, 'snapshot completed', id);
}

function ofFile(cloud: Cloud, request: CreateSnapshot, call: Call): Snapshot {
  const { FileLocation: url, SnapshotSize: sizeBytes } = request;
  if (url === undefined || sizeBytes === undefined) throw refused(7000, 'FileLocation and SnapshotSize go together.');
  if (!/^https?:\/\/./.test(url) || !URL.canParse(url)) throw refused(4075, 'FileLocation is not a URL.');
  if (sizeBytes < 1) throw refused(4047, 'SnapshotSize must be positive.');
  const snapshot = add(cloud, request, call, { sizeGib: Math.ceil(sizeBytes / gib), import: { url, sizeBytes } });
  if (call.fault === 'import vanishes') schedule(cloud, cloud.settings.times.vanish, 'snapshot gone', snapshot.id);
  else beginImport(cloud, snapshot, call.fault === 'import error');
  return snapshot;
}

function add(cloud: Cloud, request: CreateSnapshot, call: Call, more: Pick<Snapshot, 'sizeGib' | 'volume' | 'import'>): Snapshot {
  const { ClientToken: token, Description: description = '' } = request;
  const snapshot: Snapshot = {
    id: newId('snap'),
    account: call.account,
    ...(token !== undefined && { token }),
    description,
    createdAtMs: cloud.nowMs(),
    ...more,
    state: more.import ? 'importing' : 'pending/queued',
    progress: 0,
  };
  cloud.state.snapshots[snapshot.id] = snapshot;
  remember(cloud, call, 'CreateSnapshot', request, snapshot.id);
  changed(cloud, { kind: 'snapshot', id: snapshot.id, to: snapshot.state });
  return snapshot;
}

/** The labels on the way are no documented states: any label but `completed` and `error` means that it runs. */
function beginImport(cloud: Cloud, snapshot: Snapshot, mustFail: boolean): void {
  const order = snapshot.import;
  if (!order) return;
  background(cloud, async () => {
    try {
      const by = await importImage({
        ...order,
        stagingOrigins: cloud.settings.stagingOrigins,
        scratch: `${cloud.folder}/imports/${snapshot.id}`,
        target: diskFile(cloud, snapshot.id),
        onProgress(share) {
          snapshot.progress = Math.floor(share * 80);
        },
        onConvert: () => turn(cloud, 'snapshot', snapshot, 'pending-volume'),
      });
      if (mustFail) throw new Error('A fault of the lab.');
      snapshot.convertedBy = by;
      schedule(cloud, cloud.settings.times.import, 'snapshot completed', snapshot.id);
    } catch (error) {
      snapshot.comment = error instanceof Error ? error.message : 'The import failed.';
      if (snapshot.state !== 'deleting') turn(cloud, 'snapshot', snapshot, 'error');
    }
    if (cloud.isClosed) return;
    delete snapshot.import;
    save(cloud);
  });
}

function viewOf(cloud: Cloud, snapshot: Snapshot) {
  return {
    SnapshotId: snapshot.id,
    State: snapshot.state,
    Progress: snapshot.progress,
    VolumeSize: snapshot.sizeGib,
    Description: snapshot.description,
    AccountId: snapshot.account,
    CreationDate: timeText(snapshot.createdAtMs),
    PermissionsToCreateVolume: { GlobalPermission: false, AccountIds: [] },
    ...(snapshot.volume !== undefined && { VolumeId: snapshot.volume }),
    ...(snapshot.token !== undefined && { ClientToken: snapshot.token }),
    Tags: tagsOf(cloud, snapshot.id),
  };
}
