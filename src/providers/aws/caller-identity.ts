import { hash } from 'node:crypto';
import { MigrationError } from '../../core/migration-error.ts';
import type { Transport } from '../../ports/transport.ts';
import { createSigner } from '../../wire/sigv4.ts';
import type { CredentialMemory } from '../s3/credentials.ts';
import { refusal, thrown } from './errors.ts';

export interface IdentityParts {
  readonly endpoint: string;
  readonly region: string;
  readonly place: string;
  readonly transport: Transport;
  readonly credentials: CredentialMemory;
  readonly nowMs: () => number;
}

const body = Buffer.from('Action=GetCallerIdentity&Version=2011-06-15');
const payloadSha256 = hash('sha256', body);

/** The account whose credentials these are. One call, by hand: the SDK for STS is not one of ours. Needs no right. */
export async function callerAccount({ endpoint, region, place, transport, credentials, nowMs }: IdentityParts, signal?: AbortSignal): Promise<string> {
  const asked = { operation: 'GetCallerIdentity', place } as const;
  const { origin, host } = new URL(endpoint);
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const signed = createSigner({ region, service: 'sts' })(
    { method: 'POST', host, path: '/', query: '', headers, payloadSha256 },
    await credentials.current(),
    nowMs(),
  );
  const chunks: Buffer[] = [];
  try {
    const answer = await transport.request({
      method: 'POST',
      origin,
      path: '/',
      headers: signed,
      body,
      sink: (chunk) => chunks.push(Buffer.from(chunk)),
      signal,
    });
    if (answer.status >= 300) throw refusal(answer, asked);
  } catch (error) {
    throw thrown(error, asked, signal);
  }
  const account = /<Account>(\d{12})<\/Account>/.exec(Buffer.concat(chunks).toString('latin1'))?.[1];
  if (account === undefined) throw new MigrationError('UNEXPECTED', { operation: asked.operation, source: place });
  return account;
}
