import { execFileSync } from 'node:child_process';
import { labEnvironment } from '../lab/environment.ts';
import { findPart } from '../lab/parts.ts';
import type { Endpoint } from './place.ts';

/** The peer. Its version is pinned by the lab, since a ratio against "some rclone" means nothing next year. */
export interface Rclone {
  readonly binary: string;
  /** First line of `rclone version`. */
  readonly version: string;
}

export async function findRclone(): Promise<Rclone> {
  const binary = await findPart('rclone', (line) => console.error(line));
  const [version = ''] = execFileSync(binary, ['version'], { encoding: 'utf8', env: labEnvironment() }).split('\n');
  return { binary, version };
}

/** The flags that stand in the table's header, exactly. */
export const rcloneFlags = (transfers: number | 'N'): readonly string[] => [
  '--transfers',
  `${transfers}`,
  '--checkers',
  '16',
  '--s3-upload-concurrency',
  `${transfers}`,
  '--s3-chunk-size',
  '8M',
  '--s3-no-check-bucket',
];

export const rcloneArguments = (sourceBucket: string, targetBucket: string, transfers: number): readonly string[] => [
  'copy',
  `source:${sourceBucket}`,
  `target:${targetBucket}`,
  ...rcloneFlags(transfers),
];

/** Two remotes by environment, no configuration file; no proxy, and no foreign CA bundle, which would stop it at its start. */
export function rcloneEnvironment(source: Endpoint, target: Endpoint): NodeJS.ProcessEnv {
  return labEnvironment({ RCLONE_CONFIG: '', ...remote('SOURCE', source), ...remote('TARGET', target) });
}

function remote(name: string, store: Endpoint): Record<string, string> {
  const settings = {
    TYPE: 's3',
    PROVIDER: 'Other',
    REGION: 'us-east-1',
    ENDPOINT: store.endpoint,
    ACCESS_KEY_ID: store.accessKey,
    SECRET_ACCESS_KEY: store.secretKey,
  };
  return Object.fromEntries(Object.entries(settings).map(([key, value]) => [`RCLONE_CONFIG_${name}_${key}`, value]));
}
