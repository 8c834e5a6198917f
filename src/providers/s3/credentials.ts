import { fromNodeProviderChain } from '@aws-sdk/credential-providers';
import { isMigrationError, MigrationError } from '../../core/migration-error.ts';
import type { SigningCredentials } from '../../wire/sigv4.ts';

export interface S3Credentials extends SigningCredentials {
  readonly expiration?: Date;
}
export type CredentialProvider = () => Promise<S3Credentials>;

export interface CredentialMemory {
  /** At once while they are fresh, so that a hot request waits for nothing. CREDENTIALS_MISSING when the chain finds none. */
  current(): S3Credentials | Promise<S3Credentials>;
  /** After a refusal: a person may have mended the file meanwhile. */
  forget(): void;
}

const renewBeforeMs = 5 * 60_000; // an hour-long token must outlive the request that it signs, and a slow renewal

/** The vendor's own chain, by profile; asked again before the credentials expire, never for each request. */
export function rememberCredentials(provide: CredentialProvider, nowMs: () => number): CredentialMemory {
  let known: S3Credentials | undefined;
  let asking: Promise<S3Credentials> | undefined;

  async function ask(): Promise<S3Credentials> {
    try {
      known = await provide();
      return known;
    } catch (error) {
      // A provider of ours has told what it knows: a role that may not be assumed.
      if (isMigrationError(error)) throw error;
      // The chain's own message names files and profiles, and tells nothing more.
      throw new MigrationError('CREDENTIALS_MISSING', { operation: 'credentials' });
    } finally {
      asking = undefined;
    }
  }

  return {
    current() {
      if (known && (known.expiration === undefined || known.expiration.getTime() - renewBeforeMs > nowMs())) return known;
      asking ??= ask();
      return asking;
    },
    forget() {
      known = undefined;
    },
  };
}

/** A new chain at each call: the SDK's remembers files that an operator may have changed. */
export const profileChain =
  (profile: string | undefined): CredentialProvider =>
  () =>
    fromNodeProviderChain({ ...(profile ? { profile } : {}), ignoreCache: true })();
