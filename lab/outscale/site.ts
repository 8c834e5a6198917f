import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Cloud } from './cloud.ts';
import type { Doorkeeper } from './doorkeeper.ts';
import type { Existing } from './seed.ts';

/** What the server's parts share. */
export interface Site {
  readonly cloud: Cloud;
  readonly doorkeeper: Doorkeeper;
  readonly existing: readonly Existing[];
}

export function send(response: ServerResponse, status: number, contentType: string, body: string): void {
  response.writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(body) }).end(body);
}

export async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
