import { mkdirSync } from 'node:fs';
import { labEnvironment } from './environment.ts';
import { findMoto, type Say } from './parts.ts';
import { anyPorts, giveBack } from './ports.ts';
import { type ProcessRecord, type StartOptions, startProcess, stopProcess, waitUntilReady } from './process.ts';
import type { Keys } from './seaweed.ts';

export interface MotoOptions extends StartOptions {
  /** Holds the log; the data is in memory only. */
  readonly folder: string;
  /** Absent = any free one. */
  readonly port?: number;
  readonly say?: Say;
}

export interface MotoAccess extends Keys {
  readonly endpoint: string;
  readonly region: string;
}

export interface Moto extends MotoAccess {
  readonly record: ProcessRecord;
  readonly ports: readonly number[];
  stop(): Promise<void>;
}

/** No machine image or snapshot of strangers: moto would begin with 1,157 of them. */
const emptyClouds = { MOTO_EC2_LOAD_DEFAULT_AMIS: 'false' };

/** Starts moto: its S3 is exact about every key, but it takes any credentials and any body; its EC2 stands behind lab/aws. */
export async function startMoto(options: MotoOptions): Promise<Moto> {
  const { folder, port: wished, say, signal } = options;
  const part = await findMoto(say);
  const ports = wished ? [wished] : await anyPorts(1);
  const port = ports[0] ?? 0;
  mkdirSync(folder, { recursive: true });
  const record = await startProcess({
    name: 'store moto',
    command: part.python,
    args: ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)],
    folder,
    environment: labEnvironment({ PYTHONPATH: part.folder, PYTHONDONTWRITEBYTECODE: '1', ...emptyClouds }),
    logFile: `${folder}/moto.log`,
    onStart: options.onStart,
  });
  const stop = async (): Promise<void> => {
    await stopProcess(record, 2_000);
    giveBack(ports);
  };
  try {
    await waitUntilReady(record, () => answersMoto(port), { signal });
  } catch (error) {
    await stop();
    throw error;
  }
  return { endpoint: `http://127.0.0.1:${port}`, region: 'us-east-1', accessKey: 'moto', secretKey: 'moto-secret', record, ports, stop };
}

export async function answersMoto(port: number): Promise<boolean> {
  const answer = await fetch(`http://127.0.0.1:${port}/moto-api/`, { signal: AbortSignal.timeout(2_000) });
  await answer.arrayBuffer();
  return answer.ok;
}
