import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AnswerFault, AnswerParser } from '../../../src/wire/answer-parser.ts';

interface Told {
  readonly answers: readonly { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string }[];
  readonly used: number;
  readonly isDone: boolean;
  readonly keepsAlive: boolean;
  readonly fault?: string;
}

/** What the parser makes of bytes that come in such pieces, after which the peer closes. */
function told(pieces: readonly Buffer[], method = 'GET'): Told {
  const answers: { status: number; headers: Record<string, string>; body: string }[] = [];
  const parser = new AnswerParser({
    head: (status, headers) => void answers.push({ status, headers: { ...headers }, body: '' }),
    data: (bytes) => {
      const last = answers.at(-1);
      if (last) last.body += bytes.toString('latin1');
    },
  });
  let used = 0;
  parser.expect(method);
  try {
    for (const piece of pieces) if (!parser.isDone) used += parser.take(piece);
    parser.close();
  } catch (error) {
    if (!(error instanceof AnswerFault)) throw error;
    return { answers, used: -1, isDone: false, keepsAlive: false, fault: error.code };
  }
  return { answers, used, isDone: parser.isDone, keepsAlive: parser.keepsAlive };
}

const one = (text: string, method?: string): Told => told([Buffer.from(text, 'latin1')], method);

const answers = {
  'with a length': 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag:  "e" \r\n\r\nhello',
  empty: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
  'in chunks': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1;x=y\r\n \r\nA\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n',
  'after interim ones': 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok',
  'until the close': 'HTTP/1.0 200 OK\r\nServer: old\r\n\r\nhello\r\n\r\nHTTP/1.1',
  'without a body': 'HTTP/1.1 204 No Content\r\nx-amz-request-id: 1\r\n\r\n',
  'with more behind it': 'HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nnoHTTP/1.1 200 OK\r\n\r\n',
  'with a bad chunk': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloX\r\n0\r\n\r\n',
  'with raw UTF-8 at its edges': 'HTTP/1.1 200 OK\r\nx-amz-meta-a: \xc2\xa0\xc3\x85\xc2\x85\r\nContent-Length: 0\r\n\r\n',
};

describe('AnswerParser', () => {
  it.each(Object.entries(answers))('reads an answer %s the same, wherever it is cut', (_name, text) => {
    const bytes = Buffer.from(text, 'latin1');
    const whole = told([bytes]);
    for (let at = 0; at <= bytes.length; at++) expect(told([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(whole);
    expect(told([...bytes].map((byte) => Buffer.from([byte])))).toEqual(whole);
  });

  it('reads any answer the same in any pieces', () => {
    const header = fc
      .tuple(fc.stringMatching(/^[a-z][a-z-]{0,8}$/), fc.stringMatching(/^[!-~\xa1-\xff]{0,12}$/))
      .filter(([name]) => !/^(content|transfer|connection)/.test(name));
    const answer = fc.record({
      status: fc.constantFrom(200, 206, 404, 503),
      headers: fc.array(header, { maxLength: 5 }),
      chunks: fc.array(fc.string({ minLength: 1, maxLength: 40, unit: 'binary-ascii' }), { maxLength: 4 }),
      isChunked: fc.boolean(),
      cuts: fc.array(fc.nat(400), { maxLength: 8 }),
    });
    fc.assert(
      fc.property(answer, ({ status, headers, chunks, isChunked, cuts }) => {
        const body = chunks.join('');
        const framed = isChunked ? `${chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('')}0\r\n\r\n` : body;
        const framing = isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length}`;
        const lines = [`HTTP/1.1 ${status} Said`, ...headers.map(([name, value]) => `${name}: ${value}`), framing];
        const bytes = Buffer.from(`${lines.join('\r\n')}\r\n\r\n${framed}`, 'latin1');
        const at = [0, ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
        const read = told(at.slice(1).map((end, n) => bytes.subarray(at[n], end)));
        expect(read).toMatchObject({ used: bytes.length, isDone: true, keepsAlive: true, answers: [{ status, body }] });
        for (const [name] of headers) expect(read.answers[0]?.headers[name]).toBe(headers.flatMap(([n, value]) => (n === name ? [value] : [])).join(', '));
      }),
    );
  });

  it('ends on any bytes at all with an answer or a fault', () => {
    const start = fc.constantFrom('', 'HTTP/1.1 200 OK\r\n', answers['in chunks'].slice(0, 60), answers['with a length'].slice(0, 40));
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 300 }), fc.nat(300), (text, noise, cut) => {
        const bytes = Buffer.concat([Buffer.from(text, 'latin1'), noise]);
        expect(told([bytes.subarray(0, cut), bytes.subarray(cut)])).toEqual(told([bytes]));
      }),
    );
  });

  it('tells what the answer was and how many bytes were its own', () => {
    expect(one(answers['with a length'])).toEqual({
      answers: [{ status: 200, headers: { 'content-length': '5', etag: '"e"' }, body: 'hello' }],
      used: answers['with a length'].length,
      isDone: true,
      keepsAlive: true,
    });
    expect(one(answers['in chunks']).answers[0]?.body).toBe('hello 0123456789');
    expect(one(answers['after interim ones']).answers).toMatchObject([{ status: 201, body: 'ok' }]);
    expect(one(answers['until the close'])).toMatchObject({ isDone: true, keepsAlive: false });
    expect(one(answers['with more behind it'])).toMatchObject({ isDone: true, used: answers['with more behind it'].indexOf('HTTP/1.1 200') });
    expect(one(answers['with raw UTF-8 at its edges']).answers[0]?.headers['x-amz-meta-a']).toBe('\xc2\xa0\xc3\x85\xc2\x85');
  });

  it('expects no body after a HEAD, whatever it declares', () => {
    for (const framing of ['Content-Length: 12345', 'Transfer-Encoding: chunked'])
      expect(one(`HTTP/1.1 200 OK\r\n${framing}\r\n\r\n`, 'HEAD')).toMatchObject({ isDone: true, keepsAlive: true });
  });

  it.each([
    ['HTTP/1.1', 'keep-alive', true],
    ['HTTP/1.1', 'Close', false],
    ['HTTP/1.1', 'foo, close', false],
    ['HTTP/1.0', 'keep-alive', true],
    ['HTTP/1.0', 'foo', false],
  ])('%s with Connection: %s keeps the connection: %s', (version, connection, keepsAlive) => {
    expect(one(`${version} 200 OK\r\nConnection: ${connection}\r\nContent-Length: 0\r\n\r\n`).keepsAlive).toBe(keepsAlive);
  });

  it.each([
    ['two lengths', 'Content-Length: 5\r\nContent-Length: 6', 'ANSWER_LENGTH'],
    ['the same length twice', 'Content-Length: 5\r\nContent-Length: 5', 'ANSWER_LENGTH'],
    ['a length in one line twice', 'Content-Length: 5, 5', 'ANSWER_LENGTH'],
    ['a signed length', 'Content-Length: +5', 'ANSWER_LENGTH'],
    ['a length beside chunks', 'Content-Length: 5\r\nTransfer-Encoding: chunked', 'ANSWER_LENGTH'],
    ['an unknown coding', 'Transfer-Encoding: gzip, chunked', 'ANSWER_INVALID'],
    ['a blank before the colon', 'Content-Length : 5', 'ANSWER_INVALID'],
    ['a folded line', 'x: a\r\n Content-Length: 5', 'ANSWER_INVALID'],
    ['a bare newline', 'x: a\nContent-Length: 5', 'ANSWER_INVALID'],
    ['a line without a colon', 'hello', 'ANSWER_INVALID'],
  ])('refuses %s', (_name, headers, fault) => {
    expect(one(`HTTP/1.1 200 OK\r\n${headers}\r\n\r\nhello`).fault).toBe(fault);
  });

  it.each(['HTTP/2 200\r\n\r\n', 'HTTP/1.1 99 X\r\n\r\n', 'HTTP/1.1 101 Switching\r\n\r\n', 'hello world', '\r\nHTTP/1.1 200 OK\r\n\r\n'])(
    'refuses %j',
    (text) => {
      expect(one(text).fault).toBe('ANSWER_INVALID');
    },
  );

  it.each(['-1', '0x5', '', 'FFFFFFFFFFFFFFF', '5 5'])('refuses a chunk of size %j', (size) => {
    expect(one(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${size}\r\nhello\r\n0\r\n\r\n`).fault).toBe('ANSWER_INVALID');
  });

  it('bounds heads, interim heads together, chunk lines and trailers', () => {
    const long = `x: ${'y'.repeat(40_000)}\r\n`;
    expect(one(`HTTP/1.1 200 OK\r\n${long}\r\n`).fault).toBeUndefined();
    expect(one(`HTTP/1.1 200 OK\r\n${long}${long}`).fault).toBe('ANSWER_HEAD_TOO_LARGE');
    expect(one(`HTTP/1.1 100 Continue\r\n${long}\r\nHTTP/1.1 200 OK\r\n${long}\r\n`).fault).toBe('ANSWER_HEAD_TOO_LARGE');
    const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
    expect(one(`${chunked}5;${'e'.repeat(2000)}`).fault).toBe('ANSWER_INVALID');
    expect(one(`${chunked}0\r\n${long}${long}`).fault).toBe('ANSWER_INVALID');
  });
});
