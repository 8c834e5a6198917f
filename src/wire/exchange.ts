import type { Dispatcher } from 'undici';
import type { HttpAnswer, HttpRequest } from '../ports/transport.ts';
import { isClosedByPeer, networkError } from './network-error.ts';

// Enough for any error document; what a caller wants whole goes to its sink.
const collectedBytes = 64 * 1024;

/** The peer ended a reused socket before any byte of an answer: it had closed it while idle, most likely. */
export class StaleSocket extends Error {}

/**
 * One request and its answer, as undici's parser reports them. Settles once, and never before the socket of an aborted
 * exchange is destroyed: the kernel must not go on sending from a buffer that its owner uses again.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #request: HttpRequest;
  readonly #reused: () => boolean;
  readonly #resolve: (answer: HttpAnswer) => void;
  readonly #reject: (error: unknown) => void;
  #controller: Dispatcher.DispatchController | undefined;
  #wasReused = false;
  #firstByte = false;
  #status = 0;
  #headers: Readonly<Record<string, string>> = {};
  #toSink = false;
  #receivedBytes = 0;
  readonly #collected: Buffer[] = [];

  constructor(request: HttpRequest, reused: () => boolean, resolve: (answer: HttpAnswer) => void, reject: (error: unknown) => void) {
    this.#request = request;
    this.#reused = reused;
    this.#resolve = resolve;
    this.#reject = reject;
    request.signal?.addEventListener('abort', this.#abort, { once: true });
  }

  readonly #abort = (): void => {
    const reason = this.#request.signal?.reason;
    // undici reports the error and destroys the socket in one go; whoever awaits us runs after both.
    if (this.#controller) this.#controller.abort(reason);
    // Not on a socket yet: nothing has been sent, and onRequestStart refuses to begin.
    else this.#fail(reason);
  };

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    this.#wasReused = this.#reused();
    if (this.#request.signal?.aborted) controller.abort(this.#request.signal.reason);
  }

  onResponseStarted(): void {
    this.#firstByte = true;
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: Record<string, string | string[] | undefined>): void {
    // 102 and 103 may come unasked before the answer.
    if (status < 200) return;
    this.#status = status;
    for (const name in headers) {
      const value = headers[name];
      if (Array.isArray(value)) headers[name] = value.join(', ');
    }
    this.#headers = headers as Record<string, string>;
    this.#toSink = status < 300 && this.#request.sink !== undefined;
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const before = this.#receivedBytes;
    this.#receivedBytes += chunk.length;
    if (this.#toSink) this.#request.sink?.(chunk);
    else if (before < collectedBytes) this.#collected.push(chunk.subarray(0, collectedBytes - before));
  }

  onResponseEnd(): void {
    this.#request.signal?.removeEventListener('abort', this.#abort);
    const [first, ...more] = this.#collected;
    const body = first === undefined ? nothing : more.length === 0 ? first : Buffer.concat(this.#collected);
    this.#resolve({ status: this.#status, headers: this.#headers, body, receivedBytes: this.#receivedBytes });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    const { signal, method } = this.#request;
    if (signal?.aborted) this.#fail(signal.reason);
    else if (!this.#firstByte && this.#wasReused && isClosedByPeer(error)) this.#fail(new StaleSocket('stale', { cause: error }));
    // A server that refuses a body may close while it says so: the refusal is what counts.
    else if (this.#status >= 300 && isClosedByPeer(error)) this.onResponseEnd();
    // Errors of undici, of the system and of the parser carry a code; what the sink threw is its caller's own.
    else if ('code' in error && error.name !== 'MigrationError') this.#fail(networkError(error, method, this.#status !== 0));
    else this.#fail(error);
  }

  #fail(error: unknown): void {
    this.#request.signal?.removeEventListener('abort', this.#abort);
    this.#reject(error);
  }
}

const nothing = Buffer.alloc(0);
