import { createHash } from 'node:crypto';
import { Agent, createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { bodyFault, resized } from './proxy/body-fault.ts';
import { createFaultTable, type Fault, type FaultAction } from './proxy/fault.ts';
import { type S3Request, s3Request } from './proxy/s3-operation.ts';

/** Bodies as the client saw them: `sentBytes` went down to it, `receivedBytes` came up from it. */
export interface OperationCount {
  requests: number;
  sentBytes: number;
  receivedBytes: number;
}

export interface StoreProxy {
  /** `http://127.0.0.1:port`; clients use it in place of the store's own. */
  readonly endpoint: string;
  /** Per operation name, since the start or the last `reset`. */
  counts(): Readonly<Record<string, Readonly<OperationCount>>>;
  /** Body bytes that GetObject sent, per `objectDigest`. */
  objectReads(): ReadonlyMap<string, number>;
  /** Body bytes that PutObject and UploadPart received, per `objectDigest`. */
  objectWrites(): ReadonlyMap<string, number>;
  setFaults(faults: readonly Fault[]): void;
  /** How often each fault of the present table was handed out. */
  faultHits(): readonly number[];
  /** Forgets the counts; faults stay. */
  reset(): void;
  stop(): Promise<void>;
}

/** Keys can be personal data, so even the lab's counters name an object by the SHA-256 (hex) of `bucket/key`. */
export function objectDigest(bucket: string, key: string): string {
  return createHash('sha256').update(`${bucket}/${key}`).digest('hex');
}

/**
 * A loopback HTTP/1.1 proxy before an S3 store that records which operations it is asked for and breaks what the fault table says.
 * The request head, Host included, goes on unchanged: a signature made for this proxy's address is verified by the store against it.
 */
export async function startStoreProxy(options: { upstream: string; faults?: readonly Fault[]; nowMs?: () => number }): Promise<StoreProxy> {
  const nowMs = options.nowMs ?? (() => performance.now());
  const upstream = new URL(options.upstream);
  // Idle sockets go before the store's own idle time (120 s), so that none is stale when it is taken again.
  const agent = new Agent({ keepAlive: true, timeout: 30_000, scheduling: 'lifo' });
  const book = createBook();
  let faults = createFaultTable(options.faults ?? [], nowMs);

  const server = createServer({ keepAliveTimeout: 120_000, requestTimeout: 0, noDelay: true }, (client, answer) => {
    const asked = s3Request(client.method ?? '', client.url ?? '', client.headers);
    const exchange: Exchange = { asked, client, answer, upstream, agent, book, action: faults.next(asked) };
    handle(exchange).catch(() => cut(exchange));
  });
  // Whatever a client does to its socket is its own affair; the exchange ends by 'close'.
  server.on('clientError', (_error, socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));

  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    counts: () => Object.fromEntries([...book.operations].map(([name, count]) => [name, { ...count }])),
    objectReads: () => new Map(book.reads),
    objectWrites: () => new Map(book.writes),
    setFaults(next) {
      faults = createFaultTable(next, nowMs);
    },
    faultHits: () => faults.hits(),
    reset() {
      for (const counter of [book.operations, book.reads, book.writes]) counter.clear();
    },
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      agent.destroy();
      await closed;
    },
  };
}

interface Book {
  readonly operations: Map<string, OperationCount>;
  readonly reads: Map<string, number>;
  readonly writes: Map<string, number>;
}

interface Exchange {
  readonly asked: S3Request;
  readonly client: IncomingMessage;
  readonly answer: ServerResponse;
  readonly upstream: URL;
  readonly agent: Agent;
  readonly book: Book;
  readonly action: FaultAction | undefined;
}

function createBook(): Book {
  return { operations: new Map(), reads: new Map(), writes: new Map() };
}

/** Counts bodies where they meet the client: what a fault holds back was not sent. */
function count(exchange: Exchange): { sent: (bytes: number) => void; received: (bytes: number) => void } {
  const { book, asked } = exchange;
  const operation = book.operations.get(asked.operation) ?? { requests: 0, sentBytes: 0, receivedBytes: 0 };
  book.operations.set(asked.operation, operation);
  operation.requests += 1;
  const object = objectDigest(asked.bucket, asked.key);
  const isRead = asked.operation === 'GetObject';
  const isWrite = asked.operation === 'PutObject' || asked.operation === 'UploadPart';
  return {
    sent(bytes) {
      operation.sentBytes += bytes;
      if (isRead) book.reads.set(object, (book.reads.get(object) ?? 0) + bytes);
    },
    received(bytes) {
      operation.receivedBytes += bytes;
      if (isWrite) book.writes.set(object, (book.writes.get(object) ?? 0) + bytes);
    },
  };
}

async function handle(exchange: Exchange): Promise<void> {
  const { action, client } = exchange;
  const counted = count(exchange);
  client.on('data', (chunk: Buffer) => counted.received(chunk.length));
  client.pause();
  if (action?.kind === 'answer') return refuse(exchange, action);
  if (action?.kind === 'throttle') return refuse(exchange, { kind: 'answer', status: 503, code: 'SlowDown', retryAfterSeconds: 1 });
  if (action?.kind === 'meanwhile' && action.when === 'before') await action.run();
  forward(exchange, counted.sent);
}

function refuse({ client, answer }: Exchange, action: Extract<FaultAction, { kind: 'answer' }>): void {
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${action.code}</Code><Message>fault of the lab</Message></Error>`;
  const retry = action.retryAfterSeconds === undefined ? {} : { 'Retry-After': String(action.retryAfterSeconds) };
  const respond = () => answer.writeHead(action.status, { 'Content-Type': 'application/xml', 'Content-Length': Buffer.byteLength(body), ...retry }).end(body);
  if (action.early) {
    answer.shouldKeepAlive = false;
    respond();
    return;
  }
  client.once('end', respond);
  client.resume();
}

function forward(exchange: Exchange, sent: (bytes: number) => void): void {
  const { client, answer, upstream, agent, action } = exchange;
  const store = httpRequest({
    agent,
    host: upstream.hostname,
    port: upstream.port,
    method: client.method,
    path: client.url,
    headers: endToEnd(client.rawHeaders),
  });
  let isAnswered = false;
  // A store that refuses early closes its side while the body still comes: then the answer counts, not the broken pipe.
  store.on('error', () => (isAnswered ? client.resume() : cut(exchange)));
  store.on('response', (stored: IncomingMessage) => {
    isAnswered = true;
    passOn(exchange, stored, sent);
  });
  answer.on('close', () => store.destroy());
  answer.on('error', () => store.destroy());
  const damaged = bodyFault(action, 'up', () => {
    store.destroy();
    cut(exchange);
  });
  (damaged === undefined ? client : client.pipe(damaged)).pipe(store);
}

/** The store's answer on its way to the client. */
function passOn(exchange: Exchange, stored: IncomingMessage, sent: (bytes: number) => void): void {
  const { answer, action } = exchange;
  const lengthBytes = Number(stored.headers['content-length'] ?? 0);
  const headers = endToEnd(stored.rawHeaders);
  let damaged = bodyFault(action, 'down', () => cut(exchange));
  if (action?.kind === 'resize') {
    damaged = resized(lengthBytes, action.byBytes);
    if (action.declared === 'as sent') setHeader(headers, 'content-length', String(lengthBytes + action.byBytes));
    // Fewer or more bytes than declared: the connection cannot be used again, so its orderly end is what the client sees.
    else answer.on('finish', () => exchange.client.socket.destroySoon());
  }
  stored.on('error', () => cut(exchange));
  damaged?.on('error', () => cut(exchange)); // a `meanwhile` that failed
  const isSilent = (action?.kind === 'cut' || action?.kind === 'stall') && action.way === 'down' && action.afterBytes === 0;
  if (action?.kind !== 'lose answer' && !isSilent) {
    answer.sendDate = false;
    answer.writeHead(stored.statusCode ?? 502, stored.statusMessage, headers);
  }
  const body = damaged === undefined ? stored : stored.pipe(damaged);
  body.on('data', (chunk: Buffer) => sent(chunk.length));
  body.pipe(answer);
}

function cut({ client }: Exchange): void {
  client.socket.resetAndDestroy();
}

/** Raw name-value pairs without those that speak of one connection only. */
function endToEnd(rawHeaders: readonly string[]): string[] {
  const kept: string[] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    if (!/^(connection|keep-alive|proxy-connection|te|upgrade)$/i.test(name)) kept.push(name, rawHeaders[at + 1] ?? '');
  }
  return kept;
}

function setHeader(rawHeaders: string[], name: string, value: string): void {
  for (let at = 0; at < rawHeaders.length; at += 2) {
    if (rawHeaders[at]?.toLowerCase() === name) rawHeaders[at + 1] = value;
  }
}
