import { element, printXml } from './xml.ts';

/** A refusal as AWS names it. `reason`: EBS direct's closed list, beside the name. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: string;
  readonly status: number;
  readonly reason: string | undefined;

  constructor(code: string, status: number, sentence: string, reason?: string) {
    super(sentence);
    this.code = code;
    this.status = status;
    this.reason = reason;
  }
}

/** Why a request's credentials were not taken, before any service looks at it. */
export type Refusal = 'no signature' | 'malformed' | 'unknown key' | 'wrong signature' | 'wrong clock' | 'expired key' | 'revoked key';

type Named = readonly [code: string, status: number];

/** EC2 answers AuthFailure whether the key or its secret is wrong, and RequestExpired for a stale date and for a stale session alike. */
const ofEc2: Readonly<Record<Refusal, Named>> = {
  'no signature': ['MissingAuthenticationToken', 403],
  malformed: ['IncompleteSignature', 400],
  'unknown key': ['AuthFailure', 401],
  'wrong signature': ['AuthFailure', 401],
  'wrong clock': ['RequestExpired', 400],
  'expired key': ['RequestExpired', 400],
  'revoked key': ['AuthFailure', 401],
};
const ofQuery: Readonly<Record<Refusal, Named>> = {
  ...ofEc2,
  'unknown key': ['InvalidClientTokenId', 403],
  'wrong signature': ['SignatureDoesNotMatch', 403],
  'wrong clock': ['SignatureDoesNotMatch', 403],
  'expired key': ['ExpiredToken', 403],
  'revoked key': ['InvalidClientTokenId', 403],
};
const ofJson: Readonly<Record<Refusal, Named>> = {
  'no signature': ['MissingAuthenticationTokenException', 403],
  malformed: ['IncompleteSignatureException', 403],
  'unknown key': ['UnrecognizedClientException', 403],
  'wrong signature': ['InvalidSignatureException', 403],
  'wrong clock': ['InvalidSignatureException', 403],
  'expired key': ['ExpiredTokenException', 403],
  'revoked key': ['UnrecognizedClientException', 403],
};

export function refused(refusal: Refusal, service: string): ApiError {
  const table = service === 'ec2' ? ofEc2 : isJson(service) ? ofJson : ofQuery;
  const [code, status] = table[refusal];
  return new ApiError(code, status, `The lab refuses these credentials: ${refusal}.`);
}

/** What the account is not allowed to do. */
export function forbidden(service: string): ApiError {
  const sentence = 'You are not authorized to perform this operation.';
  if (service === 'ec2') return new ApiError('UnauthorizedOperation', 403, sentence);
  return service === 'ebs' ? new ApiError('AccessDeniedException', 403, sentence, 'UNAUTHORIZED_ACCOUNT') : new ApiError('AccessDenied', 403, sentence);
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

const isJson = (service: string): boolean => service === 'ebs' || service === 'organizations';

/** The error in the shape of its service: EC2's own XML, the query protocol's, or JSON with the name in a header. */
export function errorAnswer(error: ApiError, service: string, requestId: string): Answer {
  const { code, status, message, reason } = error;
  if (isJson(service)) {
    const body = JSON.stringify({ Message: message, ...(reason && { Reason: reason }) });
    return { status, headers: { 'content-type': 'application/json', 'x-amzn-errortype': code, 'x-amzn-requestid': requestId }, body };
  }
  const said = { Code: code, Message: message };
  const root =
    service === 'ec2'
      ? element('Response', { Errors: { Error: said }, RequestID: requestId })
      : element('ErrorResponse', { Error: { Type: status < 500 ? 'Sender' : 'Receiver', ...said }, RequestId: requestId });
  return { status, headers: { 'content-type': 'text/xml;charset=UTF-8' }, body: printXml(root) };
}
