import type { ErrorCode } from '../core/error-codes.ts';
import { MigrationError } from '../core/migration-error.ts';

/** A private CA is configured by NODE_EXTRA_CA_CERTS; nothing mends these by waiting. */
const untrusted = /^(CERT_|ERR_TLS_|DEPTH_ZERO_SELF_SIGNED|SELF_SIGNED_CERT|UNABLE_TO_)/;
const lengths = new Set(['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'HPE_UNEXPECTED_CONTENT_LENGTH', 'HPE_INVALID_CONTENT_LENGTH', 'HPE_INVALID_EOF_STATE']);
const closed = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

/** Whether the peer ended the connection: the sign of a stale keep-alive socket when no answer byte has come. */
export const isClosedByPeer = (error: unknown): boolean => closed.has(codeOf(error));

/** What a failed exchange means. `answerBegan`: the status had arrived, so an end of the connection cut the body short. */
export function networkError(error: unknown, operation: string, answerBegan: boolean): MigrationError {
  const name = codeOf(error);
  return new MigrationError(errorCode(name, answerBegan), { operation, detail: name });
}

function errorCode(name: string, answerBegan: boolean): ErrorCode {
  if (untrusted.test(name)) return 'ENDPOINT_UNREACHABLE';
  if (lengths.has(name) || (answerBegan && closed.has(name))) return 'BODY_LENGTH';
  // A request that undici refuses to write is our mistake: no repetition mends it.
  if (name === 'UND_ERR_INVALID_ARG' || name === 'UND_ERR_NOT_SUPPORTED') return 'UNEXPECTED';
  return 'UNAVAILABLE';
}

/** The name only: messages hold addresses. By shape, not class: Jest's realm is not that of the system's errors. */
function codeOf(error: unknown): string {
  const { code, name, errors } = error as { code?: unknown; name?: unknown; errors?: readonly unknown[] };
  // A connection tried at several addresses tells its first failure.
  if (Array.isArray(errors)) return codeOf(errors[0]);
  return typeof code === 'string' ? code : typeof name === 'string' ? name : 'unknown';
}
