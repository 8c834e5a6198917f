import type { OutscaleCloud } from '../../model/config.ts';
import type { MachineTarget, Removable } from '../../ports/machine-target.ts';
import type { Pacer } from '../../ports/rate-budget.ts';
import type { Transport } from '../../ports/transport.ts';
import { type ClientParts, createClient, sleep } from './call.ts';
import { type Cloud, cloudOf } from './cloud.ts';
import { type OutscaleCredentials, ownKey } from './credentials.ts';
import { createImages, removeImage } from './images.ts';
import { createKeyMemory, type KeyMemory } from './key-memory.ts';
import { createMachines, removeMachine } from './machines.ts';
import { findMarked } from './marked.ts';
import { mayDo } from './may-do.ts';
import { createNetworks, removeNetwork } from './network.ts';
import { createSnapshots, removeSnapshot } from './snapshots.ts';

export { type OutscaleCredentials, type OutscaleKey, ownKey } from './credentials.ts';
export { createKeyMemory, type KeyMemory } from './key-memory.ts';
export { type Operation as OutscaleOperation, operationsOf, type Phase } from './operations.ts';
export { type EimPolicy, policyFor } from './permissions.ts';

export interface OutscaleParts {
  readonly cloud: OutscaleCloud;
  /** How errors name this cloud. */
  readonly name: string;
  readonly transport: Transport;
  readonly pacer: Pacer;
  /** One a process for all targets, so that a refused key rests in all of them. */
  readonly keys?: KeyMemory;
  /** Absent = the vendor's own places, by the cloud's profile. */
  readonly credentials?: OutscaleCredentials;
  /** For the access key; absent = this process's own. */
  readonly env?: NodeJS.ProcessEnv;
  readonly nowMs?: () => number;
  readonly random?: () => number;
  readonly sleep?: ClientParts['sleep'];
}

/** OUTSCALE as the target of machines: one account and region, by the OUTSCALE API. Opening makes no call. A client certificate is not offered. */
export function openOutscale(parts: OutscaleParts): MachineTarget {
  const { cloud: config, name, transport, pacer, nowMs = Date.now } = parts;
  const client = createClient({
    origin: config.endpoint ?? `https://api.${config.region}.outscale.com`,
    region: config.region,
    place: name,
    transport,
    pacer,
    callsPerSecond: config.rates.calls,
    credentials: parts.credentials ?? ownKey({ profile: config.profile, environment: parts.env ?? process.env }),
    keys: parts.keys ?? createKeyMemory(nowMs),
    nowMs,
    random: parts.random ?? Math.random,
    sleep: parts.sleep ?? sleep,
  });
  const cloud = cloudOf(client, name);
  return {
    ...createSnapshots(cloud),
    ...createImages(cloud),
    ...createNetworks(cloud),
    ...createMachines(cloud),
    remove: (what, mark, signal) => removers[what](cloud, mark, signal),
    marked: (prefix, signal) => findMarked(cloud, prefix, signal),
    mayDo: (request, signal) => mayDo(cloud, request, signal),
  };
}

const removers: Readonly<Record<Removable, (cloud: Cloud, mark: string, signal: AbortSignal | undefined) => Promise<'gone' | 'waiting'>>> = {
  machine: removeMachine,
  image: removeImage,
  snapshot: removeSnapshot,
  network: removeNetwork,
};
