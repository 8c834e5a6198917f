import { createRequire } from 'node:module';
import type { Duplex } from 'node:stream';
import { Readable } from 'node:stream';
import { constants, createGunzip, createZstdDecompress } from 'node:zlib';
import type { XzReadableStream } from 'xz-decompress';
import { lz4Magic, unpackLz4 } from './lz4.ts';
import { Unreadable } from './reading.ts';

export type Packing = 'gzip' | 'zstd' | 'xz' | 'lz4' | 'other';

/** By its first six bytes; undefined for what is no packed data at all. */
export function packingOf(head: Buffer): Packing | undefined {
  const hex = head.toString('hex');
  if (hex.startsWith('1f8b')) return 'gzip';
  if (hex.startsWith('28b52ffd')) return 'zstd';
  if (hex.startsWith('fd377a585a00')) return 'xz';
  if (head.length >= 4 && head.readUInt32LE(0) === lz4Magic) return 'lz4';
  return hex.startsWith('425a68') || hex.startsWith('5d0000') || hex.startsWith('894c5a4f') ? 'other' : undefined; // bzip2, LZMA, LZO
}

const zstdWindowLog = 25; // 32 MiB; `zstd -19`, the most that initramfs tools use, asks for 8 MiB
const chunkBytes = 262_144;

/** The unpacked bytes in small pieces. Throws Unreadable where they cannot be had. */
export async function* unpack(packing: Packing, pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (packing === 'gzip') yield* through(createGunzip({ chunkSize: chunkBytes }), pieces);
  else if (packing === 'zstd')
    yield* through(createZstdDecompress({ chunkSize: chunkBytes, params: { [constants.ZSTD_d_windowLogMax]: zstdWindowLog } }), pieces);
  else if (packing === 'xz') yield* unpackXz(pieces);
  else if (packing === 'lz4') yield* unpackLz4(pieces);
  else throw new Unreadable('it is packed in a way that is not read here (bzip2, LZMA, LZO)');
}

async function* through(decoder: Duplex, pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const source = Readable.from(pieces);
  let failure: unknown;
  source.once('error', (error) => {
    failure = error;
    decoder.destroy(error);
  });
  try {
    yield* source.pipe(decoder) as AsyncIterable<Uint8Array>;
  } catch (cause) {
    throw failure ?? new Unreadable('its packed data are broken', { cause });
  } finally {
    source.destroy();
    decoder.destroy();
  }
}

async function* unpackXz(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let failure: unknown;
  async function* watched(): AsyncGenerator<Uint8Array> {
    try {
      yield* pieces;
    } catch (error) {
      failure = error;
      throw error;
    }
  }
  // The package is CommonJS whose names Node cannot see from a module.
  const { XzReadableStream: Reader } = createRequire(import.meta.url)('xz-decompress') as { XzReadableStream: typeof XzReadableStream };
  const reader = new Reader(Readable.toWeb(Readable.from(watched())) as unknown as ReadableStream<Uint8Array>).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      if (value.length > 0) yield Uint8Array.from(value); // its memory is used again for the next piece
    }
  } catch (cause) {
    throw failure ?? new Unreadable('its packed data are broken', { cause });
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
