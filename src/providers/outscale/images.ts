import { gibibytesOf } from '../../core/outscale-limits.ts';
import type { MachineTarget, TargetImage, VolumeType } from '../../ports/machine-target.ts';
import type { RequestBody } from './call.ts';
import type { Cloud } from './cloud.ts';
import { deleted, findOrMake, idOf, only } from './ensure.ts';
import { keyOf, markOf, tag } from './mark.ts';
import type { OscImage } from './shapes.ts';

export const rootDevice = '/dev/sda1';

/** Images take no token: their name, which is unique, is what finds them. */
export function createImages(cloud: Cloud): Pick<MachineTarget, 'ensureImage'> {
  return {
    async ensureImage(request, signal) {
      const image = await findOrMake(
        () => findImage(cloud, request.mark, signal),
        () => cloud.client.call('CreateImage', imageRequest(request), signal),
      );
      const id = idOf(image.ImageId, cloud.asked('CreateImage'));
      // A crash here leaves an image without its tag; its name finds it.
      if (markOf(image) === undefined) await tag(cloud.client, [id], request.mark, signal);
      return { id, state: image.State === 'available' ? 'available' : image.State === 'failed' ? 'failed' : 'pending' };
    },
  };
}

export async function removeImage(cloud: Cloud, mark: string, signal: AbortSignal | undefined): Promise<'gone' | 'waiting'> {
  const found = await findImage(cloud, mark, signal);
  if (!found) return 'gone';
  const outcome = await deleted(() => cloud.client.call('DeleteImage', { ImageId: found.ImageId }, signal));
  return outcome !== 'waiting' && (await findImage(cloud, mark, signal)) === undefined ? 'gone' : 'waiting';
}

/** Without our account the API lists everybody's shared images too, and one of them may have this name. */
async function findImage(cloud: Cloud, mark: string, signal: AbortSignal | undefined): Promise<OscImage | undefined> {
  const filters = { ImageNames: [keyOf(mark)], AccountIds: [await cloud.client.account(signal)] };
  return only(await cloud.client.list('ReadImages', filters, signal), cloud.asked('ReadImages'));
}

function imageRequest({ mark, rootSnapshot, rootBytes, bootMode, volumeType, iops }: TargetImage): RequestBody {
  const root = volumeRequest({ sizeBytes: rootBytes, volumeType, ...(iops === undefined ? {} : { iops }) });
  return {
    ImageName: keyOf(mark),
    Description: keyOf(mark),
    Architecture: 'x86_64',
    // Fixed from here on: a machine cannot choose another (facts: targets §1.2).
    BootModes: [bootMode],
    RootDeviceName: rootDevice,
    BlockDeviceMappings: [{ DeviceName: rootDevice, Bsu: { SnapshotId: rootSnapshot, ...root } }],
  };
}

/** By default a volume is `standard`, 40 MiB/s, and dies with its machine (facts: targets §1.5, §1.6): both are always said. */
export const volumeRequest = ({ sizeBytes, volumeType, iops }: { readonly sizeBytes: number; readonly volumeType: VolumeType; readonly iops?: number }) => ({
  VolumeSize: gibibytesOf(sizeBytes),
  VolumeType: volumeType,
  ...(volumeType === 'io1' && iops !== undefined ? { Iops: iops } : {}),
  DeleteOnVmDeletion: false,
});
