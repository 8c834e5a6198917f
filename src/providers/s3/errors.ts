import type { ErrorCode } from '../../core/error-codes.ts';
import { isMigrationError, MigrationError } from '../../core/migration-error.ts';
import type { HttpAnswer } from '../../ports/transport.ts';
import { networkError } from '../../wire/network-error.ts';
import type { S3Operation } from './operations.ts';

/** What was asked of which place; `object`: of one object rather than of the bucket. */
export interface Asked {
  readonly operation: S3Operation;
  /** Store and bucket. */
  readonly place: string;
  readonly writes: boolean;
  readonly object: boolean;
}

/** By the vendor's error name. Where one means different things to readers and writers: [read, write]. */
const byName: Readonly<Record<string, ErrorCode | readonly [ErrorCode, ErrorCode]>> = {
  SignatureDoesNotMatch: 'CREDENTIALS_REFUSED',
  InvalidAccessKeyId: 'CREDENTIALS_REFUSED',
  InvalidClientTokenId: 'CREDENTIALS_REFUSED',
  InvalidToken: 'CREDENTIALS_REFUSED',
  ExpiredToken: 'CREDENTIALS_REFUSED',
  ExpiredTokenException: 'CREDENTIALS_REFUSED',
  TokenRefreshRequired: 'CREDENTIALS_REFUSED',
  NotSignedUp: 'CREDENTIALS_REFUSED',
  CredentialsProviderError: 'CREDENTIALS_MISSING',
  TokenProviderError: 'CREDENTIALS_MISSING',
  AccessDenied: 'PERMISSION_DENIED',
  AllAccessDisabled: 'PERMISSION_DENIED',
  AccountProblem: 'PERMISSION_DENIED',
  NoSuchBucket: 'BUCKET_MISSING',
  NoSuchKey: 'OBJECT_MISSING',
  NoSuchVersion: 'OBJECT_MISSING',
  NoSuchUpload: 'UPLOAD_MISSING',
  // The store has lost or never had a part that we name: the upload must begin anew.
  InvalidPart: 'UPLOAD_MISSING',
  PreconditionFailed: ['SOURCE_CHANGED', 'TARGET_CONDITION'],
  InvalidRange: 'SOURCE_CHANGED',
  ConditionalRequestConflict: 'UNAVAILABLE',
  OperationAborted: 'UNAVAILABLE',
  InternalError: 'UNAVAILABLE',
  RequestTimeout: 'UNAVAILABLE',
  TimeoutError: 'UNAVAILABLE',
  InvalidObjectState: 'OBJECT_ARCHIVED',
  SlowDown: 'THROTTLED',
  SlowDownRead: 'THROTTLED',
  SlowDownWrite: 'THROTTLED',
  TooManyRequests: 'THROTTLED',
  Throttling: 'THROTTLED',
  ThrottlingException: 'THROTTLED',
  RequestLimitExceeded: 'THROTTLED',
  BandwidthLimitExceeded: 'THROTTLED',
  PermanentRedirect: 'CONFIG_INVALID',
  TemporaryRedirect: 'CONFIG_INVALID',
  AuthorizationHeaderMalformed: 'CONFIG_INVALID',
  IllegalLocationConstraintException: 'CONFIG_INVALID',
  InvalidLocationConstraint: 'CONFIG_INVALID',
  InvalidBucketName: 'CONFIG_INVALID',
  IncompleteBody: 'BODY_LENGTH',
  BadDigest: 'BODY_LENGTH',
  XAmzContentSHA256Mismatch: 'BODY_LENGTH',
  QuotaExceeded: 'QUOTA_EXCEEDED',
  TooManyBuckets: 'QUOTA_EXCEEDED',
  InsufficientStorage: 'QUOTA_EXCEEDED',
  XMinioStorageFull: 'QUOTA_EXCEEDED',
  RequestTimeTooSkewed: 'CLOCK_SKEW',
  NotImplemented: 'UNSUPPORTED',
  // A read of a delete marker by its version; a write that the store does not know.
  MethodNotAllowed: ['OBJECT_MISSING', 'UNSUPPORTED'],
};

/** A status other than 2xx, or a 200 that carries `<Error>`. */
export function refusal(answer: HttpAnswer, asked: Asked): MigrationError {
  const name = errorName(answer.body);
  const code = codeOf(name, answer.status, asked);
  return failure(code, asked, { detail: name ? `${answer.status} ${name}` : String(answer.status), retryAfterMs: retryAfterMs(answer.headers['retry-after']) });
}

/** Whatever the SDK or the transport threw. An abort is handed on as it is. */
export function thrown(error: unknown, asked: Asked, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted) return signal.reason;
  if (isMigrationError(error)) return failure(error.code, asked, { detail: error.context.detail, retryAfterMs: error.context.retryAfterMs });
  const { name, code, $metadata } = error as { name?: string; code?: unknown; $metadata?: { httpStatusCode?: number } };
  const status = $metadata?.httpStatusCode;
  if (status === undefined && typeof code === 'string') return failure(networkError(error, asked.operation, false).code, asked, { detail: code });
  return failure(codeOf(name, status ?? 0, asked), asked, { detail: [status, name].filter(Boolean).join(' ') });
}

export function errorName(body: Buffer): string | undefined {
  return /<Code>([A-Za-z0-9.]{1,80})<\/Code>/.exec(body.toString('latin1'))?.[1];
}

/** Neither the cause nor the message of a vendor's error is kept: both may hold keys and addresses. */
function failure(
  code: ErrorCode,
  { operation, place, writes }: Asked,
  more: { detail: string | undefined; retryAfterMs?: number | undefined },
): MigrationError {
  return new MigrationError(code, { operation, ...(writes ? { target: place } : { source: place }), ...more });
}

function codeOf(name: string | undefined, status: number, { writes, object }: Asked): ErrorCode {
  const known = name === undefined || !Object.hasOwn(byName, name) ? undefined : byName[name];
  if (typeof known === 'string') return known;
  if (known) return known[writes ? 1 : 0];
  if (status === 301 || status === 307) return 'CONFIG_INVALID';
  if (status === 401) return 'CREDENTIALS_REFUSED';
  if (status === 403) return 'PERMISSION_DENIED';
  // Without a name there was no body: a HEAD.
  if (status === 404 || status === 405) return object ? 'OBJECT_MISSING' : 'BUCKET_MISSING';
  // 408: something between us and the store gave up waiting; it says nothing of the request.
  if (status === 408 || status === 409) return 'UNAVAILABLE';
  if (status === 412) return writes ? 'TARGET_CONDITION' : 'SOURCE_CHANGED';
  if (status === 416) return 'SOURCE_CHANGED';
  if (status === 429 || status === 503) return 'THROTTLED';
  if (status === 501) return 'UNSUPPORTED';
  if (status === 507) return 'QUOTA_EXCEEDED';
  if (status >= 500) return 'UNAVAILABLE';
  // A read refused as invalid needs what we do not have: the key of SSE-C, for one.
  if (status >= 400) return writes ? 'TARGET_INVALID' : 'UNSUPPORTED';
  return 'UNEXPECTED';
}

function retryAfterMs(header: string | undefined): number | undefined {
  if (!header) return undefined;
  const delayMs = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return delayMs > 0 ? delayMs : undefined;
}
