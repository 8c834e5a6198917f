import { createHash } from 'node:crypto';

/** The Merkle tree of RFC 6962 over SHA-256. Hashes are 32-byte buffers; the log data of our leaves are entry hashes. */
export type Hash = Buffer;

const leafPrefix = Buffer.of(0);
const nodePrefix = Buffer.of(1);
const sha256 = (...parts: readonly Uint8Array[]): Hash => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

export const leafHash = (data: Uint8Array): Hash => sha256(leafPrefix, data);
export const nodeHash = (left: Hash, right: Hash): Hash => sha256(nodePrefix, left, right);
export const emptyRoot = (): Hash => sha256();

/** The root over leaf hashes, all in memory. */
export function merkleRoot(leaves: readonly Hash[]): Hash {
  const tree = growingTree();
  for (const leaf of leaves) tree.addLeaf(leaf);
  return tree.root();
}

/** A root over leaves that come one by one: holds one hash a level, so any length of log fits. */
export interface GrowingTree {
  readonly size: () => number;
  addLeaf(leaf: Hash): void;
  /** Of the leaves so far; more may follow. */
  root(): Hash;
}

export function growingTree(): GrowingTree {
  // The roots of the full subtrees from left to right, as the ones in the binary form of `size`.
  const peaks: Hash[] = [];
  let size = 0;
  return {
    size: () => size,
    addLeaf(leaf) {
      let hash = leaf;
      for (let rest = size; rest % 2 === 1; rest = Math.floor(rest / 2)) hash = nodeHash(peaks.pop() as Hash, hash);
      peaks.push(hash);
      size += 1;
    },
    root: () => (peaks.length === 0 ? emptyRoot() : peaks.reduceRight((right, left) => nodeHash(left, right))),
  };
}

/** PATH(index, leaves) of RFC 6962 §2.1.1: the sibling hashes, the leaf's first. RangeError when there is no such leaf. */
export function inclusionPath(index: number, leaves: readonly Hash[]): readonly Hash[] {
  if (!Number.isInteger(index) || index < 0 || index >= leaves.length) throw new RangeError(`no leaf ${index} in a tree of ${leaves.length}`);
  if (leaves.length === 1) return [];
  const split = splitOf(leaves.length);
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)];
  return index < split ? [...inclusionPath(index, left), merkleRoot(right)] : [...inclusionPath(index - split, right), merkleRoot(left)];
}

/**
 * PROOF(size, leaves) of RFC 6962 §2.1.2: that the first `size` leaves are the start of all of them. Empty when they are all.
 * Where `size` is a power of two the verifier supplies the old root itself.
 */
export function consistencyProof(size: number, leaves: readonly Hash[]): readonly Hash[] {
  if (!Number.isInteger(size) || size < 1 || size > leaves.length) throw new RangeError(`no tree of ${size} in one of ${leaves.length}`);
  return subproof(size, leaves, true);
}

function subproof(size: number, leaves: readonly Hash[], isWhole: boolean): readonly Hash[] {
  if (size === leaves.length) return isWhole ? [] : [merkleRoot(leaves)];
  const split = splitOf(leaves.length);
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)];
  return size <= split ? [...subproof(size, left, isWhole), merkleRoot(right)] : [...subproof(size - split, right, false), merkleRoot(left)];
}

/** The largest power of two below `count` (≥ 2). */
function splitOf(count: number): number {
  let split = 1;
  while (split * 2 < count) split *= 2;
  return split;
}
