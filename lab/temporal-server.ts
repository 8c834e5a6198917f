import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { searchAttributes } from '../src/core/search-attributes.ts';
import { labEnvironment } from './environment.ts';
import { findPart } from './parts.ts';
import { anyPorts, giveBack } from './ports.ts';
import { type ProcessRecord, type StartOptions, startProcess, stopProcess, waitUntilReady } from './process.ts';

const run = promisify(execFile);

export interface TemporalOptions extends StartOptions {
  /** Holds the log and, when kept, the database. */
  readonly folder: string;
  /** `kept`: in a file of the folder, over restarts. `memory`: gone with the server. */
  readonly data: 'kept' | 'memory';
  /** Absent = any free ones. */
  readonly port?: number;
  readonly uiPort?: number;
}

export interface TemporalAccess {
  readonly address: string;
  readonly namespace: string;
  readonly uiPort: number;
  readonly ui: string;
}

export interface TemporalServer extends TemporalAccess {
  readonly record: ProcessRecord;
  readonly ports: readonly number[];
  stop(): Promise<void>;
}

const namespace = 'default';

/** Starts Temporal's dev server with its Web UI on loopback; answers when the namespace keeps closed workflows for a year (about 1 s). */
export async function startTemporal(options: TemporalOptions): Promise<TemporalServer> {
  const binary = await findPart('temporal');
  const [spare = 0, spareUi = 0, http = 0, metrics = 0] = await anyPorts(4);
  const ports = [options.port ?? spare, options.uiPort ?? spareUi, http, metrics];
  mkdirSync(options.folder, { recursive: true });
  const record = await startProcess({
    name: 'Temporal server',
    command: binary,
    args: argumentsOf(options, ports),
    folder: options.folder,
    environment: labEnvironment({ HOME: options.folder }),
    logFile: `${options.folder}/temporal.log`,
    onStart: options.onStart,
  });
  const stop = (): Promise<void> => stopTemporal(record, ports);
  const [port = 0, uiPort = 0] = ports;
  try {
    await waitUntilReady(record, () => servesTemporal(port, uiPort), options);
    await waitUntilReady(record, () => keepForAYear(binary, port), options);
  } catch (error) {
    await stop();
    throw error;
  }
  return { address: `127.0.0.1:${port}`, namespace, uiPort, ui: `http://127.0.0.1:${uiPort}`, record, ports, stop };
}

/** Takes 1.2 s when it is left to end by itself. */
export async function stopTemporal(record: ProcessRecord, ports: readonly number[]): Promise<void> {
  await stopProcess(record, 5_000);
  giveBack(ports);
}

/** Both the server and its UI accept connections. */
export const servesTemporal = async (port: number, uiPort: number): Promise<boolean> => (await accepts(port)) && (await accepts(uiPort));

/** The dev server's own word is 24 h; there is no flag for it. Refused until the namespace exists, a moment after the port is open. */
async function keepForAYear(binary: string, port: number): Promise<boolean> {
  const args = ['operator', 'namespace', 'update', '--address', `127.0.0.1:${port}`, '--namespace', namespace, '--retention', '365d'];
  await run(binary, args, { env: labEnvironment(), timeout: 15_000 });
  return true;
}

function argumentsOf({ data }: TemporalOptions, [port, uiPort, http, metrics]: readonly number[]): readonly string[] {
  return [
    'server',
    'start-dev',
    '--ip=127.0.0.1',
    `--port=${port}`,
    `--ui-port=${uiPort}`,
    `--http-port=${http}`,
    `--metrics-port=${metrics}`,
    '--ui-disable-news-fetch',
    '--log-level=warn',
    ...(data === 'kept' ? ['--db-filename=temporal.db'] : []),
    ...Object.entries(searchAttributes).map(([name, type]) => `--search-attribute=${name}=${type}`),
  ];
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
