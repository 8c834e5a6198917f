import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { entryHash } from '../../../src/ledger/record.ts';
import { parseTlogProof, tlogProof } from '../../../src/ledger/tlog-proof.ts';
import { consistencyProof, emptyRoot, type Hash, inclusionPath, leafHash, merkleRoot } from '../../../src/ledger/tree.ts';
import { verifyConsistency, verifyInclusion } from '../../../src/ledger/tree-proofs.ts';
import { vector } from './keys-of-vectors.ts';
import { setB } from './vectors.ts';

const leavesOf = (count: number): readonly Hash[] => Array.from({ length: count }, (_, n) => leafHash(Buffer.from(String(n))));
const leavesOfB = setB().map((line) => leafHash(Buffer.from(entryHash(line), 'hex')));
const sized = fc.integer({ min: 1, max: 130 }).chain((size) => fc.record({ size: fc.constant(size), at: fc.integer({ min: 0, max: size - 1 }) }));
const hashes = (encoded: readonly string[]): readonly Hash[] => encoded.map((text) => Buffer.from(text, text.length === 64 ? 'hex' : 'base64'));

/** Set A: CT's own data, and its proofs as they are published. */
const setA = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657'].map((data) => leafHash(Buffer.from(data, 'hex')));
const [rootA3 = Buffer.alloc(0), rootA7 = Buffer.alloc(0), ...pathA4] = hashes([
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '4271a26be0d8a84f0bd54c8c302e7cb3a3b5d1fa6780a40bcce2873477dab658',
  'b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
]);
const proofA3 = hashes([
  '0298d122906dcfc10892cb53a73992fc5b9f493ea4c9badb27b791b4127a7fe7',
  '07506a85fd9dd2f120eb694f86011e5bb4662e5c415a62917033d4a9624487e7',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  '837dbb152e9b079010717e84e865da4ebc0fa198a806d59d31bf15accef22d0e',
]);

describe('an inclusion path', () => {
  it('of the vectors holds', () => {
    expect(verifyInclusion(setA[4] as Hash, 4, 7, pathA4, rootA7)).toBe(true);
    expect(verifyInclusion(leavesOfB[4] as Hash, 4, 7, hashes(vector.path4of7), Buffer.from(vector.root7, 'hex'))).toBe(true);
  });

  it('holds for its leaf, at its place, in its tree, and nowhere else', () => {
    fc.assert(
      fc.property(sized, ({ size, at }) => {
        const leaves = leavesOf(size);
        const [leaf, path, root] = [leaves[at] as Hash, inclusionPath(at, leaves), merkleRoot(leaves)];
        expect(verifyInclusion(leaf, at, size, path, root)).toBe(true);
        expect(verifyInclusion(leafHash(Buffer.from('other')), at, size, path, root)).toBe(false);
        expect(verifyInclusion(leaf, at, size, path, emptyRoot())).toBe(false);
        expect(verifyInclusion(leaf, at, size, [...path, leaf], root)).toBe(false);
        if (path.length > 0) expect(verifyInclusion(leaf, at, size, path.slice(1), root)).toBe(false);
        for (let other = 0; other < size; other += 1) expect(verifyInclusion(leaf, other, size, path, root)).toBe(other === at);
      }),
    );
  });

  it.each([
    [7, 7],
    [-1, 7],
    [0.5, 7],
    [0, 0],
  ])('of leaf %p in a tree of %p does not hold', (at, size) => {
    expect(verifyInclusion(setA[0] as Hash, at, size, [], setA[0] as Hash)).toBe(false);
  });
});

describe('a consistency proof', () => {
  it('of the vectors holds', () => {
    expect(verifyConsistency(3, rootA3, 7, rootA7, proofA3)).toBe(true);
    expect(verifyConsistency(3, rootA3, 7, rootA7, proofA3.slice(1))).toBe(false);
    expect(verifyConsistency(3, rootA7, 7, rootA7, proofA3)).toBe(false);
  });

  it('holds for its two trees and no other', () => {
    fc.assert(
      fc.property(sized, ({ size, at }) => {
        const leaves = leavesOf(size);
        const [old, oldRoot, root] = [at + 1, merkleRoot(leaves.slice(0, at + 1)), merkleRoot(leaves)];
        const proof = consistencyProof(old, leaves);
        expect(verifyConsistency(old, oldRoot, size, root, proof)).toBe(true);
        expect(verifyConsistency(old, oldRoot, size, root, [...proof, root])).toBe(false);
        expect(verifyConsistency(old, emptyRoot(), size, root, proof)).toBe(false);
        expect(verifyConsistency(old, oldRoot, size, emptyRoot(), proof)).toBe(false);
        expect(verifyConsistency(size + 1, oldRoot, size, root, proof)).toBe(false);
        proof.forEach((_, n) => {
          expect(verifyConsistency(old, oldRoot, size, root, proof.with(n, emptyRoot()))).toBe(false);
          expect(verifyConsistency(old, oldRoot, size, root, proof.toSpliced(n, 1))).toBe(false);
        });
      }),
    );
  });

  it('of nothing leads from the empty tree to any, and from a tree to itself', () => {
    expect(verifyConsistency(0, emptyRoot(), 7, rootA7, [])).toBe(true);
    expect(verifyConsistency(0, rootA3, 7, rootA7, [])).toBe(false);
    expect(verifyConsistency(0, emptyRoot(), 7, rootA7, proofA3)).toBe(false);
    expect(verifyConsistency(7, rootA7, 7, rootA7, [])).toBe(true);
    expect(verifyConsistency(7, rootA3, 7, rootA7, [])).toBe(false);
    expect(verifyConsistency(3, rootA3, 7, rootA7, [])).toBe(false);
  });
});

describe('a proof to hand out', () => {
  const text = `c2sp.org/tlog-proof@v1\nindex 4\n${vector.path4of7.join('\n')}\n\n${vector.note}`;
  const proof = { index: 4, path: hashes(vector.path4of7), note: vector.note };

  it('is that of the vectors', () => {
    expect(tlogProof(proof)).toBe(text);
    expect(parseTlogProof(text)).toEqual(proof);
  });

  it('of the only record has no path', () => {
    const single = { index: 0, path: [], note: vector.note };
    expect(parseTlogProof(tlogProof(single))).toEqual(single);
  });

  it.each([
    ['another version', text.replace('@v1', '@v2')],
    ['a leading zero', text.replace('index 4', 'index 04')],
    ['no index', text.replace('index 4\n', '')],
    ['extra data', text.replace('index 4', 'extra AAAA\nindex 4')],
    ['a hash of 31 bytes', text.replace('Te8=', 'Tw==')],
    ['base64 of two forms', text.replace('Te8=', 'Te9=')],
    ['64 hashes', tlogProof({ ...proof, path: Array.from({ length: 64 }, emptyRoot) })],
    ['CRLF', text.replaceAll('\n', '\r\n')],
    ['no empty line', text.replace('\n\n', '\n')],
    ['nothing', ''],
  ])('with %s is refused', (_, broken) => {
    expect(() => parseTlogProof(broken)).toThrow(expect.objectContaining({ code: 'LEDGER_CORRUPT' }));
  });
});
