import { bytesOf, gibibytesOf } from '../../core/outscale-limits.ts';
import type { MachineTarget, TargetSnapshot } from '../../ports/machine-target.ts';
import type { RequestBody } from './call.ts';
import type { Cloud } from './cloud.ts';
import { deleted, findOrMake, idOf, only } from './ensure.ts';
import { isNotThere } from './errors.ts';
import { keyOf, markOf, tag } from './mark.ts';
import type { OscSnapshot } from './shapes.ts';

type Snapshots = Pick<MachineTarget, 'importSnapshot' | 'snapshot' | 'snapshotVolume'>;

/** Found by their description, which lasts; made with a token too, so that a create that cannot be seen yet is not made twice. */
export function createSnapshots(cloud: Cloud): Snapshots {
  async function make(mark: string, from: RequestBody, signal: AbortSignal | undefined): Promise<TargetSnapshot> {
    const request = { ...from, ClientToken: keyOf(mark), Description: keyOf(mark) };
    const made = await findOrMake(
      () => findSnapshot(cloud, mark, signal),
      () => cloud.client.call('CreateSnapshot', request, signal),
    );
    // A crash here leaves a snapshot without its tag; the next call finds it by its description, and tags it.
    if (markOf(made) === undefined) await tagged(cloud, idOf(made.SnapshotId, cloud.asked('CreateSnapshot')), mark, signal);
    return snapshotOf(cloud, made);
  }

  return {
    // SnapshotSize: in bytes, of the disk, up to a whole GiB (facts: targets §8).
    importSnapshot: ({ mark, url, sizeBytes }, signal) => make(mark, { FileLocation: url, SnapshotSize: bytesOf(gibibytesOf(sizeBytes)) }, signal),
    snapshotVolume: ({ mark, volume }, signal) => make(mark, { VolumeId: volume }, signal),
    async snapshot(by, signal) {
      const found = 'id' in by ? await readSnapshot(cloud, by.id, signal) : await findSnapshot(cloud, by.mark, signal);
      return found && snapshotOf(cloud, found);
    },
  };
}

/** An import may vanish before it has its tag: whoever looks at it next is told that it is not there. */
async function tagged(cloud: Cloud, id: string, mark: string, signal: AbortSignal | undefined): Promise<void> {
  try {
    await tag(cloud.client, [id], mark, signal);
  } catch (error) {
    if (!isNotThere(error)) throw error;
  }
}

export async function removeSnapshot(cloud: Cloud, mark: string, signal: AbortSignal | undefined): Promise<'gone' | 'waiting'> {
  const found = await findSnapshot(cloud, mark, signal);
  if (!found) return 'gone';
  const outcome = await deleted(() => cloud.client.call('DeleteSnapshot', { SnapshotId: found.SnapshotId }, signal));
  return outcome !== 'waiting' && (await findSnapshot(cloud, mark, signal)) === undefined ? 'gone' : 'waiting';
}

/** Among our own only: anybody may share a snapshot of any description. */
async function findSnapshot(cloud: Cloud, mark: string, signal: AbortSignal | undefined): Promise<OscSnapshot | undefined> {
  const filters = { Descriptions: [keyOf(mark)], AccountIds: [await cloud.client.account(signal)] };
  return only(await cloud.client.list('ReadSnapshots', filters, signal), cloud.asked('ReadSnapshots'));
}

async function readSnapshot(cloud: Cloud, id: string, signal: AbortSignal | undefined): Promise<OscSnapshot | undefined> {
  try {
    return (await cloud.client.list('ReadSnapshots', { SnapshotIds: [id] }, signal))[0];
  } catch (error) {
    if (isNotThere(error)) return undefined;
    throw error;
  }
}

/** Labels contradict each other in what is published: these four are known, and any other is under way (facts: targets §1.9). */
function snapshotOf(cloud: Cloud, { SnapshotId, State = '', Progress, VolumeSize = 0 }: OscSnapshot): TargetSnapshot {
  const state = State === 'completed' ? 'completed' : State === 'error' || State.startsWith('delet') ? 'error' : 'pending';
  return {
    id: idOf(SnapshotId, cloud.asked('ReadSnapshots')),
    state,
    sizeBytes: bytesOf(VolumeSize),
    ...(Progress === undefined ? {} : { progress: Progress }),
  };
}
