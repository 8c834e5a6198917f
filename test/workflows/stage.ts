import { createHash, randomBytes } from 'node:crypto';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { createControlActivities } from '../../src/activities/control.ts';
import { createEvidenceActivities } from '../../src/activities/evidence.ts';
import { createLedgerActivities } from '../../src/activities/ledger.ts';
import { createTransferActivities } from '../../src/activities/transfer.ts';
import { projectWorkflowId, taskQueue, workloadWorkflowId } from '../../src/core/ids.ts';
import { openMemoryLedger } from '../../src/ledger/memory.ts';
import { ledgerLines, verifyLedger } from '../../src/ledger/verify.ts';
import { BucketWorkload, type Patience, VmWorkload, type Workload } from '../../src/model/plan.ts';
import type { Gate, Order, ProjectStatus, WorkloadStatus } from '../../src/model/status.ts';
import type { Clouds } from '../../src/ports/clouds.ts';
import type { Depot } from '../../src/ports/depot.ts';
import type { Ledger } from '../../src/ports/ledger.ts';
import type { ObjectSource, ObjectTarget } from '../../src/ports/object-store.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { createFlightBudget, referenceKeyOf, systemClock } from '../../src/transfer/index.ts';
import * as messages from '../../src/workflows/messages.ts';
import type { ProjectInput } from '../../src/workflows/project.ts';
import { openRoom, type RoomOptions } from '../support/evidence-room.ts';
import { createMemoryDepot } from '../support/memory-depot.ts';
import type { MemorySource } from '../support/memory-source.ts';
import { createMemoryStore, type MemoryStore } from '../support/memory-store.ts';
import type { MemoryTarget } from '../support/memory-target.ts';
import { takeLane } from './lanes.ts';

export interface ActivityCall {
  readonly name: string;
  /** Number of this call among all of the stage, from 0. */
  readonly n: number;
  readonly task: unknown;
}

/** A throw in `before` is a failure that did nothing; in `after`, one that did its work and could not say so. */
export interface StageFaults {
  before?: (call: ActivityCall) => void | Promise<void>;
  after?: (call: ActivityCall) => void | Promise<void>;
  /** Runs these activities twice and hands both results over. */
  twice?: (call: ActivityCall, first: unknown, second: unknown) => void;
}

export interface StageOptions {
  readonly faults?: StageFaults;
  readonly source?: MemoryStore;
  readonly target?: MemoryStore;
  readonly depot?: Depot;
  /** In place of real time, for the pauses between tries. */
  readonly clock?: typeof systemClock;
  readonly entry?: Partial<BucketWorkload>;
  /** A virtual machine in place of the bucket; its images stand in `target`. */
  readonly machine?: { readonly source: MemorySource; readonly target: MemoryTarget; readonly entry?: Partial<VmWorkload> };
  /** A virtual machine between clouds of the lab, which remember what was made for a project: the stage gets one of its own. */
  readonly vm?: { readonly clouds: Clouds; readonly entry: VmWorkload };
  readonly patience?: Partial<Patience>;
  readonly shardObjects?: number;
  readonly window?: number;
  readonly continueAfterEvents?: number;
  /** More than one workload: their waves, and what they say otherwise. They are named w0, w1 …, and each has buckets of its own. */
  readonly plan?: readonly { readonly wave: number; readonly entry?: Partial<BucketWorkload> }[];
  /** Shorter than a plan may say. */
  readonly deltaEveryMinutes?: number;
  /** Another policy, witnesses, authorities. */
  readonly room?: Partial<RoomOptions>;
  /** Real stores in place of the two in memory. */
  readonly stores?: Stores;
  /** Sees the source and target as the activities get them: a place for faults of a connection. */
  readonly connect?: (side: 'source' | 'target', store: MemoryStore) => ObjectSource & ObjectTarget;
}

export { disconnect } from './lanes.ts';

/** Opens a stage, plays, and closes it whatever happened. */
export async function withStage(options: StageOptions, play: (stage: Stage) => Promise<void>): Promise<void> {
  const stage = await openStage(options);
  try {
    await play(stage);
  } finally {
    await stage.close();
  }
}

export type Stage = Awaited<ReturnType<typeof openStage>>;

/** A project of one bucket in memory on the real Temporal server, with its own queues, so that many run side by side. */
export async function openStage(options: StageOptions = {}) {
  const source = options.source ?? seeded(createMemoryStore());
  const target = options.target ?? createMemoryStore({ exists: false });
  const depot = options.depot ?? createMemoryDepot();
  const stores = options.stores ?? memoryStores(source, target, options.connect);
  const calls: ActivityCall[] = [];
  let crew: ReturnType<typeof hands> | undefined;
  const lane = await takeLane(
    (project) => {
      crew = hands(project, { depot, stores, calls, options });
      return crew.queues;
    },
    { isOwn: options.vm !== undefined },
  );
  const { ledger, room } = crew as ReturnType<typeof hands>;
  const { project, client } = lane;
  const entries: messages.PlannedWorkload[] = (options.plan ?? [{ wave: 1 }]).map(({ wave, entry }, n) => ({
    wave,
    entry: options.vm?.entry ?? (options.machine ? machineEntry(options.machine, options) : entryOf({ ...options.entry, ...entry }, n, options)),
  }));
  const input: ProjectInput = {
    project,
    language: 'en',
    timezone: 'Europe/Paris',
    planDigest: await depot.put(Buffer.from(JSON.stringify(entries))),
    window: options.window ?? 4,
    parallelWorkloads: 4,
    shard: { objects: options.shardObjects ?? 5, sizeBytes: 2 ** 30 },
    patience: { attempts: 3, heartbeatSeconds: 5, ...options.patience },
    workloads: entries,
    by: 'tester',
    ...(options.continueAfterEvents === undefined ? {} : { continueAfterEvents: options.continueAfterEvents }),
  };
  const handle = await client.workflow.start('project', {
    workflowId: projectWorkflowId(project),
    taskQueue: taskQueue(project, 'control'),
    args: [input],
    workflowExecutionTimeout: '5 minutes',
  });
  return {
    project,
    input,
    planned: entries,
    entries: entries.map(({ entry }) => entry),
    source,
    target,
    depot,
    ledger,
    room,
    calls,
    client,
    handle: handle as WorkflowHandle,
    ...drive(client, handle as WorkflowHandle, { project, depot, kind: options.machine || options.vm ? 'vm' : 'bucket' }),
    verifyLedger: () => verifyLedger(ledgerLines(ledger)),
    events: () => eventsOf(ledger),
    close: (): Promise<void> => lane.release(entries.length),
  };
}

/** The activities of a project, over a log and a room of its own. */
function hands(project: string, { depot, stores, calls, options }: { depot: Depot; stores: Stores; calls: ActivityCall[]; options: StageOptions }) {
  const log = `ecluse/${project}`;
  const ledger = openMemoryLedger({ project, origin: log, host: { id: 'test' }, software: { name: 'ecluse', version: '0', build: 'test' } });
  const { faults = {}, clock = systemClock } = options;
  const deps = { stores, depot, ledger, clouds: options.vm?.clouds ?? memoryClouds(options), clock };
  const referenceKey = referenceKeyOf(randomBytes(32));
  const room = openRoom({ ledger, depot, project, log, ...options.room });
  const queues = {
    control: faulty(createControlActivities({ ...deps, role: 'control' }), faults, calls),
    transfer: faulty(createTransferActivities({ ...deps, role: 'transfer', flight: createFlightBudget(), referenceKey }), faults, calls),
    ledger: faulty({ ...createLedgerActivities(deps), ...createEvidenceActivities(() => room) }, faults, calls),
  };
  return { ledger, room, queues };
}

/** Orders and waits, as the command would give them. */
function drive(client: Client, handle: WorkflowHandle, { project, depot, kind }: { project: string; depot: Depot; kind: Workload['kind'] }) {
  const status = async (workload = 'w0'): Promise<WorkloadStatus> => {
    const { workloads } = await handle.query<ProjectStatus>(messages.projectStatus.name);
    return workloads.find((one) => one.workload === workload) as WorkloadStatus;
  };
  const until = async (wanted: (status: WorkloadStatus) => boolean, workload = 'w0', timeoutMs = 60_000): Promise<WorkloadStatus> => {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const now = await status(workload);
      if (wanted(now)) return now;
      if (Date.now() > deadline) throw new Error(`still ${JSON.stringify(now)}; ${await taskFailures(client, project, kind, workload)}`);
      await new Promise((turn) => setTimeout(turn, 150));
    }
  };
  const approve = async (gate: Gate, workload = 'w0'): Promise<void> => {
    const { gate: open } = await until((now) => now.gate?.gate === gate, workload);
    await handle.executeUpdate(messages.approve, { args: [{ workload, gate, scope: open?.scope ?? '', by: 'p-1' }] });
    await until((now) => now.gate?.scope !== open?.scope || now.condition === 'held', workload);
  };
  const order = (given: Order, workload = 'w0'): Promise<unknown> => handle.executeUpdate(messages.order, { args: [{ workload, order: given, by: 'p-1' }] });
  return {
    status,
    until,
    untilState: (state: WorkloadStatus['state'], condition?: WorkloadStatus['condition'], workload = 'w0') =>
      until((now) => now.state === state && (condition === undefined || now.condition === condition), workload),
    approve,
    order,
    reject: async (gate: Gate, workload = 'w0'): Promise<unknown> => {
      const { gate: open } = await until((now) => now.gate?.gate === gate, workload);
      return handle.executeUpdate(messages.reject, { args: [{ workload, gate, scope: open?.scope ?? '', reason: 'test', by: 'p-1' }] });
    },
    applyPlan: async (workloads: readonly messages.PlannedWorkload[], more: { window?: number } = {}) =>
      handle.executeUpdate(messages.applyPlan, {
        args: [{ planDigest: await depot.put(Buffer.from(JSON.stringify(workloads))), window: 4, parallelWorkloads: 4, workloads, by: 'p-1', ...more }],
      }),
    resume: (workload = 'w0') => handle.executeUpdate(messages.resume, { args: [{ workload, by: 'p-1' }] }),
    projectStatus: () => handle.query<ProjectStatus>(messages.projectStatus.name),
    resumeAll: () => handle.executeUpdate(messages.resume, { args: [{ by: 'p-1' }] }),
    pauseAll: () => handle.executeUpdate(messages.pause, { args: [{ by: 'p-1' }] }),
    pause: (workload = 'w0') => handle.executeUpdate(messages.pause, { args: [{ workload, by: 'p-1' }] }),
    resolve: (how: 'retry' | 'accept', workload = 'w0') => handle.executeUpdate(messages.resolve, { args: [{ workload, how, reason: 'test', by: 'p-1' }] }),
    /** From ready to cut over. */
    cutOver: async (workload = 'w0'): Promise<WorkloadStatus> => {
      await approve('cutover', workload);
      await until((now) => now.waitingFor === 'order cutover', workload);
      await order('cutover', workload);
      return until((now) => now.state === 'cut over' || now.condition === 'held' || (now.state === 'ready for cutover' && now.reason !== undefined), workload);
    },
    history: async (workload?: string) => (workload ? client.workflow.getHandle(workloadWorkflowId(project, kind, workload)) : handle).fetchHistory(),
    bucketHandle: (workload = 'w0') => client.workflow.getHandle(workloadWorkflowId(project, 'bucket', workload)),
  };
}

async function taskFailures(client: Client, project: string, kind: Workload['kind'], workload: string): Promise<string> {
  const histories = await Promise.all(
    [projectWorkflowId(project), workloadWorkflowId(project, kind, workload)].map((id) =>
      client.workflow
        .getHandle(id)
        .fetchHistory()
        .catch(() => undefined),
    ),
  );
  return histories
    .flatMap((history) => history?.events?.map(({ workflowTaskFailedEventAttributes: failed }) => failed?.failure?.message ?? '').filter(Boolean) ?? [])
    .join('; ');
}

function entryOf(entry: Partial<BucketWorkload>, n: number, { plan, deltaEveryMinutes }: StageOptions): BucketWorkload {
  const bucket = plan ? `records-${n}` : 'records';
  const parsed = BucketWorkload.parse({ name: `w${n}`, kind: 'bucket', source: { at: 'from', bucket }, target: { at: 'to', bucket }, ...entry });
  return { ...parsed, ...(deltaEveryMinutes === undefined ? {} : { deltaEveryMinutes }) };
}

function machineEntry({ source, entry }: NonNullable<StageOptions['machine']>, { deltaEveryMinutes }: StageOptions): VmWorkload {
  const parsed = VmWorkload.parse({
    name: 'w0',
    kind: 'vm',
    source: { at: 'aws', instance: source.instance },
    target: {
      at: 'outscale',
      subregion: 'eu-west-2a',
      type: 'tinav6.c2r4p2',
      bootMode: 'legacy',
      network: { net: { range: '10.0.0.0/16' }, subnet: { range: '10.0.1.0/24' }, securityGroups: [{ name: 'web', description: 'web' }] },
    },
    ...entry,
  });
  return { ...parsed, ...(deltaEveryMinutes === undefined ? {} : { deltaEveryMinutes }) };
}

function memoryClouds({ machine }: StageOptions): Clouds {
  const given = (): NonNullable<StageOptions['machine']> => {
    if (!machine) throw new Error('this stage has no machine');
    return machine;
  };
  return {
    names: () => [],
    source: () => given().source,
    target: () => ({ machines: given().target, staging: { at: 'to', bucket: 'images' }, importHours: 1 }),
    place: (at, ref) => ({ provider: 'memory', region: at, resource_ref: ref }),
  };
}

function memoryStores(source: MemoryStore, target: MemoryStore, through: StageOptions['connect'] = (_, store) => store): Stores {
  const ends = { from: through('source', source), to: through('target', target) };
  return {
    names: () => ['from', 'to'],
    open: (at) => ends[at as 'from' | 'to'],
    buckets: async () => [{ bucket: 'records' }],
    place: (at, bucket) => ({ provider: 'memory', region: at, resource_ref: bucket }),
  };
}

function faulty(
  activities: Record<string, (task: never) => Promise<unknown>>,
  faults: StageFaults,
  calls: ActivityCall[],
): Record<string, (task: never) => Promise<unknown>> {
  const wrapped = Object.entries(activities).map(([name, activity]) => [
    name,
    async (task: never): Promise<unknown> => {
      const call = { name, n: calls.length, task };
      calls.push(call);
      await faults.before?.(call);
      const result = await activity(task);
      if (faults.twice) faults.twice(call, result, await activity(task));
      await faults.after?.(call);
      return result;
    },
  ]);
  return Object.fromEntries(wrapped) as Record<string, (task: never) => Promise<unknown>>;
}

async function eventsOf(ledger: Ledger): Promise<string[]> {
  const events: string[] = [];
  for await (const line of ledgerLines(ledger)) events.push((JSON.parse(line) as { event: string }).event);
  return events;
}

/** Twelve small objects, one empty, one with tags and metadata, one of two multipart parts. */
export function seeded(store: MemoryStore): MemoryStore {
  for (let n = 0; n < 12; n++) store.seed(`folder/${String(n).padStart(2, '0')} é.txt`, `object ${n} `.repeat(n * 50));
  store.seed('tagged', 'tagged', { tags: { kind: 'test' }, user: { author: 'p-1' } });
  store.seed('large.bin', Buffer.alloc(17 * 1024 * 1024, 7));
  return store;
}

/** Key by key, straight from the two stores' memory: bytes, metadata and tags. */
export const contents = (store: MemoryStore): unknown =>
  store.bucket.entries('latest').map(({ key }) => {
    const { body, metadata } = store.bucket.find(key);
    return [key, body.length, createHash('sha256').update(body).digest('hex'), metadata];
  });
