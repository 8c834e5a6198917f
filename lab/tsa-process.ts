import { join } from 'node:path';
import { labEnvironment } from './environment.ts';
import { cloneFolder } from './folders.ts';
import { type ProcessRecord, type StartOptions, startProcess, stopProcess, waitUntilReady } from './process.ts';
import { answersTsa } from './tsa.ts';
import { ownNode } from './workers.ts';

export interface TsaOptions extends StartOptions {
  /** Holds the authority's keys; made there before. */
  readonly folder: string;
  readonly port: number;
}

/** The lab's timestamp authority as a process of its own, so that a demo may outlive who started it. */
export async function startTsaProcess({
  folder,
  port,
  onStart,
  signal,
}: TsaOptions): Promise<{ readonly record: ProcessRecord; readonly ports: readonly number[] }> {
  const record = await startProcess({
    name: 'timestamp authority',
    command: ownNode(),
    args: [join(cloneFolder, 'lab/tsa.ts'), folder, String(port)],
    folder,
    environment: labEnvironment(),
    logFile: join(folder, 'tsa.log'),
    onStart,
  });
  try {
    await waitUntilReady(record, () => answersTsa(port), { timeoutMs: 15_000, signal });
  } catch (error) {
    await stopProcess(record, 2_000);
    throw error;
  }
  return { record, ports: [port] };
}
