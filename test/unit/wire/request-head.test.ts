import { describe, expect, it } from '@jest/globals';
import type { HttpRequest } from '../../../src/ports/transport.ts';
import { requestHead } from '../../../src/wire/request-head.ts';

const request = { method: 'GET', origin: 'http://127.0.0.1:8333', path: '/b/k?versionId=n', headers: {} } satisfies HttpRequest;

describe('requestHead', () => {
  it('names the host of the origin, or the one that was signed', () => {
    expect(requestHead(request)).toBe('GET /b/k?versionId=n HTTP/1.1\r\nhost: 127.0.0.1:8333\r\naccept-encoding: identity\r\n\r\n');
    expect(requestHead({ ...request, headers: { Host: 'store.example' } })).toContain('\r\nhost: store.example\r\n');
  });

  it('tells the length of the body itself, and how the connection is used', () => {
    const headers = { 'Content-Length': '7', Expect: '100-continue', connection: 'close', 'transfer-encoding': 'chunked', 'x-amz-date': 'd' };
    expect(requestHead({ ...request, method: 'PUT', headers, body: Buffer.from('abc') })).toBe(
      'PUT /b/k?versionId=n HTTP/1.1\r\nhost: 127.0.0.1:8333\r\naccept-encoding: identity\r\nx-amz-date: d\r\ncontent-length: 3\r\n\r\n',
    );
    expect(requestHead({ ...request, method: 'POST' })).toContain('content-length: 0\r\n');
    expect(requestHead({ ...request, method: 'DELETE' })).not.toContain('content-length');
  });

  it.each([
    ['a newline in a value', { headers: { a: 'b\r\nx: y' } }],
    ['a character above one byte', { headers: { a: '\u0100' } }],
    ['a blank in a name', { headers: { 'a b': 'c' } }],
    ['a blank in the path', { path: '/b k' }],
    ['a path that is no path', { path: 'http://elsewhere/' }],
  ])('refuses %s, without repeating it', (_name, bad) => {
    expect(() => requestHead({ ...request, ...bad })).toThrow(
      expect.objectContaining({ code: 'UNEXPECTED', message: expect.not.stringContaining('elsewhere') }),
    );
  });
});
