import { mkdtemp, rm } from 'node:fs/promises';
import type { DebianTree } from './debian-tree.ts';
import { type Ext4Place, type GuestFile, makeExt4, putFiles } from './ext4.ts';
import { fixedUuid } from './fixed-uuid.ts';
import { type Partition, type Placed, writeGpt } from './gpt.ts';
import { biosGrub, efiPartition } from './grub.ts';
import { fstab, type Guest, grubMenu, grubStart, guestInit } from './guest.ts';
import { type LinearVolume, linearVolume } from './lvm.ts';
import type { DiskOptions } from './make-disks.ts';
import { absentKernel, makePlainTree, plainInitrd } from './plain-tree.ts';
import { createSparse, type MadeDisk, pattern, writePlaced } from './raw-disk.ts';

const mebibyte = 1 << 20;
const diskBytes = 1024 * mebibyte; // the least volume that a cloud sells
/** INT 18h, "nothing to boot here": without any code an assessment refuses the disk, and rightly. */
const noLoader: Placed = { offsetBytes: 0, bytes: Buffer.from([0xcd, 0x18]) };
const bootBytes = { legacy: mebibyte, uefi: 16 * mebibyte };

/** The disk that a machine boots: GPT, a small partition for the firmware's part of GRUB, the rest for the root. */
export async function makeRoot(options: DiskOptions, canFormat: boolean, debian: DebianTree | undefined): Promise<MadeDisk> {
  const { folder, firmware, layout, nonce, payload } = options;
  const path = `${folder}/root.raw`;
  const [boot, main] = partitions(firmware, layout, nonce);
  const volume: LinearVolume = layout === 'lvm' ? linearVolume(main.sizeBytes, nonce) : { placed: [], offsetBytes: 0, sizeBytes: main.sizeBytes };
  const place = { path, offsetBytes: main.offsetBytes + volume.offsetBytes, sizeBytes: volume.sizeBytes };
  await createSparse(path, diskBytes);
  if (canFormat) await fillExt4(place, options, debian);
  else await writePlaced(path, pattern(place, nonce, payload));
  const moved = volume.placed.map(({ offsetBytes, bytes }) => ({ offsetBytes: main.offsetBytes + offsetBytes, bytes }));
  await writePlaced(path, [...writeGpt(diskBytes, fixedUuid(nonce, 'disk'), [boot, main]), ...moved, ...(debian ? await bootCode(boot, options) : [noLoader])]);
  return { ...place, diskBytes, content: canFormat ? 'ext4' : 'pattern' };
}

function partitions(firmware: DiskOptions['firmware'], layout: DiskOptions['layout'], nonce: string): [Partition, Partition] {
  const boot: Partition = {
    type: firmware === 'uefi' ? 'efiSystem' : 'biosGrub',
    name: firmware === 'uefi' ? 'EFI System Partition' : 'BIOS boot',
    uuid: fixedUuid(nonce, 'boot partition'),
    offsetBytes: mebibyte,
    sizeBytes: bootBytes[firmware],
  };
  const offsetBytes = boot.offsetBytes + boot.sizeBytes;
  const uuid = fixedUuid(nonce, 'root partition');
  // The last mebibyte is left to the second partition table.
  return [boot, { type: layout === 'lvm' ? 'lvm' : 'linux', name: 'root', uuid, offsetBytes, sizeBytes: diskBytes - offsetBytes - mebibyte }];
}

async function bootCode(boot: Partition, { firmware, layout, nonce }: DiskOptions): Promise<Placed[]> {
  const start = grubStart(firmware, { layout, rootUuid: rootUuid(nonce) });
  if (firmware === 'legacy') return biosGrub(start, boot.offsetBytes, boot.sizeBytes);
  const volumeId = fixedUuid(nonce, 'esp').slice(0, 8);
  return [{ offsetBytes: boot.offsetBytes, bytes: await efiPartition(start, boot.sizeBytes, volumeId) }];
}

const rootUuid = (nonce: string): string => fixedUuid(nonce, 'root file system');

async function fillExt4(place: Ext4Place, options: DiskOptions, debian: DebianTree | undefined): Promise<void> {
  const uuid = rootUuid(options.nonce);
  const kernel = debian?.kernel ?? absentKernel;
  if (debian) await makeExt4(place, uuid, 'root', debian.folder);
  else {
    const tree = await mkdtemp(`${options.folder}/tree-`);
    try {
      await makePlainTree(tree);
      await makeExt4(place, uuid, 'root', tree);
    } finally {
      await rm(tree, { recursive: true });
    }
  }
  const ofDebian = debian && (options.virtio ? debian.initrds.virtio : debian.initrds.withoutVirtio);
  await putFiles(place, ownFiles(options, kernel, ofDebian ?? plainInitrd(options.virtio)));
}

/** What makes this guest differ from every other of the same tree. */
function ownFiles({ layout, nonce, payload, dataDisk }: DiskOptions, kernel: string, initrd: Buffer | string): GuestFile[] {
  const dataUuid = dataDisk && fixedUuid(nonce, 'data file system');
  const guest: Guest = { kernel, layout, rootUuid: rootUuid(nonce), dataUuid };
  return [
    { path: '/etc/fstab', from: Buffer.from(fstab(guest)) },
    { path: '/etc/ecluse-nonce', from: Buffer.from(`${nonce}\n`) },
    { path: '/usr/sbin/init', from: Buffer.from(guestInit), mode: 0o755 },
    { path: '/boot/grub/grub.cfg', from: Buffer.from(grubMenu(guest)) },
    { path: `/boot/initrd.img-${kernel}`, from: initrd },
    { path: '/payload', from: payload },
  ];
}
