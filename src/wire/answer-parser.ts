/** What the peer sent is no HTTP/1.1 answer, or no whole one. `code` is a name for people and for `network-error.ts`. */
export class AnswerFault extends Error {
  readonly code: 'ANSWER_INVALID' | 'ANSWER_HEAD_TOO_LARGE' | 'ANSWER_LENGTH';

  constructor(code: AnswerFault['code']) {
    super(code);
    this.code = code;
  }
}

export interface AnswerEvents {
  /** The final answer's status (never 1xx) and headers, names in lower case, values one character a byte. */
  head(status: number, headers: Readonly<Record<string, string>>): void;
  /** A piece of the body, without chunk framing; valid only during the call. */
  data(bytes: Buffer): void;
}

type State = 'head' | 'body' | 'until close' | 'chunk size' | 'chunk' | 'chunk end' | 'trailer' | 'done';

const headBytes = 64 * 1024; // of all heads of one answer together, and of its trailer
const chunkLineBytes = 1024; // a size of 13 digits and extensions that nobody sends
const statusLine = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: |$)/;
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const forbidden = /[\0\r\n]/;
const length = /^\d{1,15}$/;
const chunkSize = /^([0-9a-fA-F]{1,13})[ \t]*(?:;.*)?$/;
const headEnd = '\r\n\r\n';

/**
 * Reads one HTTP/1.x answer after another from pieces of any size; strict where two readers could disagree about a body's end.
 * Throws AnswerFault, after which the connection is of no use; what `events` throw passes through.
 */
export class AnswerParser {
  readonly #events: AnswerEvents;
  #state: State = 'done';
  #isHead = false;
  /** Of an unfinished head, size line or trailer. */
  #text = '';
  /** Head bytes of interim answers, and trailer bytes, seen for this answer. */
  #spentBytes = 0;
  #leftBytes = 0;
  #hasBegun = false;
  #keepsAlive = false;

  constructor(events: AnswerEvents) {
    this.#events = events;
  }

  /** Whether any byte of the awaited answer has come. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  get isDone(): boolean {
    return this.#state === 'done';
  }

  /** Of the answer that is done: whether the peer takes another request on this connection. */
  get keepsAlive(): boolean {
    return this.#keepsAlive;
  }

  /** An answer to that request comes next. */
  expect(method: string): void {
    this.#state = 'head';
    this.#isHead = method === 'HEAD';
    this.#text = '';
    this.#spentBytes = 0;
    this.#hasBegun = false;
    this.#keepsAlive = false;
  }

  /** Returns how many of the bytes belonged to the answer: fewer than given when it ended before them. */
  take(bytes: Buffer): number {
    this.#hasBegun ||= bytes.length > 0;
    let at = 0;
    while (at < bytes.length && this.#state !== 'done') {
      switch (this.#state) {
        case 'head':
          at = this.#takeHead(bytes, at);
          break;
        case 'until close':
          this.#events.data(at === 0 ? bytes : bytes.subarray(at));
          return bytes.length;
        case 'body':
        case 'chunk':
          at = this.#takeBody(bytes, at);
          break;
        default:
          at = this.#takeLine(bytes, at);
      }
    }
    return at;
  }

  /** The peer closed in good order. True when that ends the answer's body, since nothing else could. */
  close(): boolean {
    if (this.#state !== 'until close') return false;
    this.#state = 'done';
    return true;
  }

  #takeHead(bytes: Buffer, at: number): number {
    // Nearly always the whole head lies in one piece.
    const end = this.#text === '' ? bytes.indexOf(headEnd, at, 'latin1') : -1;
    if (end >= 0) {
      this.#beginAnswer(bytes.toString('latin1', at, end));
      return end + headEnd.length;
    }
    const before = this.#text.length;
    this.#text += bytes.toString('latin1', at);
    const found = this.#text.indexOf(headEnd, Math.max(0, before - headEnd.length));
    if (found < 0) {
      if (this.#spentBytes + this.#text.length > headBytes) throw new AnswerFault('ANSWER_HEAD_TOO_LARGE');
      // What is no HTTP at all is not waited for.
      if (this.#text.length >= 7 && !this.#text.startsWith('HTTP/1.')) throw new AnswerFault('ANSWER_INVALID');
      return bytes.length;
    }
    const head = this.#text.slice(0, found);
    this.#text = '';
    this.#beginAnswer(head);
    return at + found + headEnd.length - before;
  }

  #beginAnswer(head: string): void {
    this.#spentBytes += head.length;
    if (this.#spentBytes > headBytes) throw new AnswerFault('ANSWER_HEAD_TOO_LARGE');
    const [first = '', ...lines] = head.split('\r\n');
    const [, minor, digits] = statusLine.exec(first) ?? [];
    const status = Number(digits);
    // 101 would speak another protocol from here on, and nobody asked for it.
    if (minor === undefined || status === 101 || forbidden.test(first)) throw new AnswerFault('ANSWER_INVALID');
    const headers = headersOf(lines);
    if (status < 200) return; // 100, 102 and 103 may come unasked; the answer follows
    const connection = headers.connection?.toLowerCase() ?? '';
    const says = (word: string): boolean => connection === word || (connection !== '' && connection.split(/[ \t]*,[ \t]*/).includes(word));
    this.#keepsAlive = minor === '1' ? !says('close') : says('keep-alive');
    this.#state = this.#bodyOf(status, headers);
    this.#events.head(status, headers);
  }

  #bodyOf(status: number, { 'content-length': declared, 'transfer-encoding': coding }: Readonly<Record<string, string>>): State {
    // Two lengths arrive here as "5, 5": equal or not, somebody on the way reads them otherwise.
    if (declared !== undefined && (!length.test(declared) || coding !== undefined)) throw new AnswerFault('ANSWER_LENGTH');
    if (coding !== undefined && coding.toLowerCase() !== 'chunked') throw new AnswerFault('ANSWER_INVALID');
    if (this.#isHead || status === 204 || status === 304) return 'done';
    if (coding !== undefined) return 'chunk size';
    if (declared === undefined) {
      this.#keepsAlive = false;
      return 'until close';
    }
    this.#leftBytes = Number(declared);
    return this.#leftBytes === 0 ? 'done' : 'body';
  }

  #takeBody(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.#leftBytes);
    this.#leftBytes -= end - at;
    if (this.#leftBytes === 0) this.#state = this.#state === 'chunk' ? 'chunk end' : 'done';
    this.#events.data(at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end));
    return end;
  }

  /** Chunk framing: lines that end with CRLF, and nothing but CRLF after a chunk. */
  #takeLine(bytes: Buffer, at: number): number {
    const end = bytes.indexOf(10, at) + 1 || bytes.length;
    this.#text += bytes.toString('latin1', at, end);
    if (this.#state === 'trailer' ? this.#spentBytes + this.#text.length > headBytes : this.#text.length > chunkLineBytes)
      throw new AnswerFault('ANSWER_INVALID');
    if (!this.#text.endsWith('\n')) return end;
    if (!this.#text.endsWith('\r\n')) throw new AnswerFault('ANSWER_INVALID');
    const line = this.#text.slice(0, -2);
    this.#text = '';
    if (this.#state === 'chunk size') this.#beginChunk(line);
    else if (this.#state === 'trailer') this.#endTrailerLine(line);
    else if (line === '') this.#state = 'chunk size';
    else throw new AnswerFault('ANSWER_INVALID');
    return end;
  }

  #beginChunk(line: string): void {
    const [, digits] = chunkSize.exec(line) ?? [];
    if (digits === undefined || forbidden.test(line)) throw new AnswerFault('ANSWER_INVALID');
    this.#leftBytes = Number.parseInt(digits, 16);
    this.#state = this.#leftBytes === 0 ? 'trailer' : 'chunk';
  }

  /** Trailers are counted and dropped: nothing that we read comes in them. */
  #endTrailerLine(line: string): void {
    this.#spentBytes += line.length + 2;
    if (line === '') this.#state = 'done';
  }
}

function headersOf(lines: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = Object.create(null);
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(0, colon)).toLowerCase();
    // Neither folded lines nor blanks before the colon: both were used to make two readers disagree.
    if (!token.test(name) || forbidden.test(line)) throw new AnswerFault('ANSWER_INVALID');
    const value = withoutBlanks(line, colon + 1);
    const earlier = headers[name];
    headers[name] = earlier === undefined ? value : `${earlier}, ${value}`;
  }
  return headers;
}

/** Blanks are space and tab only: `trim` would take bytes of UTF-8 with it (0x85, 0xa0). */
function withoutBlanks(line: string, start: number): string {
  let from = start;
  let to = line.length;
  while (from < to && isBlank(line.charCodeAt(from))) from++;
  while (to > from && isBlank(line.charCodeAt(to - 1))) to--;
  return line.slice(from, to);
}

const isBlank = (code: number): boolean => code === 32 || code === 9;
