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
  /** Takes the body of a 2xx answer as it arrives; other answers are collected (64 KiB at most) into `body`. */
  readonly sink?: ((chunk: Uint8Array) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Header names in lower case. `receivedBytes` counts the body as it came over the wire. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly receivedBytes: number;
}
