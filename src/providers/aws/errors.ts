import type { ErrorCode } from '../../core/error-codes.ts';
import { isMigrationError, MigrationError } from '../../core/migration-error.ts';
import type { HttpAnswer } from '../../ports/transport.ts';
import { networkError } from '../../wire/network-error.ts';
import type { AwsOperation } from './operations.ts';

/** What was asked, and where: `aws/<account>/<region>`. */
export interface Asked {
  readonly operation: AwsOperation;
  readonly place: string;
}

/** By the vendor's error name, of EC2, EBS direct and STS (their API references, "Common errors" and the pages of the operations). */
const byName: Readonly<Record<string, ErrorCode>> = {
  AuthFailure: 'CREDENTIALS_REFUSED',
  ExpiredToken: 'CREDENTIALS_REFUSED',
  ExpiredTokenException: 'CREDENTIALS_REFUSED',
  IncompleteSignature: 'CREDENTIALS_REFUSED',
  IncompleteSignatureException: 'CREDENTIALS_REFUSED',
  InvalidClientTokenId: 'CREDENTIALS_REFUSED',
  InvalidSignatureException: 'CREDENTIALS_REFUSED',
  MissingAuthenticationToken: 'CREDENTIALS_REFUSED',
  MissingAuthenticationTokenException: 'CREDENTIALS_REFUSED',
  SignatureDoesNotMatch: 'CREDENTIALS_REFUSED',
  UnrecognizedClientException: 'CREDENTIALS_REFUSED',
  CredentialsProviderError: 'CREDENTIALS_MISSING',
  TokenProviderError: 'CREDENTIALS_MISSING',
  AccessDenied: 'PERMISSION_DENIED',
  AccessDeniedException: 'PERMISSION_DENIED',
  Blocked: 'PERMISSION_DENIED',
  // Stop protection, or a machine that a service runs.
  OperationNotPermitted: 'PERMISSION_DENIED',
  OptInRequired: 'PERMISSION_DENIED',
  PendingVerification: 'PERMISSION_DENIED',
  RegionDisabledException: 'PERMISSION_DENIED',
  UnauthorizedOperation: 'PERMISSION_DENIED',
  // For a stale date, and for a session that ended: a second try with the corrected clock tells which.
  RequestExpired: 'CLOCK_SKEW',
  BandwidthLimitExceeded: 'THROTTLED',
  EC2ThrottledException: 'THROTTLED',
  PriorRequestNotComplete: 'THROTTLED',
  RequestLimitExceeded: 'THROTTLED',
  RequestThrottled: 'THROTTLED',
  RequestThrottledException: 'THROTTLED', // status 400 (facts: sources §3)
  SlowDown: 'THROTTLED',
  SnapshotCreationPerVolumeRateExceeded: 'THROTTLED',
  Throttling: 'THROTTLED',
  ThrottlingException: 'THROTTLED',
  TooManyRequestsException: 'THROTTLED',
  InternalError: 'UNAVAILABLE',
  InternalFailure: 'UNAVAILABLE',
  InternalServerException: 'UNAVAILABLE',
  ServiceUnavailable: 'UNAVAILABLE',
  TimeoutError: 'UNAVAILABLE',
  Unavailable: 'UNAVAILABLE',
  'InvalidInstanceID.Malformed': 'MACHINE_MISSING',
  'InvalidInstanceID.NotFound': 'MACHINE_MISSING',
  'InvalidSnapshot.NotFound': 'SNAPSHOT_MISSING',
  'InvalidSnapshotID.Malformed': 'SNAPSHOT_MISSING',
  'InvalidVolume.NotFound': 'UNAVAILABLE', // it hung on the machine a moment ago: the next look sees what is there now
  ResourceNotFoundException: 'SNAPSHOT_MISSING',
  IncorrectInstanceState: 'TARGET_BUSY',
  IncorrectState: 'TARGET_BUSY',
  'InvalidSnapshot.InUse': 'TARGET_BUSY',
  CapacityReservationNotFound: 'CAPACITY',
  InsufficientCapacity: 'CAPACITY',
  InsufficientHostCapacity: 'CAPACITY',
  InsufficientInstanceCapacity: 'CAPACITY',
  InsufficientReservedInstanceCapacity: 'CAPACITY',
  SpotMaxPriceTooLow: 'CAPACITY',
  // Of snapshots that are being made at once: some end by themselves.
  ConcurrentSnapshotLimitExceeded: 'TARGET_BUSY',
  ConcurrentLimitExceeded: 'TARGET_BUSY',
  InstanceLimitExceeded: 'QUOTA_EXCEEDED',
  ServiceQuotaExceededException: 'QUOTA_EXCEEDED',
  SnapshotLimitExceeded: 'QUOTA_EXCEEDED',
  VcpuLimitExceeded: 'QUOTA_EXCEEDED',
  UnsupportedOperation: 'UNSUPPORTED',
  Unsupported: 'UNSUPPORTED',
  UnsupportedHibernationConfiguration: 'UNSUPPORTED',
};

/** EBS direct says the same name for several things, and which by its closed list of reasons (its service model). */
const byReason: Readonly<Record<string, ErrorCode>> = {
  DEPENDENCY_ACCESS_DENIED: 'KEY_ACCESS_DENIED',
  DEPENDENCY_RESOURCE_NOT_FOUND: 'KEY_ACCESS_DENIED',
  GRANT_NOT_FOUND: 'KEY_ACCESS_DENIED',
  INVALID_CUSTOMER_KEY: 'KEY_ACCESS_DENIED',
  INVALID_GRANT_TOKEN: 'KEY_ACCESS_DENIED',
  INVALID_SNAPSHOT_ID: 'SNAPSHOT_MISSING',
  SNAPSHOT_NOT_FOUND: 'SNAPSHOT_MISSING',
  UNRELATED_SNAPSHOTS: 'SNAPSHOTS_UNRELATED',
};

/** Whatever the SDK or the transport threw. An abort is handed on as it is. */
export function thrown(error: unknown, asked: Asked, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted) return signal.reason;
  if (isMigrationError(error)) return failure(error.code, asked, error.context.detail, error.context.retryAfterMs);
  const { name, code, $metadata, $response } = error as SdkError;
  const status = $metadata?.httpStatusCode;
  if (status === undefined && typeof code === 'string') return failure(networkError(error, asked.operation, false).code, asked, code);
  const retryAfter = retryAfterMs($response?.headers?.['retry-after']);
  return failure(codeOf(name, undefined, status ?? 0), asked, [status, name].filter(Boolean).join(' '), retryAfter);
}

/** An answer of EBS direct or of STS other than 2xx. */
export function refusal(answer: HttpAnswer, asked: Asked, { name, reason }: Refusal = refusalOf(answer)): MigrationError {
  const detail = [answer.status, name, reason].filter(Boolean).join(' ');
  return failure(codeOf(name, reason, answer.status), asked, detail, retryAfterMs(answer.headers['retry-after']));
}

export interface Refusal {
  readonly name?: string | undefined;
  readonly reason?: string | undefined;
}

/** Name and reason only, and only where they look like one: the message may repeat what was sent. */
export function refusalOf({ headers, body }: Pick<HttpAnswer, 'headers' | 'body'>): Refusal {
  const text = body.toString('latin1');
  const inHeader = /^[A-Za-z0-9.]{1,80}/.exec(headers['x-amzn-errortype'] ?? '')?.[0];
  return {
    name: inHeader ?? /"__type"\s*:\s*"(?:[^"#]*#)?([A-Za-z0-9.]{1,80})"/.exec(text)?.[1] ?? /<Code>([A-Za-z0-9.]{1,80})<\/Code>/.exec(text)?.[1],
    reason: /"[Rr]eason"\s*:\s*"([A-Z_]{1,80})"/.exec(text)?.[1],
  };
}

interface SdkError {
  readonly name?: string;
  readonly code?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
}

/** Neither the cause nor the message of a vendor's error is kept: both may hold tokens and addresses. */
const failure = (code: ErrorCode, { operation, place }: Asked, detail: string | undefined, wait?: number | undefined): MigrationError =>
  new MigrationError(code, { operation, source: place, detail, retryAfterMs: wait });

function codeOf(name: string | undefined, reason: string | undefined, status: number): ErrorCode {
  if (reason !== undefined && Object.hasOwn(byReason, reason)) return byReason[reason] ?? 'UNEXPECTED';
  if (name !== undefined && Object.hasOwn(byName, name)) return byName[name] ?? 'UNEXPECTED';
  if (status === 401) return 'CREDENTIALS_REFUSED';
  if (status === 402) return 'QUOTA_EXCEEDED';
  if (status === 403) return 'PERMISSION_DENIED';
  if (status === 408) return 'UNAVAILABLE';
  if (status === 429 || status === 503) return 'THROTTLED';
  if (status >= 500) return 'UNAVAILABLE';
  if (status >= 400) return 'UNSUPPORTED';
  return 'UNEXPECTED';
}

function retryAfterMs(header: string | undefined): number | undefined {
  const seconds = Number(header ?? 0);
  return seconds > 0 ? seconds * 1000 : undefined;
}
