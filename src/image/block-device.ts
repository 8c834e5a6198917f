/** A disk that can be read at any place, whatever it stands in: a snapshot, an image, a file. Its failures are MigrationErrors of what it stands in. */
export interface BlockDevice {
  readonly sizeBytes: number;
  /** Exactly `lengthBytes` bytes from `offset`; the caller may keep the buffer. A range past the end is a RangeError. */
  read(offset: number, lengthBytes: number, signal?: AbortSignal): Promise<Buffer>;
}
