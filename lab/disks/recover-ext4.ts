import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Ext4Place } from './ext4.ts';
import { createSparse } from './raw-disk.ts';
import { runTool } from './tool.ts';

const superBlock = 1024;
const incompatible = 0x60; // s_feature_incompat of the super block
const needsRecovery = 0x4;
const chunkBytes = 4 << 20;

/**
 * Replays the journal that a guest left when it was cut off, as its own next start would; one that was shut down is left as it is.
 * In a file of its own: e2fsck 1.47 and debugfs replay a journal at `disk?offset=N`, then open the disk again without the offset and
 * give up with the journal still marked. A crash here leaves either the old state or a disk to be made anew.
 */
export async function recoverExt4(place: Ext4Place): Promise<void> {
  const disk = await open(place.path, 'r+');
  try {
    const flags = (await readAt(disk, place.offsetBytes + superBlock + incompatible, 4)).readUInt32LE();
    if (flags & needsRecovery) await recoverApart(disk, place);
  } finally {
    await disk.close();
  }
}

async function recoverApart(disk: FileHandle, { path, offsetBytes, sizeBytes }: Ext4Place): Promise<void> {
  const folder = await mkdtemp(`${dirname(path)}/recover-`);
  try {
    await createSparse(`${folder}/ext4`, sizeBytes);
    const apart = await open(`${folder}/ext4`, 'r+');
    try {
      const [inDisk, alone] = [
        { file: disk, at: offsetBytes },
        { file: apart, at: 0 },
      ];
      await copyDifferent(inDisk, alone, sizeBytes);
      // -E journal_only: the journal is replayed and nothing else is looked at.
      await runTool('e2fsck', ['-p', '-E', 'journal_only', 'ext4'], { folder });
      await copyDifferent(alone, inDisk, sizeBytes);
    } finally {
      await apart.close();
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}

interface Span {
  readonly file: FileHandle;
  readonly at: number;
}

/** Writes only what differs, so that holes stay holes and nothing changes that need not. */
async function copyDifferent(from: Span, to: Span, sizeBytes: number): Promise<void> {
  for (let done = 0; done < sizeBytes; done += chunkBytes) {
    const length = Math.min(chunkBytes, sizeBytes - done);
    const [wanted, present] = await Promise.all([readAt(from.file, from.at + done, length), readAt(to.file, to.at + done, length)]);
    if (!wanted.equals(present)) await to.file.write(wanted, 0, length, to.at + done);
  }
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}
