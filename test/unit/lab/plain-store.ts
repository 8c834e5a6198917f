import { Agent, createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the client saw: a whole answer, or how it broke off. */
export interface Seen {
  readonly status?: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
  readonly error?: string;
}

/** A store of one process: a map, no signatures. */
export interface PlainStore {
  readonly endpoint: string;
  readonly objects: Map<string, Buffer>;
  /** Request lines in the order they arrived whole. */
  readonly finished: readonly string[];
  /** Sockets it has accepted so far. */
  connections(): number;
  stop(): Promise<void>;
}

export async function startPlainStore(): Promise<PlainStore> {
  const objects = new Map<string, Buffer>();
  const finished: string[] = [];
  let connections = 0;
  const server = createServer(async (message, answer) => {
    const body = await bodyOf(message).catch(() => undefined);
    if (body === undefined) return; // truncated: nothing is stored
    const path = message.url ?? '';
    finished.push(`${message.method} ${path} ${message.headers.host}`);
    if (message.method === 'PUT') objects.set(path, body);
    const stored = message.method === 'PUT' ? Buffer.alloc(0) : objects.get(path);
    answer.writeHead(stored === undefined ? 404 : 200, { 'Content-Length': stored?.length ?? 0, ETag: '"etag"' });
    answer.end(stored);
  });
  server.on('connection', () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    objects,
    finished,
    connections: () => connections,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** One request on `agent`; resolves with whatever came, also when the connection broke. `onBytes` hears how many body bytes there are. */
export function ask(options: {
  url: string;
  method?: string;
  body?: Buffer;
  agent?: Agent;
  onBytes?: (bytes: number, stop: () => void) => void;
}): Promise<Seen> {
  const { url, method = 'GET', body, agent = new Agent({ keepAlive: false }), onBytes } = options;
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let seen: Omit<Seen, 'body'> = { headers: {} };
    const settle = (error?: string) => resolve({ ...seen, body: Buffer.concat(chunks), ...(error === undefined ? {} : { error }) });
    const call = request(url, { method, agent, ...(body === undefined ? {} : { headers: { 'Content-Length': body.length } }) }, (answer) => {
      seen = { status: answer.statusCode ?? 0, headers: answer.headers as Seen['headers'] };
      let bytes = 0;
      answer.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        bytes += chunk.length;
        onBytes?.(bytes, () => call.destroy());
      });
      answer.on('end', () => settle());
      answer.on('error', (error: NodeJS.ErrnoException) => settle(error.code));
    });
    call.on('error', (error: NodeJS.ErrnoException) => settle(error.code));
    call.end(body);
  });
}

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
