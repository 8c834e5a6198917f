import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { ProcessRecord } from '../process.ts';
import { createFaultBook, type FaultBook, type FaultKind } from './faults.ts';
import { refused } from './oapi-error.ts';
import type { Change, LabState } from './records.ts';
import type { OutscaleSettings } from './settings.ts';
import type { Fields } from './shape.ts';

/** The stand-in at work. An action changes `state` without awaiting in between, so that calls never see half of another one. */
export interface Cloud {
  readonly folder: string;
  settings: OutscaleSettings;
  readonly state: LabState;
  readonly faults: FaultBook;
  readonly nowMs: () => number;
  /** Why VMs are not booted here; absent: they are. */
  readonly notBooted: string | undefined;
  /** Work that a call began and that goes on after its answer; a failure is its own affair. */
  readonly work: Set<Promise<void>>;
  /** qemu's processes, by VM. */
  readonly guests: Map<string, ProcessRecord>;
  /** What `ReadConsoleOutput` shows until the next refresh. */
  readonly consoles: Map<string, { readonly atMs: number; readonly bytes: Buffer }>;
  /** Shuts everything up: nothing is written from here on. */
  isClosed: boolean;
}

/** Who calls, and what goes wrong on the way. */
export interface Call {
  readonly account: string;
  readonly fault: FaultKind | undefined;
}

export type Answer = Readonly<Record<string, unknown>>;

export interface Action {
  readonly shape: Fields;
  readonly run: (cloud: Cloud, request: unknown, call: Call) => Answer | Promise<Answer>;
}

/** An action with its request's shape; the cast is what the shape has checked. */
export function action<R>(shape: Fields, run: (cloud: Cloud, request: R, call: Call) => Answer | Promise<Answer>): Action {
  return { shape: { DryRun: 'boolean', ...shape }, run: (cloud, request, call) => run(cloud, request as R, call) };
}

const empty = (): LabState => ({
  snapshots: {},
  images: {},
  volumes: {},
  vms: {},
  nets: {},
  subnets: {},
  routeTables: {},
  internetServices: {},
  securityGroups: {},
  keypairs: {},
  tags: {},
  tokens: {},
  due: [],
  history: [],
});

export interface CloudOptions {
  readonly folder: string;
  readonly settings: OutscaleSettings;
  readonly notBooted: string | undefined;
  readonly nowMs?: () => number;
}

/** Opens the folder, empty or as another run left it. */
export function openCloud({ folder, settings, notBooted, nowMs = Date.now }: CloudOptions): Cloud {
  for (const room of ['snapshots', 'volumes', 'vms', 'imports']) mkdirSync(`${folder}/${room}`, { recursive: true, mode: 0o700 });
  return {
    folder,
    settings,
    state: readState(folder),
    faults: createFaultBook(),
    nowMs,
    notBooted,
    work: new Set(),
    guests: new Map(),
    consoles: new Map(),
    isClosed: false,
  };
}

function readState(folder: string): LabState {
  try {
    return { ...empty(), ...(JSON.parse(readFileSync(`${folder}/state.json`, 'utf8')) as Partial<LabState>) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return empty();
  }
}

/** Before an answer leaves. A crash before leaves the state of the call before, as if this one had never come. */
export function save(cloud: Cloud): void {
  if (cloud.isClosed) return;
  writeFileSync(`${cloud.folder}/state.json.part`, JSON.stringify(cloud.state), { mode: 0o600 });
  renameSync(`${cloud.folder}/state.json.part`, `${cloud.folder}/state.json`);
}

export const newId = (prefix: string): string => `${prefix}-${randomBytes(4).toString('hex')}`;

export function schedule(cloud: Cloud, inMs: number, what: string, id: string): void {
  cloud.state.due = [...cloud.state.due, { atMs: cloud.nowMs() + inMs, what, id }];
}

/** Begins what goes on after the answer. */
export function background(cloud: Cloud, job: () => Promise<void>): void {
  const work = job()
    .catch((error: unknown) => void (cloud.isClosed || console.error(error)))
    .finally(() => cloud.work.delete(work));
  cloud.work.add(work);
}

/** Writes a change of state into the history, at the time it happened. */
export function changed(cloud: Cloud, change: Omit<Change, 'at'>, atMs = cloud.nowMs()): void {
  cloud.state.history.push({ at: new Date(atMs).toISOString(), ...change });
}

/** A change of a record's state, with its line in the history. */
export function turn(cloud: Cloud, kind: 'snapshot' | 'image' | 'volume', record: { readonly id: string; state: string }, to: string, atMs?: number): void {
  changed(cloud, { kind, id: record.id, from: record.state, to }, atMs);
  record.state = to;
}

/**
 * The id that an earlier call with the same token made, if it is still there. Another body under the same token is refused (4091); that a
 * deleted thing frees its token is our guess.
 */
export function madeBefore<T>(
  cloud: Cloud,
  call: Call,
  actionName: string,
  request: { readonly ClientToken?: string },
  records: Record<string, T>,
): T | undefined {
  if (request.ClientToken === undefined) return undefined;
  const known = cloud.state.tokens[tokenKey(call, actionName, request.ClientToken)];
  const record = known && records[known.id];
  if (!record) return undefined;
  if (known.bodyDigest !== bodyDigest(request)) throw refused(4091, 'This client token was used with another request.');
  return record;
}

export function remember(cloud: Cloud, call: Call, actionName: string, request: { readonly ClientToken?: string }, id: string): void {
  if (request.ClientToken !== undefined) cloud.state.tokens[tokenKey(call, actionName, request.ClientToken)] = { bodyDigest: bodyDigest(request), id };
}

const tokenKey = ({ account }: Call, name: string, token: string): string => `${account} ${name} ${token}`;

function bodyDigest(request: object): string {
  const sorted = (value: unknown): unknown =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(
          Object.entries(value)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([name, inner]) => [name, sorted(inner)]),
        )
      : Array.isArray(value)
        ? value.map(sorted)
        : value;
  return createHash('sha256')
    .update(JSON.stringify(sorted(request)))
    .digest('hex');
}

/** What the account owns, oldest first. */
export const ownedBy = <T extends { readonly account: string }>(records: Readonly<Record<string, T>>, account: string): readonly T[] =>
  Object.values(records).filter((record) => record.account === account);

/** The account's own thing, or the API's "no such". */
export function find<T extends { readonly account: string }>(records: Readonly<Record<string, T>>, id: string, account: string, code: number): T {
  const record = records[id];
  if (record?.account !== account) throw refused(code, `There is no ${id}.`);
  return record;
}

/** As the API shows tags. */
export const tagsOf = (cloud: Cloud, id: string): readonly { readonly Key: string; readonly Value: string }[] =>
  Object.entries(cloud.state.tags[id] ?? {}).map(([Key, Value]) => ({ Key, Value }));

export const timeText = (ms: number): string => new Date(ms).toISOString();
