import type { Socket } from 'node:net';
import type { HttpAnswer, HttpRequest } from '../ports/transport.ts';
import { AnswerFault, AnswerParser } from './answer-parser.ts';
import { type Line, openSocket } from './line.ts';
import { isClosedByPeer, NetworkFault, networkError } from './network-error.ts';
import { type OutgoingBody, outgoingBody } from './outgoing-body.ts';
import { requestHead } from './request-head.ts';

/** The peer ended a reused connection before any byte of an answer: it had closed it while idle, most likely. */
export class StaleConnection extends Error {}

interface Exchange {
  readonly request: HttpRequest;
  readonly resolve: (answer: HttpAnswer) => void;
  readonly reject: (error: unknown) => void;
}

const collectedBytes = 64 * 1024; // enough for any error document; what a caller wants whole goes to its sink
const nothing = Buffer.alloc(0);

/**
 * One socket and the exchange on it, one at a time. `send` settles once, and never before the socket of a failed exchange is destroyed: the kernel
 * must not go on sending from a buffer that its owner uses again.
 */
export class Connection {
  readonly #line: Line;
  readonly #socket: Socket;
  readonly #onClose: (connection: Connection) => void;
  readonly #parser: AnswerParser;
  readonly #connecting: NodeJS.Timeout;
  #exchange: Exchange | undefined;
  #signal: AbortSignal | undefined;
  #timeoutMs = 0;
  #isOpen = true;
  #isHearingOut = false;
  #answers = 0;
  #body: OutgoingBody | undefined;
  #status = 0;
  #headers: Readonly<Record<string, string>> = {};
  #receivedBytes = 0;
  #collected: Buffer[] = [];

  /** For the pool: at rest for at least one of its rounds. */
  isCold = false;

  /** `onClose` is told once, when the connection can carry no further request. */
  constructor(line: Line, onClose: (connection: Connection) => void) {
    this.#line = line;
    this.#onClose = onClose;
    this.#parser = new AnswerParser({ head: this.#head, data: this.#data });
    this.#socket = openSocket(line, (count, buffer) => this.#read(buffer.subarray(0, count)));
    this.#connecting = setTimeout(() => this.#lose(new NetworkFault('CONNECT_TIMEOUT')), line.connectTimeoutMs);
    this.#socket.once(line.secureContext ? 'secureConnect' : 'connect', () => clearTimeout(this.#connecting));
    this.#hearOut();
    this.#socket.on('timeout', () => this.#lose(new NetworkFault(this.#status === 0 ? 'ANSWER_TIMEOUT' : 'PROGRESS_TIMEOUT')));
    this.#socket.on('error', (error) => this.#lose(error));
    this.#socket.on('end', () => this.#end());
    this.#socket.on('close', () => this.#lose(new NetworkFault('CLOSED')));
  }

  // A server that refuses a body says so and closes. The next write then fails, and the runtime would destroy the socket at once, and with it the
  // refusal, which the kernel holds already: so it is read first. That takes one turn of the event loop; two are sure to hold a whole one.
  #hearOut(): void {
    const destroy = this.#socket.destroy;
    this.#socket.destroy = (error) => {
      if (!this.#isOpen || !this.#exchange || this.#isHearingOut || !isClosedByPeer(error)) return destroy.call(this.#socket, error);
      this.#isHearingOut = true;
      setImmediate(() => setImmediate(() => this.#lose(error)));
      return this.#socket;
    };
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** StaleConnection when the request may be sent once more elsewhere, if it is idempotent. */
  send(request: HttpRequest): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      if (!this.#isOpen) throw networkError(new NetworkFault('TRANSPORT_CLOSED'), request.method, false);
      const head = requestHead(request);
      this.#exchange = { request, resolve, reject };
      this.#status = 0;
      this.#receivedBytes = 0;
      this.#parser.expect(request.method);
      this.#listenTo(request.signal);
      this.#allow(request.answerTimeoutMs ?? this.#line.firstByteTimeoutMs);
      this.#write(head, request);
    });
  }

  /** Kept for the next request: does not keep the process alive. */
  rest(): void {
    this.isCold = false;
    this.#socket.unref();
  }

  wake(): void {
    this.#socket.ref();
  }

  close(): void {
    this.#lose(new NetworkFault('TRANSPORT_CLOSED'));
  }

  /** One listener for all requests of a shard, since they share a signal; adding and removing one a request is dear. */
  #listenTo(signal: AbortSignal | undefined): void {
    if (signal === this.#signal) return;
    this.#signal?.removeEventListener('abort', this.#abort);
    this.#signal = signal;
    signal?.addEventListener('abort', this.#abort);
  }

  /** Restarted by every byte either way: how long a body may stand still, and from its end on how long the answer may take to begin. */
  #allow(timeoutMs: number): void {
    if (timeoutMs === this.#timeoutMs) return;
    this.#timeoutMs = timeoutMs;
    this.#socket.setTimeout(timeoutMs);
  }

  #write(head: string, request: HttpRequest): void {
    this.#body = outgoingBody(this.#socket, request, this.#bodyFailed);
    if (!this.#body) {
      this.#socket.write(head, 'latin1');
      return;
    }
    this.#socket.cork();
    this.#socket.write(head, 'latin1');
    this.#body.begin();
    this.#socket.uncork();
  }

  readonly #bodyFailed = (error: unknown): void => this.#fail(error);

  #read(bytes: Buffer): void {
    const exchange = this.#exchange;
    if (!exchange) {
      // Nobody asked, so what follows could be taken for another request's answer.
      this.#lose(new NetworkFault('CLOSED'));
      return;
    }
    try {
      const used = this.#parser.take(bytes);
      if (this.#exchange === exchange && this.#parser.isDone) this.#finish(used < bytes.length);
    } catch (error) {
      if (error instanceof AnswerFault) this.#lose(error);
      else this.#fail(error);
    }
  }

  readonly #head = (status: number, headers: Readonly<Record<string, string>>): void => {
    this.#status = status;
    this.#headers = headers;
    if (status >= 300) this.#body?.stop();
    this.#allow(this.#line.progressTimeoutMs);
  };

  readonly #data = (bytes: Buffer): void => {
    const request = this.#exchange?.request;
    if (!request) return; // its sink has aborted it
    const before = this.#receivedBytes;
    this.#receivedBytes += bytes.length;
    if (request.sink && this.#status < 300) request.sink(bytes);
    else if (before < collectedBytes) this.#collected.push(Buffer.from(bytes.subarray(0, collectedBytes - before)));
  };

  /** The answer is whole. `hasMore`: bytes followed it that belong to nothing. */
  #finish(hasMore: boolean): void {
    const sentAll = this.#body?.isSent ?? true;
    if (this.#status < 300 && (hasMore || !sentAll)) {
      // A success before the end of the body is no proof that it was stored whole.
      this.#lose(hasMore ? new AnswerFault('ANSWER_LENGTH') : new NetworkFault('ANSWER_EARLY'));
      return;
    }
    this.#answers++;
    if (hasMore || !sentAll || this.#isHearingOut || this.#socket.writableLength > 0 || !this.#parser.keepsAlive) this.#destroy();
    this.#settle()?.resolve(this.#answer());
  }

  /** The peer will send nothing more. */
  #end(): void {
    if (this.#exchange && this.#parser.close()) this.#finish(false);
    else this.#lose(new NetworkFault('CLOSED'));
  }

  /** The connection is of no use any more, for a reason of the network's or the peer's. */
  #lose(error: unknown): void {
    if (!this.#isOpen) return;
    const isStale = this.#answers > 0 && !this.#parser.hasBegun && isClosedByPeer(error);
    const status = this.#status;
    this.#destroy();
    const exchange = this.#settle();
    if (!exchange) return;
    // A server that refuses may close in the middle of saying why: the refusal is what counts.
    if (status >= 300) exchange.resolve(this.#answer());
    else if (isStale) exchange.reject(new StaleConnection('stale', { cause: error }));
    else exchange.reject(networkError(error, exchange.request.method, status !== 0));
  }

  readonly #abort = (): void => {
    if (this.#exchange) this.#fail(this.#signal?.reason);
  };

  /** The caller's own end of the exchange. */
  #fail(error: unknown): void {
    this.#destroy();
    this.#settle()?.reject(error);
  }

  #destroy(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    clearTimeout(this.#connecting);
    this.#listenTo(undefined);
    this.#socket.destroy();
    this.#onClose(this);
  }

  #settle(): Exchange | undefined {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.#body?.stop();
    this.#body = undefined;
    return exchange;
  }

  #answer(): HttpAnswer {
    const collected = this.#collected;
    if (collected.length > 0) this.#collected = [];
    const body = collected.length > 1 ? Buffer.concat(collected) : (collected[0] ?? nothing);
    return { status: this.#status, headers: this.#headers, body, receivedBytes: this.#receivedBytes };
  }
}
