import { createSecureContext, type SecureContext } from 'node:tls';
import type { HttpAnswer, HttpRequest, Transport } from '../ports/transport.ts';
import { StaleConnection } from './connection.ts';
import { ConnectionPool } from './connection-pool.ts';
import { networkError } from './network-error.ts';

export interface TransportOptions {
  /** Sockets per origin; further requests wait their turn. */
  readonly connections?: number;
  /** Name, TCP and TLS together. */
  readonly connectTimeoutMs?: number;
  /** How long the answer may take to begin. While a body is being sent, how long it may stand still. */
  readonly firstByteTimeoutMs?: number;
  /** Between two pieces of the answer's body. There is no limit on the total. */
  readonly progressTimeoutMs?: number;
  /** A connection at rest is closed after half of it at the earliest. */
  readonly idleTimeoutMs?: number;
}

const defaultIdleTimeoutMs = 4_000; // servers close after 5 s and more, and a request should not meet that

/**
 * Transport over `node:net` and `node:tls`, HTTP/1.1 with keep-alive and no pipelining: the kernel reads into one buffer per socket, and its bytes go
 * straight into the sink. Header values are strings of one character a byte (latin1), both ways. Certificates are checked against the runtime's own
 * authorities and those of NODE_EXTRA_CA_CERTS. No proxy is used.
 * Failures are MigrationErrors: UNAVAILABLE (no answer), BODY_LENGTH (declared is not what came), ENDPOINT_UNREACHABLE
 * (its certificate is not trusted). An abort throws the signal's reason, a failing sink its own error.
 */
export function createSocketTransport(options: TransportOptions = {}): Transport {
  const { connections = 256, connectTimeoutMs = 10_000, firstByteTimeoutMs = 30_000, progressTimeoutMs = 30_000 } = options;
  const { idleTimeoutMs = defaultIdleTimeoutMs } = options;
  const pools = new Map<string, ConnectionPool>();
  let context: SecureContext | undefined;

  function poolOf(origin: string): ConnectionPool {
    const known = pools.get(origin);
    if (known) return known;
    // One context for all sockets: it holds the authorities, which are many.
    if (origin.startsWith('https:')) context ??= createSecureContext();
    const secureContext = origin.startsWith('https:') ? context : undefined;
    const line = { origin, secureContext, session: undefined, connectTimeoutMs, firstByteTimeoutMs, progressTimeoutMs };
    const pool = new ConnectionPool(line, connections, idleTimeoutMs);
    pools.set(origin, pool);
    return pool;
  }

  return {
    async request(request) {
      request.signal?.throwIfAborted();
      const pool = poolOf(request.origin);
      let connection = await pool.take(request.signal);
      try {
        return await begin(connection, request);
      } catch (error) {
        if (!(error instanceof StaleConnection)) throw error;
        // A stream can be read only once, so a socket that was stale is the caller's to meet: UNAVAILABLE, and it sends anew. A new socket for each
        // part would cost a handshake and a slow start, which is dear over a long way.
        if (request.method === 'POST' || request.stream) throw networkError(error.cause, request.method, false);
        connection = pool.fresh();
        return await begin(connection, request);
      } finally {
        pool.giveBack(connection);
      }
    },
    async close() {
      for (const pool of pools.values()) pool.close();
    },
  };
}

/** The abort may have come while the request waited, or between two tries: then nothing is sent. */
function begin(connection: { send(request: HttpRequest): Promise<HttpAnswer> }, request: HttpRequest): Promise<HttpAnswer> {
  request.signal?.throwIfAborted();
  return connection.send(request);
}
