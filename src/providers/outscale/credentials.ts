import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { MigrationError } from '../../core/migration-error.ts';

/** The secret stands behind a function: it cannot print, neither in a template nor as JSON nor in the console. */
export interface OutscaleKey {
  readonly accessKeyId: string;
  readonly secretKey: { reveal(): string };
}

/** Asked for every call, so that a key that a person mended is used at once. CREDENTIALS_MISSING when there is none. */
export type OutscaleCredentials = () => Promise<OutscaleKey>;

export interface KeyPlace {
  /** Of the vendor's file; absent = the environment first, then the file's `default`. */
  readonly profile?: string | undefined;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly file?: string;
}

/** The vendor's own places: OSC_ACCESS_KEY with OSC_SECRET_KEY, and the profiles of ~/.osc/config.json. A profile that is named is the only one asked. */
export function ownKey({ profile, environment = process.env, file = path.join(homedir(), '.osc', 'config.json') }: KeyPlace): OutscaleCredentials {
  return async () => {
    const fromEnvironment = profile === undefined ? keyOf(environment.OSC_ACCESS_KEY, environment.OSC_SECRET_KEY) : undefined;
    const found = fromEnvironment ?? (await fromFile(file, profile ?? environment.OSC_PROFILE ?? 'default'));
    // Without the cause: it names files and profiles, and tells nothing more.
    if (!found) throw new MigrationError('CREDENTIALS_MISSING', { operation: 'credentials' });
    return found;
  };
}

async function fromFile(file: string, profile: string): Promise<OutscaleKey | undefined> {
  try {
    const profiles: unknown = JSON.parse(await readFile(file, 'utf8'));
    const { access_key, secret_key } = (profiles as Record<string, { access_key?: unknown; secret_key?: unknown } | undefined>)[profile] ?? {};
    return keyOf(access_key, secret_key);
  } catch {
    return undefined;
  }
}

function keyOf(accessKeyId: unknown, secretKey: unknown): OutscaleKey | undefined {
  if (typeof accessKeyId !== 'string' || typeof secretKey !== 'string' || accessKeyId === '' || secretKey === '') return undefined;
  return { accessKeyId, secretKey: { reveal: () => secretKey } };
}
