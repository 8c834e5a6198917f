import type { ErrorCode } from '../core/error-codes.ts';
import { MigrationError } from '../core/migration-error.ts';

/** A private CA is configured by NODE_EXTRA_CA_CERTS; nothing mends these by waiting. */
const untrusted = /^(CERT_|ERR_TLS_|DEPTH_ZERO_SELF_SIGNED|SELF_SIGNED_CERT|UNABLE_TO_)/;
const closed = new Set(['CLOSED', 'ECONNRESET', 'EPIPE']);

/** An end of the connection that the system has no error for. */
export class NetworkFault extends Error {
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

/** Whether the peer ended the connection: the sign of a stale keep-alive socket when no answer byte has come. */
export const isClosedByPeer = (error: unknown): boolean => closed.has(codeOf(error));

/** What a failed exchange means. `answerBegan`: the status had arrived, so an end of the connection cut the body short. */
export function networkError(error: unknown, operation: string, answerBegan: boolean): MigrationError {
  const name = codeOf(error);
  return new MigrationError(errorCode(name, answerBegan), { operation, detail: name });
}

function errorCode(name: string, answerBegan: boolean): ErrorCode {
  if (untrusted.test(name)) return 'ENDPOINT_UNREACHABLE';
  return name === 'ANSWER_LENGTH' || (answerBegan && closed.has(name)) ? 'BODY_LENGTH' : 'UNAVAILABLE';
}

/** The name only: messages hold addresses. By shape, not class: Jest's realm is not that of the system's errors. */
function codeOf(error: unknown): string {
  const { code, name, errors } = (error ?? {}) as { code?: unknown; name?: unknown; errors?: readonly unknown[] };
  // A connection tried at several addresses tells its first failure.
  if (Array.isArray(errors)) return codeOf(errors[0]);
  return typeof code === 'string' ? code : typeof name === 'string' ? name : 'unknown';
}
