import { Unreadable } from './reading.ts';

/** A filesystem that can be read at any place, none of it changed. Throws Unreadable wherever the disk does not hold what it should. */
export interface FileSystem {
  readonly kind: 'ext' | 'xfs' | 'fat';
  /** As `blkid` prints it. */
  readonly uuid: string;
  readonly label: string;
  /** What was written last may still stand in its journal only: it is not replayed. */
  readonly isDirty: boolean;
  readonly root: number;
  node(id: number): Promise<FileNode>;
}

export interface FileNode {
  readonly kind: 'file' | 'directory' | 'link' | 'other';
  readonly sizeBytes: number;
  /** Bytes of a file or of a link's target; holes are zeros. Shorter at the end. */
  read(offset: number, lengthBytes: number): Promise<Buffer>;
  /** Of a directory, without `.` and `..`. */
  entries(): Promise<ReadonlyMap<string, number>>;
}

/** Where a run of a file stands on its device; what no run names is a hole. */
export interface Run {
  readonly fileOffset: number;
  readonly deviceOffset: number;
  readonly lengthBytes: number;
}

export const maxDirectoryBytes = 8_388_608; // some 100,000 names; the directories that are looked into hold hundreds
export const maxDirectoryEntries = 131_072;
export const maxRuns = 65_536;
export const maxLinkBytes = 4096; // what Linux allows

/** A file's bytes out of its runs (ascending). One read a run: runs are long. */
export async function readRuns(
  runs: readonly Run[],
  read: (offset: number, lengthBytes: number) => Promise<Buffer>,
  sizeBytes: number,
  offset: number,
  lengthBytes: number,
): Promise<Buffer> {
  const end = Math.min(sizeBytes, offset + lengthBytes);
  if (offset >= end) return Buffer.alloc(0);
  const out = Buffer.alloc(end - offset);
  for (const run of runs) {
    const [from, to] = [Math.max(run.fileOffset, offset), Math.min(run.fileOffset + run.lengthBytes, end)];
    if (from < to) (await read(run.deviceOffset + from - run.fileOffset, to - from)).copy(out, from - offset);
  }
  return out;
}

/** Adds an entry of a directory, and stops a directory without end. */
export function addEntry(entries: Map<string, number>, name: string, id: number): void {
  if (name === '' || name === '.' || name === '..') return;
  if (entries.size >= maxDirectoryEntries) throw new Unreadable('a directory holds too many names');
  entries.set(name, id);
}
