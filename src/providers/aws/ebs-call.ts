import { isMigrationError, MigrationError } from '../../core/migration-error.ts';
import type { HttpAnswer, Transport } from '../../ports/transport.ts';
import { type Patience, patience as usual } from '../../wire/retry.ts';
import { createSigner, emptySha256, type SigningCredentials } from '../../wire/sigv4.ts';
import type { CredentialMemory } from '../s3/credentials.ts';
import { type Asked, refusal, refusalOf, thrown } from './errors.ts';
import type { EbsOperation } from './operations.ts';
import type { Pace } from './pace.ts';

/** One request of the EBS direct APIs. */
export interface EbsCall {
  readonly operation: EbsOperation;
  readonly snapshot: string;
  /** Behind `/snapshots/<id>/`: `blocks`, `changedblocks`, `blocks/7`. */
  readonly path: string;
  /** From `canonicalQuery`. Holds a token, so it stands in no error. */
  readonly query: string;
  /** Before each try: what an earlier one brought is void. */
  readonly begin?: () => void;
  readonly sink: (chunk: Uint8Array) => void;
  /** Judges a 2xx answer: throws BODY_LENGTH or BLOCK_CHECKSUM, and the call is tried again. */
  readonly accept?: (answer: HttpAnswer) => void;
  readonly signal?: AbortSignal | undefined;
}

/** A token that EBS does not take (any more): never an error, list again. Stays inside this provider. */
export class StaleToken extends Error {
  override readonly name = 'StaleToken';
}

export interface EbsCaller {
  /** Rejects with StaleToken, the signal's reason, or a MigrationError once trying again has no use. */
  call(call: EbsCall): Promise<void>;
  readonly place: string;
}

export interface EbsCallerParts {
  readonly endpoint: string;
  readonly region: string;
  readonly place: string;
  readonly transport: Transport;
  readonly credentials: CredentialMemory;
  readonly pace: Pace;
  readonly nowMs: () => number;
  readonly patience?: Patience;
}

/** Tries of what is no throttling: a bad minute of the service or the network. Throttling is a rate and is waited out as long as the signal allows. */
const ebsPatience: Patience = { ...usual, tries: 8, firstDelayMs: 100, longestDelayMs: 10_000 };
const checksumTries = 3; // a block that is wrong three times is wrong at its source

export function createEbsCaller(parts: EbsCallerParts): EbsCaller {
  const { endpoint, region, place, transport, credentials, pace, nowMs, patience = ebsPatience } = parts;
  const sign = createSigner({ region, service: 'ebs' });
  const { origin, host, pathname } = new URL(endpoint);
  const basePath = pathname.replace(/\/+$/, '');
  /** What the service's clock is ahead of ours, learnt from a refusal. */
  let skewMs = 0;

  async function exchange(call: EbsCall): Promise<HttpAnswer> {
    const known = credentials.current();
    const headers = signed(call, known instanceof Promise ? await known : known);
    call.begin?.();
    const { sink, signal } = call;
    return transport.request({ method: 'GET', origin, path: `${pathOf(call)}?${call.query}`, headers, sink, signal });
  }

  function signed(call: EbsCall, known: SigningCredentials): Record<string, string> {
    const request = { method: 'GET', host, path: pathOf(call), query: call.query, headers: noHeaders, payloadSha256: emptySha256 };
    return sign(request, known, nowMs() + skewMs);
  }

  function pathOf({ operation, snapshot, path }: EbsCall): string {
    // Services other than S3 sign the path encoded twice: the same as once, as long as nothing in it needs encoding.
    if (!plainId.test(snapshot)) throw new MigrationError('SNAPSHOT_MISSING', { operation, source: place, detail: 'not the id of a snapshot' });
    return `${basePath}/snapshots/${snapshot}/${path}`;
  }

  async function once(call: EbsCall): Promise<void> {
    const asked = { operation: call.operation, place };
    if (call.operation === 'GetSnapshotBlock') await pace.enterBlock(call.snapshot, call.signal);
    else await pace.enter(call.operation, call.signal);
    let answer: HttpAnswer;
    try {
      answer = await exchange(call);
      if (answer.status === 403 && learnClock(answer)) answer = await exchange(call);
    } catch (error) {
      throw thrown(error, asked, call.signal);
    }
    if (answer.status >= 300) throw refused(answer, asked);
    call.accept?.(answer);
  }

  function refused(answer: HttpAnswer, asked: Asked): Error {
    const said = refusalOf(answer);
    if (said.reason === 'INVALID_BLOCK_TOKEN' || said.reason === 'INVALID_PAGE_TOKEN') return new StaleToken(said.reason);
    const error = refusal(answer, asked, said);
    if (error.code === 'CREDENTIALS_REFUSED') credentials.forget();
    if (error.code === 'THROTTLED') pace.throttled(asked.operation);
    return error;
  }

  /** A stale date has the name of a wrong signature here, so the answer's own Date must tell. */
  function learnClock({ headers }: HttpAnswer): boolean {
    const theirs = Date.parse(headers.date ?? '');
    if (Number.isNaN(theirs) || Math.abs(theirs - nowMs() - skewMs) < toleratedSkewMs) return false;
    skewMs = theirs - nowMs();
    return true;
  }

  return {
    place,
    async call(call) {
      for (let n = 1, throttles = 0; ; ) {
        try {
          return await once(call);
        } catch (error) {
          const isThrottle = isMigrationError(error, 'THROTTLED');
          const most = isThrottle ? Number.POSITIVE_INFINITY : isMigrationError(error, 'BLOCK_CHECKSUM') ? checksumTries : patience.tries;
          if (!isMigrationError(error, 'THROTTLED', 'UNAVAILABLE', 'BODY_LENGTH', 'BLOCK_CHECKSUM') || n >= most) throw error;
          if (isThrottle) throttles++;
          else n++;
          await patience.sleep(delayMs(throttles + n, error.context.retryAfterMs, patience), call.signal);
        }
      }
    },
  };
}

/** Full jitter over a bound that doubles, and never less than the service asked for. */
function delayMs(tries: number, retryAfterMs = 0, { firstDelayMs, longestDelayMs, random }: Patience): number {
  return Math.max(random() * Math.min(longestDelayMs, firstDelayMs * 2 ** Math.min(tries, 20)), Math.min(retryAfterMs, longestDelayMs));
}

const plainId = /^snap-[0-9a-f]{1,64}$/;
const noHeaders = {};
const toleratedSkewMs = 4 * 60_000; // AWS refuses at five minutes
