import { hash } from 'node:crypto';
import type { Digest } from '../model/digest.ts';
import { blockBytes } from '../model/disk.ts';

export const digestBytes = 32;
/** SHA-256 of a block of zeros. */
export const zeroBlockDigest: Digest = hash('sha256', Buffer.alloc(blockBytes), 'hex');

/** Takes the blocks of a disk in order and gives the RFC 6962 root over their SHA-256: the form `sha256-tree` with chunks of one block. */
export interface DiskTree {
  /** Blocks that are there: 32 bytes each. */
  add(digests: Uint8Array): void;
  /** Blocks that read as zeros. Costs logarithmically little: the roots of zero subtrees are known. */
  addZeros(blocks: number): void;
  /** Of at least one block. */
  root(): Digest;
}

/** Holds one node a level, however large the disk. */
export function createDiskTree(): DiskTree {
  // Complete subtrees from the left, each higher than the next: as the binary digits of `size`.
  const nodes: Node[] = [];
  const heights: number[] = [];
  const zeroRoots: Node[] = [leafOf(Buffer.from(zeroBlockDigest, 'hex'))];
  let size = 0;

  function push(node: Node, height: number): void {
    let [whole, itsHeight] = [node, height];
    for (let left = nodes.at(-1); left !== undefined && heights.at(-1) === itsHeight; left = nodes.at(-1)) {
      whole = nodeOf(left, whole);
      itsHeight += 1;
      nodes.pop();
      heights.pop();
    }
    nodes.push(whole);
    heights.push(itsHeight);
    size += 2 ** height;
  }

  function zeroRoot(height: number): Node {
    const known = zeroRoots[height];
    if (known !== undefined) return known;
    const half = zeroRoot(height - 1);
    const root = nodeOf(half, half);
    zeroRoots[height] = root;
    return root;
  }

  return {
    add: (digests) => {
      for (let at = 0; at < digests.length; at += digestBytes) push(leafOf(digests.subarray(at, at + digestBytes)), 0);
    },
    addZeros: (blocks) => {
      for (let left = blocks; left > 0; ) {
        let height = 0;
        while (2 ** (height + 1) <= left && size % 2 ** (height + 1) === 0) height += 1;
        push(zeroRoot(height), height);
        left -= 2 ** height;
      }
    },
    root: () => {
      const root = nodes.reduceRight<Node | undefined>((right, left) => (right === undefined ? left : nodeOf(left, right)), undefined);
      if (root === undefined) throw new RangeError('a tree of blocks has at least one');
      return Buffer.from(root, 'latin1').toString('hex');
    },
  };
}

/** A digest as 32 one-byte characters: half the cost of a Buffer, of which a tree of 1 TiB would make four million. */
type Node = string;

const leafBytes = Buffer.alloc(1 + digestBytes);
const nodeBytes = Buffer.alloc(1 + 2 * digestBytes, 1);

function leafOf(digest: Uint8Array): Node {
  leafBytes.set(digest, 1);
  return hash('sha256', leafBytes, 'binary');
}

function nodeOf(left: Node, right: Node): Node {
  nodeBytes.write(left, 1, 'latin1');
  nodeBytes.write(right, 1 + digestBytes, 'latin1');
  return hash('sha256', nodeBytes, 'binary');
}
