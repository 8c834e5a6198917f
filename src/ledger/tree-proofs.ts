import { emptyRoot, type Hash, nodeHash } from './tree.ts';

/** Does `path` lead from the leaf hash at `index` to the root of a tree of `size`? RFC 9162 §2.1.3.2. */
export function verifyInclusion(leaf: Hash, index: number, size: number, path: readonly Hash[], root: Hash): boolean {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size) return false;
  let [at, last, hash] = [index, size - 1, leaf];
  for (const sibling of path) {
    if (last === 0) return false;
    if (isRight(at) || at === last) {
      hash = nodeHash(sibling, hash);
      while (!isRight(at) && at !== 0) [at, last] = [half(at), half(last)];
    } else hash = nodeHash(hash, sibling);
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && hash.equals(root);
}

/**
 * Is the tree of `newSize` a continuation of that of `oldSize`? RFC 9162 §2.1.4.2, and of the empty tree (no proof) every tree is one.
 * The proof is that of `consistencyProof`: without the old root where `oldSize` is a power of two.
 */
export function verifyConsistency(oldSize: number, oldRoot: Hash, newSize: number, newRoot: Hash, proof: readonly Hash[]): boolean {
  if (!Number.isSafeInteger(oldSize) || !Number.isSafeInteger(newSize) || oldSize < 0 || oldSize > newSize) return false;
  if (oldSize === newSize) return proof.length === 0 && oldRoot.equals(newRoot);
  if (oldSize === 0) return proof.length === 0 && oldRoot.equals(emptyRoot());
  let [at, last] = [oldSize - 1, newSize - 1];
  while (isRight(at)) [at, last] = [half(at), half(last)];
  // `at` is 0 exactly when the old tree is one full subtree of the new one, so its root starts the way.
  const [start, ...rest] = at === 0 ? [oldRoot, ...proof] : proof;
  if (!start) return false;
  let [before, after] = [start, start];
  for (const hash of rest) {
    if (last === 0) return false;
    if (isRight(at) || at === last) {
      [before, after] = [nodeHash(hash, before), nodeHash(hash, after)];
      while (!isRight(at) && at !== 0) [at, last] = [half(at), half(last)];
    } else after = nodeHash(after, hash);
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && before.equals(oldRoot) && after.equals(newRoot);
}

// Not by shifts: they would cut a size at 2^31.
const isRight = (place: number): boolean => place % 2 === 1;
const half = (place: number): number => Math.floor(place / 2);
