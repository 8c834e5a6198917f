import { createHash, createHmac } from 'node:crypto';

/** A static key pair and its region, as the lab's stores know them. */
export interface LabKeys {
  readonly accessKey: string;
  readonly secretKey: string;
  readonly region: string;
}

export interface Unsigned {
  readonly method: string;
  readonly host: string;
  /** Already percent-encoded: S3 signs the path as it is sent, once. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** Names in lower case; values as the bytes on the wire (latin1). */
  readonly headers: Readonly<Record<string, string>>;
}

/** Percent-encodes UTF-8 by SigV4's rule: everything but letters, digits and `-._~`. */
export function encoded(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** The canonical query, also fit to be sent. */
export function encodedQuery(query: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(query).map(([name, value]) => [encoded(name), encoded(value)] as const);
  return pairs
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

/**
 * AWS Signature V4 in the `Authorization` header, body unsigned (loopback only): the headers to send. Written apart from `src/wire`,
 * so that the stores judge both.
 */
export function signed(request: Unsigned, keys: LabKeys, now: Date): Record<string, string> {
  const time = now.toISOString().replace(/[-:]|\.\d{3}/g, '');
  const day = time.slice(0, 8);
  const headers: Record<string, string> = { ...request.headers, host: request.host, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD', 'x-amz-date': time };
  const names = Object.keys(headers).sort();
  const canonical = [
    request.method,
    request.path,
    encodedQuery(request.query),
    ...names.map((name) => `${name}:${(headers[name] ?? '').trim().replace(/ +/g, ' ')}`),
    '',
    names.join(';'),
    'UNSIGNED-PAYLOAD',
  ].join('\n');
  const scope = `${day}/${keys.region}/s3/aws4_request`;
  const text = `AWS4-HMAC-SHA256\n${time}\n${scope}\n${createHash('sha256').update(canonical, 'latin1').digest('hex')}`;
  const signature = createHmac('sha256', signingKey(keys, day)).update(text).digest('hex');
  headers.authorization = `AWS4-HMAC-SHA256 Credential=${keys.accessKey}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return headers;
}

function signingKey({ secretKey, region }: LabKeys, day: string): Buffer {
  return [day, region, 's3', 'aws4_request'].reduce<Buffer>((key, text) => createHmac('sha256', key).update(text).digest(), Buffer.from(`AWS4${secretKey}`));
}
