import type { MachineTarget } from '../../ports/machine-target.ts';
import type { Cloud } from './cloud.ts';
import { markOf, markTag } from './mark.ts';
import type { Tagged } from './shapes.ts';

type Marked = Awaited<ReturnType<MachineTarget['marked']>>[number];

/** By tag. What a crash left untagged is found by its own mark: by the next call that makes it, or by `remove`. */
export async function findMarked(cloud: Cloud, prefix: string, signal: AbortSignal | undefined): Promise<readonly Marked[]> {
  const { client } = cloud;
  const filters = { TagKeys: [markTag] };
  const own = { ...filters, AccountIds: [await client.account(signal)] };
  const found: Marked[] = [];
  function add<T extends Tagged & { readonly State?: string }>(kind: Marked['kind'], all: readonly T[], idOf: (one: T) => string | undefined): void {
    for (const one of all) {
      const mark = markOf(one);
      const id = idOf(one);
      if (id !== undefined && mark?.startsWith(prefix)) found.push({ kind, id, mark, state: one.State ?? 'available' });
    }
  }
  const machines = await client.list('ReadVms', filters, signal);
  add(
    'machine',
    machines.filter(({ State }) => State !== 'terminated'),
    ({ VmId }) => VmId,
  );
  add('volume', await client.list('ReadVolumes', filters, signal), ({ VolumeId }) => VolumeId);
  add('image', await client.list('ReadImages', own, signal), ({ ImageId }) => ImageId);
  add('snapshot', await client.list('ReadSnapshots', own, signal), ({ SnapshotId }) => SnapshotId);
  add('network', await client.list('ReadSecurityGroups', filters, signal), ({ SecurityGroupId }) => SecurityGroupId);
  add('network', await client.list('ReadSubnets', filters, signal), ({ SubnetId }) => SubnetId);
  add('network', await client.list('ReadNets', filters, signal), ({ NetId }) => NetId);
  return found;
}
