import { randomBytes } from 'node:crypto';
import { clockToleranceMs } from '../core/clock-tolerance.ts';
import { MigrationError } from '../core/migration-error.ts';
import type { TimestampAuthority } from '../ports/timestamp-authority.ts';
import { callOutside } from './outside-call.ts';
import { timestampQuery, verifyTimestamp } from './timestamp.ts';

export interface TimestampAuthorityOptions {
  /** As in the policy. */
  readonly name: string;
  readonly url: string;
  /** Trusted roots, PEM. */
  readonly ca: string;
  readonly fetch?: typeof fetch;
  readonly timeoutMs?: number;
  readonly now?: () => number;
}

/** A token with a chain of three certificates has 6 KB. */
const answerLimitBytes = 256 * 1024;
/** What openssl sends, and every authority takes. */
const nonceBytes = 8;

/** An RFC 3161 authority over HTTP. Beside what the port says, TIMESTAMP_REFUSED (`clock`) where its time and ours differ by more than 300 s. */
export function openTimestampAuthority(options: TimestampAuthorityOptions): TimestampAuthority {
  const { name, url, ca, fetch: send = fetch, timeoutMs = 30_000, now = Date.now } = options;
  const refused = (detail: string): MigrationError => new MigrationError('TIMESTAMP_REFUSED', { operation: 'stamp', target: name, detail });
  return {
    name,
    async stamp(data, signal) {
      const nonce = randomBytes(nonceBytes);
      const query = timestampQuery(data, nonce);
      const { status, body: response } = await callOutside(
        {
          operation: 'stamp',
          party: name,
          url,
          contentType: 'application/timestamp-query',
          body: query,
          unavailable: 'TIMESTAMP_UNAVAILABLE',
          timeoutMs,
          limitBytes: answerLimitBytes,
          fetch: send,
        },
        signal,
      );
      if (status !== 200) throw refused(`HTTP ${status}`);
      const { genTimeMs } = verifyTimestamp({ response, data, nonce, caPem: ca });
      if (Math.abs(genTimeMs - now()) > clockToleranceMs) throw refused('clock');
      return { query, response, genTimeMs };
    },
  };
}
