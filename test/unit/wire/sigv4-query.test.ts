import { describe, expect, it } from '@jest/globals';
import { presignedQuery } from '../../../src/wire/sigv4-query.ts';

const credentials = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' };
const options = { region: 'us-east-1', service: 's3' };
const request = { method: 'GET', host: 'examplebucket.s3.amazonaws.com', path: '/test.txt' };
const times = { nowMs: Date.UTC(2013, 4, 24), seconds: 86_400 };

describe('presignedQuery', () => {
  it('signs the GET of the Amazon S3 documentation', () => {
    expect(presignedQuery(options, request, credentials, times)).toBe(
      'X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
    );
  });

  it('carries the session token under its signature', () => {
    const query = presignedQuery(options, request, { ...credentials, sessionToken: 'a+b/c=' }, times);
    expect(query).toContain('&X-Amz-Expires=86400&X-Amz-Security-Token=a%2Bb%2Fc%3D&X-Amz-SignedHeaders=host&X-Amz-Signature=');
    expect(query).not.toContain('aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404');
  });
});
