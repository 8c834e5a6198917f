import { createHmac, hash, type KeyObject } from 'node:crypto';
import type { HashedChunk } from '../ports/object-store.ts';
import type { BodyStream } from '../ports/transport.ts';
import { dayKey, emptySha256, type SignerOptions, type SigningCredentials, scopeTailOf } from './sigv4.ts';

/** In place of the body's SHA-256: each chunk carries a signature of its own, chained to the one before. */
export const streamingPayload = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD';

/** Bytes of data a chunk. S3 takes 8 KiB and more; this is a cluster of our images, which then goes out uncopied. */
export const chunkBytes = 512 * 1024;
const signatureLength = 64;

/** What the framing of so many bytes comes to: S3 wants Content-Length before the first of them. */
export function framedSizeBytes(sizeBytes: number): number {
  const whole = Math.floor(sizeBytes / chunkBytes);
  const rest = sizeBytes % chunkBytes;
  return whole * (frameBytes(chunkBytes) + chunkBytes) + (rest > 0 ? frameBytes(rest) + rest : 0) + frameBytes(0);
}

const frameBytes = (dataBytes: number): number => headOf(dataBytes, 'x'.repeat(signatureLength)).length + 2;
const headOf = (dataBytes: number, signature: string): string => `${dataBytes.toString(16)};chunk-signature=${signature}\r\n`;

/** `signed`: the headers that the signer gave for the request, whose signature is the first link of the chain. */
export function createChunkSigner(options: SignerOptions, { secretAccessKey }: SigningCredentials, signed: Readonly<Record<string, string>>) {
  const date = signed['x-amz-date'] ?? '';
  const day = date.slice(0, 8);
  const key: KeyObject = dayKey(secretAccessKey, day, options.region, options.service).key;
  const prefix = `AWS4-HMAC-SHA256-PAYLOAD\n${date}\n${day}${scopeTailOf(options)}\n`;
  let last = (signed.authorization ?? '').slice(-signatureLength);
  return ({ bytes, sha256 = hash('sha256', bytes) }: Chunk): string => {
    last = createHmac('sha256', key).update(`${prefix}${last}\n${emptySha256}\n${sha256}`).digest('hex');
    return last;
  };
}

/** Data to be signed; `sha256` where somebody has hashed exactly these bytes before. */
export interface Chunk {
  readonly bytes: Uint8Array;
  readonly sha256?: string;
}

export const bytesOf = (piece: Uint8Array | HashedChunk): Uint8Array => ('bytes' in piece ? piece.bytes : piece);

export interface Pieces {
  readonly sizeBytes: number;
  readonly chunks: AsyncIterable<Uint8Array | HashedChunk>;
}

/**
 * The body as `aws-chunked` demands: chunks of 512 KiB, a shorter last one, and one of no data. No trailer follows: the stores of the Scality family
 * refuse them. Data of another length than declared makes a body of another length than declared. A piece that is a chunk as it stands is signed with
 * the SHA-256 that it comes with; pieces that must be joined or cut are hashed here.
 */
export function framed({ sizeBytes, chunks }: Pieces, sign: (chunk: Chunk) => string): BodyStream {
  async function* frames(): AsyncGenerator<Uint8Array> {
    let end = '';
    for await (const chunk of inChunks(chunks)) {
      yield Buffer.from(end + headOf(chunk.bytes.length, sign(chunk)));
      yield chunk.bytes;
      end = '\r\n';
    }
    yield Buffer.from(`${end}${headOf(0, sign({ bytes: Buffer.alloc(0), sha256: emptySha256 }))}\r\n`);
  }
  return { sizeBytes: framedSizeBytes(sizeBytes), chunks: frames() };
}

/** Exactly `chunkBytes` each but for the last. What is yielded may be overwritten once the next is asked for. */
async function* inChunks(pieces: Pieces['chunks']): AsyncGenerator<Chunk> {
  let gathered: Buffer | undefined;
  let filled = 0;
  for await (const given of pieces) {
    const piece = bytesOf(given);
    for (let at = 0; at < piece.length; ) {
      if (filled === 0 && piece.length - at >= chunkBytes) {
        yield 'bytes' in given && piece.length === chunkBytes ? given : { bytes: piece.subarray(at, at + chunkBytes) };
        at += chunkBytes;
        continue;
      }
      gathered ??= Buffer.allocUnsafeSlow(chunkBytes);
      const taken = Math.min(piece.length - at, chunkBytes - filled);
      gathered.set(piece.subarray(at, at + taken), filled);
      at += taken;
      filled += taken;
      if (filled < chunkBytes) continue;
      yield { bytes: gathered };
      filled = 0;
    }
  }
  if (gathered && filled > 0) yield { bytes: gathered.subarray(0, filled) };
}
