import { createHash, randomBytes } from 'node:crypto';
import { controllerRecipient } from './controller.ts';
import { labFolder } from './folders.ts';
import { makeOutsiders, prepareLedger } from './ledger-files.ts';
import { findMoto, type Say } from './parts.ts';
import { allFree } from './ports.ts';
import { isRunning, type StartOptions } from './process.ts';
import { firstProject, type LabClouds, type LabOutside, type LabStores, projectFiles, writeProjectFiles } from './project-files.ts';
import { endpointOf } from './seaweed.ts';
import { isUp, portsFor, serverKinds, serverNames } from './servers.ts';
import { type LabState, readState, type ServerName, type StoreKeys, type WorkerRole, type WorkerState, withLock, writeState } from './state.ts';
import type { TemporalAccess } from './temporal-server.ts';
import { isOpensslThere } from './tsa.ts';
import { codeMark, startWorker, stopWorker } from './workers.ts';

export interface UpOptions {
  readonly workers: boolean;
  /** How many processes move bytes; default 2. */
  readonly transferWorkers?: number;
  /** Also moto's S3, as the store `lab-moto`. */
  readonly moto?: boolean;
  /** Also the two clouds of virtual machines, as `lab-aws` and `lab-outscale`; moto comes with them. */
  readonly machines?: boolean;
  /** Names the project that the workers serve from now on; default: the one they served before. */
  readonly project?: string;
  /** With `project`: its policy asks for signatures of two people, a witness and timestamps. */
  readonly outsiders?: boolean;
  /** What stands before the source store for this time; a later `up` without it leads straight to the store again. */
  readonly sourceEndpoint?: string;
  readonly say?: Say;
  /** Aborted: what this call started is stopped, what ran before runs on. */
  readonly signal?: AbortSignal;
}

export interface Lab {
  readonly folder: string;
  readonly config: string;
  readonly project: string;
  readonly temporal: TemporalAccess;
  readonly stores: LabStores;
  /** Where the two clouds of machines answer, while they run. */
  readonly clouds?: LabClouds;
  readonly workers: readonly WorkerState[];
}

/** Starts what does not run yet, repairs what died, and answers when all of it is ready: seconds at first, half a second when it runs. */
export async function up(options: UpOptions): Promise<Lab> {
  return withLock(async () => {
    const state = readState() ?? newState();
    if (options.project !== undefined && options.project !== state.project) delete state.outsiders;
    state.project = options.project ?? state.project ?? firstProject;
    if (options.outsiders) state.outsiders ??= makeOutsiders(isOpensslThere());
    const started: (() => Promise<void>)[] = [];
    try {
      await upServers(state, options, started);
      const access = accessOf(state);
      const stores = { ...access.stores, source: { ...access.stores.source, endpoint: options.sourceEndpoint ?? access.stores.source.endpoint } };
      const config = writeProjectFiles(state.project, access.temporal, stores, {
        ...(await outsideOf(state)),
        ...(access.clouds ? { clouds: access.clouds } : {}),
      });
      prepareLedger(state.project, state.outsiders);
      if (options.workers) await upWorkers(state, config, access.temporal, options, started);
      return { ...access, workers: state.workers };
    } catch (error) {
      await Promise.allSettled(started.map((stop) => stop()));
      throw error;
    }
  });
}

/** Stops everything; data, keys and ports stay for the next `up`. */
export async function down(): Promise<void> {
  await withLock(async () => {
    const state = readState();
    if (!state) return;
    await stopWorkers(state);
    const servers = Object.entries(state.servers) as [ServerName, NonNullable<LabState['servers'][ServerName]>][];
    await Promise.all(servers.map(async ([name, { record, ports }]) => record && serverKinds[name].stop(record, ports)));
    state.servers = Object.fromEntries(servers.map(([name, { ports }]) => [name, { ports }]));
    writeState(state);
  });
}

export interface LabStatus {
  /** Absent when the lab was never started here. */
  readonly lab?: Lab;
  readonly servers: readonly { readonly name: ServerName; readonly isUp: boolean; readonly address: string }[];
  readonly workers: readonly { readonly role: WorkerRole; readonly pid: number; readonly isUp: boolean }[];
}

export async function status(): Promise<LabStatus> {
  const state = readState();
  if (!state) return { servers: [], workers: [] };
  const names = serverNames.filter((name) => state.servers[name]);
  const servers = await Promise.all(
    names.map(async (name) => ({ name, isUp: await isUp(name, state.servers[name]), address: `127.0.0.1:${state.servers[name]?.ports[0]}` })),
  );
  const workers = state.workers.map(({ role, record }) => ({ role, pid: record.pid, isUp: isRunning(record) }));
  return { lab: { ...accessOf(state), workers: state.workers }, servers, workers };
}

async function upServers(state: LabState, options: UpOptions, started: (() => Promise<void>)[]): Promise<void> {
  const asked: readonly ServerName[] = ['temporal', 'source', 'target'];
  const outside: readonly ServerName[] = state.outsiders ? ['witness', ...(state.outsiders.authority ? (['authority'] as const) : [])] : [];
  const needsMoto = options.moto || options.machines;
  if (needsMoto) await findMoto(options.say);
  await upTogether([...asked, ...(needsMoto ? (['moto'] as const) : []), ...outside], state, options, started);
  // They stand in front of moto and of the target's store.
  if (options.machines) await upTogether(['aws', 'outscale'], state, options, started);
}

async function upTogether(names: readonly ServerName[], state: LabState, options: UpOptions, started: (() => Promise<void>)[]): Promise<void> {
  const begun = await Promise.allSettled(names.map((name) => upServer(name, state, options, started)));
  for (const each of begun) if (each.status === 'rejected') throw each.reason;
}

async function upServer(name: ServerName, state: LabState, options: UpOptions, started: (() => Promise<void>)[]): Promise<void> {
  const before = state.servers[name];
  if (await isUp(name, before)) return;
  // It may live without answering; two servers on one folder would harm its data.
  if (before?.record) await serverKinds[name].stop(before.record, before.ports);
  for (let attempt = 1; ; attempt += 1) {
    options.signal?.throwIfAborted();
    const ports = await portsFor(name, before);
    try {
      return await startServer(name, ports, state, options, started);
    } catch (error) {
      // A store binds seconds after we looked: meanwhile another lab may have taken the port.
      const isTaken = !(await allFree(ports));
      if (attempt === 3 || !isTaken || options.signal?.aborted) throw error;
    }
  }
}

async function startServer(
  name: ServerName,
  ports: readonly number[],
  state: LabState,
  { say = () => undefined, signal }: UpOptions,
  started: (() => Promise<void>)[],
): Promise<void> {
  const kind = serverKinds[name];
  const onStart: StartOptions['onStart'] = (record) => {
    state.servers[name] = { record, ports };
    writeState(state);
    started.push(() => kind.stop(record, state.servers[name]?.ports ?? ports));
  };
  const server = await kind.start(ports, state, { say, signal, onStart });
  state.servers[name] = { record: server.record, ports: server.ports };
  writeState(state);
}

/** Workers read the configuration once, when they start: other text or other code means other workers. */
async function upWorkers(state: LabState, config: string, temporal: TemporalAccess, options: UpOptions, started: (() => Promise<void>)[]): Promise<void> {
  const from = createHash('sha256').update(config).update(codeMark()).digest('hex');
  if (state.startedFrom !== from) await stopWorkers(state);
  state.startedFrom = from;
  state.workers = state.workers.filter(({ record }) => isRunning(record));
  const roles: readonly WorkerRole[] = ['control', 'ledger', ...Array<WorkerRole>(options.transferWorkers ?? 2).fill('transfer')];
  const begun = await Promise.allSettled(missing(roles, state).map((worker) => upWorker(worker, state, temporal, options, started)));
  for (const each of begun) if (each.status === 'rejected') throw each.reason;
}

/** A role and its lowest free number, for each worker that is wanted and does not run. */
function missing(roles: readonly WorkerRole[], state: LabState): readonly { role: WorkerRole; number: number }[] {
  const taken = new Set(state.workers.map(({ record }) => record.name));
  return roles.flatMap((role, index) => {
    const number = roles.slice(0, index + 1).filter((each) => each === role).length;
    return taken.has(`worker ${role} ${number}`) ? [] : [{ role, number }];
  });
}

async function upWorker(
  worker: { readonly role: WorkerRole; readonly number: number },
  state: LabState,
  temporal: TemporalAccess,
  { signal }: UpOptions,
  started: (() => Promise<void>)[],
): Promise<void> {
  const onStart: StartOptions['onStart'] = (record) => {
    state.workers = [...state.workers, { role: worker.role, record }];
    writeState(state);
    started.push(() => stopWorker(record));
  };
  await startWorker({ ...worker, temporal, project: state.project ?? firstProject, signal, onStart });
}

async function stopWorkers(state: LabState): Promise<void> {
  await Promise.all(state.workers.map(({ record }) => stopWorker(record)));
  state.workers = [];
  writeState(state);
}

async function outsideOf({ outsiders, servers }: LabState): Promise<LabOutside> {
  if (!outsiders) return {};
  const { witness, authority } = outsiders;
  const url = (name: ServerName): string => `http://127.0.0.1:${servers[name]?.ports[0]}`;
  return {
    witnesses: [{ name: witness.name, url: url('witness') }],
    ...(authority ? { timestamps: [{ name: authority.name, url: url('authority') }] } : {}),
    recipient: await controllerRecipient(),
  };
}

function accessOf(state: LabState): Omit<Lab, 'workers'> {
  const [port = 7233, uiPort = 8233] = state.servers.temporal?.ports ?? [];
  const store = (name: 'source' | 'target') => ({ endpoint: endpointOf(state.servers[name]?.ports[0] ?? 0), region: 'us-east-1', ...state.keys[name] });
  const moto = state.servers.moto;
  // Listed only while it runs: an inventory would stumble over a store that nobody started.
  const motoAccess = moto?.record &&
    isRunning(moto.record) && { endpoint: endpointOf(moto.ports[0] ?? 0), region: 'us-east-1', accessKey: 'moto', secretKey: 'moto-secret' };
  return {
    folder: labFolder,
    config: projectFiles.config,
    project: state.project ?? firstProject,
    temporal: { address: `127.0.0.1:${port}`, namespace: 'default', uiPort, ui: `http://127.0.0.1:${uiPort}` },
    stores: { source: store('source'), target: store('target'), ...(motoAccess ? { moto: motoAccess } : {}) },
    ...(cloudsOf(state) ?? {}),
  };
}

/** Both or neither: a machine moves from one to the other. */
function cloudsOf({ servers: { aws, outscale, moto } }: LabState): { clouds: LabClouds } | undefined {
  if (!aws?.record || !isRunning(aws.record) || !outscale?.record || !isRunning(outscale.record)) return undefined;
  return { clouds: { aws: endpointOf(aws.ports[0] ?? 0), s3: endpointOf(moto?.ports[0] ?? 0), outscale: endpointOf(outscale.ports[0] ?? 0) } };
}

function newState(): LabState {
  const pair = (name: string) => ({ accessKey: name, secretKey: randomBytes(24).toString('base64url') });
  const keys = (name: string): StoreKeys => ({ ...pair(`lab-${name}`), application: pair(`lab-${name}-application`) });
  return { v: 1, keys: { source: keys('source'), target: keys('target') }, servers: {}, workers: [] };
}
