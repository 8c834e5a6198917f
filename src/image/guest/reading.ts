import type { BlockDevice } from '../block-device.ts';

/** The disk does not hold what it should: ends as `guest not inspected`, or as a finding, with this reason. Never leaves `src/image/guest`. */
export class Unreadable extends Error {
  override readonly name = 'Unreadable';
}

/** The device itself could not be read: no word about the guest. `cause` is what the device threw, and goes on to the caller. */
export class DeviceFailure extends Error {
  override readonly name = 'DeviceFailure';
}

/** What one inspection may cost, whatever the disk says: this is what ends every loop that a hostile structure may lead into. */
export interface ReadBudget {
  calls: number;
  reads: number;
}

// A usual disk costs 30 to 250 calls, most of them its initramfs; 4,096 calls of 512 KiB are 2 GiB.
const maxCalls = 4096;
const maxReads = 400_000;
/** What one call to the device fetches: an EBS block. */
export const fetchBytes = 524_288;
const keptBlocks = 32; // 16 MiB for all disks of a machine
const maxReadBytes = 8_388_608;

/** Blocks of all disks of one inspection, the least recently used going first. */
export class BlockCache {
  readonly spent: ReadBudget = { calls: 0, reads: 0 };
  readonly #blocks = new Map<string, Promise<Buffer>>();
  readonly #signal: AbortSignal | undefined;
  #disks = 0;

  constructor(signal?: AbortSignal) {
    this.#signal = signal;
  }

  /** The same disk, read in whole blocks and each block once while it is remembered. */
  over(device: BlockDevice): BlockDevice {
    const disk = this.#disks++;
    const block = (index: number): Promise<Buffer> => this.#block(disk, index, device);
    return { sizeBytes: device.sizeBytes, read: (offset, lengthBytes) => this.#read(block, device.sizeBytes, offset, lengthBytes) };
  }

  async #read(block: (index: number) => Promise<Buffer>, sizeBytes: number, offset: number, lengthBytes: number): Promise<Buffer> {
    checkRange(sizeBytes, offset, lengthBytes);
    if (++this.spent.reads > maxReads) throw new Unreadable('the structures of the disk ask for too many reads');
    const first = Math.floor(offset / fetchBytes);
    const count = lengthBytes === 0 ? 0 : Math.floor((offset + lengthBytes - 1) / fetchBytes) - first + 1;
    const blocks = await Promise.all(Array.from({ length: count }, (_, index) => block(first + index)));
    const start = offset - first * fetchBytes;
    const [only] = blocks;
    return only && blocks.length === 1 ? only.subarray(start, start + lengthBytes) : Buffer.concat(blocks).subarray(start, start + lengthBytes);
  }

  #block(disk: number, index: number, device: BlockDevice): Promise<Buffer> {
    const key = `${disk}:${index}`;
    const known = this.#blocks.get(key) ?? this.#fetch(device, index);
    this.#blocks.delete(key);
    this.#blocks.set(key, known);
    for (const oldest of this.#blocks.keys()) {
      if (this.#blocks.size <= keptBlocks) break;
      this.#blocks.delete(oldest);
    }
    return known;
  }

  async #fetch(device: BlockDevice, index: number): Promise<Buffer> {
    if (++this.spent.calls > maxCalls) throw new Unreadable('the structures of the disk ask for too many reads');
    const offset = index * fetchBytes;
    const lengthBytes = Math.min(fetchBytes, device.sizeBytes - offset);
    try {
      return await device.read(offset, lengthBytes, this.#signal);
    } catch (cause) {
      throw new DeviceFailure('a disk could not be read', { cause });
    }
  }
}

function checkRange(sizeBytes: number, offset: number, lengthBytes: number): void {
  const isSane = Number.isSafeInteger(offset) && Number.isSafeInteger(lengthBytes) && offset >= 0 && lengthBytes >= 0;
  if (!isSane || lengthBytes > maxReadBytes || offset + lengthBytes > sizeBytes) throw new Unreadable('a structure points outside of its disk');
}

/** A window of a device: a partition. It never reaches past its own end, nor past the device's. */
export function slice(device: BlockDevice, offset: number, sizeBytes: number): BlockDevice {
  const size = Math.max(0, Math.min(sizeBytes, device.sizeBytes - offset));
  return {
    sizeBytes: size,
    read: async (at, lengthBytes) => {
      checkRange(size, at, lengthBytes);
      return device.read(offset + at, lengthBytes);
    },
  };
}

/** The first bytes of a device, fewer where it is shorter, so that a probe needs no length of its own. */
export const firstBytes = (device: BlockDevice, lengthBytes: number): Promise<Buffer> => device.read(0, Math.min(lengthBytes, device.sizeBytes));

/** An unsigned 64-bit number that counts bytes, blocks or sectors; beyond 2^53 the disk lies. */
export function wide(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new Unreadable('a number of the disk is larger than any disk');
  return Number(value);
}

/** Text from a guest for a person: one line of printable ASCII, never long, whatever the disk holds. */
export const printable = (text: string, most = 120): string => {
  const clean = text.replace(/[^\x20-\x7e]+/g, '?').trim();
  return clean.length > most ? `${clean.slice(0, most - 3)}...` : clean;
};
