import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createDiskTree, zeroBlockDigest } from '../../../src/image/index.ts';
import { blockBytes } from '../../../src/model/disk.ts';
import { sha256Hex, treeRoot } from '../../../src/transfer/digests.ts';

describe('the root over the blocks of a disk', () => {
  it('is the tree of src/transfer/digests.ts, runs of zero blocks included', () => {
    expect(zeroBlockDigest).toBe(sha256Hex(Buffer.alloc(blockBytes)));
    const run = fc.record({ isZero: fc.boolean(), blocks: fc.integer({ min: 1, max: 70 }) });
    fc.assert(
      fc.property(fc.array(run, { minLength: 1, maxLength: 8 }), (runs) => {
        const tree = createDiskTree();
        const all: string[] = [];
        for (const { isZero, blocks } of runs) {
          const digests = Array.from({ length: blocks }, () => (isZero ? zeroBlockDigest : sha256Hex(`${all.length} ${blocks}`)));
          all.push(...digests);
          if (isZero) tree.addZeros(blocks);
          else tree.add(Buffer.from(digests.join(''), 'hex'));
        }
        expect(tree.root()).toBe(treeRoot(all));
      }),
    );
  });

  it('costs next to nothing over 16 TiB of zeros, also when one block in the middle is none', () => {
    const blocks = 2 ** 44 / blockBytes;
    const tree = createDiskTree();
    tree.addZeros(blocks / 2 + 1);
    tree.add(Buffer.alloc(32, 7));
    tree.addZeros(blocks / 2 - 2);
    const plain = createDiskTree();
    plain.addZeros(blocks);
    expect(tree.root()).not.toBe(plain.root());
  });

  it('has no root over nothing', () => {
    expect(() => createDiskTree().root()).toThrow(RangeError);
  });
});
