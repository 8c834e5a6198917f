import { dirname, join, resolve } from 'node:path';
import { loadClientConfigProfile, toClientOptions } from '@temporalio/envconfig';
import { MigrationError } from '../core/migration-error.ts';
import type { Config } from '../model/config.ts';
import { type Secret, secret } from './secret.ts';
import { systemCode } from './system-code.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Where the project's files are: ECLUSE_CONFIG, else ecluse.yaml here; ECLUSE_PLAN, else plan.yaml beside it. */
export function projectFiles(env: Environment, folder: string): { readonly config: string; readonly plan: string } {
  const config = resolve(folder, env.ECLUSE_CONFIG || 'ecluse.yaml');
  return { config, plan: env.ECLUSE_PLAN ? resolve(folder, env.ECLUSE_PLAN) : join(dirname(config), 'plan.yaml') };
}

export interface TemporalPlace {
  readonly address: string;
  readonly namespace: string;
  /** Address of the Web UI, when it is known. */
  readonly ui?: string;
  readonly apiKey?: Secret;
  readonly tls?: ReturnType<typeof toClientOptions>['connectionOptions']['tls'];
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * The Temporal server: TEMPORAL_ADDRESS, _NAMESPACE, _API_KEY and _TLS_* win over ecluse.yaml; a profile file is read only when
 * TEMPORAL_CONFIG_FILE or TEMPORAL_PROFILE asks for it, so that nobody's home folder decides where a migration runs.
 */
export function temporalPlace(config: Config['temporal'], env: Environment): TemporalPlace {
  const given = Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== ''));
  const { profile, connectionOptions } = readProfile(given);
  const address = profile.address ?? config.address;
  const ui = config.ui ?? loopbackUi(address);
  return {
    address,
    namespace: profile.namespace ?? config.namespace,
    ...(ui === undefined ? {} : { ui: ui.replace(/\/+$/, '') }),
    ...(profile.apiKey === undefined ? {} : { apiKey: secret(profile.apiKey) }),
    ...(connectionOptions.tls === undefined ? {} : { tls: connectionOptions.tls }),
    ...(profile.grpcMeta === undefined ? {} : { metadata: profile.grpcMeta }),
  };
}

function readProfile(given: Record<string, string>) {
  try {
    const profile = loadClientConfigProfile({ overrideEnvVars: given, disableFile: !given.TEMPORAL_CONFIG_FILE && !given.TEMPORAL_PROFILE });
    return { profile, connectionOptions: toClientOptions(profile).connectionOptions };
  } catch (cause) {
    throw new MigrationError('CONFIG_INVALID', {
      operation: 'read the TEMPORAL_* variables',
      detail: `a certificate, key or profile file: ${systemCode(cause) ?? 'not understood'}`,
      cause,
    });
  }
}

/** The dev server serves its UI 1,000 ports above its own. */
function loopbackUi(address: string): string | undefined {
  const match = /^(127\.0\.0\.1|localhost|\[::1\]):(\d+)$/.exec(address);
  return match ? `http://${match[1]}:${Number(match[2]) + 1000}` : undefined;
}
