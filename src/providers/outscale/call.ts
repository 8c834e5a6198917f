import { setTimeout as wait } from 'node:timers/promises';
import type { ErrorCode } from '../../core/error-codes.ts';
import { isMigrationError, MigrationError } from '../../core/migration-error.ts';
import type { Pacer } from '../../ports/rate-budget.ts';
import type { HttpAnswer, Transport } from '../../ports/transport.ts';
import { signOsc4 } from '../../wire/osc4.ts';
import type { OutscaleCredentials, OutscaleKey } from './credentials.ts';
import { objectOf, refusal } from './errors.ts';
import type { KeyMemory } from './key-memory.ts';
import { answerFields, type Operation } from './operations.ts';
import type { Answers, ListOperation } from './shapes.ts';

export type RequestBody = Readonly<Record<string, unknown>>;

export interface OutscaleClient {
  /** One action. What is written is repeated only when the service says that it did nothing (throttled); a read or a tag also when no answer came. */
  call<A extends Operation>(action: A, body: RequestBody, signal?: AbortSignal): Promise<Answers[A]>;
  /** Every page of a list. An empty page is not the end. */
  list<A extends ListOperation>(action: A, filters: RequestBody, signal?: AbortSignal): Promise<Answers[A]>;
  /** Resolves when a request with `DryRun` is answered by 2xx; its shape is unpublished and not read. */
  dryRun(action: Operation, body: RequestBody, signal?: AbortSignal): Promise<void>;
  /** The id of our own account: what others share or publish is never taken for ours. */
  account(signal?: AbortSignal): Promise<string>;
}

export interface ClientParts {
  readonly origin: string;
  readonly region: string;
  /** How errors name this cloud. */
  readonly place: string;
  readonly transport: Transport;
  readonly pacer: Pacer;
  readonly callsPerSecond: number;
  readonly credentials: OutscaleCredentials;
  readonly keys: KeyMemory;
  readonly nowMs: () => number;
  readonly random: () => number;
  readonly sleep: (delayMs: number, signal: AbortSignal | undefined) => Promise<void>;
}

export const sleep = (delayMs: number, signal: AbortSignal | undefined): Promise<void> => wait(delayMs, undefined, signal ? { signal } : {});

// The vendor's own advice (facts: targets §2): three tries, 2^n seconds and up to three more, at most thirty.
const tries = 3;
const jitterMs = 3000;
const longestDelayMs = 30_000;
const pageSize = 1000;
const toleratedSkewMs = 4 * 60_000; // a signature lives five minutes

/** Answers are 2xx and hold what was asked for; anything else is a MigrationError. All actions of a key and region share one budget. */
export function createClient(parts: ClientParts): OutscaleClient {
  const { origin, region, place, transport, pacer, callsPerSecond, credentials, keys, nowMs, random } = parts;
  const host = new URL(origin).host;
  /** What the service's clock is ahead of ours, learnt from a refusal's Date. */
  let skewMs = 0;
  let ownAccount: string | undefined;

  async function exchange(action: Operation, body: Buffer, signal: AbortSignal | undefined): Promise<HttpAnswer> {
    const key = await credentials();
    const budget = `outscale/${key.accessKeyId}/${region}`;
    await pacer.enter(budget, callsPerSecond, signal);
    const refused = await keys.admit(key);
    if (refused) throw new MigrationError(refused, { operation: action, target: place, detail: 'refused before' });
    let answer: HttpAnswer;
    try {
      answer = await send(action, body, key, signal);
    } catch (error) {
      keys.settle(key, 'unanswered');
      throw contextual(error, action, place, signal);
    }
    if (answer.status >= 200 && answer.status <= 299) {
      keys.settle(key, 'accepted');
      return answer;
    }
    const error = refusal(answer, { operation: action, place });
    if (error.code === 'THROTTLED') pacer.throttled(budget);
    if (error.code !== 'CREDENTIALS_REFUSED') keys.settle(key, saysOfKey(error.code) ? 'accepted' : 'unanswered');
    else if (learnClock(answer)) {
      keys.settle(key, 'unanswered');
      throw new MigrationError('CLOCK_SKEW', { operation: action, target: place, detail: error.context.detail });
    } else throw new MigrationError(keys.settle(key, 'refused'), error.context);
    throw error;
  }

  function send(action: Operation, body: Buffer, key: OutscaleKey, signal: AbortSignal | undefined): Promise<HttpAnswer> {
    const path = `/api/v1/${action}`;
    const { accessKeyId, secretKey } = key;
    const headers = signOsc4({ host, path, body, region, accessKeyId, secretKey: secretKey.reveal(), nowMs: nowMs() + skewMs });
    return transport.request({ method: 'POST', origin, path, headers, body, signal });
  }

  /** Whether the refusal came with a clock that differs from what was signed. Then it is corrected, and a new attempt signs by it. */
  function learnClock({ headers }: HttpAnswer): boolean {
    const theirs = Date.parse(headers.date ?? '');
    if (Number.isNaN(theirs) || Math.abs(theirs - nowMs() - skewMs) < toleratedSkewMs) return false;
    skewMs = theirs - nowMs();
    return true;
  }

  async function patiently(action: Operation, body: RequestBody, signal: AbortSignal | undefined): Promise<HttpAnswer> {
    const bytes = Buffer.from(JSON.stringify(body));
    const passing = isRepeatable(action, body) ? (['THROTTLED', 'UNAVAILABLE', 'BODY_LENGTH'] as const) : (['THROTTLED'] as const);
    for (let n = 1; ; n++) {
      try {
        return await exchange(action, bytes, signal);
      } catch (error) {
        if (!isMigrationError(error, ...passing) || n >= tries) throw error;
        signal?.throwIfAborted();
        const delayMs = Math.max(2 ** n * 1000 + random() * jitterMs, error.context.retryAfterMs ?? 0);
        await parts.sleep(Math.min(delayMs, longestDelayMs), signal);
      }
    }
  }

  /** A field that is missing would read as "there is none", and a second one would be made: no answer is better. */
  async function payload(action: Operation, body: RequestBody, signal: AbortSignal | undefined): Promise<{ value: unknown; next: unknown }> {
    const answer = objectOf((await patiently(action, body, signal)).body);
    const field = answerFields[action];
    const value = field === '' ? undefined : answer?.[field];
    if (answer === undefined || (field !== '' && !isShaped(action, value)))
      throw new MigrationError('UNAVAILABLE', { operation: action, target: place, detail: 'ANSWER_SHAPE' });
    return { value, next: answer.NextPageToken };
  }

  return {
    async call(action, body, signal) {
      return (await payload(action, body, signal)).value as Answers[typeof action];
    },
    async list(action, filters, signal) {
      const found: unknown[] = [];
      let page: RequestBody = { ...(Object.keys(filters).length > 0 ? { Filters: filters } : {}), ResultsPerPage: pageSize };
      for (;;) {
        const { value, next } = await payload(action, page, signal);
        found.push(...(value as readonly unknown[]));
        if (typeof next !== 'string' || next === '') return found as unknown as Answers[typeof action];
        page = { ...page, NextPageToken: next };
      }
    },
    async dryRun(action, body, signal) {
      await patiently(action, { ...body, DryRun: true }, signal);
    },
    async account(signal) {
      ownAccount ??= (await payload('ReadAccounts', {}, signal).then(({ value }) => (value as Answers['ReadAccounts'])[0]?.AccountId)) || undefined;
      if (ownAccount === undefined) throw new MigrationError('UNAVAILABLE', { operation: 'ReadAccounts', target: place, detail: 'ANSWER_SHAPE' });
      return ownAccount;
    },
  };
}

/** Whether a refusal came after the signature was found right: what is throttled or breaks may have come before. */
const saysOfKey = (code: ErrorCode): boolean => code !== 'THROTTLED' && code !== 'UNAVAILABLE' && code !== 'CONFIG_INVALID';

/** Reads, dry runs, and tags, which are set to what they already are: safe to send again when no answer came. */
const isRepeatable = (action: Operation, { DryRun }: RequestBody): boolean => action.startsWith('Read') || action === 'CreateTags' || DryRun === true;

/** Console output is the one text, and absent until the machine has written. */
function isShaped(action: Operation, value: unknown): boolean {
  if (action === 'ReadConsoleOutput') return value === undefined || typeof value === 'string';
  if (action.startsWith('Read') || action === 'CreateVms') return Array.isArray(value);
  return typeof value === 'object' && value !== null;
}

/** What the transport threw says neither what was asked nor of whom. An abort is handed on as it is. */
function contextual(error: unknown, operation: Operation, target: string, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted) return signal.reason;
  if (!isMigrationError(error) || error.context.target !== undefined) return error;
  return new MigrationError(error.code, { operation, target, detail: error.context.detail });
}
