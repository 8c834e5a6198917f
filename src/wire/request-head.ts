import { MigrationError } from '../core/migration-error.ts';
import type { HttpRequest } from '../ports/transport.ts';

// Said by the transport itself, whatever the caller says.
const ours = new Set(['accept-encoding', 'connection', 'content-length', 'expect', 'host', 'keep-alive', 'transfer-encoding']);
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const notInPath = /[^\x21-\x7e]/;
const notInValue = /[^\t\x20-\x7e\x80-\xff]/;

/** The head of a request, one character a byte (latin1). UNEXPECTED when a name, a value or the path could end a line: no repetition mends it. */
export function requestHead({ method, origin, path, headers, body, stream }: HttpRequest): string {
  let host = origin.slice(origin.indexOf('//') + 2);
  let lines = '';
  for (const name in headers) {
    const value = headers[name] ?? '';
    if (!token.test(name) || notInValue.test(value)) throw refused(method);
    const lower = name.toLowerCase();
    if (!ours.has(lower)) lines += `${name}: ${value}\r\n`;
    else if (lower === 'host') host = value; // as it was signed
  }
  if (notInPath.test(path) || !path.startsWith('/')) throw refused(method);
  const sizeBytes = stream?.sizeBytes ?? body?.length;
  const length = sizeBytes !== undefined || method === 'PUT' || method === 'POST' ? `content-length: ${sizeBytes ?? 0}\r\n` : '';
  return `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\naccept-encoding: identity\r\n${lines}${length}\r\n`;
}

const refused = (operation: string): MigrationError => new MigrationError('UNEXPECTED', { operation, detail: 'REQUEST_INVALID' });
