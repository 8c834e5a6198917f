import { answersAws, startAwsLab } from './aws/start.ts';
import { labFolder } from './folders.ts';
import { answersMoto, startMoto } from './moto.ts';
import { isReady, startOutscaleLab, stopOutscaleLab } from './outscale/outscale-lab.ts';
import { findPart, type Say } from './parts.ts';
import { awaitFree, usualPort } from './ports.ts';
import { isRunning, type ProcessRecord, type StartOptions, stopProcess } from './process.ts';
import { startSeaweed, stopSeaweed, takesWrites } from './seaweed.ts';
import type { LabState, ServerName, ServerState } from './state.ts';
import { servesTemporal, startTemporal, stopTemporal } from './temporal-server.ts';
import { answersTsa } from './tsa.ts';
import { startTsaProcess } from './tsa-process.ts';
import { answersWitness, startLabWitness } from './witness.ts';

/** What the lab must know to start, recognise and stop one kind of server. */
interface ServerKind {
  readonly usual: readonly number[];
  readonly isReady: (ports: readonly number[]) => Promise<boolean>;
  readonly start: (
    ports: readonly number[],
    state: LabState,
    options: StartOptions & { readonly say: Say },
  ) => Promise<{ readonly record: ProcessRecord; readonly ports: readonly number[] }>;
  readonly stop: (record: ProcessRecord, ports: readonly number[]) => Promise<void>;
}

const at = (ports: readonly number[], index: number): number => ports[index] ?? 0;

function store(name: 'source' | 'target', usual: number): ServerKind {
  return {
    usual: [usual],
    isReady: (ports) => takesWrites(at(ports, 0), at(ports, 2)),
    start: async ([port = usual], state, options) => {
      await findPart('weed', options.say);
      return startSeaweed({ ...options, ...state.keys[name], folder: `${labFolder}/${name}`, name, port });
    },
    stop: stopSeaweed,
  };
}

/** Usual ports first: people know 8233 and 8333. */
export const serverKinds: Readonly<Record<ServerName, ServerKind>> = {
  temporal: {
    usual: [7233, 8233],
    isReady: (ports) => servesTemporal(at(ports, 0), at(ports, 1)),
    start: async ([port = 7233, uiPort = 8233], _state, options) => {
      await findPart('temporal', options.say);
      return startTemporal({ ...options, folder: `${labFolder}/temporal`, data: 'kept', port, uiPort });
    },
    stop: stopTemporal,
  },
  source: store('source', 8333),
  target: store('target', 8334),
  moto: {
    usual: [5555],
    isReady: ([port = 0]) => answersMoto(port),
    start: ([port = 5555], _state, options) => startMoto({ ...options, folder: `${labFolder}/moto`, port }),
    stop: (record) => stopProcess(record, 2_000),
  },
  aws: {
    usual: [5556],
    isReady: ([port = 0]) => answersAws(port),
    start: ([port = 5556], { servers }, options) =>
      startAwsLab({ ...options, folder: `${labFolder}/aws`, port, moto: `http://127.0.0.1:${servers.moto?.ports[0] ?? 0}` }),
    stop: (record) => stopProcess(record, 2_000),
  },
  outscale: {
    usual: [5557],
    isReady: ([port = 0]) => isReady(port),
    start: ([port = 5557], { servers }, options) =>
      startOutscaleLab({ ...options, folder: `${labFolder}/outscale`, port, stagingOrigins: [`http://127.0.0.1:${servers.target?.ports[0] ?? 0}`] }),
    stop: (record) => stopOutscaleLab(record, `${labFolder}/outscale`),
  },
  witness: {
    usual: [8444],
    isReady: ([port = 0]) => answersWitness(port),
    start: ([port = 8444], { outsiders }, options) =>
      startLabWitness(outsiders?.witness.folder ?? '', { ...options, name: outsiders?.witness.name ?? '', port }),
    stop: (record) => stopProcess(record, 2_000),
  },
  authority: {
    usual: [8445],
    isReady: ([port = 0]) => answersTsa(port),
    start: ([port = 8445], { outsiders }, options) => startTsaProcess({ ...options, folder: outsiders?.authority?.folder ?? '', port }),
    stop: (record) => stopProcess(record, 2_000),
  },
};

/** In the order in which people read them. */
export const serverNames = Object.keys(serverKinds) as readonly ServerName[];

/** True while the recorded process lives and answers. */
export async function isUp(name: ServerName, server: ServerState | undefined): Promise<boolean> {
  if (!server?.record || !isRunning(server.record)) return false;
  return serverKinds[name].isReady(server.ports).catch(() => false);
}

/** The ports to start on: where it was, else the usual ones, else the next free ones. */
export async function portsFor(name: ServerName, server: ServerState | undefined): Promise<readonly number[]> {
  const ports: number[] = [];
  for (const [index, usual] of serverKinds[name].usual.entries()) {
    const remembered = server?.ports[index];
    if (remembered) await awaitFree(remembered);
    ports.push(await usualPort(remembered ? [remembered, usual] : [usual]));
  }
  return ports;
}
