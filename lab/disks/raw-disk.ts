import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { Ext4Place } from './ext4.ts';
import type { Placed } from './gpt.ts';

/** `ext4`: the payload is the file `/payload` in it. `pattern`: raw bytes, where this machine cannot make an ext4; the payload begins there. */
export interface MadeDisk extends Ext4Place {
  readonly diskBytes: number;
  readonly content: 'ext4' | 'pattern';
}

/** A file of that length with nothing in it; one that was there is emptied. */
export async function createSparse(path: string, sizeBytes: number): Promise<void> {
  const file = await open(path, 'w', 0o600);
  await file.truncate(sizeBytes);
  await file.close();
}

export async function writePlaced(path: string, placed: readonly Placed[]): Promise<void> {
  const file = await open(path, 'r+');
  try {
    for (const { offsetBytes, bytes } of placed) await file.write(bytes, 0, bytes.length, offsetBytes);
  } finally {
    await file.close();
  }
}

const blockBytes = 512 * 1024; // of EBS: the pattern shall fill whole ones and leave others out
const patternedBlocks = 16;

/** The payload, and behind it every second block filled with bytes that follow from the nonce: something to copy where no ext4 can be had. */
export function pattern({ offsetBytes, sizeBytes }: Ext4Place, nonce: string, payload: Buffer): Placed[] {
  const placed: Placed[] = [{ offsetBytes, bytes: payload }];
  const first = Math.ceil(payload.length / blockBytes);
  for (let index = 0; index < patternedBlocks; index += 1) {
    const at = (first + 2 * index + 1) * blockBytes;
    if (at + blockBytes > sizeBytes) break;
    placed.push({ offsetBytes: offsetBytes + at, bytes: Buffer.alloc(blockBytes, createHash('sha512').update(`${nonce}\n${index}`).digest()) });
  }
  return placed;
}
