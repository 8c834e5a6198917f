import { Unreadable } from './reading.ts';

const attributeMagic = 0xea020000;
const systemPrefix = 7; // ext4's number for the names that begin with `system.`

/** What a small file or directory keeps in its inode: the 60 bytes of its block field, the rest in the attribute `system.data`. */
export function inlineData(inode: Buffer): Buffer {
  const own = inode.subarray(40, 100);
  const start = inode.length > 128 ? 128 + inode.readUInt16LE(128) : inode.length;
  if (start + 4 > inode.length || inode.readUInt32LE(start) !== attributeMagic) return own;
  const first = start + 4;
  for (let at = first; at + 16 <= inode.length && inode.readUInt32LE(at) !== 0; ) {
    const nameBytes = inode[at] ?? 0;
    const name = inode.toString('latin1', at + 16, at + 16 + nameBytes);
    if (inode[at + 1] === systemPrefix && name === 'data')
      return Buffer.concat([own, valueAt(inode, first + inode.readUInt16LE(at + 2), inode.readUInt32LE(at + 8))]);
    at += 16 + nameBytes + ((4 - (nameBytes % 4)) % 4);
  }
  return own;
}

function valueAt(inode: Buffer, offset: number, lengthBytes: number): Buffer {
  if (offset + lengthBytes > inode.length) throw new Unreadable('an attribute points outside of its inode');
  return inode.subarray(offset, offset + lengthBytes);
}
