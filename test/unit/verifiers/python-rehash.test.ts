import { execFile, spawnSync } from 'node:child_process';
import { createHash, createHmac } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SignatureV4 } from '@smithy/signature-v4';
import { type DrawnSample, drawSample } from '../../../src/ledger/sample.ts';
import type { ObjectRow } from '../../../src/model/row.ts';
import { makeSampleBundle, type Sample } from '../../support/evidence/sample.ts';
import { sampleName } from '../../support/evidence/sample-objects.ts';
import { localTool } from '../../support/local-tool.ts';
import { loudSuite } from '../../support/loud-suite.ts';

const needed = () =>
  [localTool('python3', '--version'), localTool('openssl', 'version')].find((tool) => 'missing' in tool) ?? localTool('python3', '--version');

type Data = string | ArrayBuffer | ArrayBufferView;
const bytes = (data: Data): string | Buffer =>
  typeof data === 'string' ? data : ArrayBuffer.isView(data) ? Buffer.from(data.buffer, data.byteOffset, data.byteLength) : Buffer.from(data);

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

const credentials = { accessKeyId: 'AUDITORONLYREADS', secretAccessKey: 'a-secret-of-the-auditor', sessionToken: 'a token/+=' };
const sha256 = (...parts: readonly (Buffer | string)[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** Object 24 of the sample, of two chunks, and its digest in the form sha256-tree. */
const chunkBytes = 8_388_608;
const large = Buffer.alloc(9_000_000, 'chunk');
const [zero, one] = [Buffer.of(0), Buffer.of(1)];
const leaves = [large.subarray(0, chunkBytes), large.subarray(chunkBytes)].map((chunk) => sha256(zero, sha256(chunk)));
const largeRoot = sha256(one, ...leaves).toString('hex');

const bodyOf = (n: number): Buffer => {
  if (n === 24) return large;
  if (n === 3) return Buffer.alloc(0);
  const version = n === 5 || n === 6 || n === 20 || n >= 25 ? 2 : 1;
  return Buffer.from(`image ${n} version ${version}\n`.repeat(n + 1));
};

loudSuite(needed)('rehash.py', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'ecluse-rehash-py-'));
  const asked: string[] = [];
  const altered = new Map<string, Buffer>();
  const bucket = new Map(Array.from({ length: 30 }, (_, n) => [sampleName(n).key, bodyOf(n)]));
  let bundle: Sample;
  let drawn: DrawnSample;
  let server: Server;
  let endpoint: string;
  const signer = new SignatureV4({ credentials, region: 'eu-west-2', service: 's3', sha256: Sha256, uriEscapePath: false });

  /** An S3 store that answers only what @smithy's signer would have signed. */
  async function isSigned(request: IncomingMessage): Promise<boolean> {
    const url = new URL(request.url ?? '/', endpoint);
    const date = String(request.headers['x-amz-date']);
    const signingDate = new Date(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
    const headers = { host: String(request.headers.host), 'x-amz-content-sha256': createHash('sha256').digest('hex') };
    const query = Object.fromEntries(url.searchParams);
    const expected = await signer.sign(
      { method: 'GET', protocol: 'http:', hostname: url.hostname, path: decodeURI(url.pathname), headers, query } as Parameters<typeof signer.sign>[0],
      { signingDate, signableHeaders: new Set(['host', 'x-amz-content-sha256', 'x-amz-date', 'x-amz-security-token']) },
    );
    return (expected as unknown as { headers: Record<string, string> }).headers.authorization === request.headers.authorization;
  }

  beforeAll(async () => {
    const withLarge = (row: ObjectRow): ObjectRow => (row.form ? { ...row, sha256: largeRoot, targetSha256: largeRoot } : row);
    bundle = await makeSampleBundle(join(scratch, 'bundle'), { edit: { rows: (rows) => rows.map(withLarge) } });
    const found = await drawSample(bundle.folder, { count: 26, seed: 'août 2026' });
    if (!found) throw new Error('nothing to draw from');
    const names = new Map(Array.from({ length: 30 }, (_, n) => [sampleName(n).ref, sampleName(n)]));
    drawn = { ...found, objects: found.objects.map((object) => ({ ...object, ...names.get(object.ref) })) };
    server = createServer((request, response) => {
      const key = decodeURIComponent((request.url ?? '').replace(/^\/records\//, '').replace(/\?.*$/, ''));
      asked.push(`${request.method} ${request.url}`);
      void isSigned(request).then((signed) => {
        const body = altered.get(key) ?? bucket.get(key);
        if (!signed) response.writeHead(403).end();
        else if (!body) response.writeHead(404).end();
        else response.writeHead(200, { 'content-length': body.length }).end(body);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.close();
    rmSync(scratch, { recursive: true, force: true });
  });

  const script = join(process.cwd(), 'verifiers', 'rehash.py');
  function rehash(sample: unknown, { more = [], secret = credentials.secretAccessKey }: { more?: readonly string[]; secret?: string } = {}) {
    const path = join(scratch, 'sample.json');
    writeFileSync(path, JSON.stringify(sample));
    const env = {
      PATH: process.env.PATH,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: secret,
      AWS_SESSION_TOKEN: credentials.sessionToken,
    };
    const args = ['-B', script, path, '--bundle', bundle.folder, '--endpoint', endpoint, '--region', 'eu-west-2', ...more];
    return new Promise<{ readonly status: number; readonly lines: readonly string[] }>((resolve) => {
      execFile('python3', args, { env }, (error, stdout, stderr) => {
        expect(stderr).toBe('');
        resolve({ status: error ? Number(error.code) : 0, lines: stdout.trimEnd().split('\n') });
      });
    });
  }
  const verdicts = (lines: readonly string[]): readonly string[] => [...new Set(lines.map((line) => line.split(' ')[0] ?? ''))].sort();

  it('reads every drawn object again and proves its place, without a name', async () => {
    const { status, lines } = await rehash(drawn);
    expect(verdicts(lines)).toEqual(['PASS']);
    expect([status, lines.at(-1), lines.length]).toEqual([0, 'PASS', drawn.objects.length + 3]);
    expect(lines.join('\n')).not.toContain('patients/');
    expect(asked.length).toBe(drawn.objects.length);
    expect(asked.every((line) => line.startsWith('GET /records/patients/'))).toBe(true);
  });

  it('prints names when asked', async () => {
    expect((await rehash(drawn, { more: ['--names'] })).lines.join('\n')).toContain('patients/0024.dcm');
  });

  describe('fails', () => {
    afterAll(() => altered.clear());

    it.each([
      ['other bytes', (body: Buffer) => Buffer.concat([body.subarray(0, -1), Buffer.from('!')]), 'has other bytes on the target'],
      ['a longer body', (body: Buffer) => Buffer.concat([body, body]), 'has another size on the target'],
      ['a shorter body', (body: Buffer) => body.subarray(1), 'has another size on the target'],
    ])('%s', async (_, alter, said) => {
      for (const n of [1, 24]) altered.set(sampleName(n).key, alter(bodyOf(n)));
      const { status, lines } = await rehash(drawn);
      expect(status).toBe(4);
      expect(
        lines
          .filter((line) => line.startsWith('FAIL') && line.includes(said))
          .map((line) => line.split(' ').filter(Boolean)[1])
          .sort(),
      ).toEqual([sampleName(1).ref, sampleName(24).ref].sort());
      altered.clear();
    });

    it('an object that is gone', async () => {
      const { key } = sampleName(1);
      bucket.delete(key);
      const { status, lines } = await rehash(drawn);
      bucket.set(key, bodyOf(1));
      expect(status).toBe(4);
      expect(lines.join('\n')).toContain('the target does not hold it any more');
    });

    it('a sample that somebody chose', async () => {
      const { status, lines } = await rehash({ ...drawn, seed: 'another' });
      expect(status).toBe(4);
      expect(lines.join('\n')).toContain('the sample is not what its seed decides');
      const fewer = { ...drawn, count: drawn.count - 1, objects: drawn.objects.slice(1) };
      expect((await rehash(fewer)).lines.join('\n')).toContain('the sample is not what its seed decides');
    });

    it('a record that does not bind the rows', async () => {
      const { status, lines } = await rehash({ ...drawn, objects: drawn.objects.map((object) => ({ ...object, record: 5 })) });
      expect(status).toBe(4);
      expect(lines.join('\n')).toContain('record 5 does not bind its rows');
    });

    it('a log under another key than that of the paper', async () => {
      const { status, lines } = await rehash(drawn, { more: ['--vkey', bundle.policy.witnesses[0]?.vkey ?? ''] });
      expect([status, lines.at(-1)]).toEqual([4, 'FAIL']);
    });
  });

  describe('does not know', () => {
    it('an object whose name is withheld', async () => {
      const withheld = { ...drawn, objects: drawn.objects.map(({ container, key, version, ...object }) => object) };
      const { status, lines } = await rehash(withheld);
      expect([status, lines.at(-1)]).toEqual([4, 'UNKNOWN']);
      expect(lines[2]).toContain('name withheld');
    });

    it('a target that refuses the credential, which is printed nowhere', async () => {
      const { status, lines } = await rehash(drawn, { secret: 'wrong-secret' });
      expect([status, lines.at(-1)]).toEqual([4, 'UNKNOWN']);
      expect(lines.join('\n')).toContain('the target answers 403');
      expect(lines.join('\n')).not.toMatch(/wrong-secret|AUDITOR/);
    });
  });

  it('asks for the version that was written, where versions are carried', async () => {
    asked.length = 0;
    await rehash({ ...drawn, objects: drawn.objects.slice(0, 1).map((object) => ({ ...object, version: 'v1' })) });
    expect(asked).toHaveLength(1);
  });

  it('answers 2 for plain http to elsewhere', () => {
    const { status } = spawnSync('python3', ['-B', script, 'none.json', '--bundle', scratch, '--endpoint', 'http://example.org', '--region', 'x']);
    expect(status).toBe(2);
  });
});
