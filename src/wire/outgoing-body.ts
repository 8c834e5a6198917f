import type { Socket } from 'node:net';
import { MigrationError } from '../core/migration-error.ts';
import type { BodyStream, HttpRequest } from '../ports/transport.ts';

/** The body of one request on its way to the kernel. */
export interface OutgoingBody {
  /** Every byte was handed over. */
  readonly isSent: boolean;
  begin(): void;
  /** Nothing further is written, nor asked for. */
  stop(): void;
}

const sliceBytes = 256 * 1024;
const wholeBytes = 64 * 1024;

/** Undefined = the request has none. `failed` is told of what a stream throws, and of one of another length than declared: BODY_LENGTH. */
export function outgoingBody(socket: Socket, { body, stream, method }: HttpRequest, failed: (error: unknown) => void): OutgoingBody | undefined {
  if (stream) return streamed(socket, stream, method, failed);
  return body && body.length > 0 ? held(socket, body) : undefined;
}

/** Slices wait for the kernel in between, so that a slow server does not make the runtime hold what it cannot send. */
function held(socket: Socket, body: Uint8Array): OutgoingBody {
  let sentBytes = 0;
  let isStopped = false;
  const write = (error?: Error | null): void => {
    if (error || isStopped || sentBytes >= body.length) return;
    const start = sentBytes;
    sentBytes = Math.min(body.length, start + sliceBytes);
    socket.write(body.subarray(start, sentBytes), write);
  };
  return {
    get isSent() {
      return sentBytes === body.length;
    },
    begin() {
      if (body.length >= wholeBytes) return write();
      sentBytes = body.length;
      socket.write(body);
    },
    stop() {
      isStopped = true;
    },
  };
}

function streamed(socket: Socket, { sizeBytes, chunks }: BodyStream, operation: string, failed: (error: unknown) => void): OutgoingBody {
  let sentBytes = 0;
  let isStopped = false;

  /** False when the socket is gone: its own error tells why. */
  const written = (bytes: Uint8Array): Promise<boolean> => {
    sentBytes += bytes.length;
    return new Promise((resolve) => socket.write(bytes, (error) => resolve(!error && !isStopped)));
  };

  /** Leaving the loop early ends the iteration, and with it what the caller's generator holds. */
  async function send(): Promise<void> {
    let last: Uint8Array | undefined;
    for await (const chunk of chunks) {
      if (isStopped) return;
      if (sentBytes + (last?.length ?? 0) + chunk.length > sizeBytes) throw wrongLength();
      const isLast = chunk.length > 0 && sentBytes + chunk.length === sizeBytes;
      // The last byte waits for the stream's end: no answer can come before it is known that the body is as long as declared.
      if (isLast) last = Uint8Array.of(chunk[chunk.length - 1] ?? 0);
      const now = isLast ? chunk.subarray(0, -1) : chunk;
      if (now.length > 0 && !(await written(now))) return;
    }
    if (isStopped) return;
    if (sentBytes + (last?.length ?? 0) < sizeBytes) throw wrongLength();
    if (last) await written(last);
  }

  const wrongLength = (): MigrationError => new MigrationError('BODY_LENGTH', { operation, detail: 'the stream is not as long as declared' });

  return {
    get isSent() {
      return sentBytes === sizeBytes;
    },
    begin() {
      send().catch((error: unknown) => {
        if (!isStopped) failed(error);
      });
    },
    stop() {
      isStopped = true;
    },
  };
}
