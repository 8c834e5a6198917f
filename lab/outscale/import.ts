import { execFile } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { labEnvironment } from '../environment.ts';
import { unpackQcow2 } from './qcow2.ts';

const run = promisify(execFile);

export interface ImportOrder {
  readonly url: string;
  /** What the caller says the disk is at most. */
  readonly sizeBytes: number;
  readonly stagingOrigins: readonly string[];
  /** Where the download lies meanwhile. */
  readonly scratch: string;
  /** The raw disk; there only when all of it is. */
  readonly target: string;
  /** Of the download, 0 to 1. */
  readonly onProgress: (share: number) => void;
  readonly onConvert: () => void;
}

/**
 * Downloads an image by one GET, judges it and writes it as a sparse raw disk; answers which program did. Throws a sentence without the URL, which
 * is a secret. A crash leaves scratch files that the next try overwrites.
 */
export async function importImage(order: ImportOrder): Promise<'qemu-img' | 'own parser'> {
  const { url, stagingOrigins, scratch, target, sizeBytes } = order;
  if (!stagingOrigins.includes(new URL(url).origin)) throw new Error('The image does not lie in this region’s object storage.');
  try {
    await download(order);
    order.onConvert();
    const by = await convert(scratch, `${scratch}.raw`, sizeBytes);
    await rename(`${scratch}.raw`, target);
    return by;
  } finally {
    for (const file of [scratch, `${scratch}.raw`]) await rm(file, { force: true });
  }
}

async function download({ url, scratch, onProgress }: ImportOrder): Promise<void> {
  const answer = await fetch(url, { redirect: 'error' }).catch(() => undefined);
  if (!answer?.ok || !answer.body) {
    await answer?.body?.cancel();
    throw new Error(`The object storage answered ${answer?.status ?? 'nothing'}: an expired URL or no such object.`);
  }
  const length = Number(answer.headers.get('content-length') ?? 0);
  let got = 0;
  const counted = async function* (chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    for await (const chunk of chunks) {
      got += chunk.length;
      if (length > 0) onProgress(got / length);
      yield chunk;
    }
  };
  await pipeline(Readable.fromWeb(answer.body), counted, createWriteStream(scratch));
  if (length > 0 && got !== length) throw new Error('The download ended early.');
}

async function convert(image: string, raw: string, sizeBytes: number): Promise<'qemu-img' | 'own parser'> {
  const info = await qemuImg('info', '-f', 'qcow2', '--output', 'json', image);
  if (info === undefined) {
    checkSize(await unpackQcow2(image, raw), sizeBytes);
    return 'own parser';
  }
  const { 'virtual-size': virtualBytes, 'backing-filename': backing, 'format-specific': specific } = JSON.parse(info) as Info;
  if (backing !== undefined || specific?.data?.['data-file'] !== undefined) throw new Error('The image leans on another file.');
  checkSize(virtualBytes, sizeBytes);
  // It ends with another number than 0 also at leaked clusters.
  await qemuImg('check', '-q', '-f', 'qcow2', image);
  await qemuImg('convert', '-f', 'qcow2', '-O', 'raw', '-S', '4k', image, raw);
  return 'qemu-img';
}

interface Info {
  readonly 'virtual-size': number;
  readonly 'backing-filename'?: string;
  readonly 'format-specific'?: { readonly data?: { readonly 'data-file'?: string } };
}

function checkSize(virtualBytes: number, sizeBytes: number): void {
  if (virtualBytes > sizeBytes) throw new Error('The disk in the image is larger than SnapshotSize says.');
}

/** Undefined where the program is not installed. */
async function qemuImg(...args: readonly string[]): Promise<string | undefined> {
  try {
    return (await run('qemu-img', [...args], { env: labEnvironment(), maxBuffer: 16 << 20 })).stdout;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new Error(`qemu-img ${args[0]} refused the image.`);
  }
}
