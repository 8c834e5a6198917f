import type { ErrorCode } from '../../core/error-codes.ts';
import { MigrationError } from '../../core/migration-error.ts';
import type { HttpAnswer } from '../../ports/transport.ts';
import type { Operation } from './operations.ts';

/** What was asked of which cloud. */
export interface Asked {
  readonly operation: Operation;
  readonly place: string;
}

/** A refusal by the API; `vendor` is its own code (`9015`) or name, empty where it gave none. */
export class OutscaleRefusal extends MigrationError {
  readonly vendor: string;

  constructor(code: ErrorCode, vendor: string, context: MigrationError['context']) {
    super(code, context);
    this.vendor = vendor;
  }
}

/** What was to be made is there already, or under the same token with another body: look it up. */
export const isThereAlready = (error: unknown): boolean => error instanceof OutscaleRefusal && thereAlready.has(error.vendor);
const thereAlready = new Set(['4091', '9000', '9005', '9008', '9009', '9011', '9015', '9028', '9058', '9060']);

/** `no-such-…` and its like. What the search for a place found wanting (5006, 5069) is not among them. */
export const isNotThere = (error: unknown): boolean => error instanceof OutscaleRefusal && /^5\d{3}$/.test(error.vendor) && error.code !== 'CAPACITY';

/** A deletion that something still stands in the way of: a state, or what hangs on it. */
export const mustWait = (error: unknown): boolean => error instanceof OutscaleRefusal && (error.code === 'TARGET_BUSY' || /^9\d{3}$/.test(error.vendor));

/** Where one code differs from its class (names: the vendor's gateway_errors). */
const byCode: Readonly<Record<string, ErrorCode>> = {
  '6': 'THROTTLED',
  '24': 'THROTTLED',
  '25': 'THROTTLED',
  // Only an import reads from a store: bucket-not-found, invalid-import-path, invalid-url, invalid-url-format, osu-connection-error.
  '4002': 'IMPORT_FAILED',
  '4027': 'IMPORT_FAILED',
  '4074': 'IMPORT_FAILED',
  '4075': 'IMPORT_FAILED',
  '4088': 'IMPORT_FAILED',
  // ghostly-vm, invalid-instance, no-such-vm
  '5002': 'MACHINE_MISSING',
  '5003': 'MACHINE_MISSING',
  '5063': 'MACHINE_MISSING',
  '5054': 'SNAPSHOT_MISSING',
  // no-pz-available, zero-candidate
  '5006': 'CAPACITY',
  '5069': 'CAPACITY',
  // busy, device-conflict, device-in-use, subnet in use or associated, net associated, volume-not-in-use
  '9002': 'TARGET_BUSY',
  '9003': 'TARGET_BUSY',
  '9004': 'TARGET_BUSY',
  '9057': 'TARGET_BUSY',
  '9059': 'TARGET_BUSY',
  '9063': 'TARGET_BUSY',
  '9066': 'TARGET_BUSY',
  // InsufficientCapacity, by the vendor's public tests; too-many-concurrent-snapshots passes by itself
  '10001': 'CAPACITY',
  '10008': 'TARGET_BUSY',
};

const byClass: readonly (readonly [RegExp, ErrorCode])[] = [
  [/^[45]\d{3}$/, 'TARGET_INVALID'],
  [/^6\d{3}$/, 'TARGET_BUSY'],
  [/^9\d{3}$/, 'TARGET_INVALID'],
  [/^10\d{3}$/, 'QUOTA_EXCEEDED'],
];

/** Names of the other two shapes, and types of the first. */
const byName: Readonly<Record<string, ErrorCode>> = {
  AccessDenied: 'PERMISSION_DENIED',
  AccessDeniedException: 'PERMISSION_DENIED',
  UnauthorizedOperation: 'PERMISSION_DENIED',
  RequestLimitExceeded: 'THROTTLED',
  Throttling: 'THROTTLED',
  ThrottlingException: 'THROTTLED',
  ServiceUnavailable: 'UNAVAILABLE',
};

/** Any answer that is not 2xx. Neither `Details` nor another text of the vendor is kept: it may name things. */
export function refusal(answer: HttpAnswer, { operation, place }: Asked): OutscaleRefusal {
  const { code = '', name = '' } = wordsOf(answer.body);
  const detail = [answer.status, code, name].filter(Boolean).join(' ');
  const seconds = Number(answer.headers['retry-after'] ?? 0);
  return new OutscaleRefusal(codeOf(answer.status, code, name), code || name, {
    operation,
    target: place,
    detail,
    ...(seconds > 0 ? { retryAfterMs: seconds * 1000 } : {}),
  });
}

function codeOf(status: number, code: string, name: string): ErrorCode {
  // Before anything else: no 401 may ever be tried again.
  if (status === 401) return isAboutRights(code) ? 'PERMISSION_DENIED' : 'CREDENTIALS_REFUSED';
  if (status === 429) return 'THROTTLED';
  const known = byCode[code] ?? byClass.find(([form]) => form.test(code))?.[1] ?? byName[name];
  if (known) return known;
  if (status === 403) return 'PERMISSION_DENIED';
  if (status === 408 || status >= 500) return 'UNAVAILABLE';
  if (status === 409) return 'TARGET_BUSY';
  if (status < 400 || status === 404 || status === 405) return 'CONFIG_INVALID'; // not this API's address
  return 'TARGET_INVALID';
}

/** The API says 401 too when the signature was right but its user may not (4), or may not touch a thing of others (5): so the vendor's public tests. */
const isAboutRights = (code: string): boolean => code === '4' || code === '5';

/** The three shapes (facts: targets §2); an empty or unknown body has no words. */
function wordsOf(body: Buffer): { readonly code?: string; readonly name?: string } {
  const parsed = objectOf(body);
  const [first] = Array.isArray(parsed?.Errors) ? (parsed.Errors as readonly unknown[]) : [];
  if (typeof first === 'object' && first !== null) {
    const { Code, Type } = first as { Code?: unknown; Type?: unknown };
    return { code: word(typeof Code === 'number' ? String(Code) : Code), name: word(Type) };
  }
  // `{"__type":"com.vendor#AccessDenied"}`, or the `type` of application/problem+json: a URI whose last part is the code or the name.
  const last = word(lastPart(parsed?.__type ?? parsed?.type));
  return /^\d+$/.test(last) ? { code: last } : { name: last };
}

export function objectOf(body: Buffer): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(body.toString('utf8'));
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? (parsed as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

const lastPart = (text: unknown): unknown => (typeof text === 'string' ? text.split(/[#/:]/).at(-1) : undefined);
const word = (text: unknown): string => (typeof text === 'string' && /^[A-Za-z0-9_.-]{1,60}$/.test(text) ? text : '');
