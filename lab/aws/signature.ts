import { createHash, createHmac } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Refusal } from './api-error.ts';

export interface SignedRequest {
  readonly method: string;
  /** Path and query as they came. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface SigningKey {
  readonly secretKey: string;
  readonly sessionToken?: string | undefined;
}

/** What an `Authorization` header claims. */
export interface Claim {
  readonly accessKey: string;
  readonly day: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

/** AWS takes a request five minutes before and after its date stamp. */
const toleranceMs = 5 * 60_000;
const form = /^AWS4-HMAC-SHA256 Credential=([^/,]+)\/(\d{8})\/([\w-]+)\/([\w-]+)\/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/;

export function claimOf(headers: IncomingHttpHeaders): Claim | Refusal {
  if (!headers.authorization) return 'no signature';
  const found = form.exec(headers.authorization);
  if (!found) return 'malformed';
  const [, accessKey = '', day = '', region = '', service = '', names = '', signature = ''] = found;
  return { accessKey, day, region, service, signedHeaders: names.split(';'), signature };
}

/**
 * Signature Version 4 as AWS's guide tells it, checked from the request that arrived: undefined when it is right. Written apart from the product's
 * signer, so that the two judge each other.
 */
export function refusalOf(request: SignedRequest, claim: Claim, key: SigningKey, nowMs: number): Refusal | undefined {
  const stamp = String(request.headers['x-amz-date'] ?? '');
  const sentMs = Date.parse(stamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (Number.isNaN(sentMs) || !stamp.startsWith(claim.day) || mustBeSigned(request.headers).some((name) => !claim.signedHeaders.includes(name)))
    return 'malformed';
  if (Math.abs(nowMs - sentMs) > toleranceMs) return 'wrong clock';
  if ((key.sessionToken ?? '') !== String(request.headers['x-amz-security-token'] ?? '')) return 'unknown key';
  return signatureOf(request, claim, key.secretKey, stamp) === claim.signature ? undefined : 'wrong signature';
}

function mustBeSigned(headers: IncomingHttpHeaders): readonly string[] {
  return ['host', 'x-amz-date', ...['x-amz-security-token', 'x-amz-target', 'x-amz-content-sha256'].filter((name) => headers[name] !== undefined)];
}

function signatureOf(request: SignedRequest, claim: Claim, secretKey: string, stamp: string): string {
  const scope = `${claim.day}/${claim.region}/${claim.service}/aws4_request`;
  const text = `AWS4-HMAC-SHA256\n${stamp}\n${scope}\n${sha256(canonicalRequest(request, claim))}`;
  const signing = [claim.day, claim.region, claim.service, 'aws4_request'].reduce<Buffer>(hmac, Buffer.from(`AWS4${secretKey}`));
  return hmac(signing, text).toString('hex');
}

function canonicalRequest({ method, url, headers, body }: SignedRequest, { signedHeaders, service }: Claim): string {
  const [path = '/', query = ''] = url.split('?');
  return [
    method,
    // Every service but S3 signs the path encoded once more than it is sent.
    service === 's3' ? path : path.split('/').map(encoded).join('/'),
    canonicalQuery(query),
    ...signedHeaders.map((name) => `${name}:${headerOf(headers, name)}`),
    '',
    signedHeaders.join(';'),
    service === 's3' ? headerOf(headers, 'x-amz-content-sha256') : sha256(body),
  ].join('\n');
}

const headerOf = (headers: IncomingHttpHeaders, name: string): string =>
  String(headers[name] ?? '')
    .trim()
    .replace(/ +/g, ' ');

function canonicalQuery(query: string): string {
  if (query === '') return '';
  const pairs = query.split('&').map((pair) => {
    const at = pair.indexOf('=');
    const [name, value] = at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
    return `${encoded(decoded(name))}=${encoded(decoded(value))}`;
  });
  return pairs.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)).join('&');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const encoded = (text: string): string => encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
const sha256 = (bytes: string | Buffer): string => createHash('sha256').update(bytes).digest('hex');
const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
