import { readFileSync } from 'node:fs';
import type { StoreAccess } from '../../lab/seaweed.ts';
import type { TemporalAccess } from '../../lab/temporal-server.ts';

/** A part that this run has, or the reason why it has not. */
export type Shared<T> = { readonly access: T } | { readonly missing: string };

export interface StorePair {
  readonly source: StoreAccess;
  readonly target: StoreAccess;
}

/** What the run's set-up leaves for its suites, in `servers.json` of the run's folder. */
export interface SharedServers {
  readonly stores: Shared<StorePair>;
  readonly temporal: Shared<TemporalAccess>;
}

/** Names the run's folder to the suites, which may be other processes. */
export const runVariable = 'ECLUSE_TEST_RUN';

export function runFolder(): string {
  const folder = process.env[runVariable];
  if (!folder) throw new Error('This suite needs the servers of a test run: its folder must stand under "served" in jest.config.mjs.');
  return folder;
}

export const sharedServers = (): SharedServers => JSON.parse(readFileSync(`${runFolder()}/servers.json`, 'utf8')) as SharedServers;

export function accessTo<T>(shared: Shared<T>): T {
  if ('missing' in shared) throw new Error(shared.missing);
  return shared.access;
}
