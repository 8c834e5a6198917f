import { cleanOwnEnvironment } from '../../lab/environment.ts';
import { findPart } from '../../lab/parts.ts';
import { runVariable } from './run.ts';
import { killServers, openRun, startServers } from './run-servers.ts';

/**
 * Once before the suites that need servers: two stores and a Temporal, fresh, in about 3 s. Set ECLUSE_NO_SKIP to fail when a part
 * cannot be had; otherwise its suites are skipped, and say so.
 */
module.exports = async (): Promise<void> => {
  const mustHaveAll = Boolean(process.env.ECLUSE_NO_SKIP);
  cleanOwnEnvironment();
  const folder = await openRun();
  process.env[runVariable] = folder;
  const stopped = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      stopped.abort();
      killServers(folder);
      process.kill(process.pid, signal);
    });
  }
  process.once('exit', () => killServers(folder));
  await nameBinaries();
  const servers = await startServers(folder, stopped.signal);
  for (const part of Object.values(servers)) if ('missing' in part && mustHaveAll) throw new Error(part.missing);
};

/** For suites that start a store or a peer of their own. One that cannot be had stays unnamed, and its suites say so. */
async function nameBinaries(): Promise<void> {
  for (const [variable, part] of [
    ['ECLUSE_WEED_BIN', 'weed'],
    ['ECLUSE_RCLONE_BIN', 'rclone'],
  ] as const) {
    const binary = await findPart(part).catch(() => undefined);
    if (binary) process.env[variable] = binary;
  }
}
