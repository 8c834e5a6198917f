import { describe, expect, it } from '@jest/globals';
import { MigrationError } from '../../../src/core/migration-error.ts';
import { type Asked, refusal, thrown } from '../../../src/providers/s3/errors.ts';

const read: Asked = { operation: 'GetObject', place: 'shop/b', writes: false, object: true };
const write: Asked = { operation: 'PutObject', place: 'shop/b', writes: true, object: true };
const ofBucket: Asked = { operation: 'ListObjectsV2', place: 'shop/b', writes: false, object: false };
const answer = (status: number, name?: string, headers: Record<string, string> = {}) => ({
  status,
  headers,
  body: Buffer.from(name ? `<Error><Code>${name}</Code><Key>anna.muster/secret</Key></Error>` : ''),
  receivedBytes: 0,
});

describe('refusal', () => {
  it.each([
    [403, 'SignatureDoesNotMatch', read, 'CREDENTIALS_REFUSED'],
    [403, 'InvalidAccessKeyId', write, 'CREDENTIALS_REFUSED'],
    [400, 'ExpiredToken', read, 'CREDENTIALS_REFUSED'],
    [403, 'AccessDenied', write, 'PERMISSION_DENIED'],
    [403, undefined, read, 'PERMISSION_DENIED'],
    [404, 'NoSuchBucket', write, 'BUCKET_MISSING'],
    [404, 'NoSuchKey', read, 'OBJECT_MISSING'],
    [404, undefined, read, 'OBJECT_MISSING'],
    [404, undefined, ofBucket, 'BUCKET_MISSING'],
    [405, 'MethodNotAllowed', read, 'OBJECT_MISSING'],
    [405, 'MethodNotAllowed', write, 'UNSUPPORTED'],
    [404, 'NoSuchUpload', write, 'UPLOAD_MISSING'],
    [412, 'PreconditionFailed', read, 'SOURCE_CHANGED'],
    [412, 'PreconditionFailed', write, 'TARGET_CONDITION'],
    [412, undefined, read, 'SOURCE_CHANGED'],
    [416, 'InvalidRange', read, 'SOURCE_CHANGED'],
    [409, 'ConditionalRequestConflict', write, 'UNAVAILABLE'],
    [408, undefined, write, 'UNAVAILABLE'],
    [403, 'InvalidObjectState', read, 'OBJECT_ARCHIVED'],
    [503, 'SlowDown', write, 'THROTTLED'],
    [503, undefined, read, 'THROTTLED'],
    [429, undefined, read, 'THROTTLED'],
    [500, 'InternalError', read, 'UNAVAILABLE'],
    [502, undefined, read, 'UNAVAILABLE'],
    [400, 'RequestTimeout', write, 'UNAVAILABLE'],
    [301, 'PermanentRedirect', read, 'CONFIG_INVALID'],
    [307, undefined, write, 'CONFIG_INVALID'],
    [400, 'AuthorizationHeaderMalformed', read, 'CONFIG_INVALID'],
    [400, 'EntityTooLarge', write, 'TARGET_INVALID'],
    [400, 'InvalidArgument', write, 'TARGET_INVALID'],
    [400, 'InvalidRequest', read, 'UNSUPPORTED'],
    [400, 'XAmzContentSHA256Mismatch', write, 'BODY_LENGTH'],
    [400, 'IncompleteBody', write, 'BODY_LENGTH'],
    [507, undefined, write, 'QUOTA_EXCEEDED'],
    [403, 'QuotaExceeded', write, 'QUOTA_EXCEEDED'],
    [403, 'RequestTimeTooSkewed', write, 'CLOCK_SKEW'],
    [501, 'NotImplemented', write, 'UNSUPPORTED'],
    [418, undefined, write, 'TARGET_INVALID'],
    [304, undefined, read, 'UNEXPECTED'],
    // A name that is a member of every object is no code.
    [400, 'constructor', write, 'TARGET_INVALID'],
  ] as const)('%i %s', (status, name, asked, code) => {
    expect(refusal(answer(status, name), asked).code).toBe(code);
  });

  it('says operation, side and what came back, and no key', () => {
    const error = refusal(answer(503, 'SlowDown', { 'retry-after': '7' }), write);
    expect(error.context).toMatchObject({ operation: 'PutObject', target: 'shop/b', detail: '503 SlowDown', retryAfterMs: 7000 });
    expect(JSON.stringify([error.message, error.context])).not.toContain('anna');
    expect(refusal(answer(500), read).context).toMatchObject({ source: 'shop/b' });
  });
});

describe('thrown', () => {
  it('maps what the SDK throws by name and status, and drops its message', () => {
    const error = Object.assign(new Error('bucket of anna'), { name: 'NoSuchBucket', $metadata: { httpStatusCode: 404 } });
    const mapped = thrown(error, ofBucket, undefined);
    expect(mapped).toBeInstanceOf(MigrationError);
    expect(mapped).toMatchObject({ code: 'BUCKET_MISSING', context: { detail: '404 NoSuchBucket' } });
    expect(String(mapped)).not.toContain('anna');
  });

  it('knows missing credentials and network failures', () => {
    expect(thrown(Object.assign(new Error(), { name: 'CredentialsProviderError' }), read, undefined)).toMatchObject({ code: 'CREDENTIALS_MISSING' });
    expect(thrown(Object.assign(new Error(), { code: 'ECONNREFUSED' }), read, undefined)).toMatchObject({ code: 'UNAVAILABLE' });
    expect(thrown(new MigrationError('BODY_LENGTH', { operation: 'GET' }), read, undefined)).toMatchObject({
      code: 'BODY_LENGTH',
      context: { operation: 'GetObject', source: 'shop/b' },
    });
  });

  it('hands on the reason of an abort', () => {
    expect(thrown(new Error('x'), read, AbortSignal.abort('enough'))).toBe('enough');
  });
});
