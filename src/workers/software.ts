import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Software } from '../model/ledger-record.ts';

/**
 * What wrote a record: `build` is the image digest or commit that the deployment names (`ECLUSE_BUILD`), else a digest over the
 * sources that this process runs, so that two different programs never sign as one.
 */
export function software(env: NodeJS.ProcessEnv): Software {
  const root = path.join(import.meta.dirname, '../..');
  const { name, version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { name: string; version: string };
  return { name, version, build: env.ECLUSE_BUILD || `sha256:${digestOfSources(path.join(root, 'src'))}` };
}

function digestOfSources(folder: string): string {
  const hash = createHash('sha256');
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  for (const file of files.map((entry) => path.join(entry.parentPath, entry.name)).sort()) {
    hash.update(`${path.relative(folder, file)}\0`).update(readFileSync(file));
  }
  return hash.digest('hex');
}
