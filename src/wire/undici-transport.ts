import { buildConnector, Client } from 'undici';
import type { HttpAnswer, HttpRequest, Transport } from '../ports/transport.ts';
import { Exchange, StaleSocket } from './exchange.ts';
import { networkError } from './network-error.ts';

export interface TransportOptions {
  /** Sockets per origin; further requests wait their turn. */
  readonly connections?: number;
  readonly connectTimeoutMs?: number;
  /** How long the answer may take to begin. While a body is being sent, how long it may stand still. */
  readonly firstByteTimeoutMs?: number;
  /** Between two pieces of the answer's body. There is no limit on the total. */
  readonly progressTimeoutMs?: number;
}

/** One keep-alive socket. `used`: it has carried an answer before, so the peer may have closed it meanwhile. */
interface Line {
  readonly client: Client;
  used: boolean;
}

/** The sockets of one origin. Idle ones are taken last in, first out, so that surplus ones grow cold and close. */
interface Switchboard {
  readonly idle: Line[];
  readonly waiting: ((line: Line) => void)[];
  open: number;
}

// Larger bodies go out in slices and wait for the kernel in between: an early answer is read before the next write could
// fail on the socket that the server closed, and a slow server does not make the runtime hold what it cannot send.
const sliceBytes = 256 * 1024;
const wholeBytes = 64 * 1024;
const headerBytes = 64 * 1024;

/**
 * Transport over undici's dispatcher: chunks go straight from the parser into the sink. Header values are strings of
 * one character a byte (latin1), both ways. No proxy is used.
 * Failures are MigrationErrors: UNAVAILABLE (no answer), BODY_LENGTH (declared is not what came), ENDPOINT_UNREACHABLE
 * (its certificate is not trusted). An abort throws the signal's reason, a failing sink its own error.
 */
export function createTransport(options: TransportOptions = {}): Transport {
  const { connections = 256, connectTimeoutMs = 10_000, firstByteTimeoutMs = 30_000, progressTimeoutMs = 30_000 } = options;
  // One connector for all sockets, so that TLS sessions are resumed between them.
  const connect = buildConnector({ timeout: connectTimeoutMs, allowH2: false });
  const boards = new Map<string, Switchboard>();
  const clients: Client[] = [];

  function open(board: Switchboard, origin: string): Line {
    board.open++;
    const timeouts = { headersTimeout: firstByteTimeoutMs, bodyTimeout: progressTimeoutMs };
    const client = new Client(origin, { connect, allowH2: false, pipelining: 1, maxHeaderSize: headerBytes, ...timeouts });
    const line = { client, used: false };
    client.on('connect', () => {
      line.used = false;
    });
    clients.push(client);
    return line;
  }

  function boardOf(origin: string): Switchboard {
    let board = boards.get(origin);
    if (!board) {
      board = { idle: [], waiting: [], open: 0 };
      boards.set(origin, board);
    }
    return board;
  }

  return {
    async request(request) {
      const board = boardOf(request.origin);
      const line = board.idle.pop() ?? (board.open < connections ? open(board, request.origin) : await queue(board));
      try {
        return await once(line, request);
      } catch (error) {
        if (!(error instanceof StaleSocket)) throw error;
        if (request.method === 'POST') throw networkError(error.cause, request.method, false);
        // The client has let go of the dead socket and opens another, which cannot be stale.
        return await once(line, request);
      } finally {
        const next = board.waiting.shift();
        if (next) next(line);
        else board.idle.push(line);
      }
    },
    async close() {
      await Promise.all(clients.map((client) => client.destroy()));
    },
  };
}

const queue = (board: Switchboard): Promise<Line> => new Promise((resolve) => board.waiting.push(resolve));

async function once(line: Line, request: HttpRequest): Promise<HttpAnswer> {
  request.signal?.throwIfAborted();
  const { method, path, body } = request;
  const headers = outgoing(request);
  const answer = await new Promise<HttpAnswer>((resolve, reject) => {
    const exchange = new Exchange(request, () => line.used, resolve, reject);
    const sent = body && body.length > wholeBytes ? slices(body) : (body ?? null);
    // undici takes any iterable; its types know only the streams.
    // `reset: false`: undici would close the socket after every HEAD.
    line.client.dispatch({ method, path, headers, body: sent as Uint8Array | null, reset: false }, exchange);
  });
  line.used = true;
  return answer;
}

function outgoing({ headers, body }: HttpRequest): Record<string, string> {
  const all: Record<string, string> = { ...headers, 'accept-encoding': 'identity' };
  if (body && body.length > wholeBytes) all['content-length'] = String(body.length);
  return all;
}

function* slices(body: Uint8Array): Generator<Uint8Array> {
  for (let start = 0; start < body.length; start += sliceBytes) yield body.subarray(start, start + sliceBytes);
}
