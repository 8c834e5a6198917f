import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createLogger, runtimeLogger } from '../../../src/observability/logger.ts';
import { scrub } from '../../../src/observability/scrub.ts';

const canary = 'CANARY0wJalrXUtnFEMI';

function logged(write: (logger: ReturnType<typeof createLogger>) => void): string {
  const lines: string[] = [];
  write(createLogger({ level: 'trace', bindings: { project: 'demo' }, destination: { write: (line: string) => void lines.push(line) } }));
  for (const line of lines) expect(() => JSON.parse(line)).not.toThrow();
  return lines.join('');
}

describe('a log line', () => {
  it.each([
    ['a field', { password: canary }],
    ['a nested field', { a: { b: { c: { d: { secretAccessKey: canary } } } } }],
    ['a field in a list', { list: [{ deep: [{ sessionToken: canary }] }] }],
    [
      'headers',
      { request: { headers: { Authorization: `AWS4-HMAC-SHA256 Credential=${canary}/20260101/r/s3/aws4_request, SignedHeaders=host, Signature=${canary}` } } },
    ],
    ['raw headers', { raw: ['host', 'x', 'authorization', canary, 'x-amz-security-token', canary] }],
    [
      'a pre-signed URL',
      { to: `https://h/b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${canary}%2F2026&X-Amz-Security-Token=${canary}&X-Amz-Signature=${canary}&x=1` },
    ],
    ['a SAS URL', { to: `https://a.blob.core.windows.net/c/b?sv=2024&sig=${canary}%3D&se=2026` }],
    ['a connection string', { text: `AccountName=a;AccountKey=${canary};EndpointSuffix=x SharedAccessSignature=${canary}` }],
    ['a URL with a user', { to: `http://user:${canary}@host/` }],
    ['an access key id', { text: 'who is AKIACANARY0CANARY012?' }],
    ['an error', { err: new Error(`refused: Authorization: Bearer ${canary}`, { cause: new Error(`password=${canary}`) }) }],
    ['JSON in a text', { text: JSON.stringify({ a: { apiKey: `${canary}"${canary}` }, b: 1 }) }],
    ['JSON in JSON in a text', { text: JSON.stringify({ body: JSON.stringify({ client_secret: canary }) }) }],
    ['JSON within a text', { text: `the answer was ${JSON.stringify({ a: 1, password: `x"${canary}\\` })} (400)` }],
    ['a whole object', { credentials: { a: canary, b: [canary] } }],
    ['environment', { text: `AWS_SECRET_ACCESS_KEY=${canary} OSC_SECRET_KEY=${canary} AWS_SESSION_TOKEN: ${canary}` }],
    ['a private key', { text: `-----BEGIN EC PRIVATE KEY-----\n${canary}\n-----END EC PRIVATE KEY-----` }],
    ['a value with an escaped quote', { token: `"${canary}\\"${canary}` }],
    ['a number', { token: 4711471147114711 }],
    ['the name of an object', { entry: { key: `people/${canary}.pdf` } }],
  ])('holds no secret from %s', (_, fields) => {
    const line = logged((logger) => logger.warn(fields, 'said'));
    expect(line).not.toContain('CANARY');
    expect(line).not.toContain('4711471147114711');
    expect(line).toContain('"msg":"said"');
  });

  it('holds none from its message or its bindings', () => {
    const line = logged((logger) => logger.child({ token: canary }).info(`GET https://h/?sig=${canary} failed, password: ${canary}`));
    expect(line).not.toContain('CANARY');
    expect(line).toContain('failed');
  });

  it('keeps what is no secret', () => {
    const line = logged((logger) =>
      logger.info({ workload: 'photos', bucket: 'b', sizeBytes: 5, digest: 'a'.repeat(64), code: 'CREDENTIALS_REFUSED' }, 'copied'),
    );
    expect(JSON.parse(line)).toMatchObject({
      project: 'demo',
      workload: 'photos',
      bucket: 'b',
      sizeBytes: 5,
      digest: 'a'.repeat(64),
      code: 'CREDENTIALS_REFUSED',
    });
  });

  it('stays one line of JSON whatever is in it', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string({ unit: 'binary' }), (value, name) => {
        const line = JSON.stringify({ [`token${name}`]: value, password: value, text: JSON.stringify({ secret: value, key: name }), value });
        expect(() => JSON.parse(scrub(line))).not.toThrow();
      }),
      { numRuns: 500 },
    );
  });
});

describe('Temporal’s logger', () => {
  it('passes the same redaction, with its level and its error', () => {
    const line = logged((logger) => {
      const runtime = runtimeLogger(logger);
      runtime.log('WARN', 'native', { sdkComponent: 'core', taskToken: canary });
      runtime.error('failed', { error: new Error(`Bearer ${canary}`), [Symbol('time')]: 1n });
      runtime.debug('big', { count: 12n });
    });
    expect(line).not.toContain('CANARY');
    expect(
      line
        .split('\n')
        .filter(Boolean)
        .map((each) => JSON.parse(each).level),
    ).toEqual([40, 50, 20]);
    expect(line).toContain('"err":{"type":"Error"');
  });
});
