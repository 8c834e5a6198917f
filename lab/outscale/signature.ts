import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** A request as it came in; header names in lower case. */
export interface SignedCall {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
}

export interface Judge {
  readonly region: string;
  readonly secretOf: (accessKey: string) => string | undefined;
  readonly nowMs: number;
}

/** `accessKey` also of a wrong signature: those are counted per key. */
export type Verdict =
  | { readonly accessKey: string; readonly isRight: true }
  | { readonly accessKey?: string; readonly isRight: false; readonly reason: string };

const schemes = {
  'OSC4-HMAC-SHA256': { prefix: 'OSC4', end: 'osc4_request', date: 'x-osc-date' },
  'AWS4-HMAC-SHA256': { prefix: 'AWS4', end: 'aws4_request', date: 'x-amz-date' },
} as const;
const validMs = 5 * 60_000;

/**
 * Checks a signature in one of the two schemes that the vendor takes, over the exact bytes of the body and the Host header with its port.
 * Written from the vendor's description and proven by its published vectors; apart from `src/wire`, so that it judges our signer.
 */
export function judgeSignature(call: SignedCall, judge: Judge): Verdict {
  const parts =
    /^(OSC4|AWS4)-HMAC-SHA256 Credential=([^/,\s]+)\/(\d{8})\/([^/]+)\/([^/]+)\/(\w+), *SignedHeaders=([a-z0-9;-]+), *Signature=([0-9a-f]{64})$/.exec(
      call.headers.authorization ?? '',
    );
  if (!parts) return { isRight: false, reason: 'no Authorization header of a known scheme' };
  const [, kind, accessKey = '', day = '', region = '', service = '', end = '', names = '', signature = ''] = parts;
  const wrong = (reason: string): Verdict => ({ accessKey, isRight: false, reason });
  const scheme = schemes[kind === 'OSC4' ? 'OSC4-HMAC-SHA256' : 'AWS4-HMAC-SHA256'];
  if (region !== judge.region || service !== 'api' || end !== scheme.end) return wrong('a scope of another region, service or scheme');
  const signedNames = names.split(';');
  if (!signedNames.includes('host') || !signedNames.includes(scheme.date)) return wrong('host or date is not signed');
  const date = call.headers[scheme.date] ?? '';
  if (!date.startsWith(day) || !(Math.abs(timeOf(date) - judge.nowMs) <= validMs)) return wrong('a date more than five minutes off');
  const secret = judge.secretOf(accessKey);
  if (secret === undefined) return wrong('an unknown access key');
  const scope = `${day}/${region}/${service}/${end}`;
  const toSign = `${kind}-HMAC-SHA256\n${date}\n${scope}\n${sha256(canonicalRequest(call, signedNames))}`;
  const key = [day, region, service, end].reduce<Uint8Array>((at, text) => hmac(at, text), Buffer.from(scheme.prefix + secret));
  return timingSafeEqual(hmac(key, toSign), Buffer.from(signature, 'hex')) ? { accessKey, isRight: true } : wrong('another signature');
}

function canonicalRequest({ method, path, headers, body }: SignedCall, names: readonly string[]): string {
  const lines = names.map((name) => `${name}:${(headers[name] ?? '').trim()}\n`).join('');
  return `${method}\n${path}\n\n${lines}\n${names.join(';')}\n${sha256(body)}`;
}

function timeOf(date: string): number {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date) ?? [];
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

const sha256 = (bytes: string | Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const hmac = (key: Uint8Array, text: string): Buffer => createHmac('sha256', key).update(text).digest();
