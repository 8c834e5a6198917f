import { readFileSync } from 'node:fs';
import { forgetLost } from './lost.ts';
import { serveAws } from './server.ts';
import { type LabKey, openWorld } from './world.ts';

/** `main.ts FOLDER PORT UPSTREAM`: the stand-in as a process of its own, until TERM. The folder's `keys.json` names its first keys. */
async function main([folder = '', port = '0', upstream = '']: readonly string[]): Promise<void> {
  const keys = JSON.parse(readFileSync(`${folder}/keys.json`, 'utf8')) as LabKey[];
  const world = await openWorld(folder, upstream, keys);
  await forgetLost(world);
  const server = await serveAws(world, Number(port));
  process.once('SIGTERM', () => {
    server.closeAllConnections();
    server.close(() => process.exit(0));
  });
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
});
