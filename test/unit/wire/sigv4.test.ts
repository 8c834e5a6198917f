import { createHash, createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { SignatureV4 } from '@smithy/signature-v4';
import fc from 'fast-check';
import { canonicalQuery, createSigner, emptySha256, encodePath } from '../../../src/wire/sigv4.ts';

type Data = string | ArrayBuffer | ArrayBufferView;
const bytes = (data: Data): string | Buffer =>
  typeof data === 'string' ? data : ArrayBuffer.isView(data) ? Buffer.from(data.buffer, data.byteOffset, data.byteLength) : Buffer.from(data);

/** What the independent signer needs of a hash: @smithy's own checksum interface over node:crypto. */
class Sha256 {
  readonly #hash;
  constructor(secret?: Data) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', bytes(secret));
  }
  update(data: Data): void {
    this.#hash.update(bytes(data));
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
  reset(): void {}
}

const credentials = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' };

describe('createSigner', () => {
  it('signs the GET ?lifecycle of the Amazon S3 documentation', () => {
    const sign = createSigner({ region: 'us-east-1', service: 's3' });
    const headers = sign(
      { method: 'GET', host: 'examplebucket.s3.amazonaws.com', path: '/', query: canonicalQuery({ lifecycle: '' }), headers: {}, payloadSha256: emptySha256 },
      credentials,
      Date.UTC(2013, 4, 24),
    );
    expect(headers['x-amz-date']).toBe('20130524T000000Z');
    expect(headers.authorization).toBe(
      'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
    );
  });

  it('signs the object listing of the Amazon S3 documentation', () => {
    const sign = createSigner({ region: 'us-east-1', service: 's3' });
    const query = canonicalQuery({ prefix: 'J', 'max-keys': 2 });
    const headers = sign(
      { method: 'GET', host: 'examplebucket.s3.amazonaws.com', path: '/', query, headers: {}, payloadSha256: emptySha256 },
      credentials,
      Date.UTC(2013, 4, 24),
    );
    expect(headers.authorization).toContain('Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7');
  });

  it('agrees with an independent signer on any key, query and metadata', async () => {
    const key = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }).filter((text) => text.isWellFormed()),
      fc.constantFrom('a//b', '/a', 'a/../b', './x', 'a+b c', 'a%2Fb', "q'(!)*", 'é', 'e\u0301', '🌊', 'dir/', 'a\u0001b', '~-_.'),
    );
    const value = fc.stringMatching(/^[\x20-\x7e]{0,20}$/);
    const query = fc.dictionary(fc.constantFrom('a', 'a-b', 'a.b', 'uploadId', 'partNumber', 'versionId', 'tagging', 'é'), value);
    const user = fc.dictionary(fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/), value);
    await fc.assert(
      fc.asyncProperty(key, query, user, fc.boolean(), async (key, query, user, withToken) => {
        const nowMs = Date.UTC(2026, 1, 3, 4, 5, 6);
        const all = { ...credentials, ...(withToken ? { sessionToken: 'token/+=' } : {}) };
        const metadata = Object.fromEntries(Object.entries(user).map(([name, value]) => [`x-amz-meta-${name}`, value]));
        const path = encodePath(`/bucket/${key}`);
        const independent = new SignatureV4({
          credentials: all,
          region: 'fr-north',
          service: 's3',
          sha256: Sha256,
          uriEscapePath: false,
          applyChecksum: false,
        });
        const theirs = await independent.sign(
          {
            method: 'PUT',
            protocol: 'https:',
            hostname: 'store.example',
            path,
            query,
            headers: { host: 'store.example', ...metadata, 'x-amz-content-sha256': emptySha256 },
          },
          { signingDate: new Date(nowMs) },
        );
        const sign = createSigner({ region: 'fr-north', service: 's3' });
        const ours = sign(
          { method: 'PUT', host: 'store.example', path, query: canonicalQuery(query), headers: metadata, payloadSha256: emptySha256 },
          all,
          nowMs,
        );
        expect(ours.authorization).toBe(theirs.headers.authorization);
      }),
      { numRuns: 300 },
    );
  });

  it('makes a new signature with a new day, second or secret', () => {
    const sign = createSigner({ region: 'r', service: 's3' });
    const request = { method: 'GET', host: 'h', path: '/', query: '', headers: {}, payloadSha256: emptySha256 };
    const at = (nowMs: number, secretAccessKey = 'a') => sign(request, { accessKeyId: 'k', secretAccessKey }, nowMs).authorization;
    expect(new Set([at(0), at(1000), at(86_400_000), at(0, 'b')]).size).toBe(4);
    expect(at(0)).toBe(at(999));
  });
});

describe('encodePath', () => {
  it.each([
    ['a//b/../c/.', 'a//b/../c/.'],
    ['a b+c%2F', 'a%20b%2Bc%252F'],
    ['é', '%C3%A9'],
    ['e\u0301', 'e%CC%81'],
    ["!'()*", '%21%27%28%29%2A'],
    ['/x/', '/x/'],
  ])('%s', (key, path) => expect(encodePath(key)).toBe(path));

  it('refuses what is no UTF-8', () => expect(() => encodePath('\ud800')).toThrow(URIError));

  it('gives back every key when decoded', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed()),
        (key) => decodeURIComponent(encodePath(key)) === key,
      ),
    );
  });
});
