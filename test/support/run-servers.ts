import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { ecluseFolder } from '../../lab/folders.ts';
import { reasonOf } from '../../lab/lab-error.ts';
import { type ProcessRecord, signalProcess, stopProcess } from '../../lab/process.ts';
import { type StoreAccess, startSeaweed } from '../../lab/seaweed.ts';
import { startTemporal } from '../../lab/temporal-server.ts';
import type { Shared, SharedServers } from './run.ts';

const runs = `${ecluseFolder}/test`;

/** A folder of this run's own under `.ecluse/test`; its `processes` are what the run must stop. Ends what killed runs left behind. */
export async function openRun(): Promise<string> {
  for (const name of list(runs)) if (!isAlive(Number(name.split('-')[1]))) await endRun(`${runs}/${name}`);
  mkdirSync(runs, { recursive: true });
  const folder = mkdtempSync(`${runs}/run-${process.pid}-`);
  mkdirSync(`${folder}/processes`);
  return folder;
}

/** Starts all servers at once with fresh data. What cannot be had is left out with its reason. */
export async function startServers(folder: string, signal: AbortSignal): Promise<SharedServers> {
  const onStart = (record: ProcessRecord): void => noteProcess(folder, record);
  const store = async (name: string): Promise<StoreAccess> => {
    const keys = { accessKey: `test-${name}`, secretKey: `test-secret-${name}` };
    const { endpoint, region, application } = await startSeaweed({ folder: `${folder}/${name}`, name, ...keys, signal, onStart });
    return { endpoint, region, ...keys, application };
  };
  const temporal = async () => {
    const { address, namespace, uiPort, ui } = await startTemporal({ folder: `${folder}/temporal`, data: 'memory', signal, onStart });
    return { address, namespace, uiPort, ui };
  };
  const pair = async () => {
    const [source, target] = await Promise.all([store('source'), store('target')]);
    return { source, target };
  };
  const [stores, server] = await Promise.all([orReason(pair()), orReason(temporal())]);
  const servers = { stores, temporal: server };
  writeFileSync(`${folder}/servers.json`, JSON.stringify(servers), { mode: 0o600 });
  return servers;
}

/** Writes down a process that this run must stop. */
export function noteProcess(folder: string, record: ProcessRecord): void {
  writeFileSync(`${folder}/processes/${record.pid}.json`, JSON.stringify(record));
}

/** Stops everything that the run or a suite of it started, and removes its data. */
export async function endRun(folder: string): Promise<void> {
  await Promise.all(processesOf(folder).map((record) => stopProcess(record, 700)));
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}

/** For an exit that cannot wait; the next run removes the folder. */
export function killServers(folder: string): void {
  for (const record of processesOf(folder)) signalProcess(record, 'SIGKILL');
}

const processesOf = (folder: string): readonly ProcessRecord[] =>
  list(`${folder}/processes`).flatMap((name) => {
    try {
      return [JSON.parse(readFileSync(`${folder}/processes/${name}`, 'utf8')) as ProcessRecord];
    } catch {
      return []; // cut off while it was written: its process was never answered for
    }
  });

async function orReason<T>(part: Promise<T>): Promise<Shared<T>> {
  try {
    return { access: await part };
  } catch (error) {
    return { missing: reasonOf(error) };
  }
}

function list(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function isAlive(pid: number): boolean {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
