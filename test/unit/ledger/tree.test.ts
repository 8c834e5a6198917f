import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { consistencyProof, growingTree, type Hash, inclusionPath, leafHash, merkleRoot, nodeHash } from '../../../src/ledger/tree.ts';

const hex = (hashes: readonly Hash[]): readonly string[] => hashes.map((hash) => hash.toString('hex'));

/** Set A of the format: the log data of Certificate Transparency's own tests. */
const setA = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657'].map((data) => leafHash(Buffer.from(data, 'hex')));

describe('the tree of set A', () => {
  it.each([
    [0, 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    [1, '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d'],
    [2, 'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125'],
    [3, 'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77'],
    [7, 'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c'],
  ])('has the published root at %i', (size, root) => {
    expect(merkleRoot(setA.slice(0, size)).toString('hex')).toBe(root);
  });

  it('has the published inclusion path', () => {
    expect(hex(inclusionPath(4, setA))).toEqual([
      '4271a26be0d8a84f0bd54c8c302e7cb3a3b5d1fa6780a40bcce2873477dab658',
      'b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ]);
  });

  it('has the published consistency proof', () => {
    expect(hex(consistencyProof(3, setA))).toEqual([
      '0298d122906dcfc10892cb53a73992fc5b9f493ea4c9badb27b791b4127a7fe7',
      '07506a85fd9dd2f120eb694f86011e5bb4662e5c415a62917033d4a9624487e7',
      'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
      '837dbb152e9b079010717e84e865da4ebc0fa198a806d59d31bf15accef22d0e',
    ]);
  });
});

describe('a tree of any size', () => {
  const leavesOf = (count: number): readonly Hash[] => Array.from({ length: count }, (_, n) => leafHash(Buffer.from(String(n))));
  const sized = fc.integer({ min: 1, max: 200 }).chain((size) => fc.record({ size: fc.constant(size), at: fc.integer({ min: 0, max: size - 1 }) }));

  it('grows to the root that the definition gives', () => {
    const tree = growingTree();
    for (const [n, leaf] of leavesOf(130).entries()) {
      tree.addLeaf(leaf);
      expect(tree.root().equals(byDefinition(leavesOf(130).slice(0, n + 1)))).toBe(true);
    }
    expect(tree.size()).toBe(130);
  });

  it('proves each leaf to a verifier of RFC 9162, and no other', () => {
    fc.assert(
      fc.property(sized, ({ size, at }) => {
        const leaves = leavesOf(size);
        const [path, root] = [inclusionPath(at, leaves), merkleRoot(leaves)];
        expect(isIncluded(leaves[at] as Hash, at, size, path, root)).toBe(true);
        expect(isIncluded(leafHash(Buffer.from('other')), at, size, path, root)).toBe(false);
      }),
    );
  });

  it('proves each earlier tree to a verifier of RFC 9162, and no other', () => {
    fc.assert(
      fc.property(sized, ({ size, at }) => {
        const leaves = leavesOf(size);
        const [proof, old, root] = [consistencyProof(at + 1, leaves), merkleRoot(leaves.slice(0, at + 1)), merkleRoot(leaves)];
        expect(isConsistent(at + 1, old, size, root, proof)).toBe(true);
        if (at + 1 < size) expect(isConsistent(at + 1, merkleRoot(leavesOf(at)), size, root, proof)).toBe(false);
      }),
    );
  });

  it('has no path of a leaf and no proof of a tree that is not there', () => {
    expect(() => inclusionPath(3, leavesOf(3))).toThrow(RangeError);
    expect(() => consistencyProof(0, leavesOf(3))).toThrow(RangeError);
    expect(() => consistencyProof(4, leavesOf(3))).toThrow(RangeError);
  });
});

/** RFC 6962 §2.1 as it is written. */
function byDefinition(leaves: readonly Hash[]): Hash {
  if (leaves.length === 0) return createHash('sha256').digest();
  if (leaves.length === 1) return leaves[0] as Hash;
  const split = 2 ** (Math.ceil(Math.log2(leaves.length)) - 1);
  return nodeHash(byDefinition(leaves.slice(0, split)), byDefinition(leaves.slice(split)));
}

/** RFC 9162 §2.1.3.2. */
function isIncluded(leaf: Hash, index: number, size: number, path: readonly Hash[], root: Hash): boolean {
  let [fn, sn, hash] = [index, size - 1, leaf];
  for (const sibling of path) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      hash = nodeHash(sibling, hash);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [fn >> 1, sn >> 1];
    } else hash = nodeHash(hash, sibling);
    [fn, sn] = [fn >> 1, sn >> 1];
  }
  return sn === 0 && hash.equals(root);
}

/** RFC 9162 §2.1.4.2. */
function isConsistent(oldSize: number, oldRoot: Hash, size: number, root: Hash, proof: readonly Hash[]): boolean {
  if (oldSize === size) return proof.length === 0 && oldRoot.equals(root);
  const path = Number.isInteger(Math.log2(oldSize)) ? [oldRoot, ...proof] : [...proof];
  let [fn, sn] = [oldSize - 1, size - 1];
  while (fn % 2 === 1) [fn, sn] = [fn >> 1, sn >> 1];
  let [fr, sr] = [path[0] as Hash, path[0] as Hash];
  for (const hash of path.slice(1)) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      [fr, sr] = [nodeHash(hash, fr), nodeHash(hash, sr)];
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [fn >> 1, sn >> 1];
    } else sr = nodeHash(sr, hash);
    [fn, sn] = [fn >> 1, sn >> 1];
  }
  return sn === 0 && fr.equals(oldRoot) && sr.equals(root);
}
