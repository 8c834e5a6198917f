import { hash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createSigner } from '../../../src/wire/sigv4.ts';
import { chunkBytes, createChunkSigner, framed, framedSizeBytes, streamingPayload } from '../../../src/wire/sigv4-chunks.ts';

const credentials = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' };
const options = { region: 'us-east-1', service: 's3' };

/** The example of "Signature Calculations for the Authorization Header: Transferring Payload in Multiple Chunks". */
describe('the chunked upload of the Amazon S3 documentation', () => {
  const headers = createSigner(options)(
    {
      method: 'PUT',
      host: 's3.amazonaws.com',
      path: '/examplebucket/chunkObject.txt',
      query: '',
      headers: {
        'content-encoding': 'aws-chunked',
        'content-length': '66824',
        'x-amz-decoded-content-length': '66560',
        'x-amz-storage-class': 'REDUCED_REDUNDANCY',
      },
      payloadSha256: streamingPayload,
      alsoSigned: ['content-encoding', 'content-length'],
    },
    credentials,
    Date.UTC(2013, 4, 24),
  );

  it('has this seed', () => {
    expect(headers.authorization).toBe(
      'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, SignedHeaders=content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class, Signature=4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9',
    );
  });

  it('has this chain', () => {
    const sign = createChunkSigner(options, credentials, headers);
    const again = createChunkSigner(options, credentials, headers);
    const sha256 = hash('sha256', Buffer.alloc(65_536, 'a'));
    expect(again({ bytes: Buffer.alloc(0), sha256 })).toBe('ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648');
    expect([65_536, 1024, 0].map((sizeBytes) => sign({ bytes: Buffer.alloc(sizeBytes, 'a') }))).toEqual([
      'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648',
      '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497',
      'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9',
    ]);
  });
});

describe('framed', () => {
  const signature = 'f'.repeat(64);
  async function frame(body: Buffer, cuts: readonly number[]): Promise<{ wire: Buffer; sizeBytes: number; signed: string[] }> {
    async function* chunks() {
      const scratch = Buffer.alloc(body.length);
      let at = 0;
      for (const cut of [...cuts.toSorted((a, b) => a - b), body.length]) {
        yield scratch.subarray(0, body.copy(scratch, 0, at, cut));
        scratch.fill(0xdd);
        at = cut;
      }
    }
    const signed: string[] = [];
    const sign = ({ bytes }: { bytes: Uint8Array }): string => {
      signed.push(hash('sha256', bytes));
      return signature;
    };
    const { sizeBytes, chunks: frames } = framed({ sizeBytes: body.length, chunks: chunks() }, sign);
    const wire: Buffer[] = [];
    for await (const piece of frames) wire.push(Buffer.from(piece));
    return { wire: Buffer.concat(wire), sizeBytes, signed };
  }

  /** As a store takes it apart. */
  function unframed(wire: Buffer): Buffer[] {
    const chunks: Buffer[] = [];
    for (let at = 0; at < wire.length; ) {
      const end = wire.indexOf('\r\n', at);
      const [, hex = ''] = /^([0-9a-f]+);chunk-signature=f{64}$/.exec(wire.toString('latin1', at, end)) ?? [];
      const length = Number.parseInt(hex, 16);
      chunks.push(wire.subarray(end + 2, end + 2 + length));
      expect(wire.toString('latin1', end + 2 + length, end + 4 + length)).toBe('\r\n');
      at = end + 4 + length;
    }
    return chunks;
  }

  it.each([0, 1, chunkBytes - 1, chunkBytes, chunkBytes + 1, 3 * chunkBytes])(
    'gives %i bytes in chunks of 512 KiB, and their length beforehand',
    async (sizeBytes) => {
      const body = Buffer.alloc(sizeBytes, 'ecluse');
      const { wire, sizeBytes: said, signed } = await frame(body, []);
      expect([said, framedSizeBytes(sizeBytes)]).toEqual([wire.length, wire.length]);
      const chunks = unframed(wire);
      expect(chunks.at(-1)).toHaveLength(0);
      expect(chunks.slice(0, -1).every(({ length }, n) => length === chunkBytes || n === chunks.length - 2)).toBe(true);
      expect(signed).toEqual(chunks.map((chunk) => hash('sha256', chunk)));
      expect(Buffer.concat(chunks).equals(body)).toBe(true);
    },
  );

  it('takes a SHA-256 that came with a whole chunk, and hashes by itself what must be joined or cut', async () => {
    const block = Buffer.alloc(chunkBytes, 'b');
    const hashed = (bytes: Buffer, sha256: string) => ({ bytes, sha256 });
    async function* chunks() {
      yield hashed(block, 'one');
      yield hashed(Buffer.concat([block, block]), 'two chunks are signed by one digest each');
      yield hashed(block, 'two');
      yield hashed(Buffer.alloc(3), 'shorter');
      yield hashed(block, 'across the edge of two');
    }
    const signed: (string | undefined)[] = [];
    const { chunks: frames } = framed({ sizeBytes: 5 * chunkBytes + 3, chunks: chunks() }, ({ sha256 }) => {
      signed.push(sha256);
      return signature;
    });
    for await (const _ of frames);
    expect(signed).toEqual(['one', undefined, undefined, 'two', undefined, undefined, hash('sha256', '')]);
  });

  it('gives the same whatever pieces come', async () => {
    const body = Buffer.alloc(2 * chunkBytes + 77, 'shuffled');
    const whole = (await frame(body, [])).wire;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: body.length }), { maxLength: 6 }), async (cuts) => {
        expect((await frame(body, cuts)).wire.equals(whole)).toBe(true);
      }),
      { numRuns: 30 },
    );
  });
});
