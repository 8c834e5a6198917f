import type { ErrorCode } from '../core/error-codes.ts';
import { MigrationError } from '../core/migration-error.ts';

export interface OutsideCall {
  /** What is being done, and with whom: the party's name, never its URL, which may hold a secret. */
  readonly operation: string;
  readonly party: string;
  readonly url: string;
  readonly contentType: string;
  readonly body: Uint8Array;
  /** Thrown where there is no answer, or a server error: what is retried. */
  readonly unavailable: ErrorCode;
  readonly timeoutMs: number;
  readonly limitBytes: number;
  readonly fetch: typeof fetch;
}

/** Posts to a party outside the operator and reads its short answer. A redirect is no answer: a party is where the configuration says. */
export async function callOutside(call: OutsideCall, signal: AbortSignal): Promise<{ readonly status: number; readonly body: Buffer }> {
  const { operation, party, url, contentType, body, unavailable, timeoutMs, limitBytes } = call;
  const fail = (detail: string, cause?: unknown): MigrationError => new MigrationError(unavailable, { operation, target: party, detail, cause });
  signal.throwIfAborted();
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  let answer: { readonly status: number; readonly body: Buffer | undefined };
  try {
    const response = await call.fetch(url, { method: 'POST', headers: { 'content-type': contentType }, body, redirect: 'manual', signal: bounded });
    answer = { status: response.status, body: await readUpTo(response, limitBytes) };
  } catch (error) {
    signal.throwIfAborted();
    throw fail(reasonOf(error));
  }
  if (!answer.body) throw fail(`an answer of more than ${limitBytes} bytes`);
  if (answer.status >= 500 || answer.status === 429 || answer.status === 408 || (answer.status >= 300 && answer.status < 400))
    throw fail(`HTTP ${answer.status}`);
  return { status: answer.status, body: answer.body };
}

async function readUpTo(response: Response, limitBytes: number): Promise<Buffer | undefined> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of response.body ?? []) {
    sizeBytes += chunk.length;
    if (sizeBytes > limitBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** `ECONNREFUSED`, `TimeoutError`: names only, since messages hold addresses. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (cause instanceof Error && 'code' in cause && typeof cause.code === 'string') return cause.code;
  return cause instanceof Error ? cause.name : 'no answer';
}
