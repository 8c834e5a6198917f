import { mkdirSync, writeFileSync } from 'node:fs';
import { labEnvironment } from './environment.ts';
import { findPart } from './parts.ts';
import { anyPorts, giveBack, seaweedSockets } from './ports.ts';
import { type ProcessRecord, type StartOptions, startProcess, stopProcess, waitUntilReady } from './process.ts';

export interface Keys {
  readonly accessKey: string;
  readonly secretKey: string;
}

export interface SeaweedOptions extends Keys, StartOptions {
  /** Holds the store's data, identities and log; a folder that a store used before goes on where that one ended. */
  readonly folder: string;
  readonly name: string;
  /** Identity that may read and write but is no administrator, as the software that uses a bucket has: a deny in a bucket policy holds it. */
  readonly application?: Keys;
  /** Port of the S3 API; absent = any free one. */
  readonly port?: number;
}

/** Where an S3 store is, and who may use it. */
export interface StoreAccess extends Keys {
  readonly endpoint: string;
  readonly region: string;
  readonly application: Keys;
}

export interface Seaweed extends StoreAccess {
  /** Prometheus text; `SeaweedFS_s3_request_total` counts requests by operation. */
  readonly metricsUrl: string;
  readonly record: ProcessRecord;
  readonly ports: readonly number[];
  stop(): Promise<void>;
}

const region = 'us-east-1';

/** Starts a SeaweedFS with its S3 API on loopback and answers when it takes writes (about 2.5 s). Nothing is left running when it throws. */
export async function startSeaweed(options: SeaweedOptions): Promise<Seaweed> {
  const {
    folder,
    name,
    accessKey,
    secretKey,
    application = { accessKey: `${accessKey}-application`, secretKey: `${secretKey}-application` },
    signal,
  } = options;
  const binary = await findPart('weed');
  const others = await anyPorts(options.port ? 8 : 9);
  const ports = options.port ? [options.port, ...others] : others;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const identities = `${folder}/identities.json`;
  writeFileSync(identities, identitiesOf({ accessKey, secretKey }, application), { mode: 0o600 });
  const record = await startProcess({
    name: `store ${name}`,
    command: binary,
    args: ['-logtostderr=true', 'server', ...argumentsOf(folder, identities, ports)],
    // The two sockets with relative names lie here: their full path may be longer than a socket's name can be.
    folder,
    environment: labEnvironment({ HOME: folder, WEED_MASTER_VOLUME_GROWTH_COPY_1: '2' }),
    logFile: `${folder}/weed.log`,
    leaves: ports.flatMap(seaweedSockets),
    onStart: options.onStart,
  });
  const stop = async (): Promise<void> => stopSeaweed(record, ports);
  const [s3 = 0, , master = 0] = ports;
  try {
    await waitUntilReady(record, () => takesWrites(s3, master), { signal });
  } catch (error) {
    await stop();
    throw error;
  }
  return { endpoint: endpointOf(s3), region, accessKey, secretKey, application, metricsUrl: metricsUrlOf(ports), record, ports, stop };
}

/**
 * SeaweedFS never ends by itself after TERM: its filer waits for streams that its own S3 part keeps open. By then the volumes are
 * closed, and what the filer wrote is in its log, so the KILL that follows loses nothing.
 */
export async function stopSeaweed(record: ProcessRecord, ports: readonly number[]): Promise<void> {
  await stopProcess(record, 700);
  giveBack(ports);
}

/** The last of its ports. */
export const metricsUrlOf = (ports: readonly number[]): string => `http://127.0.0.1:${ports.at(-1) ?? 0}/metrics`;

export const endpointOf = (port: number): string => `http://127.0.0.1:${port}`;

/** The S3 part answers, and the master knows a volume server: before that every write is a 500. */
export async function takesWrites(s3: number, master: number): Promise<boolean> {
  const health = await fetch(`${endpointOf(s3)}/healthz`, { signal: AbortSignal.timeout(2_000) });
  await health.arrayBuffer();
  if (!health.ok) return false;
  const topology = await fetch(`${endpointOf(master)}/dir/status`, { signal: AbortSignal.timeout(2_000) });
  const { Topology } = (await topology.json()) as { Topology?: { Max?: number } };
  return (Topology?.Max ?? 0) > 0;
}

function argumentsOf(folder: string, identities: string, ports: readonly number[]): readonly string[] {
  const [s3, s3Grpc, master, masterGrpc, volume, volumeGrpc, filer, filerGrpc, metrics] = ports;
  return [
    `-dir=${folder}`,
    '-ip=127.0.0.1',
    '-ip.bind=127.0.0.1',
    '-filer',
    '-s3',
    // A master without peers leads at once; with an election the start takes 3 to 7 s.
    '-master.peers=none',
    '-master.telemetry=false',
    // Every bucket grows volumes of its own, and they are made only when used.
    '-volume.max=5000',
    '-volume.preStopSeconds=0',
    `-s3.config=${identities}`,
    // As AWS does: a write makes no bucket, and a bucket with objects in it is not deleted.
    '-s3.autoCreateBucket=false',
    '-s3.allowDeleteBucketNotEmpty=false',
    '-s3.localSocket=s3.sock',
    '-filer.localSocket=filer.sock',
    `-s3.port=${s3}`,
    `-s3.port.grpc=${s3Grpc}`,
    '-s3.port.iceberg=0',
    '-s3.port.lance=0',
    `-master.port=${master}`,
    `-master.port.grpc=${masterGrpc}`,
    `-volume.port=${volume}`,
    `-volume.port.grpc=${volumeGrpc}`,
    `-filer.port=${filer}`,
    `-filer.port.grpc=${filerGrpc}`,
    `-metricsPort=${metrics}`,
  ];
}

function identitiesOf(operator: Keys, application: Keys): string {
  const use = ['Read', 'Write', 'List', 'Tagging'];
  return JSON.stringify({
    identities: [
      { name: 'operator', credentials: [operator], actions: ['Admin', ...use] },
      { name: 'application', credentials: [application], actions: use },
    ],
  });
}
