import { createReadStream } from 'node:fs';
import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { MigrationError } from '../core/migration-error.ts';
import { linesOf } from './json-lines.ts';

/** Lines sorted into 2^bits buckets by the first bits of their reference, outside of memory. */
export interface Partition {
  /** `line` holds no LF. A promise only when a buffer was full and is being written: wait for it before the next line. */
  add(ref: string, line: string): Promise<void> | undefined;
  /** Bucket by bucket in order of the bits, empty ones too; its lines in the order they were added. Nothing is added afterwards. */
  buckets(): AsyncGenerator<Iterable<string>>;
}

export interface PartitionOptions {
  /** 0 to 16. */
  readonly bits: number;
  /** Where the temporary files go. They hold references and counts, no names. */
  readonly folder?: string | undefined;
}

const levelBits = 8; // 256 buffers of 64 KiB are 16 MiB at most, and no file stays open
const bufferSigns = 64 * 1024;

/** Gives `work` a partition whose files are gone when this settles, however it ends. A killed process leaves a folder `ecluse-set-…`. */
export async function withPartition<T>({ bits, folder = tmpdir() }: PartitionOptions, work: (partition: Partition) => Promise<T>): Promise<T> {
  const own = await mkdtemp(join(folder, 'ecluse-set-')).catch(failed);
  try {
    return await work(openLevel(join(own, 'b'), 0, bits));
  } finally {
    await rm(own, { recursive: true, force: true });
  }
}

/** `skip` bits of the reference are the same in every line; what one level of files cannot tell apart, each file tells apart again. */
function openLevel(path: string, skip: number, bits: number): Partition {
  const here = Math.min(bits, levelBits);
  const buffers: { lines: string[]; signs: number }[] = Array.from({ length: 2 ** here }, () => ({ lines: [], signs: 0 }));
  const written = new Set<number>();
  const fileOf = (slot: number): string => `${path}-${slot}`;
  const slotOf = (ref: string): number => (Number.parseInt(ref.slice(0, 4), 16) >>> (16 - skip - here)) & (2 ** here - 1);

  async function flush(slot: number): Promise<void> {
    const buffer = buffers[slot];
    if (!buffer || buffer.lines.length === 0) return;
    const text = `${buffer.lines.join('\n')}\n`;
    buffers[slot] = { lines: [], signs: 0 };
    written.add(slot);
    await appendFile(fileOf(slot), text).catch(failed);
  }

  async function* buckets(): AsyncGenerator<Iterable<string>> {
    for (const slot of buffers.keys()) await flush(slot);
    for (const slot of buffers.keys()) {
      if (bits <= here) yield written.has(slot) ? linesOf(await readFile(fileOf(slot)).catch(failed)) : [];
      else yield* finer(slot);
      if (written.has(slot)) await rm(fileOf(slot));
    }
  }

  async function* finer(slot: number): AsyncGenerator<Iterable<string>> {
    const level = openLevel(fileOf(slot), skip + here, bits - here);
    if (written.has(slot))
      for await (const line of createInterface({ input: createReadStream(fileOf(slot)) })) {
        const isFull = level.add(line, line);
        if (isFull) await isFull;
      }
    yield* level.buckets();
  }

  return {
    add: (ref, line) => {
      const slot = slotOf(ref);
      const buffer = buffers[slot];
      if (!buffer) return undefined;
      buffer.lines.push(line);
      buffer.signs += line.length;
      return buffer.signs < bufferSigns ? undefined : flush(slot);
    },
    buckets,
  };
}

/** A full disk is for a person to mend; what else a disk answers may pass by itself. */
function failed(cause: unknown): never {
  const { code = 'UNKNOWN' } = cause as NodeJS.ErrnoException;
  const isFull = code === 'ENOSPC' || code === 'EDQUOT';
  throw new MigrationError(isFull ? 'DEPOT_FULL' : 'UNAVAILABLE', { operation: 'sort references', detail: `temporary files: ${code}`, cause });
}
