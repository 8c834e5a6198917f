import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { labEnvironment } from '../environment.ts';
import { cloneFolder } from '../folders.ts';
import { LabError } from '../lab-error.ts';
import { type Moto, startMoto } from '../moto.ts';
import type { Say } from '../parts.ts';
import { anyPorts, giveBack } from '../ports.ts';
import { type ProcessRecord, type StartOptions, startProcess, stopProcess, waitUntilReady } from '../process.ts';
import type { Keys } from '../seaweed.ts';
import { ownNode } from '../workers.ts';
import { usualAccount } from './moto-call.ts';
import type { LabKey } from './world.ts';

export interface AwsLabOptions extends StartOptions {
  /** Holds volumes, snapshots and what the lab was told; another start on it goes on, as long as the same moto lives. */
  readonly folder: string;
  /** Absent = any free one. */
  readonly port?: number;
  /** Of a moto that runs already; absent = one of its own, which ends with it. */
  readonly moto?: string;
  readonly keys?: Keys;
  readonly say?: Say;
}

export interface AwsLab extends Keys {
  /** Of EC2, STS and EBS direct alike. */
  readonly endpoint: string;
  readonly region: string;
  readonly account: string;
  readonly moto: string;
  readonly record: ProcessRecord;
  readonly ports: readonly number[];
  /** Asks the lab's own control: POST with a body, GET without. */
  control<T = unknown>(path: string, body?: unknown): Promise<T>;
  stop(): Promise<void>;
}

export const usualAwsKeys: Keys = { accessKey: 'AKIALAB0SOURCE000001', secretKey: 'lab-source-secret' };

/** Starts the stand-in for EC2, STS and the EBS direct APIs, in front of moto. */
export async function startAwsLab(options: AwsLabOptions): Promise<AwsLab> {
  const { folder, port: wished, say, signal, onStart, keys = usualAwsKeys } = options;
  mkdirSync(folder, { recursive: true });
  const first: LabKey = { ...keys, account: usualAccount, state: 'active', denied: [] };
  writeFileSync(join(folder, 'keys.json'), JSON.stringify([first]), { mode: 0o600 });
  const own: Moto | undefined = options.moto ? undefined : await startMoto({ folder: join(folder, 'moto'), signal, onStart, ...(say && { say }) });
  const moto = options.moto ?? own?.endpoint ?? '';
  const ports = wished ? [wished] : await anyPorts(1);
  const port = ports[0] ?? 0;
  const record = await startProxy(folder, port, moto, onStart).catch(async (error: unknown) => {
    await own?.stop();
    throw error;
  });
  const stop = async (): Promise<void> => {
    await stopProcess(record, 2_000);
    await own?.stop();
    giveBack(ports);
  };
  try {
    await waitUntilReady(record, () => answersAws(port), { timeoutMs: 15_000, signal });
  } catch (error) {
    await stop();
    throw error;
  }
  const endpoint = `http://127.0.0.1:${port}`;
  const control = <T>(path: string, body?: unknown): Promise<T> => askAwsLab<T>(endpoint, path, body);
  return { endpoint, region: 'eu-west-3', account: usualAccount, ...keys, moto, record, ports, control, stop };
}

function startProxy(folder: string, port: number, moto: string, onStart: StartOptions['onStart']): Promise<ProcessRecord> {
  return startProcess({
    name: 'aws stand-in',
    command: ownNode(),
    args: [join(cloneFolder, 'lab/aws/main.ts'), folder, String(port), moto],
    folder,
    environment: labEnvironment(),
    logFile: join(folder, 'aws.log'),
    onStart,
  });
}

/** True when the stand-in answers on this port. */
export async function answersAws(port: number): Promise<boolean> {
  const answer = await fetch(`http://127.0.0.1:${port}/lab/ready`, { signal: AbortSignal.timeout(2_000) });
  return answer.ok && ((await answer.json()) as { ready?: boolean }).ready === true;
}

/** For whoever only knows where it listens. Throws with what the stand-in says of a wrong order. */
export async function askAwsLab<T>(endpoint: string, path: string, body?: unknown): Promise<T> {
  const answer = await fetch(`${endpoint}/lab/${path}`, body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) });
  const told = (await answer.json()) as T & { error?: string };
  if (!answer.ok) throw new LabError(`The AWS stand-in could not do /lab/${path.split('?')[0]}: ${told.error}`);
  return told;
}
