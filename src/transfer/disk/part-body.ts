import { digestBytes } from '../../image/index.ts';
import { blockBytes } from '../../model/disk.ts';
import type { BlockReader } from '../../ports/disk-source.ts';
import type { HashedChunk, StreamedBody } from '../../ports/object-store.ts';
import { digestAt } from './disk-files.ts';
import type { Lanes } from './lanes.ts';

/** What parts are made of: a reader, and the reads that all parts of a shard may have in flight. */
export interface BlockSupply {
  readonly reader: BlockReader;
  readonly reads: Lanes;
}

/**
 * Reads blocks into their places in `buffer` and answers their digests, 32 bytes a block. `follow` is told of each block in order, while its bytes are
 * hot. Settles only when no read is under way any more, so that the buffer is nobody else's.
 */
export async function fillPart(
  { reader, reads }: BlockSupply,
  blocks: readonly number[],
  buffer: Buffer,
  signal: AbortSignal,
  follow: (block: Buffer) => void = () => undefined,
): Promise<Buffer> {
  const own = new AbortController();
  const both = AbortSignal.any([signal, own.signal]);
  const digests = Buffer.alloc(blocks.length * digestBytes);
  const isRead = new Uint8Array(blocks.length);
  let followed = 0;
  const outcomes = await Promise.allSettled(
    blocks.map((block, n) =>
      reads(async () => {
        both.throwIfAborted();
        digests.write(await reader.read(block, slice(buffer, n), both), n * digestBytes, 'hex');
        isRead[n] = 1;
        for (; isRead[followed] === 1; followed += 1) follow(slice(buffer, followed));
      }).catch((error: unknown) => {
        own.abort(error);
        throw error;
      }),
    ),
  );
  if (outcomes.some(({ status }) => status === 'rejected')) throw both.reason;
  return digests;
}

/** A part that is filled, as a body of blocks that are hashed already: as often as it must be sent, without another read. */
export function filledPart(buffer: Buffer, digests: Buffer): StreamedBody {
  async function* chunks(): AsyncGenerator<HashedChunk> {
    for (let n = 0; n < buffer.length / blockBytes; n += 1) yield hashedBlock(slice(buffer, n), digests, n);
  }
  return { sizeBytes: buffer.length, chunks };
}

export interface StreamedPart extends StreamedBody {
  /** Ends what is still read for it; afterwards the window is nobody's. */
  stop(): Promise<void>;
}

/**
 * The same blocks in order as a body of any length, read ahead within `window`: memory does not follow the part's size. Each call of `chunks` ends the
 * former, reads anew, and writes the digests of what it read into `digests`.
 */
export function streamPart({ reader, reads }: BlockSupply, blocks: readonly number[], window: Buffer, digests: Buffer, signal: AbortSignal): StreamedPart {
  const places = Math.floor(window.length / blockBytes);
  let own = new AbortController();
  let ahead: Promise<void>[] = [];

  async function stop(): Promise<void> {
    own.abort();
    await Promise.allSettled(ahead);
    ahead = [];
  }

  function start(n: number, both: AbortSignal): void {
    const block = blocks[n];
    if (block === undefined) return;
    const read = reads(async () => {
      both.throwIfAborted();
      digests.write(await reader.read(block, slice(window, n % places), both), n * digestBytes, 'hex');
    });
    read.catch(() => undefined); // seen when its turn comes
    ahead.push(read);
  }

  async function* chunks(): AsyncGenerator<HashedChunk> {
    await stop();
    own = new AbortController();
    const both = AbortSignal.any([signal, own.signal]);
    for (let n = 0; n < places; n += 1) start(n, both);
    for (let n = 0; n < blocks.length; n += 1) {
      await ahead.shift();
      both.throwIfAborted();
      yield hashedBlock(slice(window, n % places), digests, n);
      // The consumer asks for the next, so the bytes of this one are gone: its place is free. Unless another call has begun meanwhile.
      both.throwIfAborted();
      start(n + places, both);
    }
  }
  return { sizeBytes: blocks.length * blockBytes, chunks, stop };
}

const hashedBlock = (bytes: Buffer, digests: Buffer, n: number): HashedChunk => ({ bytes, sha256: digestAt(digests, n).toString('hex') });
const slice = (buffer: Buffer, n: number): Buffer => buffer.subarray(n * blockBytes, (n + 1) * blockBytes);
