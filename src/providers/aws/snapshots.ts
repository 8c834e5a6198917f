import type { Filter, Instance, Snapshot } from '@aws-sdk/client-ec2';
import { isMigrationError, MigrationError } from '../../core/migration-error.ts';
import type { DiskSnapshot, MachineSource } from '../../ports/machine-source.ts';
import { type Patience, patience as usual } from '../../wire/retry.ts';
import type { WhyUnread } from './block-list.ts';
import type { Control } from './control.ts';
import { markTag } from './mark.ts';

export interface SnapshotParts {
  readonly control: Control;
  readonly place: string;
  readonly instance: (id: string, signal: AbortSignal | undefined) => Promise<Instance>;
  readonly patience?: Pick<Patience, 'sleep'>;
}

export type Snapshots = Pick<MachineSource, 'snapshot' | 'snapshots' | 'deleteSnapshot' | 'marked'> & { readonly whyUnread: WhyUnread };

const pageSize = 1_000; // the most that DescribeSnapshots gives
/** A fresh snapshot may be unknown for seconds (facts: sources §2): looked for again after these, then it is missing. */
const looksAfterMs = [1_000, 2_000, 4_000, 8_000];

/** Snapshots that carry our mark, and those alone. */
export function createSnapshots({ control, place, instance, patience = usual }: SnapshotParts): Snapshots {
  /** By filter, never by id: one that is missing then fails no question about the others. Without OwnerIds EC2 answers everybody's public ones. */
  async function found(filter: Filter, signal: AbortSignal | undefined): Promise<readonly DiskSnapshot[]> {
    const all: DiskSnapshot[] = [];
    const input = { OwnerIds: ['self'], Filters: [filter], MaxResults: pageSize };
    for await (const page of control.pages('DescribeSnapshots', input, signal)) all.push(...(page.Snapshots ?? []).map(diskSnapshot));
    return all;
  }

  const byIds = (ids: readonly string[], signal: AbortSignal | undefined) => found({ Name: 'snapshot-id', Values: [...ids] }, signal);

  async function snapshots(ids: readonly string[], signal?: AbortSignal): Promise<readonly DiskSnapshot[]> {
    for (let look = 0; ; look++) {
      const here = new Map((await byIds(ids, signal)).map((one) => [one.id, one]));
      const inOrder = ids.flatMap((id) => here.get(id) ?? []);
      if (inOrder.length === ids.length) return inOrder;
      const pauseMs = looksAfterMs[look];
      if (pauseMs === undefined) throw new MigrationError('SNAPSHOT_MISSING', { operation: 'DescribeSnapshots', source: place });
      await patience.sleep(pauseMs, signal);
    }
  }

  return {
    async snapshot(machine, disks, mark, signal) {
      const made = await found({ Name: `tag:${markTag}`, Values: [plain(mark)] }, signal);
      if (made.length > 0) return oneInstant(made, disks, place);
      const created = await create(control, { instance: await instance(machine, signal), machine, disks, mark, place }, signal);
      // They exist now, tagged. A crash here leaves them to be found by their mark.
      return oneInstant(created, disks, place);
    },
    snapshots,
    async deleteSnapshot(id, signal) {
      const [here] = await byIds([id], signal);
      if (here && here.mark === undefined)
        throw new MigrationError('UNEXPECTED', { operation: 'DeleteSnapshot', source: place, detail: 'it does not carry our mark' });
      if (here) await control.call('DeleteSnapshot', { SnapshotId: id }, signal).catch(unlessMissing);
      // A retention rule of the account may keep what we deleted: still stored, still paid (facts: sources §2).
      const bin = await control.call('ListSnapshotsInRecycleBin', { SnapshotIds: [id] }, signal).catch(unlessMissing);
      return { isGone: !bin?.Snapshots?.some(({ SnapshotId }) => SnapshotId === id) };
    },
    async marked(prefix, signal) {
      const all = await found({ Name: `tag:${markTag}`, Values: [`${plain(prefix)}*`] }, signal);
      return all.filter(({ mark }) => mark?.startsWith(prefix));
    },
    async whyUnread(id, signal) {
      const [here] = await byIds([id], signal);
      if (here?.state === 'error') return 'SNAPSHOT_FAILED';
      return here?.state === 'pending' ? 'TARGET_BUSY' : 'SNAPSHOT_MISSING';
    },
  };
}

interface Order {
  readonly instance: Instance;
  readonly machine: string;
  readonly disks: readonly string[];
  readonly mark: string;
  readonly place: string;
}

/** All disks at one instant, without those that the plan leaves behind. */
async function create(control: Control, { instance, machine, disks, mark, place }: Order, signal: AbortSignal | undefined): Promise<readonly DiskSnapshot[]> {
  const attached = (instance.BlockDeviceMappings ?? []).flatMap(({ DeviceName, Ebs }) => (Ebs?.VolumeId ? [{ volume: Ebs.VolumeId, device: DeviceName }] : []));
  if (!disks.every((disk) => attached.some(({ volume }) => volume === disk)))
    throw new MigrationError('CONFIG_INVALID', { operation: 'CreateSnapshots', source: place, detail: 'a disk of the plan is not attached (any more)' });
  const left = attached.filter(({ volume }) => !disks.includes(volume));
  const isRoot = ({ device }: { readonly device: string | undefined }): boolean => device === instance.RootDeviceName;
  const data = left.filter((one) => !isRoot(one)).map(({ volume }) => volume);
  const answer = await control.call(
    'CreateSnapshots',
    {
      InstanceSpecification: {
        InstanceId: machine,
        ...(left.some(isRoot) ? { ExcludeBootVolume: true } : {}),
        ...(data.length > 0 ? { ExcludeDataVolumeIds: data } : {}),
      },
      TagSpecifications: tagged(mark),
    },
    signal,
  );
  return (answer.Snapshots ?? []).map(diskSnapshot);
}

/** The tag is set by the call itself: there is no moment at which a snapshot of ours has none. */
export const tagged = (mark: string) => [{ ResourceType: 'snapshot' as const, Tags: [{ Key: markTag, Value: mark }] }];

/**
 * The set of one call: its snapshots share their start. Where a lost answer led to two calls under one mark, everybody takes the earliest whole
 * set; the other one is for the sweep. One in error spoils its set: AWS then fails them all.
 */
function oneInstant(made: readonly DiskSnapshot[], disks: readonly string[], source: string): readonly DiskSnapshot[] {
  for (const startedAt of [...new Set(made.map((one) => one.startedAt))].sort()) {
    const set = disks.flatMap((disk) => made.find((one) => one.disk === disk && one.startedAt === startedAt && one.state !== 'error') ?? []);
    if (set.length === disks.length) return set;
  }
  throw new MigrationError('SNAPSHOT_FAILED', { operation: 'CreateSnapshots', source, detail: 'no whole set of snapshots stands under the mark' });
}

/** `State` in a list, and in the answer to CreateSnapshots. A recovered one is as good as completed; an archived one is read by nobody. */
function diskSnapshot({ SnapshotId = '', VolumeId = '', State, StartTime, Progress, FullSnapshotSizeInBytes, VolumeSize = 0, Tags }: Snapshot): DiskSnapshot {
  const progress = Number.parseInt(Progress ?? '', 10);
  const mark = Tags?.find(({ Key }) => Key === markTag)?.Value;
  return {
    id: SnapshotId,
    disk: VolumeId,
    state: State === 'completed' || State === 'error' ? State : 'pending',
    startedAt: (StartTime ?? new Date(0)).toISOString(),
    ...(Number.isNaN(progress) ? {} : { progress }),
    ...(FullSnapshotSizeInBytes === undefined ? {} : { fullBytes: FullSnapshotSizeInBytes }),
    sizeBytes: VolumeSize * 2 ** 30,
    ...(mark === undefined ? {} : { mark }),
  };
}

/** `*` and `?` stand for anything in a filter's value. */
const plain = (text: string): string => text.replace(/[\\*?]/g, (sign) => `\\${sign}`);

function unlessMissing(error: unknown): undefined {
  if (!isMigrationError(error, 'SNAPSHOT_MISSING')) throw error;
}
