import { existsSync, mkdirSync, readFileSync, renameSync, rmdirSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { type MotoAccess, startMoto } from '../../lab/moto.ts';

import { loudSuite } from './loud-suite.ts';
import { accessTo, runFolder, type StorePair, sharedServers } from './run.ts';
import { noteProcess } from './run-servers.ts';

/** The run's two SeaweedFS stores, empty when the run began. Suites share them: each makes buckets under names of its own. */
export function sharedStores(): StorePair {
  return accessTo(sharedServers().stores);
}

/** A `describe` for suites that need the stores; without them it is skipped, and says why. */
export const describeStores = loudSuite(() => sharedServers().stores);

/**
 * moto's S3, one server a run, started by the first suite that asks; its data is in memory. Give the hook that calls it 300 s: the first
 * time on a machine it is installed. Both ends of a passage may be buckets of it.
 */
export async function motoStore(): Promise<MotoAccess> {
  const folder = `${runFolder()}/moto`;
  const answer = `${folder}/access.json`;
  mkdirSync(folder, { recursive: true });
  for (;;) {
    if (existsSync(answer)) return JSON.parse(readFileSync(answer, 'utf8')) as MotoAccess;
    if (isOurs(`${folder}/starting`)) return start(folder, answer);
    await pause(100);
  }
}

/** Making a folder succeeds for exactly one process. One that failed takes it away again, so that the next may try. */
function isOurs(folder: string): boolean {
  try {
    mkdirSync(folder);
    return true;
  } catch {
    return false;
  }
}

async function start(folder: string, answer: string): Promise<MotoAccess> {
  try {
    const {
      stop: _,
      ports: __,
      ...moto
    } = await startMoto({
      folder,
      say: (line) => process.stderr.write(`${line}\n`),
      onStart: (record) => noteProcess(runFolder(), record),
    });
    writeFileSync(`${answer}.part`, JSON.stringify(moto));
    renameSync(`${answer}.part`, answer);
    return moto;
  } catch (error) {
    rmdirSync(`${folder}/starting`);
    throw error;
  }
}
