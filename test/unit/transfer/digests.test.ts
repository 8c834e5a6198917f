import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { leafHash, merkleRoot } from '../../../src/ledger/tree.ts';
import { metadataDigest, referenceKeyOf, referenceOf, sha256Hex, treeRoot } from '../../../src/transfer/digests.ts';
import { partsOf } from '../../../src/transfer/read-object.ts';

describe('digests', () => {
  it('make the reference of the published vector', () => {
    const key = referenceKeyOf(Buffer.alloc(32, 0x0b));
    expect(referenceOf(key, 'bkt', 'a/b.dcm')).toBe('699354be72336b056adf190d0f45707a54324d6d7fe41ecb5404834a907aa28f');
  });

  it('make the tree of the published vectors', () => {
    const data = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657'];
    expect(treeRoot(data.slice(0, 3))).toBe('aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77');
    expect(treeRoot(data)).toBe('ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c');
    expect(sha256Hex(Buffer.alloc(8 * 1024 * 1024))).toBe('2daeb1f36095b44b318410b3f4e8b5d989dcc7bb023d1426c492dab0a3053e74');
  });

  it('make the same root as the ledger’s tree, for any number of chunks', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 4 }), { minLength: 1, maxLength: 70 }), (chunks) => {
        const entries = chunks.map((chunk) => sha256Hex(chunk));
        expect(treeRoot(entries)).toBe(merkleRoot(entries.map((entry) => leafHash(Buffer.from(entry, 'hex')))).toString('hex'));
      }),
    );
  });

  it('take no tags and an empty set of tags for the same metadata', () => {
    const metadata = { headers: { 'content-type': 'a/b' }, user: {} };
    expect(metadataDigest({ ...metadata, tags: {} })).toBe(metadataDigest(metadata));
    expect(metadataDigest({ ...metadata, tags: { a: '' } })).not.toBe(metadataDigest(metadata));
  });
});

it('parts cover the object exactly, in order', () => {
  fc.assert(
    fc.property(fc.nat(5000), fc.integer({ min: 50, max: 5000 }), (sizeBytes, partBytes) => {
      let next = 0;
      for (const { start, lengthBytes } of partsOf(sizeBytes, partBytes)) {
        expect(start).toBe(next);
        expect(lengthBytes).toBeLessThanOrEqual(partBytes);
        next += lengthBytes;
      }
      expect(next).toBe(sizeBytes);
    }),
  );
});
