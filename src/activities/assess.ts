import { isLossCode, losses as lossTable } from '../core/loss.ts';
import { isMigrationError, MigrationError } from '../core/migration-error.ts';
import type { BucketConfiguration } from '../model/bucket.ts';
import type { Digest } from '../model/digest.ts';
import type {
  Check,
  DoctorErrand,
  DoctorResult,
  Finding,
  InventoriedCloud,
  InventoryErrand,
  InventoryFile,
  InventoryResult,
  PreflightErrand,
  PreflightResult,
} from '../model/errand.ts';
import type { ManifestRef } from '../model/manifest.ts';
import type { BucketWorkload } from '../model/plan.ts';
import type { SetRef } from '../model/reference-set.ts';
import type { LossCount } from '../model/status.ts';
import type { ObjectSource, ObjectTarget } from '../ports/object-store.ts';
import type { ListingTally } from '../transfer/index.ts';
import { attempt } from './boundary.ts';
import { takeEstate } from './machines/estate.ts';
import { type BucketTask, type RecordDeps, recordInventory } from './recording.ts';

interface AssessTask extends BucketTask {
  readonly listing: ManifestRef;
  /** The same list without names; absent in workflows that began before there was one. */
  readonly inventory?: SetRef;
  readonly tally: ListingTally;
  /** Copies of an earlier replication stand on the target: what is there was ours to begin with. */
  readonly hasCopies: boolean;
}

export interface Assessed {
  readonly objects: number;
  readonly sizeBytes: number;
  readonly configuration: Digest;
  readonly findings: readonly Finding[];
  readonly losses: readonly LossCount[];
  readonly samples: Digest;
}

/** What is known before a byte moves: findings, the loss report, and what the stores answer. They only read. */
export const createAssessActivities = (deps: RecordDeps) => ({
  /** Throws the code of a blocker; warnings become the loss report. */
  assessBucket: (task: AssessTask): Promise<Assessed> =>
    attempt(async ({ signal }) => {
      const { source, target } = task.entry;
      const configuration = await deps.stores.open(source.at, source.bucket).configuration(signal);
      const losses = [...task.tally.findings, ...notCarried(configuration, task)].sort((a, b) => (a.code < b.code ? -1 : 1));
      if (!task.hasCopies) await refuseTarget(deps.stores.open(target.at, target.bucket), task, signal);
      refuseBlockers(losses, task);
      await recordInventory(deps, task, task.listing, task.inventory, 'inventory');
      return {
        objects: task.listing.count,
        sizeBytes: task.listing.sizeBytes,
        configuration: await deps.depot.put(Buffer.from(JSON.stringify(configuration))),
        findings: losses.map(finding),
        losses: losses.filter(({ code }) => isLossCode(code) && lossTable[code].level === 'warning'),
        samples: task.tally.samples,
      };
    }),

  /** Buckets of every store, and everything of every source cloud: sealed in the depot under its digest. */
  takeInventory: ({ project }: InventoryErrand): Promise<InventoryResult> =>
    attempt(async (run) => {
      const { signal } = run;
      const stores: InventoryFile['stores'][number][] = [];
      for (const store of deps.stores.names()) stores.push({ store, buckets: await deps.stores.buckets(store, signal) });
      const clouds: InventoriedCloud[] = [];
      for (const { cloud, side } of deps.clouds.names()) if (side === 'source') clouds.push(await takeEstate(deps, project, cloud, run));
      const file: InventoryFile = { v: 1, takenAt: new Date().toISOString(), stores, clouds };
      return {
        digest: await deps.depot.put(Buffer.from(JSON.stringify(file))),
        stores: stores.map(({ store, buckets }) => ({ store, buckets: buckets.length })),
        clouds: clouds.map(({ files: _, ...counts }) => counts),
      };
    }),

  /** Would a migration get through its first calls? Asked of both ends without writing. */
  preflight: ({ entry }: PreflightErrand & { readonly entry: BucketWorkload }): Promise<PreflightResult> =>
    attempt(async ({ signal }) => {
      const source = deps.stores.open(entry.source.at, entry.source.bucket);
      const target = deps.stores.open(entry.target.at, entry.target.bucket);
      const checks = [
        await check('source.list', async () => `${(await source.list({ versions: entry.versions, limit: 1 }, signal)).entries.length} object seen`),
        await check('source.configuration', async () => unread(await source.configuration(signal))),
        ...(entry.freeze === 'policy'
          ? [await check('source.policy', async () => String(await requireFreezing(source).isFrozen('EcluseFreezePreflight', signal)))]
          : []),
        await check('target.empty', () => describeTarget(target, entry.into, signal)),
        await check('ledger', async () => `${(await deps.ledger.head()).size} records`),
      ];
      return { workload: entry.name, checks };
    }),

  /** `ecluse doctor`: small reversible probes on a real store. On a source nothing is written. */
  examineStore: ({ store, bucket, side }: DoctorErrand): Promise<DoctorResult> =>
    attempt(async ({ signal }) => {
      const port = deps.stores.open(store, bucket);
      const checks = [
        await check('list', async () => `${(await port.list({ versions: 'latest', limit: 1 }, signal)).entries.length} object seen`),
        await check('list versions', async () => `${(await port.list({ versions: 'all', limit: 1 }, signal)).entries.length} version seen`),
        await check('configuration', async () => unread(await port.configuration(signal))),
        await check('open uploads', async () => String((await port.openUploads(signal)).length)),
        ...(side === 'target' ? await probed(port, signal) : []),
      ];
      return { store, checks };
    }),
});

async function probed(port: ObjectTarget, signal: AbortSignal): Promise<Check[]> {
  const capabilities = await port.probe('.ecluse-probe/', signal);
  return Object.entries(capabilities).map(([id, value]) => ({
    id,
    verdict: value === false ? ('UNKNOWN' as const) : ('PASS' as const),
    detail: String(value),
  }));
}

async function check(id: string, look: () => Promise<string>): Promise<Check> {
  try {
    return { id, verdict: 'PASS', detail: await look() };
  } catch (error) {
    if (!isMigrationError(error)) throw error;
    return { id, verdict: 'FAIL', detail: error.message };
  }
}

function requireFreezing(source: ObjectSource): NonNullable<ObjectSource['freezing']> {
  if (!source.freezing) throw new MigrationError('UNSUPPORTED', { operation: 'freeze', detail: 'the store has no bucket policies: use freeze: manual' });
  return source.freezing;
}

const unread = ({ unread: parts, versioning }: BucketConfiguration): string =>
  `versioning ${versioning}${parts.length > 0 ? `; not readable: ${parts.join(', ')}` : ''}`;

async function describeTarget(target: ObjectTarget, into: 'new' | 'existing', signal: AbortSignal): Promise<string> {
  const state = await lookAtTarget(target, signal);
  if (state === 'holds objects' && into === 'new') throw new MigrationError('TARGET_NOT_EMPTY', { operation: 'list' });
  return state;
}

async function lookAtTarget(target: ObjectTarget, signal: AbortSignal): Promise<'does not exist' | 'empty' | 'holds objects'> {
  try {
    // An empty page with a cursor is not the end.
    for (let cursor: string | undefined; ; ) {
      const page = await target.list({ versions: 'latest', limit: 1, cursor }, signal);
      if (page.entries.length > 0) return 'holds objects';
      if (!page.next) return 'empty';
      cursor = page.next;
    }
  } catch (error) {
    if (isMigrationError(error, 'BUCKET_MISSING')) return 'does not exist';
    throw error;
  }
}

/** Foreign objects are a blocker unless the plan says `into: existing`; a default lock is one always: a copy could not be taken back. */
async function refuseTarget(target: ObjectTarget, { entry }: AssessTask, signal: AbortSignal): Promise<void> {
  const state = await lookAtTarget(target, signal);
  if (state === 'does not exist') return;
  const name = `${entry.target.at}/${entry.target.bucket}`;
  const { objectLock, versioning } = await target.configuration(signal);
  if (objectLock?.defaultMode) throw new MigrationError('TARGET_LOCKED', { operation: 'assess', target: name, detail: objectLock.defaultMode });
  if (state === 'holds objects' && entry.into === 'new') throw new MigrationError('TARGET_NOT_EMPTY', { operation: 'assess', target: name });
  if (entry.versions === 'all' && entry.into === 'existing' && versioning !== 'on')
    throw new MigrationError('UNSUPPORTED', { operation: 'assess', target: name, detail: 'versions: all needs versioning on the target' });
}

/** Settings of the bucket that no S3 target of ours can hold, or that could not be read. Those that it may refuse are counted when it does. */
function notCarried(configuration: BucketConfiguration, { entry }: AssessTask): LossCount[] {
  const codes = [
    configuration.policy === undefined ? undefined : 'POLICY_NOT_CARRIED',
    configuration.encryption === undefined ? undefined : 'ENCRYPTION_NOT_CARRIED',
    configuration.objectLock?.enabled ? 'OBJECT_LOCK_NOT_CARRIED' : undefined,
    configuration.notification ? 'NOTIFICATION_NOT_CARRIED' : undefined,
    configuration.replication ? 'REPLICATION_NOT_CARRIED' : undefined,
    configuration.website ? 'WEBSITE_NOT_CARRIED' : undefined,
    configuration.requesterPays ? 'REQUESTER_PAYS_NOT_CARRIED' : undefined,
    entry.into === 'existing' && configuration.cors ? 'CORS_NOT_CARRIED' : undefined,
    entry.into === 'existing' && configuration.lifecycle ? 'LIFECYCLE_NOT_CARRIED' : undefined,
  ];
  const lost = codes.filter((code) => code !== undefined).map((code) => ({ code, count: 1 }));
  return configuration.unread.length === 0 ? lost : [...lost, { code: 'CONFIGURATION_UNREAD', count: configuration.unread.length }];
}

const finding = ({ code, count }: LossCount): Finding => ({
  id: code,
  level: isLossCode(code) ? lossTable[code].level : 'warning',
  detail: isLossCode(code) ? lossTable[code].en : code,
  count,
});

function refuseBlockers(losses: readonly LossCount[], { entry }: AssessTask): void {
  const blocker = losses.map(finding).find(({ level, count }) => level === 'blocker' && count !== 0);
  if (blocker)
    throw new MigrationError('UNSUPPORTED', {
      operation: 'assess',
      source: `${entry.source.at}/${entry.source.bucket}`,
      detail: `${blocker.id}: ${blocker.count}`,
    });
}
