import { type FileHandle, open } from 'node:fs/promises';

const clusterBytesLimit = 2 ** 21;

/**
 * Writes the guest's view of a plain qcow2 (version 2 or 3, uncompressed, no backing file, no snapshots inside) into a sparse raw file; answers its
 * virtual size. Just enough for a lab without qemu-img: reference counts are not checked. Throws, with a sentence, at anything else.
 */
export async function unpackQcow2(image: string, raw: string): Promise<number> {
  const source = await open(image, 'r');
  try {
    const head = await readAt(source, 0, 104);
    const { clusterBytes, sizeBytes, l1Offset, l1Entries } = readHeader(head);
    const target = await open(raw, 'w');
    try {
      await target.truncate(sizeBytes);
      const l1 = await readAt(source, l1Offset, l1Entries * 8);
      for (let at = 0; at < l1Entries; at += 1) {
        const l2Offset = offsetOf(l1.readBigUInt64BE(at * 8));
        if (l2Offset !== 0) await unpackTable(source, target, l2Offset, (at * clusterBytes * clusterBytes) / 8, { clusterBytes, sizeBytes });
      }
    } finally {
      await target.close();
    }
    return sizeBytes;
  } finally {
    await source.close();
  }
}

interface Geometry {
  readonly clusterBytes: number;
  readonly sizeBytes: number;
}

function readHeader(head: Buffer): Geometry & { readonly l1Offset: number; readonly l1Entries: number } {
  const version = head.readUInt32BE(4);
  const clusterBytes = 2 ** head.readUInt32BE(20);
  if (head.toString('latin1', 0, 4) !== 'QFI\xfb' || (version !== 2 && version !== 3)) throw new Error('It is not a qcow2 of version 2 or 3.');
  if (head.readBigUInt64BE(8) !== 0n) throw new Error('It has a backing file.');
  if (head.readUInt32BE(32) !== 0) throw new Error('It is encrypted.');
  if (version === 3 && head.readBigUInt64BE(72) !== 0n) throw new Error('It has features that this parser does not know, or is marked dirty.');
  if (clusterBytes < 512 || clusterBytes > clusterBytesLimit) throw new Error('Its cluster size is not allowed.');
  const sizeBytes = Number(head.readBigUInt64BE(24));
  const l1Entries = head.readUInt32BE(36);
  if (l1Entries * (clusterBytes / 8) * clusterBytes < sizeBytes) throw new Error('Its first table does not reach its end.');
  return { clusterBytes, sizeBytes, l1Offset: Number(head.readBigUInt64BE(40)), l1Entries };
}

async function unpackTable(source: FileHandle, target: FileHandle, l2Offset: number, firstByte: number, { clusterBytes, sizeBytes }: Geometry): Promise<void> {
  const l2 = await readAt(source, l2Offset, clusterBytes);
  for (let at = 0; at < clusterBytes / 8; at += 1) {
    const entry = l2.readBigUInt64BE(at * 8);
    const guest = firstByte + at * clusterBytes;
    if (entry & (1n << 62n)) throw new Error('It has compressed clusters.');
    if (entry & 1n || offsetOf(entry) === 0 || guest >= sizeBytes) continue;
    // The last cluster may reach over the end of the disk, and its bytes there may be missing.
    const length = Math.min(clusterBytes, sizeBytes - guest);
    await target.write(await readAt(source, offsetOf(entry), length), 0, length, guest);
  }
}

const offsetOf = (entry: bigint): number => Number(entry & 0x00ff_ffff_ffff_fe00n);

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, position);
  if (bytesRead < length && position !== 0) throw new Error('It is shorter than its own tables say.');
  return buffer;
}
