import { readFileSync } from 'node:fs';
import { serveOutscale } from './server.ts';
import { changedSettings, type SettingsChange, usualSettings } from './settings.ts';

/** Of its own process: `main.ts FOLDER PORT`; the settings lie in the folder, for they hold keys. */
async function main([folder = '', port = '0']: readonly string[]): Promise<void> {
  const change = JSON.parse(readFileSync(`${folder}/settings.json`, 'utf8')) as SettingsChange;
  const server = await serveOutscale({ folder, port: Number(port), settings: changedSettings(usualSettings, change) });
  const stop = (): void => void server.stop().finally(() => process.exit(0));
  process.once('SIGTERM', stop).once('SIGINT', stop);
  console.log(`OUTSCALE stand-in at ${server.endpoint}`);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
