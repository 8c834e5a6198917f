import { createHmac, hash } from 'node:crypto';
import { canonicalQuery, dayKey, type SignedRequest, type SignerOptions, type SigningCredentials, scopeTailOf, stampOf } from './sigv4.ts';

/** SigV4's own limit: seven days. */
export const longestSeconds = 604_800;

/**
 * The query that lets whoever has it send this one request until `seconds` after `nowMs`: host signed, body unsigned. A secret.
 * It ends with the credentials, if they end sooner.
 */
export function presignedQuery(
  options: SignerOptions,
  { method, host, path }: Pick<SignedRequest, 'method' | 'host' | 'path'>,
  { accessKeyId, secretAccessKey, sessionToken }: SigningCredentials,
  { nowMs, seconds }: { readonly nowMs: number; readonly seconds: number },
): string {
  const { date, day } = stampOf(Math.floor(nowMs / 1000));
  const scope = day + scopeTailOf(options);
  const query = canonicalQuery({
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': `${accessKeyId}/${scope}`,
    'X-Amz-Date': date,
    'X-Amz-Expires': seconds,
    'X-Amz-Security-Token': sessionToken,
    'X-Amz-SignedHeaders': 'host',
  });
  const canonical = `${method}\n${path}\n${query}\nhost:${host}\n\nhost\nUNSIGNED-PAYLOAD`;
  const { key } = dayKey(secretAccessKey, day, options.region, options.service);
  const signature = createHmac('sha256', key)
    .update(`AWS4-HMAC-SHA256\n${date}\n${scope}\n${hash('sha256', canonical)}`)
    .digest('hex');
  return `${query}&X-Amz-Signature=${signature}`;
}
