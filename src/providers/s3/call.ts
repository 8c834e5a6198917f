import { isMigrationError, MigrationError } from '../../core/migration-error.ts';
import type { StreamedBody } from '../../ports/object-store.ts';
import type { HttpAnswer, HttpRequest, Transport } from '../../ports/transport.ts';
import { retried } from '../../wire/retry.ts';
import { createSigner, emptySha256, encodePath, type SigningCredentials } from '../../wire/sigv4.ts';
import { createChunkSigner, framed, framedSizeBytes, streamingPayload } from '../../wire/sigv4-chunks.ts';
import { longestSeconds, presignedQuery } from '../../wire/sigv4-query.ts';
import type { RateGate } from '../../wire/throttle.ts';
import type { BucketAddress } from './address.ts';
import type { CredentialMemory } from './credentials.ts';
import { type Asked, errorName, refusal, thrown } from './errors.ts';
import type { S3Operation } from './operations.ts';

/** One request about one object. */
export interface ObjectCall {
  readonly operation: S3Operation;
  readonly method: HttpRequest['method'];
  readonly key: string;
  /** Canonical: from `canonicalQuery`, or a constant. */
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Hex SHA-256 of the body; absent = no body. */
  readonly sha256?: string;
  /** In place of `body`: each chunk signed, `chunks` called for each try. */
  readonly stream?: StreamedBody;
  readonly answerTimeoutMs?: number;
  readonly sink?: (chunk: Uint8Array) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface Caller {
  /** One try, for calls that feed a sink. A clock that differs is corrected and does not count. */
  once(call: ObjectCall): Promise<HttpAnswer>;
  /** Five tries, signed anew each time; `n` counts them for calls whose earlier answer may have been lost. */
  call(call: ObjectCall, onTry?: (n: number) => void): Promise<HttpAnswer>;
  /** The address under which that object may be read for a while, at most seven days. A secret; no call is made. */
  presign(key: string, seconds: number): Promise<string>;
  /** What errors say was asked. */
  asked(call: Pick<ObjectCall, 'operation' | 'method'>): Asked;
}

export interface CallerParts {
  readonly address: BucketAddress;
  readonly region: string;
  readonly place: string;
  readonly transport: Transport;
  readonly credentials: CredentialMemory;
  readonly gate: RateGate;
  readonly nowMs: () => number;
}

/** The hot path: by hand, since the SDK costs about 0.85 ms of CPU a request. Answers are 2xx; anything else is a MigrationError. */
export function createCaller({ address, region, place, transport, credentials, gate, nowMs }: CallerParts): Caller {
  const signing = { region, service: 's3' };
  const sign = createSigner(signing);
  const { origin, host, basePath } = address;
  /** What the store's clock is ahead of ours, learnt from its Date header. */
  let skewMs = 0;

  const asked = ({ operation, method }: Pick<ObjectCall, 'operation' | 'method'>): Asked => ({
    operation,
    place,
    writes: method !== 'GET' && method !== 'HEAD',
    object: true,
  });

  async function exchange(call: ObjectCall): Promise<HttpAnswer> {
    const waiting = gate.enter(origin, call.signal);
    if (waiting) await waiting;
    let answer: HttpAnswer | undefined;
    try {
      const known = credentials.current();
      answer = await transport.request(signedRequest(call, known instanceof Promise ? await known : known));
      return answer;
    } catch (error) {
      throw isMigrationError(error) ? thrown(error, asked(call), call.signal) : error;
    } finally {
      const throttled = answer?.status === 503 || answer?.status === 429;
      gate.leave(origin, throttled ? 'throttled' : 'done', throttled ? retryAfter(answer) : 0);
    }
  }

  function signedRequest(call: ObjectCall, known: SigningCredentials): HttpRequest {
    const path = `${basePath}/${encodePath(call.key)}`;
    const { method, query = '', sha256 = emptySha256, body, stream, sink, answerTimeoutMs, signal } = call;
    const headers = stream ? { ...call.headers, ...streamHeaders(stream.sizeBytes) } : (call.headers ?? noHeaders);
    const unsigned = { method, host, path, query, headers, payloadSha256: stream ? streamingPayload : sha256, ...(stream ? { alsoSigned: streamSigned } : {}) };
    const signed = sign(unsigned, known, nowMs() + skewMs);
    const request = { method, origin, path: query ? `${path}?${query}` : path, headers: signed, sink, answerTimeoutMs, signal };
    if (!stream) return { ...request, body };
    const pieces = { sizeBytes: stream.sizeBytes, chunks: stream.chunks() };
    return { ...request, stream: framed(pieces, createChunkSigner(signing, known, signed)) };
  }

  /** Whether a refusal was about the time, and the answer told a better one. A HEAD's has no name, so its Date must speak. */
  function learnClock(answer: HttpAnswer): boolean {
    if (answer.status !== 403) return false;
    const name = errorName(answer.body);
    if (name !== undefined && name !== 'RequestTimeTooSkewed') return false;
    const theirs = Date.parse(answer.headers.date ?? '');
    if (Number.isNaN(theirs) || Math.abs(theirs - nowMs() - skewMs) < toleratedSkewMs) return false;
    skewMs = theirs - nowMs();
    return true;
  }

  async function once(call: ObjectCall): Promise<HttpAnswer> {
    let answer = await exchange(call);
    if (answer.status >= 300 && learnClock(answer)) answer = await exchange(call);
    if (answer.status < 300) return answer;
    const error = refusal(answer, asked(call));
    if (error.code === 'CREDENTIALS_REFUSED') credentials.forget();
    throw error;
  }

  return {
    once,
    call: (call, onTry) =>
      retried((n) => {
        onTry?.(n);
        return once(call);
      }, call.signal),
    async presign(key, seconds) {
      const operation = 'GetObject';
      if (!Number.isInteger(seconds) || seconds < 1 || seconds > longestSeconds)
        throw new MigrationError('CONFIG_INVALID', { operation, source: place, detail: 'an address is signed for 1 to 604800 seconds' });
      const path = `${basePath}/${encodePath(key)}`;
      const times = { nowMs: nowMs() + skewMs, seconds };
      return `${origin}${path}?${presignedQuery(signing, { method: 'GET', host, path }, await credentials.current(), times)}`;
    },
    asked,
  };
}

const noHeaders = {};

/** What AWS's own clients send and sign with a streamed payload. */
const streamHeaders = (sizeBytes: number): Record<string, string> => ({
  'content-encoding': 'aws-chunked',
  'content-length': String(framedSizeBytes(sizeBytes)),
  'x-amz-decoded-content-length': String(sizeBytes),
});
const streamSigned = ['content-encoding', 'content-length'];
const toleratedSkewMs = 5 * 60_000; // stores refuse at 15 minutes

function retryAfter(answer: HttpAnswer | undefined): number {
  const seconds = Number(answer?.headers['retry-after'] ?? 0);
  return seconds > 0 ? seconds * 1000 : 0;
}
