import { mkdir } from 'node:fs/promises';
import { reasonOf } from '../lab-error.ts';
import type { Say } from '../parts.ts';
import { type DebianTree, debianTree } from './debian-tree.ts';
import { makeExt4, putFiles } from './ext4.ts';
import { fixedUuid } from './fixed-uuid.ts';
import { canGrub } from './grub.ts';
import { consoleLines } from './guest.ts';
import { createSparse, type MadeDisk, pattern, writePlaced } from './raw-disk.ts';
import { recoverExt4 } from './recover-ext4.ts';
import { makeRoot } from './root-disk.ts';
import { hasTool } from './tool.ts';

export interface DiskOptions {
  /** Where the disks are written, as `root.raw` and `data.raw`; made when it is missing. */
  readonly folder: string;
  readonly firmware: 'legacy' | 'uefi';
  /** False: an initramfs without any virtio driver, as of an image made for nvme, xen and ena only. It boots on IDE. */
  readonly virtio: boolean;
  /** `lvm`: the root, with /boot, is one linear volume. */
  readonly layout: 'plain' | 'lvm';
  /** The boot prints it; ids of disks and file systems follow from it. */
  readonly nonce: string;
  readonly payload: Buffer;
  /** A second disk: one ext4 over all of it, mounted as /data. */
  readonly dataDisk?: { readonly sizeBytes: number; readonly payload: Buffer };
  readonly say?: Say;
  /** What can be had here; a test hands in a poorer machine. */
  readonly machine?: Machine;
}

export interface Machine {
  hasTool(name: string): boolean;
  debianTree(say: Say): Promise<DebianTree>;
}

/** `consoleLines`: what a boot must print. `bootable` is about the disk: whether there is a qemu to boot it, the hypervisor knows. */
export type MadeDisks = {
  readonly root: MadeDisk;
  readonly data: MadeDisk | undefined;
  readonly consoleLines: readonly string[];
} & ({ readonly bootable: true } | { readonly bootable: false; readonly why: string });

/**
 * Makes small Debian disks that boot, as raw sparse files, without mounting anything: every piece is a run of bytes at a place on the
 * disk. Where Debian or GRUB cannot be had, the same disk without them, and why; where even an ext4 cannot be made, a pattern behind
 * the same partition table. Throws only where the folder cannot be written or the payload does not fit.
 */
export async function makeDisks(options: DiskOptions): Promise<MadeDisks> {
  const { folder, nonce, payload, dataDisk, machine = { hasTool, debianTree } } = options;
  await mkdir(folder, { recursive: true });
  const outcome = await missingFor(options, machine);
  const canFormat = machine.hasTool('mke2fs') && machine.hasTool('debugfs');
  const root = await makeRoot(options, canFormat, 'why' in outcome ? undefined : outcome);
  const data = dataDisk && (await makeData(`${folder}/data.raw`, dataDisk, nonce, canFormat));
  const made = { root, data, consoleLines: consoleLines(nonce, payload, dataDisk?.payload) };
  return 'why' in outcome ? { ...made, bootable: false, why: outcome.why } : { ...made, bootable: true };
}

/**
 * What a running source would write between two passes: another payload in the disk, a few blocks. Nobody may have the disk open;
 * a journal left by a guest that was cut off is replayed first.
 */
export async function changePayload(disk: MadeDisk, payload: Buffer): Promise<void> {
  if (disk.content === 'pattern') return writePlaced(disk.path, [{ offsetBytes: disk.offsetBytes, bytes: payload }]);
  await recoverExt4(disk);
  await putFiles(disk, [{ path: '/payload', from: payload }]);
}

/** The Debian for this disk, or what keeps this machine from making it. */
async function missingFor({ firmware, say = () => undefined }: DiskOptions, machine: Machine): Promise<DebianTree | { readonly why: string }> {
  const tools = ['mke2fs', 'debugfs', ...(firmware === 'uefi' ? ['mkfs.vfat', 'mcopy'] : [])];
  const absent = [...tools.filter((name) => !machine.hasTool(name)), ...(canGrub(firmware) ? [] : [`GRUB for ${firmware}`])];
  if (absent.length > 0) return { why: `not installed here: ${absent.join(', ')}` };
  return machine.debianTree(say).catch((error) => ({ why: reasonOf(error) }));
}

/** One ext4 over the whole disk, without a partition table, as a data volume of a cloud mostly is. */
async function makeData(path: string, { sizeBytes, payload }: NonNullable<DiskOptions['dataDisk']>, nonce: string, canFormat: boolean): Promise<MadeDisk> {
  const disk = { path, offsetBytes: 0, sizeBytes, diskBytes: sizeBytes };
  await createSparse(path, sizeBytes);
  if (!canFormat) {
    await writePlaced(path, pattern(disk, nonce, payload));
    return { ...disk, content: 'pattern' };
  }
  await makeExt4(disk, fixedUuid(nonce, 'data file system'), 'data');
  await putFiles(disk, [{ path: '/payload', from: payload }]);
  return { ...disk, content: 'ext4' };
}
