import { ByteStream } from './byte-stream.ts';
import type { FileNode } from './filesystem.ts';
import { DeviceFailure, Unreadable } from './reading.ts';
import { packingOf, unpack } from './unpack.ts';

const pieceBytes = 2_097_152; // four blocks at once: the device answers them side by side
const maxFileBytes = 536_870_912;
const maxUnpackedBytes = 1_073_741_824; // streamed: a bound on time, not on memory
const maxNameBytes = 4096;
const headerBytes = 110;

/**
 * Tells the name of every file of an initramfs: archives one after another, of which any but the first may be packed, as kernels take them.
 * Contents are passed over. Throws Unreadable where it does not end as it should.
 */
export async function readInitramfs(file: FileNode, tell: (path: string) => void): Promise<void> {
  if (file.sizeBytes > maxFileBytes) throw new Unreadable('it is too large');
  await readArchives(pieces(file), tell, true);
}

async function* pieces(file: FileNode): AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < file.sizeBytes; offset += pieceBytes) yield await file.read(offset, pieceBytes);
}

async function readArchives(bytes: AsyncIterable<Uint8Array>, tell: (path: string) => void, mayBePacked: boolean): Promise<void> {
  const stream = new ByteStream(bytes);
  try {
    await readAll(stream, tell, mayBePacked);
  } finally {
    await stream.close();
  }
}

async function readAll(stream: ByteStream, tell: (path: string) => void, mayBePacked: boolean): Promise<void> {
  let archives = 0;
  for (;;) {
    const head = await skipZeros(stream);
    if (head.length === 0) break;
    if (/^07070[12]/.test(head.toString('latin1'))) {
      await readArchive(stream, tell);
      archives++;
      continue;
    }
    const packing = mayBePacked ? packingOf(head) : undefined;
    if (packing) {
      // Kernels take a packed part last. What follows it inside the packed data is read; what follows behind it is not there.
      await readArchives(bounded(unpack(packing, stream.rest())), tell, false);
      return;
    }
    if (archives > 0) return; // padding that is not zero, behind whole archives
    throw new Unreadable('it is no initramfs');
  }
  if (archives === 0) throw new Unreadable('it is empty');
}

const zeros = Buffer.alloc(4096);
const maxPaddingBytes = 4_194_304; // tools pad to a page or a block of 512

/** The next six bytes that are not padding. */
async function skipZeros(stream: ByteStream): Promise<Buffer> {
  for (let passed = 0; passed <= maxPaddingBytes; ) {
    const head = await stream.peek(zeros.length);
    const isPadding = head.length > 0 && head.equals(zeros.subarray(0, head.length));
    const first = isPadding
      ? head.length
      : Math.max(
          0,
          head.findIndex((byte) => byte !== 0),
        );
    if (first === 0) return stream.peek(6);
    await stream.skip(first);
    passed += first;
  }
  throw new Unreadable('it is no initramfs');
}

async function* bounded(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let total = 0;
  let hasBegun = false;
  try {
    for await (const piece of pieces) {
      total += piece.length;
      if (total > maxUnpackedBytes) throw new Unreadable('it unpacks to more than any initramfs');
      hasBegun = true;
      yield piece;
    }
  } catch (error) {
    // Padding behind packed data upsets some decoders; whether an archive was cut off, its reader sees.
    if (error instanceof DeviceFailure || !hasBegun || total > maxUnpackedBytes) throw error;
  }
}

/** One archive in the `newc` form: headers of 13 hexadecimal numbers, names and contents padded to four bytes, until the name TRAILER!!!. */
async function readArchive(stream: ByteStream, tell: (path: string) => void): Promise<void> {
  for (;;) {
    const header = (await stream.take(headerBytes)).toString('latin1');
    if (!/^07070[12][0-9a-fA-F]{104}$/.test(header)) throw new Unreadable('one of its archives is broken or cut off');
    const [sizeBytes, nameBytes] = [hexAt(header, 54), hexAt(header, 94)];
    if (nameBytes < 1 || nameBytes > maxNameBytes) throw new Unreadable('one of its archives has a broken name');
    const name = (await stream.take(nameBytes + padding(headerBytes + nameBytes))).toString('latin1', 0, nameBytes - 1);
    if (name === 'TRAILER!!!') return;
    tell(name);
    if (!(await stream.skip(sizeBytes + padding(sizeBytes)))) throw new Unreadable('one of its archives is cut off');
  }
}

const hexAt = (header: string, at: number): number => Number.parseInt(header.slice(at, at + 8), 16);
const padding = (lengthBytes: number): number => (4 - (lengthBytes % 4)) % 4;
