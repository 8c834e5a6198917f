import { createHash } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { labEnvironment } from './environment.ts';
import { cloneFolder, labFolder } from './folders.ts';
import { labAccount } from './outscale/settings.ts';
import { type ProcessRecord, type StartOptions, startProcess, stopProcess, waitUntilReady } from './process.ts';
import { projectFiles } from './project-files.ts';
import type { WorkerRole } from './state.ts';
import type { TemporalAccess } from './temporal-server.ts';

/** What a transfer worker of the lab may have in flight: little, so that the demo's bound on what a killed worker costs is a tight one. */
export const flightBytes = 32 * 2 ** 20;

/** What the lab's workers and its command see: the project's files and no other account of this machine. */
export function workerEnvironment(): Record<string, string> {
  return labEnvironment({
    ECLUSE_CONFIG: projectFiles.config,
    ECLUSE_FLIGHT_MIB: String(flightBytes / 2 ** 20),
    AWS_SHARED_CREDENTIALS_FILE: projectFiles.credentials,
    AWS_CONFIG_FILE: projectFiles.awsConfig,
    AWS_EC2_METADATA_DISABLED: 'true',
    OSC_ACCESS_KEY: labAccount.accessKey,
    OSC_SECRET_KEY: labAccount.secretKey,
  });
}

const youngFlags = ['--max-semi-space-size=8'];
// V8 sees no reason to collect garbage where there is memory: 60,000 objects took 450 MiB, of which 65 were live. The limit, that of
// `docker-compose.yml`, makes it 290 for 10 % more CPU; where the old generation starts at 96 MiB it is 320 at equal CPU.
const transferFlags = [...youngFlags, '--max-old-space-size=384', '--initial-old-space-size=96'];

/** Node's own, before the script. */
export const workerFlags = (role: WorkerRole): readonly string[] => (role === 'transfer' ? transferFlags : youngFlags);

export interface WorkerOptions extends StartOptions {
  readonly role: WorkerRole;
  /** Tells workers of one role apart, from 1. */
  readonly number: number;
  readonly temporal: TemporalAccess;
  readonly project: string;
}

/** Starts one worker process and answers when Temporal sees it ask for work. Nothing is left running when it throws. */
export async function startWorker({ role, number, temporal, project, signal, onStart }: WorkerOptions): Promise<ProcessRecord> {
  const record = await startProcess({
    name: `worker ${role} ${number}`,
    command: ownNode(),
    args: [...workerFlags(role), `${cloneFolder}/src/workers/main.ts`, role],
    folder: labFolder,
    environment: workerEnvironment(),
    logFile: `${labFolder}/logs/${role}-${number}.log`,
    onStart,
  });
  try {
    await asksForWork(record, `${project}/${role}`, role, temporal, signal);
  } catch (error) {
    await stopWorker(record);
    throw error;
  }
  return record;
}

/** A worker may be killed at any moment, so the lab gives it little time: what it was at is taken up by the next one. */
export const stopWorker = (record: ProcessRecord): Promise<void> => stopProcess(record, 3_000);

/** The Node of the clone, whatever Node started us. */
export function ownNode(): string {
  const own = `${cloneFolder}/node_modules/.bin/node`;
  return existsSync(own) ? own : process.execPath;
}

/** Changes with any source file, so that a lab that is up never serves yesterday's code. */
export function codeMark(): string {
  const files = readdirSync(`${cloneFolder}/src`, { recursive: true, encoding: 'utf8' }).sort();
  const hash = createHash('sha256');
  for (const file of files) {
    const { mtimeMs, size } = statSync(`${cloneFolder}/src/${file}`);
    hash.update(`${file} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

/** Temporal names its pollers `pid@host`. The library is loaded here only: a lab that is up already does without it. */
async function asksForWork(record: ProcessRecord, name: string, role: WorkerRole, { address, namespace }: TemporalAccess, signal?: AbortSignal): Promise<void> {
  const { Connection } = await import('@temporalio/client');
  const connection = await Connection.connect({ address });
  const kinds = role === 'control' ? [1, 2] : [2]; // 1 workflows, 2 activities
  const isPolling = async (taskQueueType: number): Promise<boolean> => {
    const { pollers } = await connection.workflowService.describeTaskQueue({ namespace, taskQueue: { name }, taskQueueType });
    return (pollers ?? []).some(({ identity }) => identity?.startsWith(`${record.pid}@`));
  };
  try {
    await waitUntilReady(record, async () => (await Promise.all(kinds.map(isPolling))).every(Boolean), { signal });
  } finally {
    await connection.close();
  }
}
