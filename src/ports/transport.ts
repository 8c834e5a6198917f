/**
 * Bytes over HTTP/1.1, one request a call, no redirects, no retries, no decompression (`Accept-Encoding: identity`).
 * The path is sent as given: `new URL()` would fold `.` and `..`, and keys are exact.
 */
export interface Transport {
  request(request: HttpRequest): Promise<HttpAnswer>;
  close(): Promise<void>;
}

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  /** Scheme, host and port: `http://127.0.0.1:8333`. Plain http only to loopback (config refuses others). */
  readonly origin: string;
  /** Encoded path with query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | undefined;
  /** In place of `body`, one that is never held whole. */
  readonly stream?: BodyStream | undefined;
  /** Takes the body of a 2xx answer as it arrives; other answers are collected (64 KiB at most) into `body`. */
  readonly sink?: ((chunk: Uint8Array) => void) | undefined;
  /** How long the answer may take to begin, where that is longer than usual: a copy inside the store. */
  readonly answerTimeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A request body as it comes: exactly `sizeBytes` bytes in all, else BODY_LENGTH and the store never sees its end. The next chunk is asked for when the
 * kernel has the former, which may then be overwritten. It can be sent once, so it goes out on a fresh connection; what it throws, the request throws.
 */
export interface BodyStream {
  readonly sizeBytes: number;
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** Header names in lower case. `receivedBytes` counts the body as it came over the wire. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly receivedBytes: number;
}
