import { describe, expect, it } from '@jest/globals';
import type { Xfs } from '../../../../src/image/guest/xfs.ts';
import { treeRuns, xfsExtents } from '../../../../src/image/guest/xfs-runs.ts';
import { deviceOf } from './made-files.ts';

const blockBytes = 4096;

/** 1 flag, 54 bits of place, 52 of block, 21 of count. */
function record(place: bigint, block: bigint, count: bigint, isUnwritten = false): Buffer {
  const value = (BigInt(isUnwritten) << 127n) | (place << 73n) | (block << 21n) | count;
  const bytes = Buffer.alloc(16);
  bytes.writeBigUInt64BE(value >> 64n, 0);
  bytes.writeBigUInt64BE(value & 0xffff_ffff_ffff_ffffn, 8);
  return bytes;
}

function fsOver(bytes: Buffer): Xfs {
  const geometry = { blockBytes, directoryBytes: 4096, groupBlocks: 100, groupBlocksLog: 7, inodesPerBlockLog: 3, inodeBytes: 512, groups: 4 };
  return { ...geometry, device: deviceOf(bytes), isV5: true, hasFileTypes: true };
}

function leaf(records: readonly Buffer[]): Buffer {
  const block = Buffer.alloc(blockBytes);
  block.write('BMA3');
  block.writeUInt16BE(records.length, 6);
  Buffer.concat(records).copy(block, 72);
  return block;
}

describe('extents of XFS', () => {
  it('count blocks within allocation groups, and leave out what was never written', () => {
    const records = Buffer.concat([record(0n, 5n, 2n), record(4n, (1n << 7n) + 3n, 1n), record(9n, 7n, 1n, true)]);
    expect(xfsExtents(fsOver(Buffer.alloc(0)), records, 3)).toEqual([
      { fileOffset: 0, deviceOffset: 5 * blockBytes, lengthBytes: 2 * blockBytes },
      { fileOffset: 4 * blockBytes, deviceOffset: 103 * blockBytes, lengthBytes: blockBytes },
    ]);
    for (const outside of [record(0n, 110n, 1n), record(0n, 5n << 7n, 1n), record(0n, 1n << 51n, 1n)]) {
      expect(() => xfsExtents(fsOver(Buffer.alloc(0)), outside, 1)).toThrow('not there');
    }
    expect(() => xfsExtents(fsOver(Buffer.alloc(0)), records, 4)).toThrow('more extents');
  });

  it('are found through a tree whose root stands in the inode', async () => {
    const disk = Buffer.alloc(100 * blockBytes);
    leaf([record(0n, 50n, 1n), record(1n, 60n, 2n)]).copy(disk, 10 * blockBytes);
    leaf([record(3n, 70n, 4n)]).copy(disk, 11 * blockBytes);
    const fork = Buffer.alloc(336);
    const most = Math.floor((fork.length - 4) / 16);
    fork.writeUInt16BE(1, 0);
    fork.writeUInt16BE(2, 2);
    fork.writeBigUInt64BE(10n, 4 + most * 8);
    fork.writeBigUInt64BE(11n, 4 + most * 8 + 8);
    expect((await treeRuns(fsOver(disk), fork)).map(({ deviceOffset }) => deviceOffset / blockBytes)).toEqual([50, 60, 70]);
    fork.writeUInt16BE(2, 0); // a level more than its blocks say
    await expect(treeRuns(fsOver(disk), fork)).rejects.toThrow('broken');
    fork.writeUInt16BE(60_000, 2);
    await expect(treeRuns(fsOver(disk), fork)).rejects.toThrow('broken');
  });
});
