import { ApiError } from './api-error.ts';
import { blockBytes } from './block-pack.ts';
import { correctSnapshot } from './describe.ts';
import { ensureDisk, restoreBlocks, saveIndex, takeBlocks } from './disk-image.ts';
import type { Fault } from './fault.ts';
import { askMoto, listIn, type Params, paramsUnder } from './moto-call.ts';
import type { Place, VolumeRecord, World } from './world.ts';
import { all, child, type Element, element, put, textAt } from './xml.ts';

const gib = 2 ** 30;

/** What a volume holds, made known on first sight: one that moto made by itself is empty. */
export function volumeRecord(world: World, id: string, place: Place): VolumeRecord {
  const known = world.saved.volumes[id] ?? { place, lineage: id, zeroBlocks: [], extras: {} };
  world.saved.volumes[id] = known;
  return known;
}

export async function createSnapshot(world: World, place: Place, params: Params, faults: readonly Fault[]): Promise<Element> {
  const [item] = await makeAll(world, place, [params.VolumeId ?? ''], params, faults);
  const answer = { ...element('CreateSnapshotResponse'), attributes: namespace, children: item?.children ?? [] };
  put(answer, 'requestId', 'lab');
  return answer;
}

/** All volumes of the instance but those excluded, at one instant. Moto ignores the exclusions and gives no state. */
export async function createSnapshots(world: World, place: Place, params: Params, faults: readonly Fault[]): Promise<Element> {
  const volumes = await volumesOf(world, place, params);
  const items = await makeAll(world, place, volumes, params, faults);
  const answer = { ...element('CreateSnapshotsResponse'), attributes: namespace };
  answer.children = [{ ...element('snapshotSet'), children: items }, element('requestId', 'lab')];
  return answer;
}

export const namespace = ' xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"';

async function volumesOf(world: World, place: Place, params: Params): Promise<readonly string[]> {
  const instance = params['InstanceSpecification.InstanceId'] ?? '';
  const answer = await askMoto(world, place, { Action: 'DescribeInstances', 'InstanceId.1': instance });
  const excluded = new Set(listIn(params, 'InstanceSpecification.ExcludeDataVolumeId'));
  const root = rootDevice(world, instance, answer);
  const volumes: string[] = [];
  for (const mapping of all(answer, 'item').filter((item) => child(item, 'ebs') !== undefined)) {
    const [volume, isRoot] = [textAt(mapping, 'ebs/volumeId'), textAt(mapping, 'deviceName') === root];
    if (excluded.has(volume) && isRoot) throw new ApiError('InvalidParameterValue', 400, 'The root volume is excluded by ExcludeBootVolume, not by its id.');
    if (!excluded.has(volume) && !(isRoot && params['InstanceSpecification.ExcludeBootVolume'] === 'true')) volumes.push(volume);
  }
  if (volumes.length === 0) throw new ApiError('InvalidParameterValue', 400, 'No volume is left to be snapshotted.');
  return volumes;
}

function rootDevice(world: World, instance: string, answer: Element): string {
  return String(world.saved.instances[instance]?.extras.rootDeviceName ?? all(answer, 'rootDeviceName')[0]?.text ?? '');
}

/**
 * The disks are read first, then moto is told: a crash between leaves blocks in the pack that nobody names. A guest that writes through the lab waits
 * until all are read.
 */
async function makeAll(world: World, place: Place, volumes: readonly string[], params: Params, faults: readonly Fault[]): Promise<Element[]> {
  const startedMs = world.nowMs();
  return world.exclusive(async () => {
    const items: Element[] = [];
    for (const volume of volumes) items.push(await make(world, place, volume, params, startedMs));
    // If one of several fails, all show `error` (facts: sources §3).
    const fails = faults.some(({ what }) => what === 'snapshot fails');
    for (const item of items) {
      const record = world.saved.snapshots[textAt(item, 'snapshotId')];
      if (record && fails) record.state = 'error';
      correctSnapshot(world, item, params.Action === 'CreateSnapshots' ? 'state' : 'status');
    }
    return items;
  });
}

async function make(world: World, place: Place, volume: string, params: Params, startedMs: number): Promise<Element> {
  const described = await askMoto(world, place, { Action: 'DescribeVolumes', 'VolumeId.1': volume });
  const keyId = all(described, 'kmsKeyId')[0]?.text;
  const sizeGiB = Number(all(described, 'size')[0]?.text ?? 0);
  const { lineage, zeroBlocks } = volumeRecord(world, volume, place);
  await ensureDisk(world.volumeFile(volume), sizeGiB * gib);
  const index = await takeBlocks(world.volumeFile(volume), zeroBlocks, world.pack);
  const made = await askMoto(world, place, {
    Action: 'CreateSnapshot',
    VolumeId: volume,
    Description: params.Description ?? '',
    ...paramsUnder(params, 'TagSpecification'),
  });
  const id = textAt(made, 'snapshotId');
  saveIndex(world.indexFile(id), index);
  world.saved.snapshots[id] = {
    place,
    volume,
    lineage,
    sizeGiB,
    fullBytes: index.blocks.length * blockBytes,
    ...(keyId && { keyId }),
    startedMs,
    readyMs: world.nowMs() + world.saved.settings.snapshotMs,
    state: 'kept',
    listings: 0,
  };
  world.save();
  return { ...element('item'), children: made.children.filter(({ name }) => name !== 'requestId') };
}

/** Gone from moto and from the EBS APIs. With a retention rule it stands in the Recycle Bin, still stored. */
export async function deleteSnapshot(world: World, place: Place, params: Params): Promise<Element> {
  const id = params.SnapshotId ?? '';
  const answer = await askMoto(world, place, { Action: 'DeleteSnapshot', SnapshotId: id });
  const record = world.saved.snapshots[id];
  if (record) record.state = world.saved.settings.recycleBin ? 'recycled' : 'deleted';
  world.save();
  return answer;
}

/** What the bin holds of volumes: nothing ever, the lab has no rule for them. */
export const noRecycledVolumes = (): Element => ({ ...element('ListVolumesInRecycleBinResponse', { requestId: 'lab', volumeSet: [] }), attributes: namespace });

export function listRecycled(world: World, place: Place): Element {
  const items = Object.entries(world.saved.snapshots)
    .filter(([, { state, place: of }]) => state === 'recycled' && of.account === place.account && of.region === place.region)
    .map(([snapshotId, { volume }]) => ({ snapshotId, volumeId: volume, recycleBinEnterTime: new Date(world.nowMs()).toISOString(), description: '' }));
  return { ...element('ListSnapshotsInRecycleBinResponse', { requestId: 'lab', snapshotSet: items }), attributes: namespace };
}

/** A volume from a snapshot holds the snapshot's blocks and is of its lineage. */
export async function createVolume(world: World, place: Place, params: Params): Promise<Element> {
  const answer = await askMoto(world, place, params);
  const [id, snapshot] = [textAt(answer, 'volumeId'), params.SnapshotId ?? ''];
  const record = world.saved.snapshots[snapshot];
  world.saved.volumes[id] = { place, lineage: record?.lineage ?? id, zeroBlocks: [], extras: {} };
  await world.exclusive(async () => {
    await ensureDisk(world.volumeFile(id), Number(textAt(answer, 'size')) * gib);
    if (record) await restoreBlocks(world.volumeFile(id), world.index(snapshot), world.pack);
  });
  world.save();
  return answer;
}
