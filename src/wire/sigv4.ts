import { createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto';

export interface SigningCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface SignedRequest {
  readonly method: string;
  /** As it is sent: `s3.eu-west-2.amazonaws.com`, with the port where it is not the scheme's own. */
  readonly host: string;
  /** Encoded exactly as it is sent, without query. S3 signs it as it stands (other services encode it once more). */
  readonly path: string;
  /** Canonical (`canonicalQuery`), sent exactly so; empty = none. */
  readonly query: string;
  /** Lower-case names; every `x-amz-*` is signed, no other need be. Values of one character a byte (latin1). */
  readonly headers: Readonly<Record<string, string>>;
  /** Lower-case hex of the body's SHA-256, UNSIGNED-PAYLOAD, or `streamingPayload`. */
  readonly payloadSha256: string;
  /** Names of further headers to sign. */
  readonly alsoSigned?: readonly string[];
}

export interface SignerOptions {
  readonly region: string;
  readonly service: string;
}

export type Signer = (request: SignedRequest, credentials: SigningCredentials, nowMs: number) => Record<string, string>;

export const emptySha256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

/**
 * Returns a function that gives the headers to send: those of the request with `x-amz-date`, `x-amz-content-sha256`,
 * `x-amz-security-token` and `authorization`. A retry signs again: the date counts.
 */
export function createSigner({ region, service }: SignerOptions): Signer {
  const scopeTail = scopeTailOf({ region, service });
  let key: DayKey | undefined;
  let stamp: Stamp | undefined;

  return (request, credentials, nowMs) => {
    const second = Math.floor(nowMs / 1000);
    if (stamp?.second !== second) stamp = stampOf(second);
    const { date, day } = stamp;
    if (key?.day !== day || key.secret !== credentials.secretAccessKey) key = dayKey(credentials.secretAccessKey, day, region, service);

    const headers: Record<string, string> = { ...request.headers, 'x-amz-date': date, 'x-amz-content-sha256': request.payloadSha256 };
    if (credentials.sessionToken) headers['x-amz-security-token'] = credentials.sessionToken;
    const names = ['host', ...(request.alsoSigned ?? [])];
    for (const name in headers) if (name.startsWith('x-amz-')) names.push(name);
    names.sort();
    const signed = names.join(';');
    let canonical = `${request.method}\n${request.path}\n${request.query}\n`;
    for (const name of names) canonical += `${name}:${oneSpaced(name === 'host' ? request.host : (headers[name] ?? ''))}\n`;
    canonical += `\n${signed}\n${request.payloadSha256}`;

    const scope = day + scopeTail;
    // latin1: the bytes on the wire. Everything but user metadata is ASCII anyway.
    const digest = hash('sha256', Buffer.from(canonical, 'latin1'), 'hex');
    const signature = createHmac('sha256', key.key).update(`AWS4-HMAC-SHA256\n${date}\n${scope}\n${digest}`).digest('hex');
    headers.authorization = `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${signed}, Signature=${signature}`;
    return headers;
  };
}

export const scopeTailOf = ({ region, service }: SignerOptions): string => `/${region}/${service}/aws4_request`;

/** The key's UTF-8 bytes in the one form that SigV4 knows; `/` stays, nothing is folded. A lone surrogate is no UTF-8: URIError. */
export const encodePath = (key: string): string => (plainPath.test(key) ? key : encodeComponent(key).replaceAll('%2F', '/'));

/** Sorted by the bytes of the encoded names, as it is signed and sent. Undefined values are left out. */
export function canonicalQuery(parameters: Readonly<Record<string, string | number | undefined>>): string {
  const parts: string[] = [];
  for (const name in parameters) {
    const value = parameters[name];
    if (value !== undefined) parts.push(`${encodeComponent(name)}=${encodeComponent(String(value))}`);
  }
  // `=` sorts after `-` and `.`, so the names decide, not the joined texts.
  return parts.sort((a, b) => compare(nameOf(a), nameOf(b)) || compare(a, b)).join('&');
}

const plainPath = /^[A-Za-z0-9\-._~/]*$/;
// encodeURIComponent spares five signs that SigV4 encodes.
const encodeComponent = (text: string): string => encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
const nameOf = (part: string): string => part.slice(0, part.indexOf('='));
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const oneSpaced = (value: string): string => (spaced.test(value) ? value.trim().replace(/[ \t]+/g, ' ') : value);
const spaced = /^[ \t]|[ \t]{2}|\t|[ \t]$/;

export interface Stamp {
  readonly second: number;
  readonly date: string;
  readonly day: string;
}

export function stampOf(second: number): Stamp {
  const date = `${new Date(second * 1000).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
  return { second, date, day: date.slice(0, 8) };
}

export interface DayKey {
  readonly day: string;
  readonly secret: string;
  readonly key: KeyObject;
}

/** Kept as a KeyObject: with raw bytes OpenSSL 3.5 fetches the algorithm anew at every call, 5 to 10 times as dear. */
export function dayKey(secret: string, day: string, region: string, service: string): DayKey {
  const mac = (key: Buffer | string, text: string): Buffer => createHmac('sha256', key).update(text).digest();
  const bytes = mac(mac(mac(mac(`AWS4${secret}`, day), region), service), 'aws4_request');
  return { day, secret, key: createSecretKey(bytes) };
}
