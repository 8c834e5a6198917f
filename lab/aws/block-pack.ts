import { createHash } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/** Bytes of a block of EBS. */
export const blockBytes = 524_288;

/** Every block that any snapshot holds, once each: a snapshot of an unchanged disk adds nothing. Nothing is ever taken out. */
export interface BlockPack {
  /** Where these bytes stand, put there if they are new. */
  put(bytes: Buffer): Promise<number>;
  read(slot: number): Promise<Buffer>;
  /** SHA-256 of what stands there. */
  digest(slot: number): Buffer;
  close(): Promise<void>;
}

const digestBytes = 32;

/** Opens the pack in the folder: `pack` holds the blocks, `pack.digests` their SHA-256 in the same order. */
export async function openPack(folder: string): Promise<BlockPack> {
  mkdirSync(folder, { recursive: true });
  const file = `${folder}/pack`;
  const known = existsSync(`${file}.digests`) ? readFileSync(`${file}.digests`) : Buffer.alloc(0);
  // The digest is written after its block: what stands behind the last whole digest was never answered for.
  const digests = Array.from({ length: Math.floor(known.length / digestBytes) }, (_, slot) => known.subarray(slot * digestBytes, (slot + 1) * digestBytes));
  const slots = new Map(digests.map((digest, slot) => [digest.toString('latin1'), slot]));
  const blocks: FileHandle = await open(file, existsSync(file) ? 'r+' : 'w+', 0o600);
  const index = openSync(`${file}.digests`, existsSync(`${file}.digests`) ? 'r+' : 'w', 0o600);
  return {
    async put(bytes) {
      const digest = createHash('sha256').update(bytes).digest();
      const there = slots.get(digest.toString('latin1'));
      if (there !== undefined) return there;
      const slot = digests.push(digest) - 1;
      slots.set(digest.toString('latin1'), slot);
      await blocks.write(bytes, 0, blockBytes, slot * blockBytes);
      writeSync(index, digest, 0, digestBytes, slot * digestBytes);
      return slot;
    },
    async read(slot) {
      const bytes = Buffer.allocUnsafe(blockBytes);
      const { bytesRead } = await blocks.read(bytes, 0, blockBytes, slot * blockBytes);
      if (bytesRead !== blockBytes) throw new Error(`block ${slot} of the pack is short`);
      return bytes;
    },
    digest: (slot) => digests[slot] ?? Buffer.alloc(digestBytes),
    async close() {
      await blocks.close();
      closeSync(index);
    },
  };
}
