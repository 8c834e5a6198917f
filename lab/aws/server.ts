import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { control } from './control.ts';
import { answerAws, type Outcome } from './request.ts';
import type { World } from './world.ts';

/** EC2's requests are small; more is no request of ours. */
const mostBytes = 8 << 20;

/** Listens on the loopback: AWS's services at `/`, the lab's own control under `/lab/`. */
export async function serveAws(world: World, port: number): Promise<Server> {
  const server = createServer({ keepAliveTimeout: 120_000, requestTimeout: 0, noDelay: true }, (request, response) => {
    handle(world, request, response).catch((error: unknown) => sendJson(response, 500, { error: error instanceof Error ? error.message : String(error) }));
  });
  server.on('clientError', (_error, socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  return server;
}

async function handle(world: World, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [method, url] = [request.method ?? '', request.url ?? '/'];
  const body = await readBody(request);
  if (url.startsWith('/lab/')) {
    const { pathname, searchParams } = new URL(url, 'http://lab');
    const order: unknown = body.length > 0 ? JSON.parse(body.toString()) : undefined;
    return sendJson(response, 200, await control(world, pathname.slice('/lab/'.length), searchParams, order));
  }
  send(request, response, await answerAws(world, { method, url, headers: request.headers, body }));
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > mostBytes) throw new Error('the body is too large for the lab');
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function send(request: IncomingMessage, response: ServerResponse, { status, headers, body, fate }: Outcome): void {
  if (fate === 'reset') {
    request.socket.resetAndDestroy();
    return;
  }
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  response.writeHead(status, { ...headers, 'content-length': bytes.length });
  if (fate !== 'truncated') {
    response.end(bytes);
    return;
  }
  response.write(bytes.subarray(0, bytes.length >> 1), () => request.socket.destroySoon());
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  const text = JSON.stringify(value ?? {});
  if (!response.headersSent) response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}
