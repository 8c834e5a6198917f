import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { labEnvironment } from '../environment.ts';
import { cloneFolder } from '../folders.ts';
import { endGuests } from '../hypervisor.ts';
import { LabError } from '../lab-error.ts';
import { anyPorts, giveBack } from '../ports.ts';
import { type ProcessRecord, type StartOptions, startProcess, stopProcess, waitUntilReady } from '../process.ts';
import { ownNode } from '../workers.ts';
import type { Counts } from './doorkeeper.ts';
import type { OutscaleFault } from './faults.ts';
import type { Reachable } from './reachable.ts';
import type { Change, Snapshot } from './records.ts';
import type { Existing } from './seed.ts';
import { labAccount, type SettingsChange, usualSettings } from './settings.ts';

export interface OutscaleLabOptions extends StartOptions {
  /** Holds state and disks; a folder that a stand-in used before goes on where that one ended. */
  readonly folder: string;
  /** Absent = any free one. */
  readonly port?: number;
  /** Origins of the object stores from which images may be imported. */
  readonly stagingOrigins: readonly string[];
  readonly settings?: SettingsChange;
}

export interface OutscaleAccess {
  /** Without a path: calls go to `${endpoint}/api/v1/${action}`. */
  readonly endpoint: string;
  readonly region: string;
  readonly accountId: string;
  readonly accessKey: string;
  readonly secretKey: string;
}

export interface OutscaleLab extends OutscaleAccess {
  readonly record: ProcessRecord;
  readonly ports: readonly number[];
  control(): OutscaleControl;
  stop(): Promise<void>;
}

/** The lab's own pages. */
export interface OutscaleControl {
  ready(): Promise<{ readonly boots: boolean; readonly notBooted?: string }>;
  /** What each account finds on its first day. */
  existing(): Promise<readonly Existing[]>;
  counts(): Promise<Counts>;
  resetCounts(): Promise<void>;
  /** Every change of state since the folder was made, oldest first. */
  history(): Promise<readonly Change[]>;
  /** The VMs that are not off at this moment. */
  running(): Promise<readonly { readonly vm: string; readonly state: string }[]>;
  reachable(vm: string): Promise<Reachable>;
  /** The raw file of a snapshot or volume, for `qemu-img compare`. */
  disk(id: string): Promise<{ readonly file: string }>;
  /** With what the API does not tell: why an import failed, and what converted it. */
  snapshot(id: string): Promise<Partial<Snapshot>>;
  /** Replaces the table. */
  faults(faults: readonly OutscaleFault[]): Promise<void>;
  faultHits(): Promise<readonly number[]>;
  settings(change: SettingsChange): Promise<void>;
}

/** Starts the OUTSCALE stand-in as a process of its own, so that it may outlive who started it. Nothing is left running when it throws. */
export async function startOutscaleLab(options: OutscaleLabOptions): Promise<OutscaleLab> {
  const { folder, stagingOrigins, settings = {}, signal } = options;
  const ports = options.port ? [options.port] : await anyPorts(1);
  const port = ports[0] ?? 0;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(`${folder}/settings.json`, JSON.stringify({ ...settings, stagingOrigins }), { mode: 0o600 });
  const record = await startProcess({
    name: 'OUTSCALE stand-in',
    command: ownNode(),
    args: [join(cloneFolder, 'lab/outscale/main.ts'), folder, String(port)],
    folder,
    environment: labEnvironment(),
    logFile: `${folder}/outscale.log`,
    onStart: options.onStart,
  });
  const stop = async (): Promise<void> => {
    await stopOutscaleLab(record, folder);
    giveBack(ports);
  };
  try {
    await waitUntilReady(record, () => isReady(port), { timeoutMs: 30_000, signal });
  } catch (error) {
    await stop();
    throw error;
  }
  const endpoint = `http://127.0.0.1:${port}`;
  const { accountId, accessKey, secretKey } = settings.accounts?.[0] ?? labAccount;
  const region = settings.region ?? usualSettings.region;
  return { endpoint, region, accountId, accessKey, secretKey, record, ports, control: () => control(endpoint), stop };
}

/** Also for a record out of a file: the guests of a process that was killed are ended too. */
export async function stopOutscaleLab(record: ProcessRecord, folder: string): Promise<void> {
  await stopProcess(record, 10_000);
  await endGuests(`${folder}/vms`);
}

export async function isReady(port: number): Promise<boolean> {
  const answer = await fetch(`http://127.0.0.1:${port}/lab/ready`, { signal: AbortSignal.timeout(2_000) });
  await answer.arrayBuffer();
  return answer.ok;
}

export function control(endpoint: string): OutscaleControl {
  const ask = async <T>(page: string, body?: unknown): Promise<T> => {
    const answer = await fetch(`${endpoint}/lab/${page}`, body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) });
    const text = await answer.text();
    if (!answer.ok) throw new LabError(`The OUTSCALE stand-in refused ${page.split('?')[0]}: ${text}`);
    return JSON.parse(text) as T;
  };
  return {
    ready: () => ask('ready'),
    existing: () => ask('existing'),
    counts: () => ask('counts'),
    resetCounts: () => ask('counts', {}),
    history: () => ask('history'),
    running: () => ask('running'),
    reachable: (vm) => ask(`reachable?vm=${vm}`),
    disk: (id) => ask(`disk?id=${id}`),
    snapshot: (id) => ask(`snapshot?id=${id}`),
    faults: (faults) => ask('faults', faults),
    faultHits: async () => (await ask<{ hits: readonly number[] }>('faults')).hits,
    settings: (change) => ask('settings', change),
  };
}
