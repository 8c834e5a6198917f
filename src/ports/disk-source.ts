/** Snapshots of a source's disks, read block by block (512 KiB, model/disk.ts). Every failure is a MigrationError; every call is safe to repeat. */
export interface DiskSource {
  /**
   * One page of the blocks that a snapshot holds, ascending, from block `from` on. `next`: where to go on; absent at the end. An empty page with
   * `next` is not the end. SNAPSHOT_MISSING, SNAPSHOT_FAILED (in error), KEY_ACCESS_DENIED.
   */
  blocks(snapshot: string, from: number, signal?: AbortSignal): Promise<BlockPage>;
  /**
   * The same of what differs between two snapshots of one disk: `blocks` are present in the second, `cleared` are gone from it and read as zeros.
   * SNAPSHOTS_UNRELATED when they are not of one lineage.
   */
  changes(first: string, second: string, from: number, signal?: AbortSignal): Promise<BlockPage>;
  /** Opens a snapshot for reading; `since`: only blocks that differ from that earlier one will be asked for. Costs nothing by itself. */
  open(snapshot: string, since?: string): BlockReader;
}

export interface BlockPage {
  readonly blocks: readonly number[];
  readonly cleared: readonly number[];
  readonly next?: number;
  /** Size of the disk of the (second) snapshot. */
  readonly sizeBytes: number;
}

export interface BlockReader {
  /**
   * Reads block `block` whole into `into` (blockBytes long), and answers its SHA-256 in hex, compared with the source's own checksum: BLOCK_CHECKSUM
   * when they differ. Expired tokens are listed anew inside. A retry is inside too, so `into` holds the block only once this resolves. Reads of many
   * blocks at once are best asked for in ascending order.
   */
  read(block: number, into: Buffer, signal?: AbortSignal): Promise<string>;
}
