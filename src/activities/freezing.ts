import { MigrationError } from '../core/migration-error.ts';
import type { FreezeReceipt } from '../model/bucket.ts';
import type { Digest } from '../model/digest.ts';
import type { RunRef } from '../model/manifest.ts';
import type { WriteFreezing } from '../ports/object-store.ts';
import { type Attempt, attempt } from './boundary.ts';
import { type BucketTask, type RecordDeps, record, recorded } from './recording.ts';
import { closeFinalSet } from './sets.ts';

/** Freeze, cutover, and the way back. Each finds its own earlier result: the receipt of the policy before stands in the depot first. */
export const createFreezeActivities = (deps: RecordDeps) => ({
  /** `policy`: writes on the source are denied by bucket policy. `manual`: the operator's word is recorded, nothing is changed. */
  freeze: (task: BucketTask & { frozenByHand?: boolean; by: string }): Promise<{ receipt?: Digest }> =>
    attempt((run) =>
      recorded(
        deps,
        task,
        'freeze source',
        async () => {
          if (task.entry.freeze === 'manual') return freezeByHand(task);
          return { receipt: await deny(deps, task, 'source', run) };
        },
        { by: task.by },
      ),
    ),

  /** Lifted already, or never frozen, is success. */
  liftFreeze: (task: BucketTask & { receipt?: Digest }): Promise<void> =>
    attempt((run) =>
      recorded(
        deps,
        task,
        'lift freeze',
        async () => {
          if (task.entry.freeze === 'manual') return;
          await allow(deps, task, 'source', task.receipt, run);
        },
        { kind: 'undo' },
      ),
    ),

  /** From this record on the target serves. Nothing is switched here: traffic is moved by whoever owns it. */
  markCutOver: (task: BucketTask & { catalogue: readonly RunRef[] }): Promise<void> => attempt(() => recorded(deps, task, 'cut over', async () => undefined)),

  /** After a cutover the target may be written to: before the source serves again, writes on the target are denied. */
  denyTarget: (task: BucketTask & { wasCutOver: boolean; by: string }): Promise<{ receipt?: Digest }> =>
    attempt(async (run) => {
      await record(deps, task, 'rollback.ordered', 'rollback', {}, { by: task.by });
      if (!task.wasCutOver) return {};
      return { receipt: await recorded(deps, task, 'deny target writes', () => deny(deps, task, 'target', run)) };
    }),

  allowTarget: (task: BucketTask & { receipt: Digest }): Promise<void> =>
    attempt((run) => recorded(deps, task, 'deny target writes', () => allow(deps, task, 'target', task.receipt, run), { kind: 'undo' })),

  /** The source serves again; the copies stay until a person discards them, and are no longer what the owner counts on. */
  finishRollback: (task: BucketTask & { acceptedLosses?: readonly string[] }): Promise<void> =>
    attempt(async (run) => {
      await closeFinalSet(deps, task, { acceptedLosses: task.acceptedLosses ?? [], withdrawn: 'all left' }, run);
      await record(deps, task, 'rollback.finished', 'rollback');
    }),
});

type Side = 'source' | 'target';
const freezeId = ({ place }: BucketTask, side: Side): string =>
  `EcluseFreeze${side === 'source' ? 'Source' : 'Target'}${place.project}${place.workload}`.replaceAll(/[^A-Za-z0-9]/g, '');

function freezing(deps: RecordDeps, { entry }: BucketTask, side: Side): WriteFreezing {
  const { at, bucket } = entry[side];
  const { freezing: found } = deps.stores.open(at, bucket);
  if (!found)
    throw new MigrationError('UNSUPPORTED', { operation: 'freeze', [side]: `${at}/${bucket}`, detail: 'the store has no bucket policies: use freeze: manual' });
  return found;
}

function freezeByHand(task: BucketTask & { frozenByHand?: boolean }): { receipt?: Digest } {
  if (!task.frozenByHand)
    throw new MigrationError('FREEZE_BROKEN', {
      operation: 'freeze',
      source: `${task.entry.source.at}/${task.entry.source.bucket}`,
      detail: 'nobody said that the writers are stopped',
    });
  return {};
}

/** Freezing twice is freezing once, with the same receipt; a crash before it is stored leaves a deny statement under our id, which is found. */
async function deny(deps: RecordDeps, task: BucketTask, side: Side, { signal }: Attempt): Promise<Digest> {
  const receipt = await freezing(deps, task, side).freeze(freezeId(task, side), signal);
  return deps.depot.put(Buffer.from(JSON.stringify(receipt)));
}

/** Without a receipt (the freeze may have happened unreported) the statement itself is looked for and taken out. */
async function allow(deps: RecordDeps, task: BucketTask, side: Side, receipt: Digest | undefined, { signal }: Attempt): Promise<void> {
  const port = freezing(deps, task, side);
  const found = receipt ? (JSON.parse((await deps.depot.get(receipt)).toString()) as FreezeReceipt) : undefined;
  const id = freezeId(task, side);
  if (found) return port.lift(found, signal);
  if (await port.isFrozen(id, signal)) await port.lift(await port.freeze(id, signal), signal);
}
