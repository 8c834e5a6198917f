import { ByteStream } from './byte-stream.ts';
import { Unreadable } from './reading.ts';

export const lz4Magic = 0x184c2102;
const blockBytes = 8_388_608; // what the legacy frame's blocks unpack to at most
const maxPackedBytes = blockBytes + blockBytes / 255 + 16;

/** The legacy frame, which is what kernels read of LZ4: blocks of a length and their data, until the end or another frame. */
export async function* unpackLz4(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const stream = new ByteStream(pieces);
  for (;;) {
    const head = await stream.take(4);
    if (head.length < 4) return;
    const lengthBytes = head.readUInt32LE(0);
    if (lengthBytes === lz4Magic) continue;
    if (lengthBytes === 0) return;
    if (lengthBytes > maxPackedBytes) throw new Unreadable('an LZ4 block is too long');
    const packed = await stream.take(lengthBytes);
    if (packed.length < lengthBytes) throw new Unreadable('an LZ4 block is cut off');
    yield unpackBlock(packed);
  }
}

/** A block: literals, then a copy of what came before (offset and length), again and again; it ends with literals. */
export function unpackBlock(packed: Buffer): Buffer {
  const out = Buffer.allocUnsafe(blockBytes);
  const input = { bytes: packed, at: 0 };
  let end = 0;
  while (input.at < packed.length) {
    const token = nextByte(input);
    const literals = longLength(input, token >> 4);
    if (input.at + literals > packed.length || end + literals > blockBytes) throw new Unreadable('an LZ4 block is broken');
    packed.copy(out, end, input.at, input.at + literals);
    input.at += literals;
    end += literals;
    if (input.at >= packed.length) break;
    const offset = nextByte(input) + nextByte(input) * 256;
    const length = longLength(input, token & 15) + 4;
    if (offset === 0 || offset > end || end + length > blockBytes) throw new Unreadable('an LZ4 block is broken');
    copyBack(out, end, offset, length);
    end += length;
  }
  return out.subarray(0, end);
}

interface Input {
  readonly bytes: Buffer;
  at: number;
}

function nextByte(input: Input): number {
  const byte = input.bytes[input.at++];
  if (byte === undefined) throw new Unreadable('an LZ4 block is cut off');
  return byte;
}

function longLength(input: Input, nibble: number): number {
  if (nibble < 15) return nibble;
  let length = nibble;
  for (;;) {
    const more = nextByte(input);
    length += more;
    if (more < 255) return length;
  }
}

/** Source and target may overlap: then the copy repeats what it has just written. */
function copyBack(out: Buffer, end: number, offset: number, length: number): void {
  if (offset >= length) {
    out.copyWithin(end, end - offset, end - offset + length);
    return;
  }
  for (let at = end; at < end + length; at++) out[at] = out[at - offset] ?? 0;
}
