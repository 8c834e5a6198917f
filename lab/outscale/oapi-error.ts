/**
 * A refusal as the API words it. Codes from 4000 on are those of the vendor's gateway table; 1, 4, 5, 2000, 3001, 3002, 7000, 8019 and 10001, and
 * the HTTP statuses, are what the vendor's own public test suite expects (the API specification names 400, 401, 500 and 409 only).
 */
export class OapiError extends Error {
  override readonly name = 'OapiError';
  readonly code: number;
  /** HTTP. */
  readonly status: number;
  readonly type: string;

  constructor(code: number, details: string) {
    super(details);
    this.code = code;
    [this.type, this.status] = kindOf(code);
  }
}

/** Makes the refusal, to be thrown. */
export const refused = (code: number, details: string): OapiError => new OapiError(code, details);

/** What a call is answered with when it failed; `shape` is one of the four in which the vendor's clients expect errors. */
export type ErrorShape = 'oapi' | 'problem' | 'amazon' | 'empty';

export interface ErrorAnswer {
  readonly contentType: string;
  readonly body: string;
}

export function errorAnswer(error: OapiError, shape: ErrorShape, requestId: string): ErrorAnswer {
  switch (shape) {
    case 'oapi':
      return json({ Errors: [{ Type: error.type, Details: error.message, Code: String(error.code) }], ResponseContext: { RequestId: requestId } });
    case 'problem':
      return {
        contentType: 'application/problem+json',
        body: JSON.stringify({ type: `/errors/${error.code}`, status: error.status, title: error.type, detail: error.message }),
      };
    case 'amazon':
      return json({ __type: `com.amazonaws#${error.type.split(' ')[0]}` });
    case 'empty':
      return { contentType: 'text/plain', body: '' };
  }
}

const json = (value: unknown): ErrorAnswer => ({ contentType: 'application/json', body: JSON.stringify(value) });

function kindOf(code: number): readonly [string, number] {
  if (code === 6) return ['ServiceUnavailable', 503];
  if (code === 24 || code === 25) return ['TooManyRequests', 429];
  if (code < 2000) return ['AccessDenied', 401];
  if (code === 10_001) return ['InsufficientCapacity', 400];
  const [type, status] = thousands[Math.floor(code / 1000)] ?? thousands[2];
  return [type, status];
}

const thousands: Readonly<Record<number, readonly [string, number]>> & { readonly 2: readonly [string, number] } = {
  2: ['InternalError', 500],
  3: ['InvalidParameter', 400],
  4: ['InvalidParameterValue', 400],
  5: ['InvalidResource', 400],
  6: ['InvalidState', 409],
  7: ['MissingParameter', 400],
  8: ['OperationNotSupported', 400],
  9: ['ResourceConflict', 409],
  10: ['TooManyResources (QuotaExceded)', 400],
};
