import { ApiError } from './api-error.ts';
import { describe } from './describe.ts';
import type { Fault } from './fault.ts';
import { changeState } from './instance.ts';
import { askMoto, listIn, type Params } from './moto-call.ts';
import { createSnapshot, createSnapshots, createVolume, deleteSnapshot, listRecycled, noRecycledVolumes } from './snapshot.ts';
import type { Place, World } from './world.ts';
import type { Element } from './xml.ts';

/** Answers an action of EC2: from moto, with what moto lacks or tells wrongly done here. */
export function answerEc2(world: World, place: Place, params: Params, faults: readonly Fault[]): Promise<Element> {
  switch (params.Action) {
    case 'CreateSnapshot':
      return createSnapshot(world, place, params, faults);
    case 'CreateSnapshots':
      return createSnapshots(world, place, params, faults);
    case 'DeleteSnapshot':
      return deleteSnapshot(world, place, params);
    case 'ListSnapshotsInRecycleBin':
      return Promise.resolve(listRecycled(world, place));
    case 'ListVolumesInRecycleBin':
      return Promise.resolve(noRecycledVolumes());
    case 'CreateVolume':
      return createVolume(world, place, params);
    case 'StartInstances':
    case 'StopInstances':
      return changeState(world, place, params);
    default:
      return params.Action?.startsWith('Describe') ? describe(world, place, params) : askMoto(world, place, params);
  }
}

/** Snapshots, instances and volumes that the request names. */
export function idsIn(params: Params): readonly string[] {
  const single = ['SnapshotId', 'VolumeId', 'InstanceId', 'InstanceSpecification.InstanceId'].flatMap((name) => params[name] ?? []);
  return [...single, ...['SnapshotId', 'VolumeId', 'InstanceId'].flatMap((name) => listIn(params, name))];
}

/** A dry run is answered by an error either way; that it would be refused was found before. */
export function endDryRun(params: Params): void {
  if (params.DryRun === 'true') throw new ApiError('DryRunOperation', 412, 'Request would have succeeded, but DryRun flag is set.');
}
