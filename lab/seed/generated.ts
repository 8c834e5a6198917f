import { createCipheriv, createHash } from 'node:crypto';

/**
 * Bytes [start, start + lengthBytes) of the endless content called `name`: the same on every machine, incompressible, made at memory speed
 * (an AES-256 keystream whose counter is set to the position). `start` is a multiple of 16.
 */
export function generated(name: string, start: number, lengthBytes: number): Buffer {
  if (start % 16 !== 0) throw new RangeError('a generated body starts at a multiple of 16');
  const counter = Buffer.alloc(16);
  counter.writeBigUInt64BE(BigInt(start / 16), 8);
  const cipher = createCipheriv('aes-256-ctr', createHash('sha256').update(name).digest(), counter);
  return cipher.update(Buffer.alloc(lengthBytes));
}
